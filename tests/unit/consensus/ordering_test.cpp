// Accepting, voting, committing, keeping votes (protocol R8 to R13).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

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
  const Evidence found = solo.records_of<EvidenceRecord>()[0].evidence;
  EXPECT_EQ(std::get<ConflictingVotes>(found).second.content.digest, second.hash(four().chain()));
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

}  // namespace
}  // namespace giro::consensus::testing
