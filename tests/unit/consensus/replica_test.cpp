// One replica, rule by rule: ordering, votes, execution, epochs, memory.
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

const Members& four() {
  static const Members members(4);
  return members;
}

std::int64_t soon(const Solo& solo) {
  return solo.now.wall.ms + 30'000;
}

// ---- R3

TEST(R3, a_batch_is_logged_then_confirmed_to_its_author_and_again_when_it_comes_again) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  ASSERT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  ASSERT_EQ(solo.sent_of<BatchConfirm>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BatchConfirm>()[0].batch, batch->id);
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BatchConfirm>().size(), 2U);
  EXPECT_EQ(solo.rejects(RejectReason::Duplicate), 1U);
}

TEST(R3, refuses_strangers_relays_expiry_and_size) {
  Solo solo(four(), 1);
  const auto lifetime = static_cast<std::int64_t>(solo.parameters.batch_lifetime_ms);
  const auto skew = static_cast<std::int64_t>(solo.parameters.clock_skew_ms);
  const InstitutionId author = four().institution(2);
  solo.deliver_batch(batch_of(author, 1, soon(solo)), 3);
  EXPECT_EQ(solo.rejects(RejectReason::NotAuthor), 1U);
  solo.step(BatchAvailable{batch_of({77}, 1, soon(solo)), {77}});
  EXPECT_EQ(solo.rejects(RejectReason::AuthorNotMember), 1U);
  solo.deliver_batch(batch_of(author, 2, solo.now.wall.ms + lifetime + skew), 2);
  EXPECT_EQ(solo.rejects(RejectReason::ExpiresTooLate), 0U);
  solo.deliver_batch(batch_of(author, 3, solo.now.wall.ms + lifetime + skew + 1), 2);
  EXPECT_EQ(solo.rejects(RejectReason::ExpiresTooLate), 1U);
  solo.deliver_batch(batch_of(author, 4, solo.now.wall.ms - 1), 2);
  EXPECT_EQ(solo.rejects(RejectReason::Expired), 1U);
  solo.deliver_batch(batch_of(author, 5, soon(solo), std::string(solo.parameters.batch_bytes, 'x')),
                     2);
  EXPECT_EQ(solo.rejects(RejectReason::TooLarge), 1U);
  EXPECT_EQ(solo.replica->view().available_batches, 1U);
  EXPECT_EQ(solo.events(EventType::BatchRefused), 5U);
}

TEST(R3, the_quota_of_unordered_bytes_holds_to_the_byte_and_is_given_back_by_order) {
  Parameters parameters = Parameters::tiny();
  const InstitutionId author = four().institution(2);
  const BatchPtr first = batch_of(author, 1, kWallStartMs + 30'000, "first");
  const BatchPtr second = batch_of(author, 2, kWallStartMs + 30'000, "again");
  const BatchPtr third = batch_of(author, 3, kWallStartMs + 30'000, "3");
  parameters.author_quota = first->bytes.size() + second->bytes.size();
  Solo solo(four(), 1, parameters);
  solo.deliver_batch(first, 2);
  solo.deliver_batch(second, 2);  // exactly at the quota
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 0U);
  solo.deliver_batch(third, 2);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 1U);
  const Block block = solo.next_block({first->id});
  solo.propose(block);
  solo.deliver_batch(third, 2);  // named is not ordered
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 2U);
  solo.prepare(block);
  solo.commit(block);
  solo.deliver_batch(third, 2);
  EXPECT_EQ(solo.rejects(RejectReason::OverQuota), 2U);
}

TEST(R3, neither_quota_nor_clock_keeps_a_block_from_its_payload) {
  Parameters parameters = Parameters::tiny();
  parameters.author_quota = 1;
  Solo solo(four(), 1, parameters);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block block = solo.next_block({batch->id});
  solo.propose(block);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  solo.pass(31'000);  // by the own clock the batch has expired meanwhile
  solo.deliver_batch(batch, 3);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
}

TEST(R2, own_batches_go_to_all_and_again_to_those_who_do_not_confirm) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(1), 1, soon(solo));
  solo.deliver_batch(batch, 1);
  ASSERT_EQ(solo.sent_of<BatchMessage>().size(), 1U);
  EXPECT_EQ(solo.replica->unordered_own_batches(), 1U);
  solo.deliver(2, BatchConfirm{batch->id});
  solo.sent.clear();
  solo.pass(500);
  solo.deliver(3, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 0U);  // not more often than once a second
  solo.pass(600);
  solo.deliver(2, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 0U);  // has it
  solo.deliver(3, Status{});
  EXPECT_EQ(solo.sent_of<BatchMessage>().size(), 1U);
  solo.deliver(3, BatchConfirm{hash_of("another")});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
}

// ---- R5, R6

TEST(R5, a_block_names_each_batch_once_and_none_of_its_ancestors) {
  Solo twice(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(twice));
  twice.deliver_batch(batch, 2);
  twice.propose(twice.next_block({batch->id, batch->id}));
  EXPECT_EQ(twice.rejects(RejectReason::BadBatchList), 1U);
  EXPECT_EQ(twice.replica->view().tip.value, 0U);
  Solo solo(four(), 1);
  solo.deliver_batch(batch, 2);
  solo.propose(solo.next_block({batch->id}));
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  solo.propose(solo.next_block({batch->id}));
  EXPECT_EQ(solo.rejects(RejectReason::BadBatchList), 1U);
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  Solo crowded(four(), 1);
  std::vector<Hash> ids;
  for (std::uint64_t i = 0; i <= crowded.parameters.block_batches; ++i)
    ids.push_back(hash_of(std::to_string(i)));
  crowded.propose(crowded.next_block(ids));
  EXPECT_EQ(crowded.rejects(RejectReason::BadBatchList), 1U);
}

TEST(R5, an_id_is_remembered_until_block_time_has_passed_its_expiry) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, solo.now.wall.ms + 1'000);
  solo.deliver_batch(batch, 2);
  solo.make_stable(solo.next_block({batch->id}));
  solo.pass(500);
  solo.make_stable(solo.next_block());
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.rejects(RejectReason::AlreadyOrdered), 1U);
  solo.pass(600);
  solo.make_stable(solo.next_block());
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.rejects(RejectReason::AlreadyOrdered), 1U);
  EXPECT_EQ(solo.rejects(RejectReason::Expired), 1U);
}

TEST(R5, a_batch_out_of_the_blocks_time_is_refused_before_and_after_it_arrives) {
  Solo solo(four(), 1);
  const auto lifetime = static_cast<std::int64_t>(solo.parameters.batch_lifetime_ms);
  const BatchPtr held = batch_of(four().institution(2), 1, solo.now.wall.ms + 10);
  solo.deliver_batch(held, 2);
  solo.pass(100);
  solo.propose(solo.next_block({held->id}));
  EXPECT_EQ(solo.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_EQ(solo.replica->view().tip.value, 0U);
  Solo other(four(), 1);
  const BatchPtr late = batch_of(four().institution(2), 2, other.now.wall.ms + 2 * lifetime + 1);
  other.propose(other.next_block({late->id}));
  EXPECT_EQ(other.replica->view().tip.value, 1U);
  other.deliver_batch(late, 0);
  EXPECT_EQ(other.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_FALSE(other.has_voted(VoteKind::Prepare, {1}));
}

TEST(R5, the_payload_of_a_block_stays_within_block_bytes) {
  Parameters parameters = Parameters::tiny();
  const BatchPtr one =
      batch_of(four().institution(2), 1, kWallStartMs + 30'000, std::string(200, 'a'));
  const BatchPtr two =
      batch_of(four().institution(2), 2, kWallStartMs + 30'000, std::string(200, 'b'));
  parameters.block_bytes = one->bytes.size() + two->bytes.size();
  Solo exact(four(), 1, parameters);
  exact.propose(exact.next_block({one->id, two->id}));
  exact.deliver_batch(one, 2);
  exact.deliver_batch(two, 2);
  EXPECT_TRUE(exact.has_voted(VoteKind::Prepare, {1}));
  --parameters.block_bytes;
  Solo above(four(), 1, parameters);
  above.propose(above.next_block({one->id, two->id}));
  above.deliver_batch(one, 2);
  above.deliver_batch(two, 2);
  EXPECT_FALSE(above.has_voted(VoteKind::Prepare, {1}));
  EXPECT_EQ(above.rejects(RejectReason::TooMuchPayload), 1U);
}

TEST(R6, the_primary_takes_batches_round_robin_over_authors_oldest_first_within_limits) {
  Parameters parameters = Parameters::tiny();
  parameters.block_batches = 3;
  Solo solo(four(), 0, parameters);
  solo.executes = false;
  const Block first = [&] {
    solo.deliver_batch(
        batch_of(four().institution(3), 1, soon(solo), "goes alone, since nothing is in flight"),
        3);
    return solo.sent_of<PrePrepare>().at(0).block;
  }();
  ASSERT_EQ(first.batches.size(), 1U);
  std::map<std::pair<std::size_t, int>, Hash> ids;
  for (const int seq : {7, 5, 6}) {
    for (const std::size_t author : {2U, 1U}) {
      const BatchPtr batch =
          batch_of(four().institution(author), static_cast<std::uint64_t>(seq), soon(solo));
      ids[{author, seq}] = batch->id;
      solo.deliver_batch(batch, author);
    }
  }
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 1U);  // in flight, small, and young
  solo.pass(10);
  solo.tick();
  ASSERT_GE(solo.sent_of<PrePrepare>().size(), 2U);
  const Block second = solo.sent_of<PrePrepare>()[1].block;
  EXPECT_EQ(second.batches, (std::vector<Hash>{ids[{1, 5}], ids[{2, 5}], ids[{1, 6}]}));
  EXPECT_EQ(second.parent, first.hash(four().chain()));
  EXPECT_GT(second.time, first.time);
}

TEST(R6, no_block_above_the_window_and_none_for_a_full_one) {
  Solo solo(four(), 0);
  for (int i = 1; i <= 12; ++i) {
    solo.deliver_batch(batch_of(four().institution(1), static_cast<std::uint64_t>(i), soon(solo),
                                std::string(3'900, 'x')),
                       1);
    solo.pass(20);
    solo.tick();
  }
  EXPECT_EQ(solo.replica->view().tip.value, solo.parameters.window);
}

// ---- R8

TEST(R8, accepts_only_the_next_block_of_the_tip_in_time) {
  Solo solo(four(), 1);
  Block block = solo.next_block();
  block.parent = hash_of("elsewhere");
  solo.propose(block);
  EXPECT_EQ(solo.rejects(RejectReason::BadParent), 1U);
  Solo second(four(), 1);
  block = second.next_block();
  block.time = four().genesis().time;
  second.propose(block);
  EXPECT_EQ(second.rejects(RejectReason::BadBlockTime), 1U);
  Solo third(four(), 1);
  third.pass(static_cast<std::int64_t>(third.parameters.clock_lag_ms) + 10);
  block = third.next_block();
  block.time = {third.now.wall.ms - static_cast<std::int64_t>(third.parameters.clock_lag_ms) - 1};
  third.propose(block);
  EXPECT_EQ(third.rejects(RejectReason::TooFarBehindClock), 1U);
  EXPECT_EQ(third.replica->view().tip.value, 0U);
}

TEST(R8, waits_for_a_block_ahead_of_its_clock_and_for_the_one_below) {
  Solo solo(four(), 1);
  Block first = solo.next_block();
  first.time = {solo.now.wall.ms + static_cast<std::int64_t>(solo.parameters.clock_skew_ms) + 50};
  const Block second = solo.block_after(first);
  solo.propose(second);
  solo.propose(first);
  EXPECT_EQ(solo.replica->view().tip.value, 0U);
  ASSERT_TRUE(solo.replica->next_deadline().has_value());
  EXPECT_LE(solo.replica->next_deadline()->us, 50'000);
  solo.pass(50);
  solo.tick();
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  solo.pass(1);
  solo.tick();
  EXPECT_EQ(solo.replica->view().tip.value, 2U);
}

TEST(R8, a_second_block_for_a_place_is_evidence_and_never_accepted) {
  Solo solo(four(), 1);
  const Block first = solo.next_block();
  Block second = first;
  ++second.time.ms;
  solo.propose(first);
  solo.propose(second);
  EXPECT_EQ(solo.rejects(RejectReason::ConflictingVote), 1U);
  ASSERT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_EQ(solo.records_of<EvidenceRecord>()[0].second.content.digest,
            second.hash(four().chain()));
  EXPECT_EQ(solo.records_of<BlockRecord>().size(), 1U);
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Equivocation);
}

TEST(R8a, a_certificate_makes_a_block_acceptable_that_the_clock_refused) {
  Solo solo(four(), 1);
  solo.pass(static_cast<std::int64_t>(solo.parameters.clock_lag_ms) + 10);
  Block block = solo.next_block();
  block.time = {kWallStartMs};
  solo.propose(block);
  EXPECT_EQ(solo.replica->view().tip.value, 0U);
  const VoteContent content{VoteKind::Prepare, {}, {}, {1}, block.hash(four().chain())};
  Certificate certificate{content, {}};
  for (const std::size_t i : {0U, 2U, 3U}) {
    certificate.signatures.push_back(
        {{static_cast<std::uint32_t>(i)}, four().vote(i, content).signature});
  }
  solo.deliver(3, CertifiedBlocks{{block}, certificate});
  EXPECT_EQ(solo.replica->view().tip.value, 1U);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  EXPECT_TRUE(
      solo.has_voted(VoteKind::Commit, {1}));  // prepared: the own vote and the learnt certificate
}

// ---- R9, R10, R11

TEST(R9, votes_in_height_order_and_only_with_the_payload_of_the_block_and_its_ancestors) {
  Solo solo(four(), 1);
  const BatchPtr low = batch_of(four().institution(2), 1, soon(solo), "low");
  const BatchPtr high = batch_of(four().institution(2), 2, soon(solo), "high");
  solo.deliver_batch(high, 2);
  solo.propose(solo.next_block({low->id}));
  solo.propose(solo.next_block({high->id}));
  EXPECT_EQ(solo.replica->view().tip.value, 2U);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));
  EXPECT_TRUE(solo.fetched.empty());  // usually on its way
  solo.pass(60);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, four().institution(0));  // the primary first
  solo.pass(510);
  solo.tick();
  solo.pass(510);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 3U);  // then from one to the next
  EXPECT_NE(solo.fetched[1].from, solo.fetched[2].from);
  solo.deliver_batch(low, 3);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {2}));
}

TEST(R9, payload_that_came_out_of_order_before_a_crash_still_counts_after_it) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.propose(solo.next_block({batch->id}));  // the block first
  const RecoveredState before = solo.recovered({0});
  EXPECT_EQ(before.chain.size(), 1U);
  solo.deliver_batch(batch, 2);  // then its payload, and the vote
  ASSERT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  Solo again(four(), 1, Parameters::tiny(), solo.recovered({0}));
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {1}));
  EXPECT_EQ(again.voted, solo.voted);
  Solo without(four(), 1, Parameters::tiny(), before);
  EXPECT_FALSE(without.has_voted(VoteKind::Prepare, {1}));
  EXPECT_EQ(without.fetched.size(), 1U);  // asked for at once: nobody sends it by himself
}

TEST(R10, commit_is_voted_with_the_own_prepare_vote_and_a_durable_certificate) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block block = solo.next_block({batch->id});
  solo.propose(block);
  solo.prepare(block);  // a quorum, but the own vote is missing
  EXPECT_FALSE(solo.has_voted(VoteKind::Commit, {1}));
  EXPECT_EQ(solo.events(EventType::Prepared), 0U);
  solo.deliver_batch(batch, 2);
  EXPECT_TRUE(solo.has_voted(VoteKind::Commit, {1}));
  ASSERT_EQ(solo.records_of<CertificateRecord>().size(), 1U);
  EXPECT_TRUE(verify_certificate(solo.records_of<CertificateRecord>()[0].certificate, four().set(),
                                 four().chain()));
}

TEST(R11, a_quorum_of_commit_votes_commits_the_block_and_its_ancestors) {
  Solo solo(four(), 1);
  const Block first = solo.next_block();
  solo.propose(first);
  const Block second = solo.next_block();
  solo.propose(second);
  solo.commit(second);
  EXPECT_EQ(solo.replica->view().committed.value, 2U);
  ASSERT_EQ(solo.executed.size(), 2U);
  EXPECT_EQ(solo.executed[0].block, first);
}

TEST(R11, a_commit_beside_the_accepted_chain_stops_the_votes_of_that_view_restarts_included) {
  Solo solo(four(), 1);
  const Block mine = solo.next_block();
  Block theirs = mine;
  ++theirs.time.ms;
  solo.propose(mine);
  solo.commit(theirs);
  ASSERT_EQ(solo.records_of<AbstainRecord>().size(), 1U);
  EXPECT_FALSE(solo.replica->view().voting);
  EXPECT_EQ(solo.replica->view().tip.value, 0U);
  const VoteContent content{VoteKind::Commit, {}, {}, {1}, theirs.hash(four().chain())};
  Certificate certificate{content, {}};
  for (const std::size_t i : {0U, 2U, 3U}) {
    certificate.signatures.push_back(
        {{static_cast<std::uint32_t>(i)}, four().vote(i, content).signature});
  }
  Solo again(four(), 1, Parameters::tiny(), solo.recovered({0}));
  EXPECT_FALSE(again.replica->view().voting);
  for (Solo* replica : {&solo, &again}) {
    replica->deliver(2, CertifiedBlocks{{theirs}, certificate});
    EXPECT_EQ(replica->replica->view().committed.value, 1U);  // it follows, and attests
    EXPECT_TRUE(replica->has_voted(VoteKind::Attest, {1}));
    replica->blocks[theirs.height] = theirs;
    const Block next = replica->block_after(theirs);
    replica->propose(next);
    EXPECT_EQ(replica->replica->view().tip.value, 2U);
    EXPECT_FALSE(replica->has_voted(VoteKind::Prepare, {2}));
  }
}

TEST(R12, execution_waits_for_payload_and_goes_in_height_order) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block first = solo.next_block({batch->id});
  solo.propose(first);
  const Block second = solo.next_block();
  solo.propose(second);
  solo.commit(second);
  EXPECT_EQ(solo.replica->view().committed.value, 2U);
  EXPECT_TRUE(solo.executed.empty());
  solo.deliver_batch(batch, 2);
  ASSERT_EQ(solo.executed.size(), 2U);
  ASSERT_EQ(solo.executed[0].batches.size(), 1U);
  EXPECT_EQ(solo.executed[0].batches[0]->id, batch->id);
}

// ---- R13

TEST(R13, votes_beyond_twice_the_window_or_two_views_are_not_kept) {
  Solo solo(four(), 1);
  const std::uint64_t window = solo.parameters.window;
  const auto vote_at = [&](std::uint64_t view, std::uint64_t height) {
    return four().vote(2, {VoteKind::Prepare, {}, {view}, {height}, hash_of("block")});
  };
  solo.deliver(2, vote_at(0, 2 * window));
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 0U);
  EXPECT_FALSE(solo.replica->wants(vote_at(0, 2 * window + 1)));
  solo.deliver(2, vote_at(0, 2 * window + 1));
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  solo.deliver(2, vote_at(2, 1));
  EXPECT_EQ(solo.rejects(RejectReason::FutureView), 0U);
  solo.deliver(2, vote_at(3, 1));
  EXPECT_EQ(solo.rejects(RejectReason::FutureView), 1U);
  solo.deliver(2, vote_at(UINT64_MAX, 1));
  EXPECT_EQ(solo.rejects(RejectReason::FutureView), 2U);
  solo.deliver(2, four().vote(2, {VoteKind::Attest, {}, {}, {2 * window}, hash_of("header")}));
  solo.deliver(2, four().vote(2, {VoteKind::Attest, {}, {}, {2 * window + 1}, hash_of("header")}));
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 2U);
  solo.deliver(2, four().vote(2, {VoteKind::Snapshot, {}, {}, {1}, hash_of("manifest")}));
  EXPECT_EQ(solo.rejects(RejectReason::UnknownType), 1U);
}

TEST(R13, early_votes_are_bounded_in_bytes_for_each_sender_at_max_and_one_more) {
  ReplicaLimits limits;
  limits.peer_vote_bytes = 3 * kVoteBytes;
  Solo solo(four(), 1, Parameters::tiny(), std::nullopt, limits);
  const auto early = [&](std::size_t who, std::uint64_t height) {
    return four().vote(who, {VoteKind::Prepare, {}, {1}, {height}, hash_of("block")});
  };
  for (std::uint64_t height = 1; height <= 3; ++height) solo.deliver(2, early(2, height));
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 0U);
  solo.deliver(2, early(2, 4));
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
  solo.deliver(3, early(3, 4));  // another sender has a budget of its own
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
  solo.deliver(
      2, four().vote(
             2, {VoteKind::Prepare, {}, {}, {1}, hash_of("block")}));  // in the window: not early
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
}

TEST(R13, waiting_blocks_are_bounded_in_bytes_for_each_sender) {
  ReplicaLimits limits;
  limits.peer_block_bytes = 2 * kBlockOverheadBytes + sizeof(Hash);
  Solo solo(four(), 1, Parameters::tiny(), std::nullopt, limits);
  Block below = solo.next_block();
  std::vector<Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(below = solo.block_after(below));
  blocks[1].batches = {hash_of("a batch")};
  solo.propose(blocks[0]);
  solo.propose(blocks[1]);  // exactly at the budget
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 0U);
  solo.propose(blocks[2]);
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
}

TEST(R13, a_second_vote_for_a_place_is_evidence_once_for_each_member) {
  Solo solo(four(), 1);
  for (const VoteKind kind : {VoteKind::Commit, VoteKind::Attest}) {
    solo.deliver(2, four().vote(2, {kind, {}, {}, {1}, hash_of("one")}));
    const Vote second = four().vote(2, {kind, {}, {}, {1}, hash_of("two")});
    EXPECT_TRUE(solo.replica->wants(second));
    solo.deliver(2, second);
  }
  EXPECT_EQ(solo.rejects(RejectReason::ConflictingVote), 2U);
  EXPECT_EQ(solo.records_of<EvidenceRecord>().size(), 1U);
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
}

// ---- R16, R17

TEST(R16, an_attest_quorum_with_the_own_execution_makes_a_height_stable) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  EXPECT_TRUE(solo.has_voted(VoteKind::Attest, {1}));
  EXPECT_EQ(solo.replica->stable().value, 0U);
  solo.attest(block);
  EXPECT_EQ(solo.replica->stable().value, 1U);
  EXPECT_EQ(solo.events(EventType::Stable), 1U);
  EXPECT_FALSE(
      solo.replica->wants(four().vote(3, {VoteKind::Commit, {}, {}, {1}, hash_of("late")})));
}

TEST(R16, attest_votes_that_come_before_the_own_execution_wait_for_it) {
  Solo solo(four(), 1);
  solo.executes = false;
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  const Header header = header_after(four().genesis(), four().chain(), block, four().set(), 10);
  solo.headers[{1}] = header;
  solo.attest(block);
  EXPECT_EQ(solo.replica->stable().value, 0U);
  solo.step(Executed{header, header.hash(four().chain())});
  EXPECT_EQ(solo.replica->stable().value, 1U);
}

TEST(R17, a_weak_quorum_of_other_headers_means_divergence) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.prepare(block);
  solo.commit(block);
  const VoteContent other{VoteKind::Attest, {}, {}, {1}, hash_of("another header")};
  solo.deliver(2, four().vote(2, other));
  EXPECT_FALSE(solo.replica->view().diverged);
  solo.deliver(3, four().vote(3, other));
  EXPECT_TRUE(solo.replica->view().diverged);
  EXPECT_EQ(solo.events(EventType::Diverged), 1U);
  solo.propose(solo.next_block());
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));
}

TEST(R17, an_attest_certificate_over_another_header_means_divergence_too) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  solo.deliver(
      2,
      AttestProof{four().certificate({VoteKind::Attest, {}, {}, {1}, hash_of("another header")})});
  EXPECT_TRUE(solo.replica->view().diverged);
}

// ---- R19 to R21

TEST(R19, the_timer_runs_with_work_only_and_its_end_is_told_once) {
  Solo solo(four(), 1);
  const auto base = static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms);
  solo.pass(base + 10);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());  // no work
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  solo.pass(base - 1);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  solo.pass(1);
  solo.tick();
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Silent);
  solo.pass(3 * base);
  solo.tick();
  EXPECT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_TRUE(solo.sent_of<Status>().back().suspected);
  const Block block = solo.next_block({batch->id});
  solo.propose(block);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));  // it goes on voting
  solo.commit(block);
  EXPECT_FALSE(solo.replica->view().suspecting);
}

TEST(R19, an_idle_block_is_overdue_after_twice_the_interval) {
  Solo solo(four(), 1);
  solo.pass(2'000);
  solo.tick();
  solo.pass(1'000);
  solo.tick();
  EXPECT_EQ(solo.sent_of<Suspect>().size(), 1U);
}

TEST(R19, a_full_window_that_awaits_execution_is_no_work) {
  Solo solo(four(), 1);
  solo.executes = false;
  for (std::uint64_t i = 0; i < solo.parameters.window; ++i) {
    const Block block = solo.next_block();
    solo.propose(block);
    solo.commit(block);
  }
  solo.deliver_batch(batch_of(four().institution(2), 1, soon(solo)), 2);
  solo.pass(5'000);
  solo.tick();
  solo.pass(5'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
}

TEST(R20, a_primary_that_leaves_says_so_and_is_suspected) {
  Solo primary(four(), 0);
  primary.step(Leaving{});
  ASSERT_EQ(primary.sent_of<Suspect>().size(), 1U);
  Solo solo(four(), 1);
  solo.deliver(2, Suspect{{}, {}, SuspectReason::Leaving});  // not the primary
  EXPECT_FALSE(solo.replica->view().suspecting);
  solo.deliver(0, primary.sent_of<Suspect>()[0]);
  EXPECT_TRUE(solo.replica->view().suspecting);
  solo.step(Leaving{});
  EXPECT_EQ(solo.sent_of<Suspect>().size(), 1U);
}

TEST(R20, offers_are_fetched_by_the_primary_within_bounds) {
  Solo backup(four(), 1);
  backup.deliver(2, BatchOffer{{hash_of("batch")}});
  EXPECT_EQ(backup.rejects(RejectReason::NotPrimary), 1U);
  Solo solo(four(), 0);
  const BatchPtr batch = batch_of(four().institution(3), 1, soon(solo));
  solo.deliver(2, BatchOffer{{batch->id}});
  ASSERT_EQ(solo.fetched.size(), 1U);
  EXPECT_EQ(solo.fetched[0].from, four().institution(2));
  solo.deliver_batch(batch, 2);
  EXPECT_EQ(solo.records_of<BatchRecord>().size(), 1U);
  std::size_t asked = 0;
  for (std::size_t i = 0; i <= kOffersMax / kFetchBatchesMax; ++i) {
    BatchOffer offer;
    for (std::size_t k = 0; k < kFetchBatchesMax; ++k)
      offer.batches.push_back(hash_of(std::to_string(asked++)));
    solo.deliver(2, offer);
  }
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
}

TEST(R20, an_author_passed_over_while_other_blocks_commit_makes_the_primary_suspect) {
  Solo solo(four(), 1);
  const auto base = static_cast<std::int64_t>(solo.parameters.view_timeout_base_ms);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  std::int64_t waited = 0;
  for (; waited < 4 * base; waited += 250) {
    EXPECT_TRUE(solo.sent_of<Suspect>().empty());
    solo.pass(250);
    solo.make_stable(solo.next_block());
    EXPECT_EQ(solo.sent_of<BatchOffer>().empty(), waited + 250 < base);
  }
  ASSERT_EQ(solo.sent_of<Suspect>().size(), 1U);
  EXPECT_EQ(solo.sent_of<Suspect>()[0].reason, SuspectReason::Censorship);
  solo.make_stable(solo.next_block({batch->id}));
  EXPECT_FALSE(solo.replica->view().suspecting);
}

TEST(R20, an_outage_is_no_censorship) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  solo.deliver_batch(batch, 2);
  for (int i = 0; i < 60; ++i) {
    solo.pass(200);
    solo.tick();
  }
  solo.make_stable(solo.next_block());  // the first block after it
  solo.pass(10);
  solo.tick();
  EXPECT_FALSE(solo.replica->view().suspecting);
}

// ---- R22, R30

TEST(R22, who_is_ahead_sends_what_the_other_lacks_when_it_does_not_move) {
  Solo solo(four(), 1);
  const Block first = solo.next_block();
  solo.make_stable(first);
  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.commit(second);
  solo.propose(solo.next_block());
  solo.sent.clear();
  Status behind;
  behind.stable = {0};
  behind.committed = {1};
  behind.tip = {1};
  solo.deliver(3, behind);  // the first one heard
  EXPECT_EQ(solo.sent_of<AttestProof>().size(), 1U);
  ASSERT_EQ(solo.sent_of<CertifiedBlocks>().size(), 1U);
  EXPECT_EQ(solo.sent_of<CertifiedBlocks>()[0].blocks.size(), 1U);
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 2U);
  EXPECT_EQ(solo.sent_of<Vote>().size(), 4U);  // prepare and commit of 2, prepare of 3, attest of 2
  for (const Outbound& outbound : solo.sent) EXPECT_EQ(outbound.to, four().institution(3));
  solo.sent.clear();
  solo.deliver(3, behind);  // too soon
  EXPECT_TRUE(solo.sent.empty());
  solo.pass(150);
  behind.tip = {2};
  solo.deliver(3, behind);  // it moves
  EXPECT_TRUE(solo.sent.empty());
  solo.deliver(3, behind);
  EXPECT_FALSE(solo.sent.empty());
}

ChainSegment segment_of(const Solo& source, std::uint64_t from, std::uint64_t to) {
  ChainSegment segment{{}, source.headers.at({to}), {}};
  for (std::uint64_t h = from; h <= to; ++h) segment.blocks.push_back(source.blocks.at({h}));
  segment.attest = four().certificate(
      {VoteKind::Attest, segment.header.epoch, {}, {to}, source.header_hash({to})});
  return segment;
}

TEST(R30, a_segment_is_asked_of_those_who_claim_more_in_turn_committed_executed_and_compared) {
  Solo source(four(), 1);
  for (int i = 0; i < 9; ++i) source.make_stable(source.next_block());
  Solo solo(four(), 3);
  Status claim;
  claim.stable = claim.committed = claim.tip = {9};
  solo.deliver(0, claim);
  solo.deliver(1, claim);
  ASSERT_EQ(solo.fetched.size(), 1U);  // one question at a time
  EXPECT_EQ(std::get<FetchChain>(solo.fetched[0].what).stable.value, 0U);
  solo.pass(1'001);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 2U);
  EXPECT_NE(solo.fetched[0].from, solo.fetched[1].from);
  solo.deliver(1, segment_of(source, 2, 9));  // does not continue what we have
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  solo.deliver(1, segment_of(source, 1, 9));
  EXPECT_EQ(solo.replica->view().committed.value, 9U);
  EXPECT_EQ(solo.replica->stable().value, 9U);
  EXPECT_EQ(solo.records_of<ChainProofRecord>().size(), 1U);
  solo.deliver(1, segment_of(source, 1, 9));
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), 1U);
}

TEST(R30, R42_at_the_end_of_the_epoch_its_last_header_opens_the_next) {
  Solo source(four(), 1);
  for (int i = 0; i < 10; ++i) source.make_stable(source.next_block());
  EXPECT_EQ(source.replica->set().epoch.value, 1U);
  Solo solo(four(), 3);
  solo.deliver(1, segment_of(source, 1, 10));
  EXPECT_EQ(solo.replica->set().epoch.value, 1U);
  ASSERT_EQ(solo.records_of<EpochRecord>().size(), 1U);
  EXPECT_EQ(solo.records_of<EpochRecord>()[0].set.digest(four().chain()),
            source.headers.at({10}).next_set);
}

TEST(R30, payload_of_a_segment_is_asked_from_several_peers) {
  Solo source(four(), 1);
  std::vector<BatchPtr> batches;
  for (int i = 1; i <= 6; ++i) {
    batches.push_back(batch_of(four().institution(2), static_cast<std::uint64_t>(i), soon(source)));
    source.deliver_batch(batches.back(), 2);
    source.make_stable(source.next_block({batches.back()->id}));
  }
  Solo solo(four(), 3);
  solo.deliver(1, segment_of(source, 1, 6));
  std::set<InstitutionId> asked;
  for (const Fetch& fetch : solo.fetched) asked.insert(fetch.from);
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_EQ(solo.replica->view().executed.value, 0U);
  for (const BatchPtr& batch : batches) solo.deliver_batch(batch, 1);
  EXPECT_EQ(solo.replica->stable().value, 6U);
}

TEST(R30, a_segment_beside_our_committed_chain_means_more_than_f_are_faulty) {
  Solo source(four(), 1);
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  solo.commit(block);
  source.pass(5);
  source.make_stable(source.next_block());
  source.make_stable(source.next_block());
  solo.deliver(1, segment_of(source, 1, 2));
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 1U);
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_EQ(solo.replica->view().committed.value, 1U);
}

// ---- R38, R40, R41

TEST(R38, everything_open_comes_back_after_a_restart) {
  Solo solo(four(), 1);
  const BatchPtr ordered = batch_of(four().institution(2), 1, soon(solo), "ordered");
  const BatchPtr open = batch_of(four().institution(2), 2, soon(solo), "open");
  const BatchPtr mine = batch_of(four().institution(1), 1, soon(solo), "mine");
  solo.deliver_batch(ordered, 2);
  solo.deliver_batch(open, 2);
  solo.deliver_batch(mine, 1);
  solo.make_stable(solo.next_block({ordered->id}));
  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.propose(solo.next_block({open->id}));
  Solo again(four(), 1, Parameters::tiny(), solo.recovered({1}));
  const ReplicaView before = solo.replica->view();
  const ReplicaView after = again.replica->view();
  EXPECT_EQ(after.stable, before.stable);
  EXPECT_EQ(after.executed, before.executed);
  EXPECT_EQ(after.committed, before.committed);
  EXPECT_EQ(after.prepared, before.prepared);
  EXPECT_EQ(after.tip, before.tip);
  EXPECT_EQ(after.available_batches, 1U);
  EXPECT_EQ(again.sent_of<Status>().back().high.height.value, 2U);
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {2}));
  EXPECT_TRUE(again.has_voted(VoteKind::Prepare, {3}));
  EXPECT_TRUE(again.has_voted(VoteKind::Commit, {2}));
  EXPECT_FALSE(again.has_voted(VoteKind::Attest, {1}));  // stable: nobody asks for it
  again.deliver(3, Status{});
  ASSERT_EQ(again.sent_of<BatchMessage>().size(), 1U);  // own batches, to those who may lack them
  EXPECT_EQ(again.sent_of<BatchMessage>()[0].batch->id, mine->id);
  again.deliver_batch(ordered, 2);
  EXPECT_EQ(again.rejects(RejectReason::AlreadyOrdered), 1U);
}

TEST(R38, what_the_store_lost_is_done_again_across_the_end_of_an_epoch) {
  Solo solo(four(), 1);
  for (int i = 0; i < 12; ++i) solo.make_stable(solo.next_block());
  for (const std::uint64_t kept : {12U, 10U, 9U, 7U}) {
    RecoveredState state = solo.recovered({kept});
    EXPECT_EQ(state.stable.value, 12U);
    EXPECT_EQ(state.committed.value, 12U);
    EXPECT_EQ(state.set.epoch.value, 1U);
    const std::map<Height, Header> known(solo.headers.begin(), solo.headers.upper_bound({kept}));
    Solo again(four(), 1, Parameters::tiny(), state, {}, known);
    EXPECT_EQ(again.executed.size(), 12U - kept);
    EXPECT_EQ(again.headers, solo.headers);
    EXPECT_EQ(again.replica->view().executed.value, 12U) << kept;
    EXPECT_FALSE(again.has_voted(VoteKind::Attest, {11}));
  }
}

TEST(R40, an_own_vote_that_we_do_not_remember_stops_voting) {
  Solo solo(four(), 0);
  Block block = solo.next_block();
  solo.deliver(2, four().proposal(block));  // our signature, never given here
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  solo.pass(5'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<PrePrepare>().empty());
  Solo backup(four(), 1);
  block = backup.next_block();
  backup.deliver(
      2, CertifiedBlocks{
             {block},
             four().certificate({VoteKind::Commit, {}, {}, {1}, block.hash(four().chain())})});
  EXPECT_EQ(backup.events(EventType::VotesStopped), 1U);
  EXPECT_EQ(backup.replica->view().committed.value, 1U);  // and goes on following
}

TEST(R41, no_block_of_the_next_epoch_before_the_last_height_is_stable) {
  Solo solo(four(), 1);
  for (int i = 0; i < 9; ++i) solo.make_stable(solo.next_block());
  const Block last = solo.next_block();
  solo.propose(last);
  solo.prepare(last);
  solo.commit(last);
  EXPECT_EQ(solo.replica->set().epoch.value, 0U);
  const Block first = solo.block_after(last);
  EXPECT_EQ(first.epoch.value, 1U);
  EXPECT_EQ(solo.verdict(0, four().proposal(first)), RejectReason::FutureEpoch);
  solo.attest(last);
  EXPECT_EQ(solo.replica->set().epoch.value, 1U);
  EXPECT_EQ(solo.verdict(0, four().proposal(last)), RejectReason::OldEpoch);
  solo.propose(first);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {11}));
  EXPECT_EQ(solo.sent_of<Status>().back().high, VoteContent{});  // in e+1 its high is none
}

TEST(R43, an_observer_follows_and_never_votes) {
  Solo source(four(), 1);
  for (int i = 0; i < 3; ++i) source.make_stable(source.next_block());
  RecoveredState fresh = four().fresh();
  Replica observer(four().chain(), {50}, Parameters::tiny(), {}, fresh, source.now);
  const wire::Verifier verifier(four().chain(), {50});
  observer.step(source.now,
                *verifier.verify(four().institution(1), segment_of(source, 1, 3), observer.set()));
  Output output = observer.take_output();
  EXPECT_EQ(output.execute.size(), 3U);
  EXPECT_TRUE(output.sign.empty());
  EXPECT_FALSE(observer.view().voting);
}

}  // namespace
}  // namespace giro::consensus::testing
