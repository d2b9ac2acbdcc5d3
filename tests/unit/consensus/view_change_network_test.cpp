// View changes in whole networks: crashes, loss, partitions, restarts and lies around them
// (protocol R10a, R19 to R29). Agreement and vote safety are checked by the network after every
// event.
#include <gtest/gtest.h>

#include "tests/unit/consensus/network.h"

namespace giro::consensus::testing {
namespace {

std::uint64_t highest(Network& network) {
  std::uint64_t height = 0;
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (network.node(i).is_up())
      height = std::max(height, network.node(i).replica().stable().value);
  }
  return height;
}

std::size_t primary_of(Network& network) {
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (network.node(i).is_up()) return network.node(i).replica().view().primary.value;
  }
  return 0;
}

void expect_healthy(Network& network) {
  for (std::size_t i = 0; i < network.size(); ++i) {
    EXPECT_EQ(network.node(i).events(EventType::EvidenceFound), 0U) << i;
    EXPECT_EQ(network.node(i).events(EventType::VotesStopped), 0U) << i;
  }
  expect_no_violations(network);
}

class ViewChanges : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ViewChanges, R23_a_crashed_primary_is_replaced_and_finds_its_way_back) {
  Network network(view_change_setup(GetParam()));
  network.start_all();
  network.load(3'000, 100);
  network.run_for(300);
  for (int round = 0; round < 8; ++round) {
    const std::size_t victim = primary_of(network);
    network.crash(victim);
    const std::uint64_t reached = highest(network);
    // A timeout, a view change, and blocks again.
    ASSERT_TRUE(network.run_to_height(reached + 12, 3'000)) << network.describe();
    network.restart(victim);
    ASSERT_TRUE(network.run_to_height(highest(network) + 12, 3'000)) << network.describe();
  }
  expect_healthy(network);
}

TEST_P(ViewChanges, R29_f_primaries_in_a_row_may_be_dead) {
  Network network(view_change_setup(GetParam() + 10, 7));
  network.start_all();
  network.load(3'000, 100);
  network.run_for(300);
  network.crash(primary_of(network));
  network.crash((primary_of(network) + 1) % 7);
  ASSERT_TRUE(network.run_to_height(highest(network) + 25, 10'000)) << network.describe();
  expect_healthy(network);
}

TEST_P(ViewChanges, R22_R26_views_change_under_loss_duplication_and_reordering) {
  NetworkSetup setup = view_change_setup(GetParam() + 20);
  setup.faults = {
      .loss_percent = 20, .duplicate_percent = 15, .delay_us_min = 100, .delay_us_max = 60'000};
  Network network(setup);
  network.start_all();
  network.load(20'000, 100);
  for (int round = 0; round < 6; ++round) {
    network.run_for(static_cast<std::int64_t>(network.random()() % 800));
    const std::size_t victim = primary_of(network);
    network.crash(victim);
    network.run_for(static_cast<std::int64_t>(network.random()() % 2'000));
    network.restart(victim);
  }
  ASSERT_TRUE(network.run_to_height(highest(network) + 15, 60'000)) << network.describe();
  expect_healthy(network);
}

// Somebody is always cut off, often the primary, and everybody crashes now and then: in the middle
// of leaving, of beginning, of fetching what lies below an anchor.
TEST_P(ViewChanges, R38_crashes_and_partitions_at_any_moment_of_a_view_change) {
  NetworkSetup setup = view_change_setup(GetParam() + 30, GetParam() % 2 == 0 ? 4 : 7);
  setup.faults = {
      .loss_percent = 5, .duplicate_percent = 5, .delay_us_min = 100, .delay_us_max = 8'000};
  Network network(setup);
  network.start_all();
  network.load(4'000, 100);
  auto& random = network.random();
  for (int round = 0; round < 80; ++round) {
    network.run_for(static_cast<std::int64_t>(random() % 400));
    const std::size_t victim = random() % 2 == 0 ? primary_of(network) : random() % network.size();
    switch (random() % 5) {
      case 0:
        network.heal();
        network.isolate(victim);
        break;
      case 1:
        network.heal();
        for (int i = 0; i < 3; ++i)
          network.cut(random() % network.size(), random() % network.size());
        break;
      case 2:
        if (network.node(victim).is_up()) network.crash(victim);
        break;
      case 3:
        network.restart(victim);
        break;
      default:
        network.heal();
        for (std::size_t i = 0; i < network.size(); ++i) {
          if (random() % 3 == 0) network.restart(i);
        }
    }
  }
  network.heal();
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (!network.node(i).is_up()) network.restart(i);
  }
  network.set_faults({});
  ASSERT_TRUE(network.run_to_height(highest(network) + 30, 30'000)) << network.describe();
  network.run_for(500);
  for (std::size_t i = 1; i < network.size(); ++i) {
    EXPECT_EQ(network.node(i).replica().view().view, network.node(0).replica().view().view);
  }
  expect_healthy(network);
}

class LostQuorum : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(LostQuorum, R21_for_an_hour_then_back) {
  NetworkSetup setup = view_change_setup(GetParam() + 50);
  setup.parameters.status_interval_ms = 500;  // an hour of less talk
  Network network(setup);
  network.start_all();
  network.load(50'000, 100);
  network.run_for(500);
  network.crash(1);
  network.crash(GetParam() % 2 == 0 ? 2 : 0);
  network.run_for(3'600'000);
  const std::uint64_t reached = highest(network);
  for (std::size_t i = 0; i < 4; ++i) {
    if (!network.node(i).is_up()) network.restart(i);
  }
  // The cap bounds it: two timeouts of 3.2 s and what a view needs.
  ASSERT_TRUE(network.run_to_height(reached + 5, 8'000)) << network.describe();
  expect_healthy(network);
}

INSTANTIATE_TEST_SUITE_P(Some, LostQuorum, ::testing::Values(1, 2));
INSTANTIATE_TEST_SUITE_P(Some, ViewChanges, ::testing::Range<std::uint64_t>(1, 5));

TEST(ViewChange, R10a_a_validator_that_missed_several_views_joins_the_present_one) {
  Network network(view_change_setup(60, 7));
  network.start_all();
  network.load(5'000, 100);
  network.run_for(300);
  network.isolate(6);
  network.crash(0);
  ASSERT_TRUE(
      network.run_until([&] { return network.node(2).replica().view().view.value >= 1; }, 5'000));
  network.restart(0);
  network.run_for(500);
  network.crash(1);
  ASSERT_TRUE(
      network.run_until([&] { return network.node(2).replica().view().view.value >= 2; }, 5'000));
  network.heal();
  ASSERT_TRUE(network.run_until(
      [&] {
        return network.node(6).replica().view().view == network.node(2).replica().view().view;
      },
      2'000))
      << network.describe();
  const std::uint64_t prepared = network.node(6).events(EventType::Prepared);
  ASSERT_TRUE(network.run_until(
      [&] { return network.node(6).events(EventType::Prepared) >= prepared + 10; }, 3'000))
      << network.describe();
  expect_healthy(network);
}

TEST(ViewChange, R20_a_validator_that_left_with_a_primary_that_came_back_is_not_stranded) {
  NetworkSetup setup = view_change_setup(61);
  setup.parameters.epoch_blocks = 1'000;  // the end of an epoch would bring it back as well
  Network network(setup);
  network.start_all();
  network.load(5'000, 100);
  network.run_for(300);
  network.cut(0, 1);
  network.cut(0, 2);
  network.node(0).step(Leaving{});  // heard by node 3 alone
  network.run_for(5);
  ASSERT_EQ(network.node(3).replica().view().view, View{1});
  network.heal();
  network.restart(0);
  network.run_for(300);
  EXPECT_EQ(network.node(1).replica().view().view, View{0});  // the others see no reason
  EXPECT_FALSE(network.node(3).replica().view().voting);
  ASSERT_TRUE(network.run_until([&] { return network.node(3).replica().view().voting; }, 3'000))
      << network.describe();
  EXPECT_EQ(network.node(1).replica().view().view, network.node(3).replica().view().view);
  expect_healthy(network);
}

// A primary that begins its view with another NewView for each half of the members: at most one of
// them can lead anywhere.
TEST_P(ViewChanges, R28_a_primary_with_two_new_views_splits_nobody) {
  Network network(view_change_setup(GetParam() + 70));
  network.set_faulty(1);
  std::vector<ProvenViewChange> heard;
  network.set_tap([&](Network::Packet packet) {
    auto message = wire::decode(packet.type, packet.bytes);
    if (message) {
      if (const auto* change = std::get_if<ProvenViewChange>(&*message)) heard.push_back(*change);
      if (auto* begun = std::get_if<NewView>(&*message);
          begun != nullptr && packet.from == 1 && packet.to % 2 == 0) {
        // The changes with the lowest marks that there are.
        std::vector<ProvenViewChange> lowest;
        for (const ProvenViewChange& change : heard) {
          const bool known = std::ranges::any_of(lowest, [&](const ProvenViewChange& other) {
            return other.change.voter == change.change.voter;
          });
          if (change.change.view == begun->view && change.change.epoch == begun->epoch && !known)
            lowest.push_back(change);
        }
        std::ranges::sort(lowest, {}, [](const auto& change) { return change.change.high; });
        if (lowest.size() > 3) lowest.resize(3);
        std::ranges::sort(lowest, {}, [](const auto& change) { return change.change.voter; });
        if (lowest.size() == 3) packet.bytes = wire::encode(network.members().new_view(lowest));
      }
    }
    return std::vector<Network::Packet>{packet};
  });
  network.start_all();
  network.load(3'000, 100);
  network.run_for(300);
  network.crash(0);
  network.run_for(300);
  network.restart(0);
  ASSERT_TRUE(network.run_to_height(highest(network) + 20, 20'000)) << network.describe();
}

}  // namespace
}  // namespace giro::consensus::testing
