// Blocks and certificates that do not fit what is here (protocol R6 to R11): what is refused, what
// ends the votes of a view, and what says that more than f are faulty.
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Block beside(Block block, std::int64_t ms = 1) {
  block.time.ms += ms;
  return block;
}

void hear_commits(Solo& solo, const Block& block, View view) {
  const VoteContent content{VoteKind::Commit, {}, view, block.height, block.hash(four().chain())};
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != solo.index) solo.deliver(i, four().vote(i, content));
  }
}

// A replica with block 1 committed, neither executed nor stable, and block 2 accepted.
class Agreement : public ::testing::Test {
 protected:
  Agreement() {
    solo.executes = false;
    solo.propose(first);
    solo.commit(first);
    solo.propose(second);
  }
  [[nodiscard]] std::uint64_t stopped() const { return solo.events(EventType::VotesStopped); }
  Solo solo{four(), 3};
  const Block first = solo.next_block();
  const Block second = solo.block_after(first);
  const Block third = solo.block_after(second);
};

// ---- more than f are faulty

TEST_F(Agreement, R11_a_commit_quorum_beside_a_committed_block_stops_all_votes) {
  hear_commits(solo, beside(first), {1});
  EXPECT_EQ(stopped(), 1U);
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 1U);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  EXPECT_FALSE(solo.replica->view().voting);
  solo.deliver(0,
               CertifiedBlocks{{solo.block_after(beside(first))},
                               certified(VoteKind::Commit, solo.block_after(beside(first)), {1})});
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 2U);
  EXPECT_EQ(stopped(), 1U) << "said once";
}

TEST_F(Agreement, R11_a_committed_block_that_does_not_follow_ours_stops_all_votes) {
  Block elsewhere = second;
  elsewhere.parent = beside(first).hash(four().chain());
  solo.deliver(0, CertifiedBlocks{{elsewhere}, certified(VoteKind::Commit, elsewhere, {})});
  EXPECT_EQ(stopped(), 1U);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
}

TEST_F(Agreement, R5_a_quorum_that_commits_a_batch_twice_is_followed_and_not_voted_with) {
  const BatchPtr batch = batch_of(four().institution(0), 1, soon(solo));
  solo.deliver_batch(batch, 0);
  Block names = solo.block_after(second, {batch->id});
  Block again = solo.block_after(names, {batch->id});
  solo.deliver(0, CertifiedBlocks{{second, names, again}, certified(VoteKind::Commit, again, {})});
  EXPECT_EQ(stopped(), 1U);
  EXPECT_EQ(solo.replica->view().committed, Height{4});
}

TEST_F(Agreement, R30_an_attested_header_of_another_block_than_the_committed_one_stops_all_votes) {
  const Header header = executed_after(four().genesis(), four(), beside(first), 10).header;
  const ChainSegment segment{
      {}, header, four().certificate({VoteKind::Attest, {}, {}, {1}, header.hash(four().chain())})};
  solo.deliver(0, segment);
  EXPECT_EQ(stopped(), 1U);
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 1U);
}

// ---- R11: the accepted chain is not what was committed

TEST(R11, a_proposal_beside_a_block_that_is_known_to_be_committed_ends_the_votes_of_the_view) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  hear_commits(solo, beside(block), {});
  ASSERT_EQ(solo.replica->view().committed, Height{0}) << "the block is not here";
  solo.propose(block);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  EXPECT_EQ(solo.events(EventType::Abstaining), 1U);
  EXPECT_EQ(solo.records_of<AbstainRecord>().size(), 1U);
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  solo.deliver(0, CertifiedBlocks{{beside(block)}, certified(VoteKind::Commit, beside(block), {})});
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  EXPECT_EQ(solo.events(EventType::Abstaining), 1U);
  solo.propose(solo.block_after(beside(block)));
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {2}));
}

// Found by giro-sim, seed 217054334586200 of 1a42d1b: what was prepared here in this view, and what
// a quorum attested in its place.
TEST(R11, what_was_prepared_beside_a_final_block_is_not_told_on_as_its_proof) {
  Solo solo(four(), 3);
  solo.executes = false;
  const Block mine = solo.next_block();
  solo.propose(mine);
  solo.prepare(mine);
  ASSERT_EQ(solo.replica->view().prepared, Height{1});
  const Block theirs = beside(mine);
  const Header header = executed_after(four().genesis(), four(), theirs, 10).header;
  solo.deliver(0, ChainSegment{{theirs},
                               header,
                               four().certificate(
                                   {VoteKind::Attest, {}, {}, {1}, header.hash(four().chain())})});
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  solo.sent.clear();
  solo.pass(1'000);
  solo.deliver(2, Status{});
  EXPECT_TRUE(solo.sent_of<CertifiedBlocks>().empty());
}

TEST(R10a, a_commit_quorum_made_of_votes_of_a_later_view_is_used_after_that_view_was_persisted) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.propose(block);
  hear_commits(solo, block, {1});  // it was the anchor there (R29)
  EXPECT_EQ(solo.replica->view().view, View{1});
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  ASSERT_EQ(solo.records_of<ViewRecord>().size(), 1U);
  EXPECT_EQ(solo.records_of<ViewRecord>()[0].view, View{1});
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>().empty());
  EXPECT_FALSE(solo.replica->view().changing_view) << "its chain has begun there (R8a)";
}

// ---- R8a: blocks under a prepare certificate

TEST_F(Agreement, R8a_certified_blocks_that_do_not_continue_the_chain_are_refused) {
  const auto give = [&](std::vector<Block> blocks) {
    const Certificate certificate = certified(VoteKind::Prepare, blocks.back(), {});
    solo.deliver(0, CertifiedBlocks{std::move(blocks), certificate});
  };
  give({beside(second)});
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithAccepted), 1U);
  give({beside(first), solo.block_after(beside(first))});
  EXPECT_EQ(solo.rejects(RejectReason::ConflictsWithCommitted), 1U);
  give({solo.block_after(third)});
  EXPECT_EQ(solo.rejects(RejectReason::BadParent), 1U);
  Block high = third;
  high.height = {4};
  give({high});
  EXPECT_EQ(solo.rejects(RejectReason::BadParent), 2U);
  Block early = third;
  early.time = second.time;
  give({early});
  EXPECT_EQ(solo.rejects(RejectReason::BadBlockTime), 1U);
  Block twice = third;
  twice.batches = {hash_of("batch"), hash_of("batch")};
  give({twice});
  EXPECT_EQ(solo.rejects(RejectReason::BadBatchList), 1U);
  EXPECT_EQ(solo.replica->view().tip, Height{2});
  EXPECT_EQ(solo.replica->view().prepared, Height{1});
  EXPECT_TRUE(solo.replica->view().voting);
  give({first, second, third});
  EXPECT_EQ(solo.replica->view().tip, Height{3});
  EXPECT_EQ(solo.replica->view().prepared, Height{3});
}

TEST(R8a, blocks_that_begin_below_what_is_kept_are_taken_from_where_they_are_new) {
  Solo solo(four(), 3);
  std::vector<Block> blocks;
  for (int i = 0; i < 3; ++i) {
    blocks.push_back(solo.next_block());
    solo.make_stable(blocks.back());
  }
  for (int i = 0; i < 2; ++i) blocks.push_back(solo.block_after(blocks.back()));
  solo.deliver(0, CertifiedBlocks{blocks, certified(VoteKind::Prepare, blocks.back(), {})});
  EXPECT_EQ(solo.replica->view().prepared, Height{5});
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {5}));
  // Above the window nothing is accepted for a prepare certificate (A2).
  while (blocks.size() < 8) blocks.push_back(solo.block_after(blocks.back()));
  solo.deliver(0, CertifiedBlocks{blocks, certified(VoteKind::Prepare, blocks.back(), {})});
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  EXPECT_EQ(solo.replica->view().tip, Height{7});
}

TEST_F(Agreement, R11_committed_blocks_above_a_hole_are_refused_and_leave_nothing_behind) {
  const Block fourth = solo.block_after(third);
  solo.deliver(0, CertifiedBlocks{{third, fourth}, certified(VoteKind::Commit, fourth, {})});
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
  solo.deliver(
      0, CertifiedBlocks{{first, second, third, fourth}, certified(VoteKind::Commit, fourth, {})});
  EXPECT_EQ(solo.replica->view().committed, Height{4});
}

TEST(R8a, where_no_chain_of_the_view_has_begun_blocks_must_stand_on_one_that_is_held) {
  Solo solo(four(), 3);
  solo.executes = false;
  const Block first = solo.next_block();
  solo.propose(first);
  solo.commit(first);
  const Block second = in_view(solo.block_after(first), {1});
  const Block third = solo.block_after(second);
  const auto give = [&](std::vector<Block> blocks) {
    const Certificate certificate = certified(VoteKind::Prepare, blocks.back(), {1});
    solo.deliver(0, CertifiedBlocks{std::move(blocks), certificate});
  };
  give({third});
  EXPECT_EQ(solo.replica->view().view, View{1}) << "others are there (R10a)";
  EXPECT_TRUE(solo.replica->view().changing_view);
  EXPECT_EQ(solo.rejects(RejectReason::BadParent), 1U);
  give({first, second, third});  // begins with what is committed
  EXPECT_EQ(solo.rejects(RejectReason::BadParent), 2U);
  give({second, third});
  EXPECT_FALSE(solo.replica->view().changing_view);
  EXPECT_EQ(solo.replica->view().tip, Height{3});
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {3}));
}

// ---- R8, R13: proposals

TEST(R8, a_block_of_an_old_time_is_reported_once_and_taken_when_a_certificate_covers_it) {
  Solo solo(four(), 3);
  const Block block = solo.next_block();
  solo.pass(60'000);
  solo.deliver(0, four().proposal(block));
  for (int i = 0; i < 3; ++i) solo.tick();
  EXPECT_EQ(solo.rejects(RejectReason::TooFarBehindClock), 1U);
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  solo.prepare(block);
  EXPECT_EQ(solo.replica->view().tip, Height{1});
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
}

TEST(R8a, a_certificate_of_another_block_or_above_one_that_does_not_link_covers_nothing) {
  Solo solo(four(), 3);
  const Block first = solo.next_block();
  Block second = solo.block_after(beside(first));  // stands on another one
  solo.pass(60'000);
  solo.deliver(0, four().proposal(first));
  solo.deliver(0, four().proposal(second));
  solo.prepare(second);
  solo.tick();
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  hear_commits(solo, beside(first), {});
  solo.tick();
  EXPECT_EQ(solo.replica->view().tip, Height{0});
  EXPECT_TRUE(solo.replica->view().voting);
}

TEST(R13, a_proposal_whose_vote_is_over_budget_does_not_wait) {
  ReplicaLimits limits;
  limits.peer_vote_bytes = kVoteBytes;
  Solo solo(four(), 3, Parameters::tiny(), std::nullopt, limits);
  const Block fifth{{}, {}, {5}, hash_of("below"), {kWallStartMs}, {}};  // above the window: early
  const Block sixth{{}, {}, {6}, hash_of("below"), {kWallStartMs}, {}};
  solo.deliver(0, four().proposal(fifth));
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 0U);
  solo.deliver(0, four().proposal(sixth));
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
  solo.deliver(0, four().proposal(fifth));
  EXPECT_EQ(solo.rejects(RejectReason::Duplicate), 2U) << "vote and block";
}

TEST(R39, an_amnesic_primary_takes_its_own_proposals_back_without_alarm) {
  RecoveredState state = four().fresh();
  state.amnesic_below = Floor{{}, {}, {4}};
  Solo solo(four(), 0, Parameters::tiny(), state);
  const Block block = solo.next_block();
  solo.deliver(2, four().proposal(block));
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
  EXPECT_EQ(solo.replica->view().tip, Height{1});
  EXPECT_TRUE(solo.voted.empty());
}

// ---- R6

TEST(R6, with_a_block_in_flight_the_next_waits_for_a_target_size_or_a_share_of_the_commit_time) {
  ReplicaLimits limits;
  limits.block_target_bytes = 200;
  Solo solo(four(), 0, Parameters::tiny(), std::nullopt, limits);
  const auto offer = [&](std::uint64_t seq, std::size_t size) {
    solo.deliver_batch(batch_of(four().institution(1), seq, soon(solo), std::string(size, 'x')), 1);
  };
  offer(1, 10);
  ASSERT_EQ(solo.sent_of<PrePrepare>().size(), 1U) << "nothing is in flight";
  offer(2, 10);
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 1U);
  offer(3, 300);
  ASSERT_EQ(solo.sent_of<PrePrepare>().size(), 2U);
  EXPECT_EQ(solo.sent_of<PrePrepare>()[1].block.batches.size(), 2U);
  offer(4, 10);
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 2U);
  ASSERT_TRUE(solo.replica->next_deadline().has_value());
  solo.pass(1'000);
  solo.tick();
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 3U);
}

TEST(R6, what_fits_no_block_of_this_clock_makes_no_empty_block_before_one_is_due) {
  Solo solo(four(), 1);
  solo.now.wall.ms += 65'000;
  const BatchPtr batch = batch_of(four().institution(2), 1, solo.now.wall.ms + 60'000);
  solo.deliver_batch(batch, 2);
  solo.now.wall = {kWallStartMs};  // it expires more than twice the lifetime after the block's time
  const auto leave = four().view_change(0, {1});
  solo.deliver(0, leave);
  solo.deliver(2, four().view_change(2, {1}));
  ASSERT_EQ(solo.sent_of<PrePrepare>().size(), 1U)
      << "the view is new: its first block may be empty";
  const Block opening = solo.sent_of<PrePrepare>()[0].block;
  EXPECT_TRUE(opening.batches.empty());
  const VoteContent content{VoteKind::Prepare, {}, {1}, {1}, opening.hash(four().chain())};
  for (const std::size_t i : {0U, 2U}) solo.deliver(i, four().vote(i, content));
  hear_commits(solo, opening, {1});
  solo.attest(opening);
  ASSERT_EQ(solo.replica->view().committed, Height{1});
  ASSERT_EQ(solo.replica->view().available_batches, 1U);
  solo.pass(500);
  solo.tick();
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 1U);
  solo.pass(500);
  solo.tick();
  EXPECT_EQ(solo.sent_of<PrePrepare>().size(), 2U) << "an idle block is due";
}

TEST(R9, a_primary_proposes_nothing_above_an_anchor_whose_payload_it_lacks) {
  Solo solo(four(), 1);
  const BatchPtr batch = batch_of(four().institution(2), 1, soon(solo));
  const Block anchor = solo.next_block({batch->id});
  solo.propose(anchor);
  solo.prepare(anchor);
  const Certificate high = certified(VoteKind::Prepare, anchor, {}, 1);
  solo.deliver(0, four().view_change(0, {1}, high));
  solo.deliver(2, four().view_change(2, {1}, high));
  ASSERT_EQ(solo.sent_of<NewView>().size(), 1U);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  EXPECT_TRUE(solo.sent_of<PrePrepare>().empty());
  solo.deliver_batch(batch, 2);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {1}));
  ASSERT_EQ(solo.sent_of<PrePrepare>().size(), 1U);
  EXPECT_EQ(solo.sent_of<PrePrepare>()[0].block.height, Height{2});
}

// ---- R5

TEST(R5, a_batch_that_outlives_twice_the_lifetime_is_refused_with_the_block_that_names_it) {
  Solo solo(four(), 3);
  solo.pass(60'000);
  const BatchPtr batch = batch_of(four().institution(2), 1, solo.now.wall.ms + 60'000);
  solo.deliver_batch(batch, 2);
  solo.now.wall = {kWallStartMs};
  Block block = solo.next_block({batch->id});
  block.time = {batch->expires_at.ms - 120'001};
  ASSERT_GT(block.time, four().genesis().time);
  solo.deliver(0, four().proposal(block));
  EXPECT_EQ(solo.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_EQ(solo.replica->view().tip, Height{0});
}

TEST(R5, payload_that_turns_out_expired_or_too_large_keeps_its_block_from_being_voted_for) {
  Parameters parameters = Parameters::tiny();
  parameters.block_bytes = 1'000;
  for (const bool is_held : {true, false}) {
    Solo solo(four(), 3, parameters);
    const BatchPtr one = batch_of(four().institution(2), 1, soon(solo), std::string(600, 'x'));
    const BatchPtr two = batch_of(four().institution(2), 2, soon(solo), std::string(600, 'y'));
    if (is_held) {
      solo.deliver_batch(one, 2);
      solo.deliver_batch(two, 2);
    }
    solo.deliver(0, four().proposal(solo.next_block({one->id, two->id})));
    solo.deliver_batch(one, 2);
    solo.deliver_batch(two, 2);
    EXPECT_EQ(solo.rejects(RejectReason::TooMuchPayload), 1U);
    EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
  }
  Solo solo(four(), 3, parameters);
  const BatchPtr expired = batch_of(four().institution(2), 1, solo.now.wall.ms - 1);
  solo.deliver(0, four().proposal(solo.next_block({expired->id})));
  EXPECT_EQ(solo.replica->view().tip, Height{1});
  solo.deliver_batch(expired, 2);
  EXPECT_EQ(solo.rejects(RejectReason::BatchOutOfTime), 1U);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, {1}));
}

}  // namespace
}  // namespace giro::consensus::testing
