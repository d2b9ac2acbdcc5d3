// giro status --why on a network that is broken on purpose: every validator that lives names what
// is wrong, and that it is over (surface 2.3, 11).
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "node/client/json_fields.h"
#include "tests/process/partition.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using client::array_field;
using client::object_field;
using client::text_field;

class WhyTest : public PartitionTest {
 protected:
  // "QUORUM_MISSING bank-c UNREACHABLE, bank-d UNREACHABLE" as this one tells it.
  [[nodiscard]] static std::string why(const testnet::Node& node) {
    const auto said = ask(node, "/v1/consensus/explain");
    std::string text = text_field(said, "code");
    const auto* faults = array_field(said, "faults");
    const char* between = " ";
    for (const auto& fault : faults == nullptr ? json::array{} : *faults) {
      text += between + text_field(fault.get_object(), "name") + " " +
              text_field(fault.get_object(), "cause");
      between = ", ";
    }
    return text;
  }
  void expect_within_ten_seconds(const std::vector<std::string>& of, const std::string& expected) {
    for (const auto& name : of) {
      EXPECT_TRUE(until([&] { return why(node(name)) == expected; }, std::chrono::seconds(10)))
          << name << " says " << why(node(name)) << ", not " << expected;
    }
  }
};

TEST_F(WhyTest, Two_killed_two_paused_and_all_back) {
  const std::vector<std::string> all{"bank-a", "bank-b", "bank-c", "bank-d"};
  expect_within_ten_seconds(all, "PROGRESSING");
  kill("bank-d");
  expect_within_ten_seconds({"bank-a", "bank-b", "bank-c"}, "PROGRESSING bank-d UNREACHABLE");
  kill("bank-c");
  expect_within_ten_seconds({"bank-a", "bank-b"},
                            "QUORUM_MISSING bank-c UNREACHABLE, bank-d UNREACHABLE");
  const Ran told = run_giro({"status", "--why", "--api", node("bank-a").api_address().to_string()});
  const Ran shown =
      run_giro({"status", "--why", "--api", "http://" + node("bank-a").api_address().to_string()});
  EXPECT_EQ(told.exit_code, 2) << "an address is no URL";
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("NOT PROGRESSING for "), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("code QUORUM_MISSING"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("bank-c, bank-d\n    bank-c  UNREACHABLE"), std::string::npos)
      << shown.out;
  start("bank-c");
  start("bank-d");
  expect_within_ten_seconds(all, "PROGRESSING");

  supervisor_->signal("bank-b", SIGSTOP);
  expect_within_ten_seconds({"bank-a", "bank-c", "bank-d"}, "PROGRESSING bank-b SILENT");
  supervisor_->signal("bank-b", SIGCONT);
  expect_within_ten_seconds(all, "PROGRESSING");
}

TEST_F(WhyTest, A_cut_link_and_a_full_disk) {
  const std::vector<std::string> all{"bank-a", "bank-b", "bank-c", "bank-d"};
  expect_within_ten_seconds(all, "PROGRESSING");
  proxy_->cut("bank-a", "bank-d");
  expect_within_ten_seconds({"bank-a"}, "PROGRESSING bank-d UNREACHABLE");
  expect_within_ten_seconds({"bank-d"}, "PROGRESSING bank-a UNREACHABLE");
  const auto detail = [this] {
    const auto said = ask(node("bank-a"), "/v1/consensus/explain");
    const auto* faults = array_field(said, "faults");
    return faults == nullptr || faults->empty() ? std::string()
                                                : text_field(faults->at(0).as_object(), "detail");
  };
  EXPECT_TRUE(
      until([&] { return detail().find("; still seen by bank-b, bank-c") != std::string::npos; },
            std::chrono::seconds(10)))
      << detail();
  expect_within_ten_seconds({"bank-b", "bank-c"}, "PROGRESSING");
  proxy_->heal();
  expect_within_ten_seconds(all, "PROGRESSING");

  // What it keeps in reserve is more than this disk has (the largest reserve is 1 TiB).
  ASSERT_LT(std::filesystem::space(folder_.path()).available, 1024ULL << 30);
  kill("bank-c");
  const auto file = supervisor_->network().node_config(node("bank-c"));
  std::string text = read_text(file);
  const std::string before = text;
  const auto at = text.find("stop_below");
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, text.find('\n', at) - at, "stop_below = \"1024GiB\"");
  std::ofstream(file) << text;
  start("bank-c");
  expect_within_ten_seconds({"bank-a", "bank-b", "bank-d"}, "PROGRESSING bank-c DISK_LOW");
  EXPECT_NE(why(node("bank-c")).find(" bank-c DISK_LOW"), std::string::npos);
  kill("bank-c");
  std::ofstream(file) << before;
  start("bank-c");
  expect_within_ten_seconds(all, "PROGRESSING");
}

}  // namespace
}  // namespace giro::process_test
