#include "node/metrics/metrics.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "node/metrics/process.h"
#include "tests/unit/node/api/fake_service.h"

namespace giro::metrics {
namespace {

KnownLabels labels() {
  return {.validators = {"bank-a", "bank-b", "bank-c", "bank-d"},
          .routes = {"/v1/node"},
          .operations = {"PAY"},
          .checks = {"storage", "voting"},
          .version = "0.1.0"};
}

std::set<std::string> names_of(const std::string& text) {
  std::set<std::string> names;
  const std::regex type("# TYPE ([a-z_]+) ");
  for (std::sregex_iterator match(text.begin(), text.end(), type), last; match != last; ++match) {
    names.insert((*match)[1]);
  }
  return names;
}

// The frozen list (surface 7): additions only.
TEST(Metrics, Their_names_are_frozen) {
  api::FakeService service;
  Metrics metrics(labels());
  const std::set<std::string> expected{"giro_api_refused_total",
                                       "giro_api_request_seconds",
                                       "giro_api_requests_total",
                                       "giro_api_waiters",
                                       "giro_attested_height",
                                       "giro_build_info",
                                       "giro_disk_free_bytes",
                                       "giro_epoch",
                                       "giro_equivocation_total",
                                       "giro_finality_seconds",
                                       "giro_height",
                                       "giro_leader",
                                       "giro_operations_duplicate_total",
                                       "giro_operations_submitted_total",
                                       "giro_own_last_vote_height",
                                       "giro_param_idle_block_seconds",
                                       "giro_param_view_timeout_cap_seconds",
                                       "giro_peer_height",
                                       "giro_pool_bytes",
                                       "giro_pool_operations",
                                       "giro_quorum_required",
                                       "giro_ready",
                                       "giro_seconds_since_commit",
                                       "giro_snapshot_age_seconds",
                                       "giro_snapshot_height",
                                       "giro_stable_height",
                                       "giro_state_root_mismatch_total",
                                       "giro_validator_connected",
                                       "giro_validator_info",
                                       "giro_validator_last_vote_height",
                                       "giro_view",
                                       "process_cpu_seconds_total",
                                       "process_max_fds",
                                       "process_open_fds",
                                       "process_resident_memory_bytes",
                                       "process_start_time_seconds"};
  EXPECT_EQ(names_of(metrics.render(service)), expected);
}

TEST(Metrics, Known_label_values_exist_from_the_start_with_0) {
  api::FakeService service;
  Metrics metrics(labels());
  const auto text = metrics.render(service);
  for (const char* line : {"giro_operations_submitted_total{type=\"PAY\"} 0",
                           "giro_operations_duplicate_total{kind=\"other_body\"} 0",
                           "giro_api_refused_total{reason=\"rate\"} 0",
                           "giro_api_requests_total{route=\"/v1/node\",status=\"5xx\"} 0",
                           "giro_leader{validator=\"bank-a\"} 0", "giro_api_waiters 0"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(Metrics, Gauges_are_those_of_the_node_when_it_is_asked) {
  api::FakeService service;
  Metrics metrics(labels());
  service.set_height(5);
  service.set_ready(false);
  const auto text = metrics.render(service);
  for (const char* line :
       {"giro_height 5", "giro_param_view_timeout_cap_seconds 8", "giro_quorum_required 3",
        "giro_leader{validator=\"bank-b\"} 1", "giro_validator_connected{validator=\"bank-a\"} 1",
        "giro_validator_connected{validator=\"bank-d\"} 0",
        "giro_validator_info{validator=\"bank-b\",version=\"0.1.0\"} 1", "giro_snapshot_height 32",
        "giro_ready{check=\"voting\"} 0", "giro_ready{check=\"storage\"} 1"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  service.set_height(6);
  EXPECT_NE(metrics.render(service).find("giro_height 6"), std::string::npos);
}

TEST(Metrics, Counters_count_and_statuses_are_classes) {
  api::FakeService service;
  Metrics metrics(labels());
  metrics.api_answered("/v1/node", 200, 0.004);
  metrics.api_answered("/v1/node", 404, 0.004);
  metrics.api_answered("/v1/node", 503, 0.004);
  metrics.api_waiting(1);
  metrics.operation_submitted("PAY");
  metrics.operation_duplicate(DuplicateKind::SameBody);
  metrics.finality(0.03);
  const auto text = metrics.render(service);
  for (const char* line :
       {"giro_api_requests_total{route=\"/v1/node\",status=\"2xx\"} 1",
        "giro_api_requests_total{route=\"/v1/node\",status=\"4xx\"} 1",
        "giro_api_requests_total{route=\"/v1/node\",status=\"5xx\"} 1", "giro_api_waiters 1",
        "giro_operations_submitted_total{type=\"PAY\"} 1",
        "giro_operations_duplicate_total{kind=\"same_body\"} 1", "giro_finality_seconds_count 1"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

// Alerts watch these two (protocol R17, R46).
TEST(Metrics, Proofs_of_misbehaviour_and_an_own_divergence_are_counted) {
  api::FakeService service;
  Metrics metrics(labels());
  auto text = metrics.render(service);
  EXPECT_NE(text.find("giro_equivocation_total{validator=\"bank-b\"} 0"), std::string::npos);
  EXPECT_NE(text.find("giro_state_root_mismatch_total 0"), std::string::npos);
  service.hold_evidence(2);
  service.set_diverged();
  for (int scrape = 0; scrape < 2; ++scrape) {
    text = metrics.render(service);
    EXPECT_NE(text.find("giro_equivocation_total{validator=\"bank-b\"} 1"), std::string::npos);
    EXPECT_NE(text.find("giro_equivocation_total{validator=\"bank-a\"} 0"), std::string::npos);
    EXPECT_NE(text.find("giro_state_root_mismatch_total 1"), std::string::npos);
  }
}

TEST(Process, What_the_system_says_is_plausible) {
  const auto use = process_use();
  EXPECT_GT(use.resident_bytes, 1'000'000U);
  EXPECT_GT(use.open_fds, 2U);
  EXPECT_GE(use.max_fds, use.open_fds);
  EXPECT_GT(use.start_time_seconds, 1'600'000'000.0);
}

}  // namespace
}  // namespace giro::metrics
