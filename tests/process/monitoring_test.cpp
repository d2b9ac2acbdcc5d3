// giro testnet up --monitoring: Prometheus with the shipped alerts over a network of four (surface
// 7, 10.1).
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>

#include "node/client/http_client.h"
#include "node/client/json_fields.h"
#include "testnet/network.h"
#include "testnet/ports.h"
#include "testnet/process.h"
#include "tests/process/run.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

class MonitoringTest : public testing::Test {
 protected:
  void TearDown() override { (void)testnet_command("down"); }
  [[nodiscard]] Ran testnet_command(const std::string& command,
                                    const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"testnet", command, "--dir", directory().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_giro(arguments);
  }
  [[nodiscard]] std::filesystem::path directory() const { return folder_.path() / "net"; }
  [[nodiscard]] testnet::Network network() const {
    const auto loaded = testnet::load_network(directory());
    return loaded && *loaded ? **loaded : testnet::Network{};
  }
  // "data" of an answer of Prometheus; empty if there is none.
  [[nodiscard]] json::object ask(const std::string& target) const {
    client::HttpClient http({false, network().monitor_address()});
    const auto answer = http.send("GET", "/api/v1/" + target, {}, {}, kPatience);
    json::error_code error;
    const auto value = answer ? json::parse(answer->body, error) : json::value();
    const auto* object = error ? nullptr : value.if_object();
    const auto* data = object == nullptr ? nullptr : object_field(*object, "data");
    return data == nullptr ? json::object{} : *data;
  }
  // The nodes for which a query has a result.
  [[nodiscard]] std::vector<std::string> instances(const std::string& query) const {
    const auto data = ask("query?query=" + query);
    std::vector<std::string> out;
    const auto* rows = array_field(data, "result");
    for (const auto& row : rows == nullptr ? json::array{} : *rows)
      out.push_back(text_field(*object_field(row.get_object(), "metric"), "instance"));
    std::ranges::sort(out);
    return out;
  }
  // As it stands in a URL.
  [[nodiscard]] static std::string in_state(const std::string& state) {
    return "ALERTS%7Balertstate%3D%22" + state + "%22%2Calertname%3D~%22Giro.%2A%22%7D";
  }
  // The nodes for which this alert is pending or fires.
  [[nodiscard]] std::vector<std::string> alerted(const std::string& name) const {
    const auto data = ask("alerts");
    std::vector<std::string> out;
    const auto* rows = array_field(data, "alerts");
    for (const auto& row : rows == nullptr ? json::array{} : *rows) {
      const auto& labels = *object_field(row.get_object(), "labels");
      if (text_field(labels, "alertname") == name) out.push_back(text_field(labels, "instance"));
    }
    std::ranges::sort(out);
    return out;
  }

  const std::vector<std::string> all_{"bank-a", "bank-b", "bank-c", "bank-d"};
  Folder folder_;
};

TEST_F(MonitoringTest, Four_are_scraped_two_that_die_are_missed_and_down_leaves_nothing) {
  const Ran up = testnet_command("up", {"--monitoring", "--json"});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto described = network();
  ASSERT_NE(described.monitor, 0);
  EXPECT_EQ(text_field(up.document(), "prometheus"),
            "http://" + described.monitor_address().to_string());
  EXPECT_TRUE(until([&] { return instances("up==1") == all_; }));
  EXPECT_TRUE(until([&] { return instances("giro_height") == all_; }));

  // Each rule can be evaluated over what nodes really show.
  EXPECT_TRUE(until([&] {
    const auto rules = ask("rules?type=alert");
    const auto* groups = array_field(rules, "groups");
    if (groups == nullptr || groups->empty()) return false;
    const auto* all = array_field(groups->front().get_object(), "rules");
    return all != nullptr && all->size() > 20 && std::ranges::all_of(*all, [](const auto& rule) {
             return text_field(rule.get_object(), "health") == "ok";
           });
  }));
  EXPECT_TRUE(instances(in_state("firing")).empty());
  EXPECT_TRUE(alerted("GiroTargetMissing").empty());

  std::vector<std::string> killed;
  std::vector<pid_t> pids;
  const auto document = up.document();
  for (const auto& node : *array_field(document, "nodes")) {
    const auto pid = static_cast<pid_t>(number_field(node.get_object(), "pid"));
    pids.push_back(pid);
    if (killed.size() == 2) continue;
    killed.push_back(text_field(node.get_object(), "name"));
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
  }
  EXPECT_TRUE(until([&] { return alerted("GiroTargetMissing") == killed; }));
  EXPECT_TRUE(until([&] { return instances(in_state("pending")).size() >= 2; }));
  // The others see it too: three of four are needed, and two are there.
  EXPECT_TRUE(until([&] { return alerted("GiroQuorumAtRisk").size() == 2; }));

  ASSERT_EQ(testnet_command("down").exit_code, 0);
  EXPECT_TRUE(testnet::is_free(described.monitor));
  EXPECT_TRUE(testnet::are_free(described));
  for (const pid_t pid : pids) EXPECT_EQ(testnet::open_pidfd(pid), -1) << pid;
  const Ran processes = run_program("/usr/bin/env", {"sh", "-c", "cat /proc/[0-9]*/cmdline"});
  EXPECT_EQ(processes.out.find("--storage.tsdb.path=" + directory().string()), std::string::npos);
}

TEST_F(MonitoringTest, It_is_added_to_a_network_that_runs_and_dies_with_its_supervisor) {
  const Ran plain = testnet_command("up");
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_EQ(plain.out.find("/alerts"), std::string::npos);
  EXPECT_EQ(network().monitor, 0);
  const Ran watched = testnet_command("up", {"--monitoring"});
  ASSERT_EQ(watched.exit_code, 0) << watched.err;
  const auto described = network();
  EXPECT_NE(watched.out.find("http://" + described.monitor_address().to_string() + "/alerts"),
            std::string::npos)
      << watched.out;
  EXPECT_TRUE(std::filesystem::exists(described.monitor_directory() / "runbook.md"));
  EXPECT_NE(testnet_command("status").out.find(described.monitor_address().to_string()),
            std::string::npos);
  EXPECT_TRUE(until([&] { return instances("up==1") == all_; }));
  const pid_t supervisor = std::stoi(read_text(directory() / "supervisor.pid"));
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  EXPECT_TRUE(until([&] { return testnet::is_free(described.monitor); }));
  EXPECT_EQ(testnet_command("status").out.find("Prometheus"), std::string::npos);
}

TEST_F(MonitoringTest, Without_the_package_it_is_named_and_nothing_is_begun) {
  const Ran ran =
      run_program("/usr/bin/env", {"PATH=/nowhere", giro_program().string(), "testnet", "up",
                                   "--dir", directory().string(), "--monitoring"});
  EXPECT_EQ(ran.exit_code, 69);
  EXPECT_NE(ran.err.find("apt-get install --no-install-recommends prometheus"), std::string::npos)
      << ran.err;
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

}  // namespace
}  // namespace giro::process_test
