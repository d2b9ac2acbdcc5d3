// The logs of a network under load: within their budget, and nothing in them that is nobody's
// business (surface 9 and 11, check 16).
#include <fstream>

#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

constexpr double kBudgetPerSecond = 500.0 * 1024 * 1024 / 86400;  // of log.budget_per_day
constexpr const char* kAmount = "988.77";
// As the ledger counts it, two decimals; where a field has it, since a hash may have the digits.
constexpr const char* kMinorUnits = "=98877 ";

class LogTest : public ClusterTest {
 protected:
  [[nodiscard]] std::string log_of(const testnet::Node& node) const {
    return read_text(supervisor_->network().node_log(node));
  }
};

// A line of a key file, whatever its form, that is long enough to be a secret.
std::vector<std::string> secrets_below(const std::filesystem::path& directory) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().extension() != ".key") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (line.size() >= 32 && line.find("-----") == std::string::npos) out.push_back(line);
    }
  }
  return out;
}

TEST(Log, A_thousand_operations_a_second_stay_within_the_budget) {
  const Folder folder;
  const std::string directory = (folder.path() / "net").string();
  const auto testnet = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "testnet");
    arguments.insert(arguments.end(), {"--dir", directory, "--json"});
    return run_giro(arguments);
  };
  const auto up = testnet({"up"});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto described = testnet::load_network(directory);
  ASSERT_TRUE(described.has_value() && described->has_value());
  const auto& network = **described;
  const auto log_bytes = [&] {
    std::vector<std::uintmax_t> out;
    for (const auto& node : network.nodes)
      out.push_back(std::filesystem::file_size(network.node_log(node)));
    return out;
  };
  const auto before = log_bytes();
  const auto begin = std::chrono::steady_clock::now();
  const auto load = testnet({"load", "--rate", "1000", "--for", "5s"});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto after = log_bytes();
  EXPECT_EQ(testnet({"down"}).exit_code, 0);

  ASSERT_EQ(load.exit_code, 0) << load.err;
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_GT(after[i], before[i]);
    EXPECT_LT(static_cast<double>(after[i] - before[i]) / took.count(), kBudgetPerSecond);
    EXPECT_EQ(read_text(network.node_log(network.nodes[i])).find("event=log_dropped"),
              std::string::npos);
  }
  std::cerr << "bytes/s of the first one: "
            << static_cast<double>(after[0] - before[0]) / took.count() << '\n';
}

TEST_F(LogTest, Not_even_at_the_loudest_level_is_there_an_amount_or_a_key) {
  for (const auto& node : nodes()) {
    const auto louder = run_giro(
        {"log-level", "trace", "--config", supervisor_->network().node_config(node).string()});
    ASSERT_EQ(louder.exit_code, 0) << louder.err;
  }
  auto with = session();
  const auto entry = payment(with, kAmount);
  const auto sent = client::send(with, entry, kPatience);
  ASSERT_TRUE(sent.has_value()) << sent.error().message;
  EXPECT_EQ(sent->result.status, "COMMITTED") << sent->result.code;
  // A leader's end and a refused request are told as well.
  const auto gone = leader();
  kill(gone);
  auto again = session();
  EXPECT_TRUE(client::send(again, payment(again, kAmount), kPatience).has_value());
  start(gone);
  wait_ready();

  const auto secrets = secrets_below(supervisor_->network().directory);
  ASSERT_GE(secrets.size(), nodes().size()) << "of each validator at least one";
  for (const auto& node : nodes()) {
    const auto log = log_of(node);
    EXPECT_NE(log.find("event=block_executed"), std::string::npos);
    for (const char* amount : {kAmount, kMinorUnits})
      EXPECT_EQ(log.find(amount), std::string::npos) << node.name << " logs an amount";
    for (const auto& secret : secrets)
      EXPECT_EQ(log.find(secret), std::string::npos) << node.name << " logs a key";
  }
}

}  // namespace
}  // namespace giro::process_test
