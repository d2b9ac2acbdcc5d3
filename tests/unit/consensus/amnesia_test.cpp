// A validator that lost its log and kept its sign state (protocol R39).
#include <gtest/gtest.h>

#include "tests/unit/consensus/network.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

RecoveredState amnesic(const Floor& floor) {
  RecoveredState state = four().fresh();
  state.amnesic_below = floor;
  return state;
}

TEST(R39, an_amnesic_validator_follows_and_signs_nothing) {
  Solo solo(four(), 3, Parameters::tiny(), amnesic({{}, {}, {5}}));
  for (int i = 0; i < 5; ++i) solo.make_stable(solo.next_block());
  EXPECT_EQ(solo.replica->stable(), Height{5});
  solo.pass(60'000);
  solo.tick();
  for (const std::size_t i : {0U, 1U}) solo.deliver(i, Suspect{{}, {}, SuspectReason::Silent});
  EXPECT_TRUE(solo.voted.empty());
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  EXPECT_TRUE(solo.sent_of<ProvenViewChange>().empty());
  EXPECT_FALSE(solo.replica->view().voting);
}

TEST(R39, above_the_ceiling_with_a_commit_certificate_it_takes_part_again) {
  Solo solo(four(), 3, Parameters::tiny(), amnesic({{}, {}, {2}}));
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  EXPECT_FALSE(solo.replica->view().voting);  // nothing above stable is certified
  const Block next = solo.next_block();
  solo.propose(next);
  solo.prepare(next);
  EXPECT_FALSE(solo.has_voted(VoteKind::Prepare, next.height));
  solo.commit(next);
  EXPECT_TRUE(solo.replica->view().voting);
  EXPECT_EQ(solo.events(EventType::AmnesiaEnded), 1U);
  ASSERT_EQ(solo.records_of<FloorRecord>().size(), 1U);
  EXPECT_TRUE(solo.has_voted(VoteKind::Attest, next.height));
  solo.make_stable(solo.next_block());
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {5}));
}

TEST(R39, in_no_view_below_the_ceilings) {
  Solo solo(four(), 3, Parameters::tiny(), amnesic({{}, {2}, {2}}));
  for (int i = 0; i < 3; ++i) solo.make_stable(solo.next_block());
  const Block low = solo.next_block();
  solo.propose(low);
  solo.commit(low);  // in view 0: the others may still be there, it may have been in 2
  EXPECT_FALSE(solo.replica->view().voting);
  solo.attest(low);
  const Block high = in_view(solo.block_after(low), {2});
  solo.deliver(0, CertifiedBlocks{{high}, certified(VoteKind::Commit, high, {2})});
  EXPECT_EQ(solo.replica->view().view, View{2});
  EXPECT_TRUE(solo.replica->view().voting);
}

TEST(R39, its_own_forgotten_votes_are_no_alarm_while_it_is_amnesic) {
  Solo solo(four(), 3, Parameters::tiny(), amnesic({{}, {}, {5}}));
  const Block block = solo.next_block();
  solo.deliver(0, CertifiedBlocks{{block}, certified(VoteKind::Commit, block, {0}, 0)});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 0U);
  EXPECT_EQ(solo.replica->view().committed, Height{1});
}

TEST(R39, the_floor_outlives_restarts) {
  Solo solo(four(), 3, Parameters::tiny(), amnesic({{}, {}, {1}}));
  solo.log.insert(solo.log.begin(), AmnesiaRecord{{{}, {}, {1}}});
  for (int i = 0; i < 2; ++i) solo.make_stable(solo.next_block());
  const RecoveredState between = solo.recovered({2});
  ASSERT_TRUE(between.amnesic_below.has_value());
  EXPECT_FALSE(between.floor.has_value());
  const Block next = solo.next_block();
  solo.propose(next);
  solo.commit(next);
  ASSERT_TRUE(solo.replica->view().voting);
  const RecoveredState after = solo.recovered({3});
  EXPECT_FALSE(after.amnesic_below.has_value());
  EXPECT_EQ(after.floor, (Floor{{}, {}, {1}}));
}

class Wiped : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Wiped, R39_each_validator_in_turn_under_load_comes_back_without_a_conflicting_vote) {
  Network network(view_change_setup(GetParam()));
  network.start_all();
  network.load(3'000, 100);
  for (std::size_t round = 0; round < 8; ++round) {
    network.run_for(static_cast<std::int64_t>(network.random()() % 700));
    const std::size_t victim = round % 4;
    network.wipe(victim);
    if (round % 3 == 2) {  // and again before it has come back
      network.run_for(static_cast<std::int64_t>(network.random()() % 200));
      network.restart(victim);
    }
    const std::uint64_t ended = network.node(victim).events(EventType::AmnesiaEnded);
    ASSERT_TRUE(network.run_until(
        [&] { return network.node(victim).events(EventType::AmnesiaEnded) > ended; }, 20'000))
        << round << network.describe();
    const std::uint64_t prepared = network.node(victim).events(EventType::Prepared);
    ASSERT_TRUE(network.run_until(
        [&] { return network.node(victim).events(EventType::Prepared) >= prepared + 10; }, 10'000))
        << round << network.describe();
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(network.node(i).events(EventType::EvidenceFound), 0U);
    EXPECT_EQ(network.node(i).events(EventType::VotesStopped), 0U);
  }
}
INSTANTIATE_TEST_SUITE_P(Some, Wiped, ::testing::Range<std::uint64_t>(1, 3));

}  // namespace
}  // namespace giro::consensus::testing
