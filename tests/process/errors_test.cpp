// What is wrong gets its own error and its own exit code (surface 2.2).
#include <csignal>
#include <fstream>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

using client::text_field;

TEST(Usage, Exit_code_2_and_nothing_done) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"fly"}, {"pay", "ALICE"}, {"testnet"}, {"version", "--colour"}}) {
    EXPECT_EQ(run_giro(arguments).exit_code, 2) << arguments.front();
  }
  EXPECT_EQ(run_giro({"--help"}).exit_code, 0);
  EXPECT_EQ(run_giro({"help"}).out, run_giro({"--help"}).out);
  EXPECT_EQ(run_giro({"help", "gov", "vote"}).out, run_giro({"gov", "vote", "--help"}).out);
  const auto nothing = run_giro({});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_NE(nothing.err.find("quickstart"), std::string::npos) << "where to begin";
  const auto version = run_giro({"version", "--json"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out.rfind(R"({"schema":"giro.version/1")", 0), 0U);
}

TEST(Usage, Without_profile_or_network_the_error_says_what_is_missing) {
  const Folder folder;
  const auto pay = run_giro({"pay", "ALICE", "BOB", "1", "--json"}, folder.path() / "client.toml");
  EXPECT_EQ(pay.exit_code, 69);
  EXPECT_NE(pay.err.find("client.toml"), std::string::npos);
  EXPECT_TRUE(pay.document().contains("error"));
  EXPECT_EQ(run_giro({"testnet", "status", "--dir", folder.path().string()}).exit_code, 1);
  EXPECT_EQ(run_giro({"testnet", "down", "--dir", folder.path().string()}).exit_code, 1);
}

TEST_F(ClusterTest, Each_mistake_in_a_configuration_stops_the_start_with_78_and_its_line) {
  const auto& node = nodes().front();
  supervisor_->stop_all(kPatience);
  const auto file = supervisor_->network().node_config(node);
  const std::string good = read_text(file);
  struct Row {
    std::string from, to, says;
  };
  const Row rows[] = {
      {"stop_below", "stop_belov", "unknown key"},
      {"[api]", "[api]\nlisten = \"127.0.0.1:1\"", "listen"},
      {"auth   = \"open\"", "auth   = \"maybe\"", "auth"},
      {"chain_id = \"", "chain_id = \"00", "chain_id"},
      {"name     = \"bank-a\"", "name     = \"bank-z\"", "bank-z"},
  };
  for (const auto& row : rows) {
    std::ofstream(file) << replaced(good, row.from, row.to);
    const auto started = run_giro({"start", "--config", file.string()});
    EXPECT_EQ(started.exit_code, 78) << row.to << started.err;
    EXPECT_NE(started.err.find("node.toml:"), std::string::npos) << started.err;
    EXPECT_NE(started.err.find(row.says), std::string::npos) << started.err;
    EXPECT_EQ(run_giro({"config", "check", "--config", file.string()}).exit_code, 1) << row.to;
  }
  std::ofstream(file) << good;
  EXPECT_EQ(run_giro({"config", "check", "--config", file.string()}).exit_code, 0);

  // Another genesis file than the one whose hash is configured.
  const auto genesis = supervisor_->network().genesis();
  const std::string agreed = read_text(genesis);
  std::ofstream(genesis) << replaced(agreed, "giro-dev", "giro-def");
  const auto wrong = run_giro({"start", "--config", file.string()});
  EXPECT_EQ(wrong.exit_code, 78) << wrong.err;
  EXPECT_NE(wrong.err.find("chain_id"), std::string::npos) << wrong.err;
  std::ofstream(genesis) << agreed;

  // No sign state: a validator that does not know where it has voted does not vote.
  const auto state = supervisor_->network().node_directory(node) / "sign-state";
  std::filesystem::rename(state, folder_.path() / "hidden");
  EXPECT_EQ(run_giro({"start", "--config", file.string()}).exit_code, 78);
  const auto missing = run_giro({"sign-state", "show", "--config", file.string()});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("no sign state"), std::string::npos) << missing.err;
  std::filesystem::rename(folder_.path() / "hidden", state);
}

TEST_F(ClusterTest, A_second_start_on_the_same_data_is_refused) {
  const auto file = supervisor_->network().node_config(nodes().front());
  const auto second = run_giro({"start", "--config", file.string()});
  EXPECT_EQ(second.exit_code, 78) << second.err;
  EXPECT_TRUE(supervisor_->is_running(nodes().front().name));
}

TEST_F(ClusterTest, SIGTERM_ends_a_node_with_0_within_5_seconds) {
  for (const auto& node : nodes()) {
    const auto begin = std::chrono::steady_clock::now();
    supervisor_->signal(node.name, SIGTERM);
    const auto ended = supervisor_->wait_for_exit(node.name, kPatience);
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->to_string(), "exit code 0") << node.name;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << node.name;
  }
}

}  // namespace
}  // namespace giro::process_test
