// Somebody else where a validator should be: another key, another chain, another time. Each
// validator that lives says so (surface 2.3).
#include <boost/json.hpp>

#include "node/client/json_fields.h"
#include "testnet/process.h"
#include "testnet/setup.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

using client::array_field;
using client::text_field;

class ImpostorTest : public ClusterTest {
 protected:
  // In the place of bank-d, with these variables.
  void start_impostor(const std::filesystem::path& config, std::vector<std::string> variables) {
    testnet::Command command;
    command.arguments = {"/usr/bin/env"};
    for (auto& one : variables) command.arguments.push_back(std::move(one));
    for (const std::string& one :
         {giro_program().string(), std::string("start"), std::string("--config"), config.string(),
          std::string("--die-with-parent"), std::to_string(::getpid())})
      command.arguments.push_back(one);
    command.output = folder_.path() / "impostor.log";
    auto started = testnet::Process::start(command);
    ASSERT_TRUE(started.has_value()) << started.error();
    impostor_.emplace(std::move(*started));
  }
  void TearDown() override {
    if (impostor_) impostor_->stop(kPatience);
    if (HasFailure()) std::cerr << "--- impostor\n" << read_text(folder_.path() / "impostor.log");
    ClusterTest::TearDown();
  }
  // The cause that this one names for bank-d; empty: none.
  static std::string cause_at(const testnet::Node& at) {
    const auto said = ask(at, "/v1/consensus/explain");
    const auto* faults = array_field(said, "faults");
    for (const auto& fault : faults == nullptr ? boost::json::array{} : *faults) {
      if (text_field(fault.get_object(), "name") == "bank-d")
        return text_field(fault.get_object(), "cause");
    }
    return {};
  }
  void expect_named(const std::string& cause) const {
    for (const std::string name : {"bank-a", "bank-b", "bank-c"}) {
      EXPECT_TRUE(until([&] { return cause_at(node(name)) == cause; }, std::chrono::seconds(10)))
          << name << " says " << cause_at(node(name)) << ", not " << cause;
    }
  }
  void expect_well_again() {
    if (impostor_) impostor_->stop(kPatience);
    impostor_.reset();
    start("bank-d");
    expect_named("");
    wait_ready();
  }

  std::optional<testnet::Process> impostor_;
};

TEST_F(ImpostorTest, Another_key_and_another_chain) {
  kill("bank-d");
  expect_named("UNREACHABLE");
  const auto config = supervisor_->network().node_config(node("bank-d"));
  const auto key = (folder_.path() / "fresh.key").string();
  const auto passphrase = supervisor_->network().directory / "passphrase";
  const Ran made = run_giro({"keys", "gen", key, "--throwaway", "--passphrase-file",
                             passphrase.string(), "--validator", config.string()});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  start_impostor(config, {"GIRO_KEYS__VALIDATOR__PATH=" + key,
                          "GIRO_KEYS__VALIDATOR__PASSPHRASE__FILE=" + passphrase.string()});
  expect_named("WRONG_KEY");
  expect_well_again();

  // The same names and ports, and another genesis file.
  testnet::Network other = supervisor_->network();
  other.directory = folder_.path() / "other";
  const auto set_up = testnet::set_up(other, giro_program());
  ASSERT_TRUE(set_up.has_value()) << set_up.error();
  kill("bank-d");
  start_impostor(other.node_config(*other.find("bank-d")), {});
  expect_named("WRONG_CHAIN");
  expect_well_again();
}

// Half a second beyond what is told, and half a second within what the protocol bears with.
TEST_F(ImpostorTest, A_clock_that_is_wrong) {
  kill("bank-d");
  const auto config = supervisor_->network().node_config(node("bank-d"));
  start_impostor(config, {"LD_PRELOAD=" GIRO_FAKETIME, "FAKETIME=+1.5", "DONT_FAKE_MONOTONIC=1"});
  expect_named("CLOCK_SKEW");
  EXPECT_TRUE(
      until([&] { return cause_at(node("bank-d")) == "CLOCK_SKEW"; }, std::chrono::seconds(10)))
      << "its own, as it sees three that agree: " << cause_at(node("bank-d"));
  expect_well_again();
}

}  // namespace
}  // namespace giro::process_test
