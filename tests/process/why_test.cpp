// giro status --why on a network that is broken on purpose: every validator that lives names what
// is wrong, and that it is over (surface 2.3, 11).
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "node/client/directory.h"
#include "node/client/json_fields.h"
#include "tests/process/memory_fault.h"
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

// Its lines carry votes and little more, so what it missed takes it a while.
TEST_F(WhyTest, One_that_is_behind) {
  constexpr std::uint64_t kSlowLine = 8 * 1024;  // bytes per second
  kill("bank-d");
  {
    Stream stream;
    for (std::size_t i = 0; i < 3; ++i) stream.add(payer(i));
    ASSERT_TRUE(stream.more(300));
  }
  for (const std::string from : {"bank-a", "bank-b", "bank-c"})
    proxy_->throttle({from, "bank-d"}, kSlowLine);
  start("bank-d");
  expect_cause("bank-d", "SYNCING", {"bank-a", "bank-b", "bank-c", "bank-d"});
  proxy_->heal();
  expect_within_ten_seconds({"bank-a", "bank-b", "bank-c", "bank-d"}, "PROGRESSING");
}

// Bits of its state tree flip while it runs: its results are others than theirs, and it is the one
// that knows that it cannot be trusted (protocol R17). What it stored says so at its next start,
// and is made again from the log.
TEST_F(WhyTest, One_whose_memory_fails) {
  auto with = session();
  const auto alice = client::parse_account("ALICE", with.profile);
  const auto directory = client::Directory::from_node(with.client, with.genesis);
  ASSERT_TRUE(alice.has_value() && directory.has_value());
  const auto position = with.client.position(
      "bank-a", alice->id, directory->token("bank-a.EUR")->id, 0, with.genesis.for_receipts());
  ASSERT_TRUE(position.has_value()) << position.error().to_string();
  wait_height(position->proof.header.height.value);

  supervisor_->signal("bank-d", SIGSTOP);
  std::size_t flipped = 0;
  for (const auto& neighbour : position->proof.path)
    flipped += flip_in_memory(supervisor_->pid("bank-d"), neighbour.hash.bytes);
  supervisor_->signal("bank-d", SIGCONT);
  ASSERT_GT(flipped, 0U);

  const auto paid = client::send(with, payment(with, "0.01"), kPatience);
  ASSERT_TRUE(paid.has_value()) << paid.error().to_string();
  expect_cause("bank-d", "DIVERGED", {"bank-a", "bank-b", "bank-c", "bank-d"});
  EXPECT_EQ(why(node("bank-d")), "HALTED_DIVERGED bank-d DIVERGED");
  EXPECT_EQ(metric(node("bank-d"), "giro_state_root_mismatch_total"), 1);
  EXPECT_EQ(metric(node("bank-d"), "giro_ready{check=\"not_diverged\"}"), 0);
  EXPECT_EQ(why(node("bank-a")), "PROGRESSING bank-d DIVERGED");

  kill("bank-d");
  start("bank-d");
  expect_within_ten_seconds({"bank-a", "bank-b", "bank-c", "bank-d"}, "PROGRESSING");
  wait_height(paid->result.height);
  expect_equal_headers();
  expect_conservation();
}

}  // namespace
}  // namespace giro::process_test
