// The families of a node's metrics, and what sets them. Included inside this folder only.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>

#include "node/metrics/metrics.h"

namespace giro::metrics {

inline const prometheus::Histogram::BucketBoundaries kSeconds{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
inline const prometheus::Histogram::BucketBoundaries kMeasuredSeconds(
    runtime::Timing::kBounds.begin(), runtime::Timing::kBounds.end());

inline double number(std::uint64_t value) {
  return static_cast<double>(value);
}

struct Metrics::Registry {
  explicit Registry(const KnownLabels& from) : known(from) {}

  prometheus::Family<prometheus::Gauge>& gauges(const std::string& name, const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  prometheus::Gauge& gauge(const std::string& name, const std::string& help) {
    return gauges(name, help).Add({});
  }
  prometheus::Family<prometheus::Counter>& counters(const std::string& name,
                                                    const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Histogram>& histograms(const std::string& name,
                                                        const std::string& help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  KnownLabels known;
  prometheus::Registry registry;
  std::mutex scrape;  // one scrape at a time sets the gauges

  // Consensus
  prometheus::Gauge& height = gauge("giro_height", "Executed height");
  prometheus::Gauge& view = gauge("giro_view", "Present view");
  prometheus::Gauge& epoch = gauge("giro_epoch", "Present epoch");
  prometheus::Gauge& attested_height =
      gauge("giro_attested_height", "Highest height with an attest certificate");
  prometheus::Gauge& stable_height =
      gauge("giro_stable_height", "Highest attested height that is also executed here");
  prometheus::Family<prometheus::Gauge>& leader =
      gauges("giro_leader", "1 for the leader of the present view");
  prometheus::Gauge& quorum_required =
      gauge("giro_quorum_required", "Votes that decide in this epoch");
  prometheus::Family<prometheus::Gauge>& phase =
      gauges("giro_phase", "1 for what the lowest height that is not committed is in at present");
  prometheus::Family<prometheus::Gauge>& votes_held =
      gauges("giro_votes_held", "Votes held for that height in the present view");
  prometheus::Gauge& view_timer =
      gauge("giro_view_timer_seconds", "What the present view is given for a commit");
  prometheus::Family<prometheus::Counter>& view_changes =
      counters("giro_view_changes_total", "Views left, by what this validator held against it");
  prometheus::Family<prometheus::Histogram>& phase_seconds =
      histograms("giro_phase_seconds", "Time that a block took for each step");
  prometheus::Histogram& commit_seconds =
      histograms("giro_commit_seconds", "From a block's proposal to its commit")
          .Add({}, kMeasuredSeconds);
  prometheus::Gauge& seconds_since_commit =
      gauge("giro_seconds_since_commit", "Since the last block was committed here");
  prometheus::Gauge& idle_block =
      gauge("giro_param_idle_block_seconds", "Network parameter idle_block_interval");
  prometheus::Gauge& timeout_cap =
      gauge("giro_param_view_timeout_cap_seconds", "Network parameter view_timeout_cap");

  // Validators
  prometheus::Family<prometheus::Gauge>& connected =
      gauges("giro_validator_connected", "1 while the channel is up; 1 for itself");
  prometheus::Family<prometheus::Gauge>& last_vote =
      gauges("giro_validator_last_vote_height", "Height of the last vote heard");
  prometheus::Family<prometheus::Gauge>& validator_info =
      gauges("giro_validator_info", "Version that a validator says it runs");
  prometheus::Family<prometheus::Counter>& equivocation =
      counters("giro_equivocation_total", "Proofs held that this validator contradicted itself");
  prometheus::Counter& state_root_mismatch =
      counters("giro_state_root_mismatch_total", "Own results that a quorum's contradict").Add({});
  prometheus::Family<prometheus::Gauge>& own_last_vote =
      gauges("giro_own_last_vote_height", "Height of the own last vote; of who has a seat");

  prometheus::Family<prometheus::Counter>& missed_votes = counters(
      "giro_validator_missed_votes_total", "Stable heights that no vote of it came for within 2 s");
  prometheus::Family<prometheus::Counter>& late_votes =
      counters("giro_validator_late_votes_total",
               "Heights that its vote came for within 2 s after they were stable");

  // Ledger
  prometheus::Family<prometheus::Counter>& submitted =
      counters("giro_operations_submitted_total", "Operations admitted here");
  prometheus::Family<prometheus::Counter>& duplicate =
      counters("giro_operations_duplicate_total", "Submissions whose id was known already");
  prometheus::Family<prometheus::Counter>& committed =
      counters("giro_operations_committed_total", "Operations executed here with OK");
  prometheus::Family<prometheus::Counter>& rejected =
      counters("giro_operations_rejected_total", "Operations recorded here with another code");
  prometheus::Counter& expired =
      counters("giro_operations_expired_total", "Operations that waited here and can never run")
          .Add({});
  prometheus::Family<prometheus::Gauge>& token_supply =
      gauges("giro_token_supply", "Outstanding in major units: for display, not for accounts");
  prometheus::Gauge& conservation =
      gauge("giro_conservation_ok", "1 while the positions of each token add up to its supply");
  prometheus::Histogram& finality =
      histograms("giro_finality_seconds", "From admission to attested").Add({}, kSeconds);

  // Pool and API
  prometheus::Gauge& pool_operations = gauge("giro_pool_operations", "Operations that wait here");
  prometheus::Gauge& pool_bytes = gauge("giro_pool_bytes", "Bytes of operations that wait here");
  prometheus::Gauge& pool_oldest =
      gauge("giro_pool_oldest_seconds", "Since the oldest of them came; 0 without one");
  prometheus::Family<prometheus::Counter>& requests =
      counters("giro_api_requests_total", "Requests answered");
  prometheus::Family<prometheus::Histogram>& request_seconds =
      histograms("giro_api_request_seconds", "Time to answer, without waiting");
  prometheus::Gauge& waiters = gauge("giro_api_waiters", "Requests that wait for a final status");
  prometheus::Gauge& streams = gauge("giro_api_streams", "Open event streams");
  prometheus::Gauge& stream_lag =
      gauge("giro_api_stream_lag_heights", "Heights that the slowest stream is behind");
  prometheus::Family<prometheus::Counter>& refused =
      counters("giro_api_refused_total", "Requests refused for want of something");

  // Sync
  prometheus::Gauge& sync_state =
      gauge("giro_sync_state", "0 synced, 1 fetching blocks, 2 fetching a snapshot");
  prometheus::Gauge& sync_progress =
      gauge("giro_sync_progress_ratio", "Of what is being fetched; 1 when synced");
  prometheus::Gauge& snapshot_height =
      gauge("giro_snapshot_height", "Newest certified snapshot held here");
  prometheus::Gauge& snapshot_age = gauge(
      "giro_snapshot_age_seconds", "Since the block of that snapshot; without one, of genesis");

  // Peers
  prometheus::Family<prometheus::Gauge>& peer_rtt =
      gauges("giro_peer_rtt_seconds", "Of the last ping, while connected");
  prometheus::Family<prometheus::Gauge>& peer_queue =
      gauges("giro_peer_queue_bytes", "Bytes that wait to be sent to it");
  prometheus::Family<prometheus::Gauge>& peer_clock =
      gauges("giro_peer_clock_offset_seconds",
             "Its clock less ours, at least: what the round trip cannot explain");
  prometheus::Family<prometheus::Counter>& peer_messages =
      counters("giro_peer_messages_total", "Frames, by family");
  prometheus::Family<prometheus::Counter>& peer_invalid =
      counters("giro_peer_invalid_total", "What was refused from it, or could not be sent");
  prometheus::Family<prometheus::Counter>& peer_connects =
      counters("giro_peer_connects_total", "Channels made");

  // Storage and keys
  prometheus::Family<prometheus::Gauge>& disk_size =
      gauges("giro_disk_size_bytes", "Size of the file system of the directory");
  prometheus::Family<prometheus::Gauge>& storage_bytes =
      gauges("giro_storage_bytes", "Bytes of the files of each part of data_dir");
  prometheus::Family<prometheus::Histogram>& fsync_seconds =
      histograms("giro_fsync_seconds", "Until written bytes were durable");
  prometheus::Family<prometheus::Counter>& truncations = counters(
      "giro_tail_truncations_total", "Ends that never became durable, cut when the node started");
  prometheus::Family<prometheus::Counter>& corruptions =
      counters("giro_storage_corruption_total", "Damage found and set aside");
  prometheus::Counter& log_dropped =
      counters("giro_log_dropped_total", "Lines that log.budget_per_day left no room for").Add({});
  prometheus::Gauge& earliest_block =
      gauge("giro_earliest_block_height", "Lowest block that is held here");
  prometheus::Family<prometheus::Histogram>& sign_seconds =
      histograms("giro_sign_seconds", "Time of a signature");
  prometheus::Family<prometheus::Counter>& sign_refused =
      counters("giro_sign_refused_total",
               "Times this key stopped signing, since it may contradict what it has signed");
  prometheus::Family<prometheus::Gauge>& signer_up =
      gauges("giro_signer_up", "1 while the last signature worked");
  prometheus::Family<prometheus::Gauge>& sign_ceiling =
      gauges("giro_sign_ceiling_height", "Up to which the key may have signed, by the sign state");
  prometheus::Family<prometheus::Gauge>& certificate_end =
      gauges("giro_cert_not_after_timestamp_seconds",
             "When the certificate ends: a validator's for its channels, and api's");

  // Process
  prometheus::Family<prometheus::Gauge>& peer_height =
      gauges("giro_peer_height", "Stable height that a peer says it has");
  prometheus::Family<prometheus::Gauge>& disk_free =
      gauges("giro_disk_free_bytes", "Free space for the directory");
  prometheus::Family<prometheus::Gauge>& ready = gauges("giro_ready", "1 while the check passes");
  prometheus::Counter& cpu =
      counters("process_cpu_seconds_total", "User and system CPU time").Add({});
  prometheus::Gauge& resident = gauge("process_resident_memory_bytes", "Resident memory");
  prometheus::Gauge& open_fds = gauge("process_open_fds", "Open file descriptors");
  prometheus::Gauge& max_fds = gauge("process_max_fds", "Limit of open file descriptors");
  prometheus::Gauge& start_time =
      gauge("process_start_time_seconds", "Start of the process, since 1970");

  std::map<std::string, std::string> versions;  // validator -> version last shown

  // --- the node as it is now
  void set_consensus(const runtime::NodeInfo& info, const consensus::Parameters& parameters);
  void set_validators(const runtime::NodeInfo& info);
  void set_misbehaviour(runtime::Service& service, const runtime::NodeInfo& info);
  void set_snapshots(runtime::Service& service);
  void set_ledger(runtime::Service& service);
  // --- what it has measured: measured.cpp
  void set_measured(const runtime::Measures& measures);
  void set_measured_consensus(const runtime::Measures& measures);
  void set_measured_peers(const std::vector<runtime::PeerMeasures>& all);
  void set_storage(const runtime::Measures& measures);
  void set_keys(const runtime::Measures& measures);
  void set_process();
  void forget(const std::string& validator);  // it has left

 private:
  // Without a value it does not exist.
  static void set(prometheus::Family<prometheus::Gauge>& family, const prometheus::Labels& labels,
                  const std::optional<double>& value);
  // Brings them up to what was counted elsewhere.
  static void raise(prometheus::Counter& counter, double to);
  static void raise(prometheus::Family<prometheus::Counter>& family, const char* label,
                    const runtime::Named<std::uint64_t>& counts);
  void raise(prometheus::Histogram& histogram, const runtime::Timing::Counts& to);
  std::map<const prometheus::Histogram*, runtime::Timing::Counts> shown_;
};

}  // namespace giro::metrics
