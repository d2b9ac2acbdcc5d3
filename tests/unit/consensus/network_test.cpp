// Whole networks: the rules together, under crashes, loss, delay, duplication, reordering and lies.
// Agreement, prefix, vote safety and R35 are checked by the network after every event.
#include "tests/unit/consensus/network.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace giro::consensus::testing {
namespace {

Parameters quick() {
  Parameters parameters = Parameters::tiny();
  parameters.idle_block_interval_ms = 100;
  parameters.status_interval_ms = 50;
  return parameters;
}

NetworkSetup with_seed(std::uint64_t seed) {
  NetworkSetup setup;
  setup.seed = seed;
  setup.parameters = quick();
  return setup;
}

std::uint64_t total(Network& network, EventType type) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < network.size(); ++i) sum += network.node(i).events(type);
  return sum;
}

class NetworkSize : public ::testing::TestWithParam<std::size_t> {};

TEST_P(NetworkSize, R6_to_R16_blocks_are_ordered_executed_and_stable) {
  NetworkSetup setup = with_seed(GetParam());
  setup.members = GetParam();
  Network network(setup);
  network.start_all();
  network.load(3'000, 60);
  ASSERT_TRUE(network.run_to_height(12, 5'000)) << network.describe();
  for (std::size_t i = 0; i < network.size(); ++i)
    EXPECT_GT(network.node(i).operations_executed(), 0U);
  EXPECT_EQ(total(network, EventType::Suspecting), 0U);
  expect_no_violations(network);
}
INSTANTIATE_TEST_SUITE_P(Sizes, NetworkSize, ::testing::Values(4, 5, 6, 7, 10, 13));

TEST(Network, R6_an_idle_network_makes_one_empty_block_each_interval) {
  Network network(with_seed(2));
  network.start_all();
  network.run_for(2'050);
  EXPECT_GE(network.node(0).executed().value, 17U);
  EXPECT_LE(network.node(0).executed().value, 21U);
  EXPECT_EQ(total(network, EventType::Suspecting), 0U);
}

TEST(Network,
     R41_epochs_follow_one_another_for_a_thousand_heights_with_a_crashed_backup_and_restarts) {
  Network network(with_seed(41));
  network.start_all();
  network.load(4'000, 100);
  network.run_for(200);
  network.crash(3);
  std::uint64_t target = 0;
  for (int round = 0; round < 10; ++round) {
    target += 100;
    ASSERT_TRUE(network.run_to_height(target, 60'000)) << network.describe();
    network.restart(static_cast<std::size_t>(round) % 3);
    if (round == 4) network.restart(3);
    if (round == 6) network.crash(1);
    if (round == 7) network.restart(1);
  }
  ASSERT_TRUE(network.run_to_height(1'005, 60'000)) << network.describe();
  EXPECT_EQ(network.node(0).replica().set().epoch.value, 100U);
  EXPECT_EQ(total(network, EventType::EvidenceFound), 0U);
  EXPECT_LT(network.node(0).open_records(), 400U);  // what a restart holds follows what is open
  expect_no_violations(network);
}

class Seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, R22_progress_under_loss_duplication_and_reordering) {
  NetworkSetup setup = with_seed(GetParam());
  setup.faults = {
      .loss_percent = 15, .duplicate_percent = 15, .delay_us_min = 100, .delay_us_max = 40'000};
  Network network(setup);
  network.start_all();
  network.load(20'000, 100);
  ASSERT_TRUE(network.run_to_height(40, 60'000)) << network.describe();
  EXPECT_EQ(total(network, EventType::EvidenceFound), 0U);
  expect_no_violations(network);
}

TEST_P(Seeds, R38_any_number_of_crashes_with_loss_of_the_unsynced_tail) {
  NetworkSetup setup = with_seed(GetParam() + 100);
  setup.faults = {
      .loss_percent = 3, .duplicate_percent = 5, .delay_us_min = 100, .delay_us_max = 3'000};
  Network network(setup);
  network.start_all();
  network.load(5'000, 100);
  for (int round = 0; round < 60; ++round) {
    network.run_for(static_cast<std::int64_t>(network.random()() % 120));
    const std::size_t victim = network.random()() % network.size();
    if (network.node(victim).is_up() && network.random()() % 2 == 0) {
      network.crash(victim);
    } else {
      network.restart(victim);
    }
  }
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (!network.node(i).is_up()) network.restart(i);
  }
  const std::uint64_t reached = network.node(0).replica().stable().value;
  ASSERT_TRUE(network.run_to_height(reached + 30, 30'000)) << network.describe();
  EXPECT_EQ(total(network, EventType::EvidenceFound), 0U);
  EXPECT_EQ(total(network, EventType::VotesStopped), 0U);
  expect_no_violations(network);
}

TEST_P(Seeds, R38_all_restart_at_once_again_and_again) {
  Network network(with_seed(GetParam() + 200));
  network.start_all();
  network.load(2'000, 100);
  for (int round = 0; round < 25; ++round) {
    network.run_for(static_cast<std::int64_t>(3 + network.random()() % 60));
    for (std::size_t i = 0; i < network.size(); ++i) network.crash(i);
    for (std::size_t i = 0; i < network.size(); ++i) network.restart(i);
  }
  const std::uint64_t reached = network.node(0).replica().stable().value;
  ASSERT_TRUE(network.run_to_height(reached + 30, 30'000)) << network.describe();
  EXPECT_EQ(total(network, EventType::EvidenceFound), 0U);
  expect_no_violations(network);
}

TEST_P(Seeds, R30_a_lagging_replica_catches_up_over_several_epochs) {
  Network network(with_seed(GetParam() + 300));
  network.start_all();
  network.load(3'000, 100);
  network.run_for(300);
  const std::size_t lagging = 1 + GetParam() % 3;
  network.isolate(lagging);
  const std::uint64_t before = network.node(lagging).executed().value;
  ASSERT_TRUE(
      network.run_until([&] { return network.node(0).executed().value > before + 55; }, 60'000));
  EXPECT_LT(network.node(lagging).executed().value, before + 8);
  network.heal();
  const std::uint64_t tip = network.node(0).executed().value;
  ASSERT_TRUE(
      network.run_until([&] { return network.node(lagging).executed().value >= tip; }, 5'000));
  const std::uint64_t voted = network.node(lagging).events(EventType::Prepared);
  ASSERT_TRUE(network.run_until(  // it takes part again
      [&] { return network.node(lagging).events(EventType::Prepared) >= voted + 20; }, 3'000))
      << network.describe();
  expect_no_violations(network);
}

TEST_P(Seeds, R13_mutated_bytes_of_one_member_hurt_nobody) {
  Network network(with_seed(GetParam() + 400));
  network.set_faulty(3);
  network.set_tap([&network](Network::Packet packet) {
    std::vector<Network::Packet> sent{packet};
    if (packet.from != 3 || packet.bytes.empty()) return sent;
    auto& random = network.random();
    Bytes& bytes = sent[0].bytes;
    switch (random() % 6) {
      case 0:
        bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << (random() % 8));
        break;
      case 1:
        bytes.resize(random() % bytes.size());
        break;
      case 2:
        bytes.push_back(static_cast<std::byte>(random()));
        break;
      case 3:
        sent[0].type = static_cast<std::uint8_t>(random() % 20);
        break;
      default:
        break;
    }
    return sent;
  });
  network.start_all();
  network.load(3'000, 100);
  ASSERT_TRUE(network.run_until([&] { return network.node(0).executed().value >= 60; }, 60'000));
  EXPECT_GT(network.node(0).wire_rejects(RejectReason::Malformed), 0U);
  EXPECT_EQ(total(network, EventType::VotesStopped), 0U);
}

INSTANTIATE_TEST_SUITE_P(Some, Seeds, ::testing::Range<std::uint64_t>(1, 5));

// A primary that proposes another chain to one backup, signed in every part.
class TwoFaced {
 public:
  TwoFaced(Network& network, std::size_t liar, std::size_t deceived)
      : network_(network), liar_(liar), deceived_(deceived) {}

  std::vector<Network::Packet> operator()(Network::Packet packet) {
    auto message = wire::decode(packet.type, packet.bytes);
    if (!message) return {packet};
    // What shows its lies would only end them (R40).
    if (packet.to == liar_ && std::holds_alternative<EvidenceMessage>(*message)) return {};
    if (packet.from != liar_ || packet.to != deceived_) return {packet};
    if (auto* proposal = std::get_if<PrePrepare>(&*message)) {
      if (proposal->vote.voter.value != liar_) return {packet};  // another's, told on (R9)
      Block& block = proposal->block;
      const Hash truth = block.hash(network_.members().chain());
      if (block.height.value < 4 && lies_.empty()) return {packet};
      if (const auto below = lies_.find(block.parent); below != lies_.end())
        block.parent = below->second;
      ++block.time.ms;
      lies_[truth] = block.hash(network_.members().chain());
      packet.bytes = wire::encode(network_.members().proposal(block));
    } else if (auto* vote = std::get_if<Vote>(&*message)) {
      if (const auto lie = lies_.find(vote->content.digest); lie != lies_.end()) {
        vote->content.digest = lie->second;
        packet.bytes = wire::encode(network_.members().vote(liar_, vote->content));
      }
    }
    return {packet};
  }

 private:
  Network& network_;
  std::size_t liar_, deceived_;
  std::map<Hash, Hash> lies_;
};

TEST_P(Seeds, R11_an_equivocating_primary_yields_evidence_and_no_disagreement) {
  Network network(with_seed(GetParam() + 500));
  network.set_faulty(0);
  network.set_tap(TwoFaced(network, 0, 2));
  network.start_all();
  network.load(3'000, 100);
  ASSERT_TRUE(network.run_until([&] { return network.node(1).executed().value >= 30; }, 60'000));
  // The deceived one follows what was committed, without voting in that view; the others lose
  // nothing.
  ASSERT_TRUE(network.run_until([&] { return network.node(2).executed().value >= 30; }, 60'000));
  EXPECT_GT(network.node(2).events(EventType::Abstaining), 0U);
}

TEST(Network, R13_two_proposals_for_one_place_are_evidence_and_suspicion) {
  Network network(with_seed(13));
  network.set_faulty(0);
  network.set_tap([&](Network::Packet packet) {
    std::vector<Network::Packet> sent{packet};
    auto message = wire::decode(packet.type, packet.bytes);
    const auto* proposal = message ? std::get_if<PrePrepare>(&*message) : nullptr;
    if (packet.from == 0 && proposal != nullptr && proposal->vote.voter.value == 0) {
      Block block = proposal->block;
      ++block.time.ms;
      sent.push_back(packet);
      sent.back().bytes = wire::encode(network.members().proposal(block));
    }
    return sent;
  });
  network.start_all();
  network.run_for(2'000);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_GE(network.node(i).events(EventType::EvidenceFound), 1U);
    EXPECT_LE(network.node(i).events(EventType::EvidenceFound),
              1U + network.node(i).replica().set().epoch.value);
    EXPECT_GE(network.node(i).events(EventType::Suspecting), 1U);
    EXPECT_GT(network.node(i).replica().view().view, View{0});  // another one leads
  }
}

TEST(Network, R19_a_suspicion_that_nobody_shares_ends_with_a_commit) {
  Network network(with_seed(19));
  network.start_all();
  network.load(10'000, 100);
  network.run_for(500);
  network.isolate(3);
  network.run_for(1'500);
  EXPECT_TRUE(network.node(3).replica().view().suspecting);
  EXPECT_EQ(network.node(3).replica().view().view, View{0});  // R23: alone it does not leave
  network.heal();
  const std::uint64_t reached = network.node(1).executed().value;
  ASSERT_TRUE(network.run_to_height(reached + 10, 10'000)) << network.describe();
  EXPECT_FALSE(network.node(3).replica().view().suspecting);
  EXPECT_EQ(total(network, EventType::ViewEntered), 0U);
}

TEST(Network, R20_a_primary_that_passes_over_an_author_is_suspected) {
  Network network(with_seed(20));
  network.set_faulty(0);
  // The primary hears nothing of author 3's batches, neither from it nor when they are offered.
  network.set_tap([](Network::Packet packet) {
    const auto type = static_cast<wire::MessageType>(packet.type);
    const bool is_payload =
        type == wire::MessageType::Batch || type == wire::MessageType::BatchOffer;
    if (packet.to == 0 && is_payload && packet.from == 3) return std::vector<Network::Packet>{};
    if (packet.to == 0 && type == wire::MessageType::BatchOffer)
      return std::vector<Network::Packet>{};
    return std::vector<Network::Packet>{packet};
  });
  network.start_all();
  network.run_for(100);
  network.node(3).submit(50);
  EXPECT_EQ(network.node(1).operations_executed(), 0U);
  ASSERT_TRUE(network.run_until([&] { return network.node(1).operations_executed() == 1; }, 9'000))
      << network.describe();
  EXPECT_GT(network.node(1).replica().view().view, View{0});
  network.run_for(200);
  EXPECT_FALSE(network.node(1).replica().view().suspecting);
}

TEST(Network, R20_the_primary_asks_for_what_it_is_offered_and_lacks) {
  Network network(with_seed(21));
  network.start_all();
  network.cut(3, 0);
  network.run_for(100);
  network.node(3).submit(50);
  ASSERT_TRUE(network.run_until([&] { return network.node(1).operations_executed() == 1; }, 4'000));
  EXPECT_EQ(total(network, EventType::Suspecting), 0U);
}

TEST(Network, R2_a_batch_reaches_those_who_missed_it_restarts_included) {
  NetworkSetup setup = with_seed(22);
  setup.parameters.view_timeout_base_ms = 10'000;  // no offers: the author alone must do it
  setup.parameters.view_timeout_cap_ms = 10'000;
  Network network(setup);
  network.start_all();
  network.cut(3, 0);
  network.run_for(100);
  network.node(3).submit(50);
  network.run_for(500);
  network.restart(3);
  network.run_for(100);
  EXPECT_EQ(network.node(1).operations_executed(), 0U);
  network.heal();
  ASSERT_TRUE(network.run_until([&] { return network.node(1).operations_executed() == 1; }, 2'000));
}

TEST(Network, R9_a_block_whose_payload_came_to_the_primary_only_is_fetched_and_ordered) {
  Network network(with_seed(9));
  network.start_all();
  for (const std::size_t to : {1U, 2U}) network.cut(3, to);
  network.run_for(50);
  network.node(3).submit(50);
  network.run_for(30);
  network.cut(0, 3);
  network.cut(3, 0);
  ASSERT_TRUE(network.run_until([&] { return network.node(1).operations_executed() == 1; }, 3'000));
}

TEST(Network, R8_a_primary_whose_clock_is_ahead_is_waited_for) {
  NetworkSetup setup = with_seed(8);
  Network network(setup);
  network.set_skew(0, 1'900);
  network.start_all();
  ASSERT_TRUE(network.run_to_height(10, 5'000)) << network.describe();
  Network late(setup);
  late.set_skew(0, 5'000);  // beyond clock_skew: it is replaced like a silent one
  late.start_all();
  late.run_for(900);
  EXPECT_EQ(late.node(1).executed().value, 0U);
  ASSERT_TRUE(late.run_to_height(5, 3'000)) << late.describe();
  EXPECT_GT(late.node(1).replica().view().view, View{0});
}

}  // namespace
}  // namespace giro::consensus::testing
