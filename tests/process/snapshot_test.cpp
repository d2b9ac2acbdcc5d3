// Snapshots of a running network, logs that are cut below them, and a validator that lost
// everything and comes back by one (protocol R31, R34).
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

class SnapshotTest : public ClusterTest {
 protected:
  // A log is cut by whole files: small ones, so that what is cut is gone.
  void SetUp() override {
    ::setenv("GIRO_STORAGE__LOG_SEGMENT", "16KiB", 1);
    ClusterTest::SetUp();
  }
  void TearDown() override {
    ClusterTest::TearDown();
    ::unsetenv("GIRO_STORAGE__LOG_SEGMENT");
  }
  void adjust(config::DemoSetup& setup) const override {
    setup.parameters.snapshot_interval = 16;
    setup.parameters.snapshot_chunk = 64 * 1024;
    setup.parameters.epoch_blocks = 10;
    setup.parameters.idle_block_interval_ms = 100;
  }
  // Certified ones, newest last.
  std::vector<std::uint64_t> certified(const testnet::Node& node) const {
    std::vector<std::uint64_t> heights;
    const auto document = get(node, "/v1/snapshots");
    for (const auto& item : *client::array_field(document, "items")) {
      const auto& snapshot = item.get_object();
      if (snapshot.at("certified").as_bool())
        heights.push_back(client::number_field(snapshot, "height"));
    }
    return heights;
  }
  bool log_says(const testnet::Node& node, const std::string& what) const {
    return read_text(supervisor_->network().node_log(node)).find(what) != std::string::npos;
  }
  void pay() {
    auto own = session();
    const auto sent = client::send(own, payment(own, "0.01"), kPatience);
    ASSERT_TRUE(sent.has_value()) << sent.error().to_string();
    EXPECT_EQ(sent->result.status, "COMMITTED");
  }
};

TEST_F(SnapshotTest,
       A_validator_that_lost_its_data_comes_back_by_a_snapshot_of_peers_that_cut_their_logs) {
  for (int i = 0; i < 3; ++i) pay();
  for (const auto& node : nodes()) {
    EXPECT_TRUE(until([&] { return certified(node).size() >= 2; })) << node.name;
    EXPECT_TRUE(until([&] { return log_says(node, "event=log_cut"); })) << node.name;
  }
  ASSERT_FALSE(HasFailure());
  const std::string victim = backups().front();
  const testnet::Network& network = supervisor_->network();
  const testnet::Node& node = *network.find(victim);
  supervisor_->signal(victim, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(victim, kPatience).has_value());
  const auto wiped = std::chrono::steady_clock::now();
  ASSERT_GT(std::filesystem::remove_all(network.node_directory(node) / "data"), 0U);
  const std::string config = network.node_config(node).string();
  const Ran recovered = run_giro({"recover", "--from-peers", "--config", config});
  EXPECT_EQ(recovered.exit_code, 0) << recovered.err;
  EXPECT_NE(recovered.err.find("loading the snapshot"), std::string::npos) << recovered.err;
  ASSERT_TRUE(supervisor_->start(victim).has_value());
  wait_ready();
  EXPECT_LE(std::chrono::steady_clock::now() - wiped, kVotingAgain);
  for (int i = 0; i < 3; ++i) pay();
  EXPECT_FALSE(certified(node).empty());
  const auto missing = client::HttpClient({false, node.api_address()})
                           .send("GET", "/v1/blocks/5", {}, {}, kPatience);
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->status, 410U) << "it has not replayed from the beginning";
  expect_equal_headers();
  expect_conservation();

  // It votes: with another one gone the network needs it, and it makes snapshots with the others.
  const std::uint64_t before = certified(node).back();
  const std::string other = backups().front() == victim ? backups().back() : backups().front();
  supervisor_->signal(other, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(other, kPatience).has_value());
  EXPECT_TRUE(until([&] { return certified(node).back() > before; }));
  ASSERT_TRUE(supervisor_->start(other).has_value());
  wait_ready();

  const Ran listed = run_giro({"snapshot", "list", "--json", "--config", config});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_FALSE(listed.document().at("items").as_array().empty());
  const Ran running = run_giro({"snapshot", "create", "--config", config});
  EXPECT_EQ(running.exit_code, 1) << "the node runs";
}

// Nobody else is asked, so that all may be damaged at once, by one power failure.
TEST_F(SnapshotTest, Damaged_stores_beside_logs_that_were_cut_begin_again_with_their_snapshots) {
  pay();
  for (const auto& node : nodes())
    ASSERT_TRUE(until([&] { return log_says(node, "event=log_cut"); })) << node.name;
  pay();
  for (const auto& node : nodes()) supervisor_->signal(node.name, SIGKILL);
  const testnet::Network& network = supervisor_->network();
  for (const auto& node : nodes()) {
    ASSERT_TRUE(supervisor_->wait_for_exit(node.name, kPatience).has_value());
    const std::filesystem::path data = network.node_directory(node) / "data";
    std::ofstream(data / "state" / "CURRENT") << "MANIFEST-999999\n";
  }
  for (const auto& node : nodes()) ASSERT_TRUE(supervisor_->start(node.name).has_value());
  wait_ready();
  pay();
  // A store that begins with a snapshot has no block below it.
  expect_equal_headers(certified(nodes().front()).back());
  expect_conservation();
  for (const auto& node : nodes()) {
    EXPECT_TRUE(log_says(node, "loading the snapshot")) << node.name;
    EXPECT_FALSE(log_says(node, "everything is fetched")) << node.name;
    EXPECT_EQ(metric(node, "giro_storage_corruption_total{part=\"state\"}"), 1) << node.name;
    EXPECT_EQ(metric(node, "giro_storage_corruption_total{part=\"log\"}"), 0) << node.name;
    EXPECT_GT(metric(node, "giro_earliest_block_height"), 0) << node.name;
  }
}

TEST_F(SnapshotTest, All_four_killed_after_their_logs_were_cut_go_on_from_their_disks) {
  pay();
  for (const auto& node : nodes())
    ASSERT_TRUE(until([&] { return log_says(node, "event=log_cut"); })) << node.name;
  pay();
  for (const auto& node : nodes()) supervisor_->signal(node.name, SIGKILL);
  for (const auto& node : nodes()) {
    ASSERT_TRUE(supervisor_->wait_for_exit(node.name, kPatience).has_value());
    ASSERT_TRUE(supervisor_->start(node.name).has_value());
  }
  wait_ready();
  pay();
  expect_equal_headers();
  expect_conservation();

  const testnet::Node& node = nodes().front();
  const std::string config = supervisor_->network().node_config(node).string();
  const std::uint64_t newest = certified(node).back();
  supervisor_->signal(node.name, SIGTERM);
  ASSERT_TRUE(supervisor_->wait_for_exit(node.name, kPatience).has_value());
  const Ran created = run_giro({"snapshot", "create", "--json", "--config", config});
  EXPECT_EQ(created.exit_code, 0) << created.err;
  for (const std::string& height :
       {std::to_string(newest), std::string(created.document().at("height").as_string())}) {
    const Ran verified = run_giro({"snapshot", "verify", height, "--config", config});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
  }
  EXPECT_EQ(run_giro({"snapshot", "verify", "1", "--config", config}).exit_code, 1);

  // The log was cut, so everything is executed again from a snapshot on.
  const Ran replayed = run_giro({"db", "verify", "--json", "--config", config});
  ASSERT_EQ(replayed.exit_code, 0) << replayed.err;
  const std::uint64_t base = client::number_field(replayed.document(), "base");
  EXPECT_GT(base, 0U);
  EXPECT_GT(client::number_field(replayed.document(), "head"), base);
}

}  // namespace
}  // namespace giro::process_test
