#include "node/metrics/metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/metrics/process.h"
#include "node/runtime/meters.h"
#include "tests/unit/node/api/fake_service.h"
#include "tests/unit/node/metrics/families.h"

namespace giro::metrics {
namespace {

KnownLabels labels() {
  return {.validators = {"bank-a", "bank-b", "bank-c", "bank-d"},
          .routes = {"/v1/node"},
          .operations = {"PAY"},
          .checks = {"storage", "voting"},
          .version = "0.1.0",
          .commit = "5cd0f1c2a9b3"};
}

// A validator's, with something in everything that need not be there from the start.
runtime::Measures measures() {
  runtime::Measures out;
  runtime::Meters().read_into(out);
  out.phase = runtime::Phase::Commit;
  out.prepare_votes = 3;
  out.view_timer_seconds = 0.5;
  out.votes.push_back({.name = "bank-d", .missed = 7, .late = 1});
  out.pool_oldest_seconds = 1.5;
  out.sync = runtime::SyncState::Blocks;
  out.sync_progress = 0.25;
  out.disk = {
      .data = {.free = 10, .size = 40}, .signer = {.free = 20, .size = 50}, .parts = {{"log", 64}}};
  out.earliest_block = 32;
  out.signer = "file";
  out.signer_up = true;
  out.sign_ceiling = 65;
  out.own_certificates["bank-a"] = std::chrono::sys_seconds(std::chrono::seconds(1000));
  runtime::PeerMeasures peer;
  peer.name = "bank-b";
  peer.rtt_seconds = 0.002;
  peer.clock_offset_seconds = -0.5;
  peer.queue_bytes = 9;
  peer.connects = 2;
  peer.certificate_not_after = std::chrono::sys_seconds(std::chrono::seconds(2000));
  peer.messages = {{"agreement", {.in = 4, .out = 5}}};
  peer.invalid = {{"bad_signature", 1}};
  out.peers.push_back(std::move(peer));
  return out;
}

void expect_lines(const std::string& text, const std::vector<std::string>& lines) {
  for (const auto& line : lines)
    EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos) << line;
}

// The frozen list (surface 7): additions only.
TEST(Metrics, Their_names_types_and_labels_are_frozen) {
  api::FakeService service;
  service.set_measures(measures());
  Metrics metrics(labels());
  EXPECT_EQ(families_of(metrics.render(service)), golden_families(GIRO_METRICS_GOLDEN));
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

TEST(Metrics, What_the_node_measured_is_shown) {
  api::FakeService service;
  service.set_measures(measures());
  Metrics metrics(labels());
  expect_lines(metrics.render(service),
               {"giro_phase{phase=\"commit\"} 1",
                "giro_phase{phase=\"idle\"} 0",
                "giro_votes_held{phase=\"prepare\"} 3",
                "giro_view_timer_seconds 0.5",
                "giro_view_changes_total{reason=\"followed\"} 0",
                "giro_operations_committed_total{type=\"PAY\"} 0",
                "giro_operations_rejected_total{code=\"INSUFFICIENT_FUNDS\"} 0",
                "giro_validator_missed_votes_total{validator=\"bank-d\"} 7",
                "giro_validator_late_votes_total{validator=\"bank-d\"} 1",
                "giro_validator_missed_votes_total{validator=\"bank-b\"} 0",
                "giro_pool_oldest_seconds 1.5",
                "giro_sync_state 1",
                "giro_sync_progress_ratio 0.25",
                "giro_disk_free_bytes{dir=\"signer\"} 20",
                "giro_disk_size_bytes{dir=\"data\"} 40",
                "giro_storage_bytes{part=\"log\"} 64",
                "giro_earliest_block_height 32",
                "giro_signer_up 1",
                "giro_sign_ceiling_height 65",
                "giro_cert_not_after_timestamp_seconds{name=\"bank-a\"} 1000",
                "giro_cert_not_after_timestamp_seconds{name=\"bank-b\"} 2000",
                "giro_peer_rtt_seconds{peer=\"bank-b\"} 0.002",
                "giro_peer_clock_offset_seconds{peer=\"bank-b\"} -0.5",
                "giro_peer_messages_total{direction=\"in\",peer=\"bank-b\",type=\"agreement\"} 4",
                "giro_peer_invalid_total{peer=\"bank-b\",reason=\"bad_signature\"} 1",
                "giro_peer_connects_total{peer=\"bank-b\"} 2",
                "giro_storage_corruption_total{part=\"log\"} 0",
                "giro_conservation_ok 1",
                "giro_build_info{commit=\"5cd0f1c2a9b3\",version=\"0.1.0\"} 1"});
}

TEST(Metrics, What_a_peer_had_is_not_shown_once_it_is_away) {
  api::FakeService service;
  auto measured = measures();
  service.set_measures(measured);
  Metrics metrics(labels());
  EXPECT_NE(metrics.render(service).find("giro_peer_rtt_seconds{"), std::string::npos);
  measured.peers.front().rtt_seconds.reset();
  service.set_measures(measured);
  EXPECT_EQ(metrics.render(service).find("giro_peer_rtt_seconds{"), std::string::npos);
}

TEST(Metrics, Histograms_grow_by_what_was_measured_since) {
  api::FakeService service;
  Metrics metrics(labels());
  runtime::Meters meters;
  const auto scrape = [&] {
    auto measured = measures();
    measured.committed.clear();
    runtime::Measures counted;
    meters.read_into(counted);
    measured.log_sync = counted.log_sync;
    service.set_measures(measured);
    return metrics.render(service);
  };
  meters.log_sync.add(0.003);
  expect_lines(scrape(), {"giro_fsync_seconds_count{file=\"log\"} 1",
                          "giro_fsync_seconds_bucket{file=\"log\",le=\"0.0025\"} 0",
                          "giro_fsync_seconds_bucket{file=\"log\",le=\"0.005\"} 1"});
  meters.log_sync.add(60);
  expect_lines(scrape(), {"giro_fsync_seconds_count{file=\"log\"} 2",
                          "giro_fsync_seconds_bucket{file=\"log\",le=\"0.005\"} 1",
                          "giro_fsync_seconds_bucket{file=\"log\",le=\"+Inf\"} 2"});
}

// An observer has nothing to sign with: 0 would be an alarm.
TEST(Metrics, An_observer_has_no_signer) {
  api::FakeService service;
  auto measured = measures();
  measured.signer.reset();
  service.set_measures(measured);
  Metrics metrics(labels());
  EXPECT_EQ(metrics.render(service).find("giro_signer_up"), std::string::npos);
}

TEST(Metrics, Streams_are_told_of) {
  api::FakeService service;
  Metrics metrics(labels());
  metrics.api_streaming(1);
  metrics.api_streaming(1);
  metrics.api_streaming(-1);
  metrics.api_stream_lag(42);
  expect_lines(metrics.render(service), {"giro_api_streams 1", "giro_api_stream_lag_heights 42"});
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
