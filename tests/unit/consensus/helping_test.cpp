// What is told and sent to others, what is taken from them while behind, and what a statement says
// again (protocol R16, R17, R20, R22, R28, R30, R34, R39, R40).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Certificate attest_at(const Solo& source, std::uint64_t height) {
  const Header& header = source.headers.at({height});
  return four().certificate(
      {VoteKind::Attest, header.epoch, {}, {height}, header.hash(four().chain())});
}

Parameters long_epochs() {
  Parameters parameters = Parameters::tiny();
  parameters.epoch_blocks = 100;
  parameters.window = 64;
  return parameters;
}

// ---- R16, R17

TEST(Attested, R16_what_is_executed_twice_counts_once) {
  Solo solo(four(), 1);
  solo.make_stable(solo.next_block());
  const Header& header = solo.headers.at({1});
  const std::uint64_t before = solo.rejects(RejectReason::OldHeight);
  solo.step(Executed{header, header.hash(four().chain())});
  EXPECT_EQ(solo.rejects(RejectReason::OldHeight), before + 1);
  EXPECT_EQ(solo.replica->view().executed, Height{1});
}

TEST(Attested, R17_a_block_that_is_done_again_with_another_result_than_was_attested_diverges) {
  Solo solo(four(), 1);
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  for (const bool same : {true, false}) {
    Replica again(four().chain(), four().identity(1), solo.parameters, {}, solo.recovered({1}),
                  solo.now);
    const Output started = again.take_output();
    ASSERT_EQ(started.execute.size(), 2U);
    EXPECT_TRUE(started.sign.empty()) << "they are stable";
    for (const std::uint64_t height : {2U, 3U}) {
      Header header = solo.headers.at({height});
      if (!same) header.state_root = hash_of("another state");
      again.step(solo.now, Executed{header, header.hash(four().chain())});
    }
    EXPECT_EQ(again.view().executed, Height{3});
    EXPECT_EQ(again.view().diverged, !same);
    EXPECT_EQ(again.may_vote(), same);
  }
}

TEST(Attested, R17_divergence_is_said_once) {
  Solo solo(four(), 1);
  solo.step(Contradicted{{16}});
  solo.step(Contradicted{{32}});
  EXPECT_EQ(solo.events(EventType::Diverged), 1U);
}

TEST(Attested, R16_of_certificates_above_the_own_execution_the_lowest_few_are_kept) {
  Solo source(four(), 1, long_epochs());
  std::vector<Block> blocks;
  for (int i = 0; i < 20; ++i) {
    blocks.push_back(source.next_block());
    source.make_stable(blocks.back());
  }
  Solo solo(four(), 3, long_epochs());
  for (std::uint64_t height = 20; height > 0; --height)
    solo.deliver(0, AttestProof{attest_at(source, height)});
  solo.deliver(0, AttestProof{attest_at(source, 5)});  // again
  EXPECT_EQ(solo.replica->stable(), Height{0}) << "nothing is executed";
  solo.deliver(0, CertifiedBlocks{blocks, certified(VoteKind::Commit, blocks.back(), {})});
  EXPECT_EQ(solo.replica->view().executed, Height{20});
  EXPECT_EQ(solo.replica->stable(), Height{kProofsMax});
  EXPECT_TRUE(solo.has_voted(VoteKind::Attest, {20}));
  EXPECT_FALSE(solo.has_voted(VoteKind::Attest, {15})) << "others had made a higher one stable";
}

// ---- R30

TEST(Behind, R30_a_proof_without_blocks_above_what_is_committed_is_no_news) {
  Solo source(four(), 1);
  for (int i = 0; i < 2; ++i) source.make_stable(source.next_block());
  Solo solo(four(), 3);
  Status ahead;
  ahead.stable = {2};
  solo.deliver(0, ahead);
  ASSERT_EQ(solo.fetched.size(), 1U);
  solo.deliver(0, ChainSegment{{}, source.headers.at({2}), attest_at(source, 2)});
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  EXPECT_EQ(solo.fetched.size(), 1U) << "whoever has no news is not asked again at once";
  solo.pass(199);
  solo.tick();
  EXPECT_EQ(solo.fetched.size(), 1U);
  solo.pass(1);
  solo.tick();
  EXPECT_EQ(solo.fetched.size(), 2U);
  solo.deliver(0, ChainSegment{{source.blocks.at({1}), source.blocks.at({2})},
                               source.headers.at({2}),
                               attest_at(source, 2)});
  EXPECT_EQ(solo.replica->stable(), Height{2});
}

// Without the payload nothing is executed; the proofs that it could use are known.
TEST(Behind, R30_a_proof_that_is_not_kept_is_no_news) {
  Solo source(four(), 1, long_epochs());
  std::vector<Block> blocks;
  for (int i = 0; i < 20; ++i) {
    blocks.push_back(source.next_block());
    source.make_stable(blocks.back());
  }
  Solo solo(four(), 3, long_epochs());
  solo.executes = false;
  solo.deliver(0, CertifiedBlocks{blocks, certified(VoteKind::Commit, blocks.back(), {})});
  for (std::uint64_t height = 1; height <= kProofsMax; ++height)
    solo.deliver(0, AttestProof{attest_at(source, height)});
  Status ahead;
  ahead.stable = {20};
  solo.deliver(0, ahead);
  EXPECT_TRUE(solo.fetched.empty()) << "the own execution may get there yet";
  solo.pass(1'000);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 1U);
  const ChainSegment segment{blocks, source.headers.at({20}), attest_at(source, 20)};
  solo.deliver(0, segment);
  EXPECT_EQ(solo.fetched.size(), 1U) << "the same answer would come again and again";
  solo.pass(199);
  solo.tick();
  EXPECT_EQ(solo.fetched.size(), 1U);
  solo.pass(1);
  solo.tick();
  EXPECT_EQ(solo.fetched.size(), 2U);
}

TEST(Behind, R17_what_contradicts_the_own_result_is_no_news) {
  Solo source(four(), 1), solo(four(), 3);
  std::vector<Block> blocks;
  for (int i = 0; i < 2; ++i) {
    blocks.push_back(source.next_block());
    source.make_stable(blocks.back());
  }
  solo.deliver(0, CertifiedBlocks{blocks, certified(VoteKind::Commit, blocks.back(), {})});
  ASSERT_EQ(solo.replica->view().executed, Height{2});
  Status ahead;
  ahead.stable = {2};
  solo.deliver(0, ahead);
  solo.pass(1'000);
  solo.tick();
  ASSERT_EQ(solo.fetched.size(), 1U);
  Header other = source.headers.at({2});
  other.state_root = hash_of("another state");
  const ChainSegment segment{
      {}, other, four().certificate({VoteKind::Attest, {}, {}, {2}, other.hash(four().chain())})};
  solo.deliver(0, segment);
  EXPECT_TRUE(solo.replica->view().diverged);
  solo.deliver(0, segment);
  EXPECT_EQ(solo.fetched.size(), 1U) << "the same answer would come again and again";
}

TEST(Behind, R40_without_room_nothing_is_asked_for) {
  Solo solo(four(), 3);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block anchor = solo.next_block();
  solo.propose(solo.next_block({batch->id}));
  solo.step(StorageSpace{true});
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, in_view(anchor, {}), {0})));
  Status ahead;
  ahead.stable = {9};
  solo.deliver(0, ahead);
  solo.pass(2'000);
  solo.tick();
  EXPECT_TRUE(solo.fetched.empty());
  EXPECT_TRUE(solo.sent_of<FetchBlocks>().empty());
  solo.step(StorageSpace{false});
  EXPECT_FALSE(solo.fetched.empty());
  EXPECT_FALSE(solo.sent_of<FetchBlocks>().empty());
}

// ---- R28

TEST(Behind, R28_only_the_answer_to_what_is_asked_for_below_the_anchor_is_taken) {
  Solo solo(four(), 3);
  std::vector<Block> blocks{solo.next_block()};
  for (int i = 0; i < 2; ++i) blocks.push_back(solo.block_after(blocks.back()));
  solo.deliver(0, BlockRange{{blocks[0]}});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U) << "nothing is lacking";
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, blocks[2], {0})));
  Block other = blocks[2];
  ++other.time.ms;
  solo.deliver(0, BlockRange{{other}});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 2U) << "another block of that height";
  // Committed meanwhile, so that the answer begins with what is final.
  solo.executes = false;
  solo.deliver(0, CertifiedBlocks{{blocks[0]}, certified(VoteKind::Commit, blocks[0], {0})});
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  solo.deliver(0, BlockRange{blocks});
  EXPECT_EQ(solo.replica->view().tip, Height{3});
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {3}));
}

TEST(Behind, R28_an_anchor_further_away_than_is_kept_is_reached_by_catching_up) {
  Solo source(four(), 1);
  std::vector<Block> blocks;
  for (int i = 0; i < 9; ++i) {
    blocks.push_back(source.next_block());
    source.make_stable(blocks.back());
  }
  Solo solo(four(), 3);
  solo.deliver(1, new_view_of({1}, certified(VoteKind::Prepare, blocks.back(), {0})));
  EXPECT_TRUE(solo.sent_of<FetchBlocks>().empty());
  solo.deliver(0, BlockRange{blocks});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
  blocks.pop_back();
  solo.deliver(0, ChainSegment{blocks, source.headers.at({8}), attest_at(source, 8)});
  EXPECT_EQ(solo.replica->stable(), Height{8});
  ASSERT_EQ(solo.sent_of<FetchBlocks>().size(), 1U);
  solo.deliver(0, BlockRange{{source.blocks.at({9})}});
  EXPECT_FALSE(solo.replica->view().changing_view);
}

TEST(Behind, R28_a_liar_that_asks_for_a_block_at_another_height_gets_nothing) {
  Solo solo(four(), 3);
  const Block first = solo.next_block();
  solo.propose(first);
  const Block second = solo.block_after(first);
  solo.propose(second);
  const Block beside = in_view(first, {1});
  solo.deliver(1, new_view_of({1}));  // what was accepted is abandoned, and kept
  solo.deliver(0, FetchBlocks{{}, {5}, second.hash(four().chain()), {}});
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
  solo.deliver(2, FetchBlocks{{}, {2}, second.hash(four().chain()), {1}});
  ASSERT_EQ(solo.sent_of<BlockRange>().size(), 1U);
  EXPECT_EQ(solo.sent_of<BlockRange>()[0].blocks, std::vector{second});
}

// ---- R22

TEST(Pushed, R22_who_is_in_a_lower_view_gets_the_certificate_that_proves_ours) {
  Solo solo(four(), 3);
  const Block block = in_view(solo.next_block(), {1});
  solo.deliver(2, CertifiedBlocks{{block}, certified(VoteKind::Prepare, block, {1})});
  ASSERT_EQ(solo.replica->view().view, View{1});
  solo.sent.clear();
  solo.pass(1'000);
  solo.deliver(0, Status{});
  ASSERT_EQ(solo.sent_of<CertifiedBlocks>().size(), 1U);
  EXPECT_EQ(solo.sent_of<CertifiedBlocks>()[0].blocks, std::vector{block});
  EXPECT_EQ(Solo(four(), 0).verdict(3, solo.sent_of<CertifiedBlocks>()[0]), RejectReason::None);
  // Of the same view there is no NewView to give.
  solo.sent.clear();
  solo.pass(1'000);
  Status waits;
  waits.view = {1};
  waits.awaits_new_view = true;
  solo.deliver(2, waits);
  EXPECT_TRUE(solo.sent_of<NewView>().empty());
}

TEST(Pushed, R22_a_proof_of_the_epoch_before_is_not_sent_to_a_member_of_this_one) {
  Solo solo(four(), 1);
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  ASSERT_EQ(solo.replica->set().epoch, Epoch{1});
  solo.sent.clear();
  Status odd;
  odd.epoch = {1};
  odd.stable = {9};
  solo.deliver(3, odd);
  EXPECT_TRUE(solo.sent_of<AttestProof>().empty());
}

TEST(Pushed, R22_however_far_behind_the_other_is_a_turn_is_bounded) {
  Solo solo(four(), 1, long_epochs());
  for (int i = 0; i < 40; ++i) solo.propose(solo.next_block());
  ASSERT_EQ(solo.replica->view().tip, Height{40});
  solo.sent.clear();
  solo.deliver(3, Status{});
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), kPushHeightsMax);
  EXPECT_EQ(solo.sent_of<Vote>().size(), kPushHeightsMax);
  EXPECT_EQ(solo.sent_of<PrePrepare>().back().block.height, Height{kPushHeightsMax});
  // Committed ones are proven by one certificate for as many as a turn takes.
  solo.executes = false;
  for (const auto& [height, block] : solo.blocks) solo.commit(block);
  ASSERT_EQ(solo.replica->view().committed, Height{40});
  solo.sent.clear();
  solo.pass(1'000);
  solo.deliver(3, Status{});
  ASSERT_EQ(solo.sent_of<CertifiedBlocks>().size(), 1U);
  EXPECT_EQ(solo.sent_of<CertifiedBlocks>()[0].blocks.size(), kPushHeightsMax);
}

// ---- R20

TEST(Pushed, R20_a_suspicion_ends_with_the_last_of_its_causes) {
  Solo solo(four(), 1);
  const Block block = solo.next_block();
  solo.propose(block);
  Block second_one = block;
  ++second_one.time.ms;
  solo.pass(1'500);
  solo.tick();
  EXPECT_EQ(solo.events(EventType::Suspecting), 1U);  // silent
  solo.deliver(0, four().proposal(second_one));       // and it equivocates
  EXPECT_EQ(solo.events(EventType::Suspecting), 2U);
  solo.commit(block);
  EXPECT_EQ(solo.events(EventType::SuspicionEnded), 0U);
  EXPECT_TRUE(solo.replica->view().suspecting);
}

TEST(Pushed, R39_the_highest_certificate_of_any_kind_answers_a_search) {
  Solo source(four(), 1);
  for (int i = 0; i < 3; ++i) source.make_stable(source.next_block());
  Solo solo(four(), 3);
  const Block& first = source.blocks.at({1});
  solo.executes = false;
  solo.propose(first);
  solo.commit(first);
  solo.deliver(0, AttestProof{attest_at(source, 3)});
  solo.deliver(2, QueryStable{9});
  ASSERT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.height, Height{3});
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.kind, VoteKind::Attest);
}

// ---- R3

TEST(Taken, R3_more_operations_than_a_batch_may_have_and_what_block_time_has_passed_are_refused) {
  Solo solo(four(), 1);
  const std::vector<ByteView> many(solo.parameters.batch_operations + 1, crypto::as_view("x"));
  const auto give = [&](std::size_t count, std::uint64_t seq, std::int64_t expires_ms) {
    solo.deliver_batch(
        wire::make_batch(four().institution(2), seq, {expires_ms}, std::span(many).first(count)),
        2);
  };
  give(many.size() - 1, 1, soon(solo));
  EXPECT_EQ(solo.events(EventType::BatchAccepted), 1U);
  give(many.size(), 2, soon(solo));
  EXPECT_EQ(solo.rejects(RejectReason::TooLarge), 1U);
  Block ahead = solo.next_block();
  ahead.time.ms += 40'000;  // the own clock is behind
  solo.deliver(0, CertifiedBlocks{{ahead}, certified(VoteKind::Commit, ahead, {}, 1)});
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  give(1, 3, solo.now.wall.ms + 39'999);
  EXPECT_EQ(solo.rejects(RejectReason::Expired), 1U) << "no block can name it any more (R5)";
  give(1, 4, solo.now.wall.ms + 40'000);
  EXPECT_EQ(solo.events(EventType::BatchAccepted), 2U);
}

// ---- R34

std::vector<DurableRecord> stated(Solo& solo) {
  const std::size_t before = solo.log.size();
  solo.step(Restate{});
  return {solo.log.begin() + static_cast<std::ptrdiff_t>(before), solo.log.end()};
}

template <typename Kind>
std::vector<Kind> of_kind(const std::vector<DurableRecord>& records) {
  std::vector<Kind> found;
  for (const DurableRecord& record : records) {
    if (const Kind* kind = std::get_if<Kind>(&record)) found.push_back(*kind);
  }
  return found;
}

TEST(Stated, R34_that_it_abstains_and_what_it_was_told_of_others_is_said_again) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  Block beside = block;
  ++beside.time.ms;
  solo.propose(block);
  solo.commit(beside);
  ASSERT_EQ(solo.events(EventType::Abstaining), 1U);
  const VoteContent one{VoteKind::Prepare, {}, {}, {2}, hash_of("one")};
  VoteContent two = one;
  two.digest = hash_of("two");
  solo.deliver(2, four().vote(2, one));
  solo.deliver(2, four().vote(2, two));
  const std::vector<DurableRecord> records = stated(solo);
  EXPECT_EQ(of_kind<AbstainRecord>(records).size(), 1U);
  EXPECT_EQ(of_kind<EvidenceRecord>(records).size(), 1U);
}

TEST(Stated, R46_of_the_evidence_the_newest_pieces_are_said_again) {
  RecoveredState state = four().fresh();
  const auto piece = [](std::uint64_t height) -> Evidence {
    const VoteContent one{VoteKind::Commit, {7}, {}, {height}, hash_of("one")};
    VoteContent two = one;
    two.digest = hash_of("two");
    return ConflictingVotes{{one, {2}, {}}, {two, {2}, {}}};  // of another epoch
  };
  for (std::uint64_t height = 1; height <= kEvidenceMax; ++height)
    state.evidence.push_back(piece(height));
  Solo solo(four(), 3, Parameters::tiny(), state);
  const VoteContent one{VoteKind::Prepare, {}, {}, {2}, hash_of("one")};
  VoteContent two = one;
  two.digest = hash_of("two");
  solo.deliver(2, four().vote(2, one));
  solo.deliver(2, four().vote(2, two));
  const auto kept = of_kind<EvidenceRecord>(stated(solo));
  ASSERT_EQ(kept.size(), kEvidenceMax);
  EXPECT_EQ(kept.front().evidence, piece(2));
  EXPECT_EQ(height_of(kept.back().evidence), Height{2});
  EXPECT_EQ(epoch_of(kept.back().evidence), Epoch{0});
}

TEST(Stated, R43_what_another_key_promised_is_said_again_as_far_as_it_is_not_over) {
  RecoveredState state = four().fresh();
  state.key = four().signer(3).public_key();
  const crypto::PublicKey other = four().signer(3, 1).public_key();
  const VoteContent open{VoteKind::Prepare, {}, {}, {5}, hash_of("open")};
  const VoteContent over{VoteKind::Prepare, {1}, {}, {5}, hash_of("of another epoch")};
  const VoteContent stable{VoteKind::Prepare, {}, {}, {0}, hash_of("stable")};
  const Floor floor{{}, {}, {3}};
  Promises promises;
  promises.votes = {open, over, stable};
  promises.own_change = four().view_change(3, {2});
  promises.new_view_intent = new_view_of({2});
  promises.floor = floor;
  state.other_keys[other] = promises;
  Promises late;
  late.own_change = four().view_change(3, {2}, {}, {1});
  late.new_view_intent = new_view_of({2});
  late.new_view_intent->epoch = {1};
  late.amnesic_below = floor;
  state.other_keys[four().signer(3, 2).public_key()] = late;
  Solo solo(four(), 3, Parameters::tiny(), state);
  const std::vector<DurableRecord> records = stated(solo);
  EXPECT_EQ(of_kind<KeyRecord>(records).size(), 4U) << "present, the others, present";
  EXPECT_EQ(of_kind<KeyRecord>(records).front().key, *state.key);
  EXPECT_EQ(of_kind<KeyRecord>(records).back().key, *state.key);
  ASSERT_EQ(of_kind<VoteRecord>(records).size(), 1U);
  EXPECT_EQ(of_kind<VoteRecord>(records)[0].content, open);
  EXPECT_EQ(of_kind<ViewChangeRecord>(records).size(), 1U);
  EXPECT_EQ(of_kind<NewViewIntentRecord>(records).size(), 1U);
  EXPECT_EQ(of_kind<FloorRecord>(records).size(), 1U);
  EXPECT_EQ(of_kind<AmnesiaRecord>(records).size(), 1U);
}

TEST(Stated, R34_a_replica_whose_store_lags_behind_says_what_was_stable_above_its_base) {
  Solo before(four(), 1);
  for (int i = 0; i < 3; ++i) before.make_stable(before.next_block());
  Replica lagging(four().chain(), four().identity(1), before.parameters, {}, before.recovered({1}),
                  before.now);
  (void)lagging.take_output();
  lagging.step(before.now, Restate{});
  const Output statement = lagging.take_output();
  ASSERT_TRUE(statement.is_statement);
  const auto bases = of_kind<BaseRecord>(statement.persist);
  ASSERT_EQ(bases.size(), 1U);
  EXPECT_EQ(bases[0].height, Height{1});
  EXPECT_FALSE(bases[0].proof.has_value()) << "the one that is held is of a later height";
  std::vector<Header> recent{before.headers.at({1})};
  Recovery recovery(four().chain(), four().set(), four().genesis().hash(four().chain()),
                    before.parameters.epoch_blocks, before.headers.at({1}), before.header_hash({1}),
                    recent);
  for (const DurableRecord& record : before.log) recovery.apply(record);
  for (const DurableRecord& record : statement.persist) recovery.apply(record);
  ASSERT_FALSE(recovery.has_gap());
  const RecoveredState again = std::move(recovery).finish();
  EXPECT_EQ(again.stable, Height{3});
  EXPECT_EQ(again.stable_proof->content.height, Height{3});
  EXPECT_EQ(again.base, Height{1});
  EXPECT_EQ(again.chain.size(), 2U);
}

}  // namespace
}  // namespace giro::consensus::testing
