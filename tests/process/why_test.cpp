// giro status --why on a network that is broken on purpose: every validator that lives names what
// is wrong, and that it is over (surface 2.3, 11).
#include <boost/json.hpp>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using client::array_field;
using client::object_field;
using client::text_field;

class WhyTest : public ClusterTest {
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

}  // namespace
}  // namespace giro::process_test
