// A node that leaves things out of what it answers, and what the client's checks make of it.
#include <boost/json.hpp>
#include <fstream>

#include "node/config/profile.h"
#include "tests/process/cluster.h"
#include "tests/unit/node/client/stub_node.h"

namespace giro::process_test {
namespace {

class LyingNodeTest : public ClusterTest {
 protected:
  // Asks an honest node, with another target in place of the one that was asked for.
  using Twist = std::function<std::string(std::string target)>;
  void lie(Twist twist) {
    twist_ = std::move(twist);
    liar_ = std::make_unique<client::StubNode>([this](const api::Request& request) {
      client::HttpClient http({false, nodes().front().api_address()});
      const auto answer = http.send("GET", twist_(request.target), {}, {}, kPatience);
      return client::json_answer(answer ? answer->status : 502, answer ? answer->body : "{}");
    });
    auto profile = *config::load_profile(supervisor_->network().profile(), {}).value;
    profile.api = {liar_->url()};
    std::ofstream(profile_file()) << config::write_profile(profile);
  }
  [[nodiscard]] std::filesystem::path profile_file() const { return folder_.path() / "liar.toml"; }
  [[nodiscard]] Ran entries(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"account", "entries", "ALICE", "bank-a.EUR", "--verify"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_giro(arguments, profile_file());
  }

  Twist twist_;
  std::unique_ptr<client::StubNode> liar_;
};

std::string with_cursor(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

TEST_F(LyingNodeTest, A_statement_that_begins_behind_entries_is_not_complete) {
  auto with = session();
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(client::send(with, payment(with, "0.01"), kPatience).has_value());
  const auto today = receipt::to_time_text(client::now_ms()).substr(0, 10);

  lie([](std::string target) { return target; });
  const Ran honest = entries({});
  EXPECT_EQ(honest.exit_code, 0) << honest.err;
  EXPECT_NE(honest.out.find("complete"), std::string::npos) << honest.out;
  EXPECT_EQ(entries({"--day", today}).exit_code, 0);

  // The newest page only, or none at all, as if there were nothing before.
  for (const std::string after : {"1", "2", "3"}) {
    lie([after](std::string target) {
      return target.find("/entries?") == std::string::npos
                 ? target
                 : with_cursor(target, "cursor=0", "cursor=" + after);
    });
    for (const auto& more : {std::vector<std::string>{}, {"--day", today}}) {
      const Ran ran = entries(more);
      EXPECT_NE(ran.exit_code, 0) << after << ran.out;
      EXPECT_EQ(ran.out.find("complete"), std::string::npos) << ran.out;
    }
  }
}

}  // namespace
}  // namespace giro::process_test
