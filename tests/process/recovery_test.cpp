// How long a network is without commits after its primary, or everybody, was killed (assurance C01,
// L1). RECOVERY_KILLS=50 makes the first test a measurement: it prints the distribution.
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>

#include "tests/process/stream.h"

namespace giro::process_test {
namespace {

using client::number_field;
using client::object_field;
using client::text_field;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

class RecoveryTest : public StreamTest {
 protected:
  struct Lead {
    std::string leader;
    std::uint64_t view = 0;
  };
  // Once all agree who leads, and everybody hears everybody.
  Lead settled_lead() const {
    Lead lead;
    EXPECT_TRUE(until([&] {
      lead = {};
      for (const auto& node : nodes()) {
        const auto shown = ask(node, "/v1/node");
        const Lead here{text_field(shown, "leader"), number_field(shown, "view")};
        if (here.leader.empty() || number_field(shown, "connected") != nodes().size()) return false;
        if (lead.leader.empty()) lead = here;
        if (lead.leader != here.leader || lead.view != here.view) return false;
      }
      return true;
    }));
    return lead;
  }
  // From the kill until somebody has stored a block that was proposed in a later view: what the old
  // primary had under way does not count.
  milliseconds kill_leader(const Lead& lead) {
    const auto begin = Clock::now();
    supervisor_->signal(lead.leader, SIGKILL);
    EXPECT_TRUE(until([&] {
      return std::ranges::any_of(nodes(), [&](const auto& node) {
        return node.name != lead.leader && newest(node).view > lead.view;
      });
    }));
    return since(begin);
  }
};

std::size_t kills_wanted() {
  constexpr std::size_t kShort = 3;
  const char* text = std::getenv("RECOVERY_KILLS");
  return text == nullptr ? kShort : std::strtoul(text, nullptr, 10);
}

void print_distribution(std::vector<milliseconds> times) {
  std::ranges::sort(times);
  const auto at = [&times](std::size_t percent) {
    return times[std::min(times.size() - 1, times.size() * percent / 100)].count();
  };
  std::cout << "first commit after kill -9 of the primary, ms, " << times.size() << " kills: min "
            << times.front().count() << "  p50 " << at(50) << "  p90 " << at(90) << "  p99 "
            << at(99) << "  max " << times.back().count() << '\n';
}

TEST_F(RecoveryTest, The_first_commit_after_the_primary_was_killed_comes_within_3_s) {
  constexpr milliseconds kBound{3000};
  Stream stream;
  for (std::size_t i = 0; i < 2; ++i) stream.add(payer(i));
  ASSERT_TRUE(stream.more(5));
  std::vector<milliseconds> times;
  for (std::size_t kill = 0; kill < kills_wanted(); ++kill) {
    const Lead lead = settled_lead();
    ASSERT_FALSE(HasFailure());
    times.push_back(kill_leader(lead));
    EXPECT_LE(times.back(), kBound) << "kill " << kill << ", of " << lead.leader;
    EXPECT_TRUE(stream.more(2));
    ASSERT_TRUE(supervisor_->wait_for_exit(lead.leader, kPatience).has_value());
    start(lead.leader);
    wait_ready();
  }
  ASSERT_FALSE(times.empty());
  print_distribution(times);
  expect_settled(stream.end());
  expect_no_evidence();
}

// protocol R21, R29: however long it lasted, timers have not grown past their cap.
TEST_F(RecoveryTest, After_a_total_outage_commits_come_within_the_cap_and_2_s_and_nothing_is_lost) {
  constexpr std::uint64_t kWithoutCommitMs = 3000;
  constexpr std::uint64_t kAnsweredMs = 1000;
  const milliseconds bound{consensus::Parameters{}.view_timeout_cap_ms + 2000};
  Stream stream;
  for (std::size_t i = 0; i < 2; ++i) stream.add(payer(i));
  ASSERT_TRUE(stream.more(5));
  // First the quorum goes: the other two wait for it with their timers and their view changes.
  const auto first = backups();
  kill(first[0]);
  kill(first[1]);
  std::uint64_t highest = 0;
  std::optional<std::size_t> answered;
  for (const auto& node : nodes()) {
    if (node.name == first[0] || node.name == first[1]) continue;
    const auto is_without_commit_for = [&](std::uint64_t ms) {
      return number_field(ask(node, "/v1/node"), "milliseconds_since_commit") >= ms;
    };
    EXPECT_TRUE(until([&] { return is_without_commit_for(kAnsweredMs); }));
    if (!answered) answered = stream.done();  // of the last that was committed
    EXPECT_TRUE(until([&] { return is_without_commit_for(kWithoutCommitMs); }));
    highest = std::max(highest, newest(node).height);
  }
  for (const auto& node : nodes()) kill(node.name);
  EXPECT_EQ(stream.done(), *answered) << "nothing is acknowledged without a quorum";

  const auto begin = Clock::now();
  for (const auto& node : nodes()) start(node.name);
  EXPECT_TRUE(until([&] {
    // The first two may have had a block that the others had not: a payment says that it is new.
    return stream.done() > *answered && std::ranges::any_of(nodes(), [&](const auto& node) {
             return newest(node).height > highest;
           });
  }));
  const milliseconds took = since(begin);  // a quorum is back some time after the start
  std::cout << "first commit after a total outage: " << took.count() << " ms after the start\n";
  EXPECT_LE(took, bound);
  EXPECT_TRUE(stream.more(5));
  wait_ready();
  const auto all = stream.end();
  expect_settled(all);
  expect_same_outcomes(all);
  expect_no_evidence();
}

}  // namespace
}  // namespace giro::process_test
