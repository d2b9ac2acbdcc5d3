// What a running network shows on its ops ports (surface 7, 11).
#include "tests/process/stream.h"
#include "tests/unit/node/metrics/families.h"

namespace giro::process_test {
namespace {

class MetricsTest : public StreamTest {};

TEST_F(MetricsTest, A_validator_shows_the_frozen_list_and_nothing_else) {
  const auto golden = metrics::golden_families(GIRO_METRICS_GOLDEN);
  ASSERT_GT(golden.size(), 60U);
  for (const auto& node : nodes()) {
    EXPECT_TRUE(until([&] { return metrics::families_of(scrape(node)) == golden; }));
    EXPECT_EQ(metrics::families_of(scrape(node)), golden) << node.name;
  }
}

TEST_F(MetricsTest, What_happens_is_counted_where_it_happens) {
  constexpr std::size_t kPayments = 5;
  Stream stream;
  stream.add(payer(0));
  ASSERT_TRUE(stream.more(kPayments));
  const std::string victim = backups().front();
  const testnet::Node& witness = node(leader());
  EXPECT_GE(metric(witness, "giro_operations_committed_total{type=\"PAY\"}"), kPayments);
  for (const char* series :
       {"giro_commit_seconds_count", "giro_phase_seconds_count{phase=\"attest\"}",
        "giro_fsync_seconds_count{file=\"log\"}", "giro_fsync_seconds_count{file=\"sign_state\"}",
        "giro_sign_seconds_count{provider=\"file\"}", "giro_storage_bytes{part=\"log\"}",
        "giro_disk_size_bytes{dir=\"signer\"}", "giro_sign_ceiling_height", "giro_conservation_ok",
        "giro_signer_up", "giro_token_supply{token=\"bank-a.EUR\"}"})
    EXPECT_GT(metric(witness, series), 0) << series;
  for (const auto& peer : nodes()) {
    if (peer.name == witness.name) continue;
    const auto of_peer = [&](const std::string& name, const std::string& more = {}) {
      return name + "{" + (more.empty() ? "" : "direction=\"in\",") + "peer=\"" + peer.name + "\"" +
             more + "}";
    };
    EXPECT_GE(metric(witness, of_peer("giro_peer_connects_total")), 1);
    EXPECT_GT(metric(witness, of_peer("giro_peer_messages_total", ",type=\"agreement\"")), 0);
    EXPECT_TRUE(until([&] { return metric(witness, of_peer("giro_peer_rtt_seconds")) > 0; }));
    EXPECT_GT(metric(witness, "giro_cert_not_after_timestamp_seconds{name=\"" + peer.name + "\"}"),
              0);
  }

  kill(victim);
  const std::string missed = "giro_validator_missed_votes_total{validator=\"" + victim + "\"}";
  EXPECT_TRUE(until([&] { return metric(witness, missed) >= 3; }));
  EXPECT_EQ(metric(witness, "giro_validator_connected{validator=\"" + victim + "\"}"), 0);
  EXPECT_EQ(metric(witness, "giro_peer_rtt_seconds{peer=\"" + victim + "\"}"), -1);
  for (const auto& alive : nodes()) {  // whose votes are all needed now
    if (alive.name == victim) continue;
    EXPECT_LT(
        metric(witness, "giro_validator_missed_votes_total{validator=\"" + alive.name + "\"}"), 3)
        << alive.name;
  }
  start(victim);
  wait_ready();
  expect_settled(stream.end());
}

TEST_F(MetricsTest, A_view_that_is_left_is_counted_with_its_cause) {
  const std::string first = leader();
  const std::string follower = backups().front();
  kill(first);
  const auto left = [&](const std::string& reason) {
    return metric(node(follower), "giro_view_changes_total{reason=\"" + reason + "\"}");
  };
  EXPECT_TRUE(until([&] { return left("silent") + left("followed") > 0; }));
  EXPECT_EQ(left("equivocation"), 0);
}

}  // namespace
}  // namespace giro::process_test
