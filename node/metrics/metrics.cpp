#include "node/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "node/metrics/process.h"

namespace giro::metrics {
namespace {

using Labels = prometheus::Labels;

const prometheus::Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                       0.25,  0.5,    1,     2.5,  5,     10,   30};

double seconds_of(std::uint64_t ms) {
  return static_cast<double>(ms) / 1000.0;
}
double number(std::uint64_t value) {
  return static_cast<double>(value);
}

std::string_view status_class(unsigned status) {
  switch (status / 100) {
    case 2:
      return "2xx";
    case 4:
      return "4xx";
    default:
      return "5xx";
  }
}

}  // namespace

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
  prometheus::Gauge& own_last_vote =
      gauge("giro_own_last_vote_height", "Height of the own last vote");

  // Ledger
  prometheus::Family<prometheus::Counter>& submitted =
      counters("giro_operations_submitted_total", "Operations admitted here");
  prometheus::Family<prometheus::Counter>& duplicate =
      counters("giro_operations_duplicate_total", "Submissions whose id was known already");
  prometheus::Histogram& finality =
      histograms("giro_finality_seconds", "From admission to attested").Add({}, kSeconds);

  // Pool and API
  prometheus::Gauge& pool_operations = gauge("giro_pool_operations", "Operations that wait here");
  prometheus::Gauge& pool_bytes = gauge("giro_pool_bytes", "Bytes of operations that wait here");
  prometheus::Family<prometheus::Counter>& requests =
      counters("giro_api_requests_total", "Requests answered");
  prometheus::Family<prometheus::Histogram>& request_seconds =
      histograms("giro_api_request_seconds", "Time to answer, without waiting");
  prometheus::Gauge& waiters = gauge("giro_api_waiters", "Requests that wait for a final status");
  prometheus::Family<prometheus::Counter>& refused =
      counters("giro_api_refused_total", "Requests refused for want of something");

  // Sync
  prometheus::Gauge& snapshot_height =
      gauge("giro_snapshot_height", "Newest certified snapshot held here");
  prometheus::Gauge& snapshot_age = gauge(
      "giro_snapshot_age_seconds", "Since the block of that snapshot; without one, of genesis");

  // Peers, storage, process
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

  void set_consensus(const runtime::NodeInfo& info);
  void set_validators(const runtime::NodeInfo& info);
  void set_misbehaviour(runtime::Service& service, const runtime::NodeInfo& info);
  void set_snapshots(runtime::Service& service);
  void set_process();
};

void Metrics::Registry::set_consensus(const runtime::NodeInfo& info) {
  height.Set(number(info.executed.value));
  view.Set(number(info.view.value));
  epoch.Set(number(info.epoch.value));
  attested_height.Set(number(info.stable.value));
  stable_height.Set(number(std::min(info.stable, info.executed).value));
  quorum_required.Set(number(info.quorum));
  seconds_since_commit.Set(seconds_of(info.milliseconds_since_commit));
  own_last_vote.Set(number(info.own_last_vote.value));
  pool_operations.Set(number(info.pool_operations));
  pool_bytes.Set(number(info.pool_bytes));
  disk_free.Add({{"dir", "data"}}).Set(number(info.disk_free));
}

void Metrics::Registry::set_validators(const runtime::NodeInfo& info) {
  for (const auto& name : known.validators) leader.Add({{"validator", name}}).Set(0);
  const auto show = [this, &info](const std::string& name, std::uint32_t institution,
                                  bool is_connected, std::uint64_t vote,
                                  const std::string& version) {
    leader.Add({{"validator", name}}).Set(institution == info.leader ? 1 : 0);
    connected.Add({{"validator", name}}).Set(is_connected ? 1 : 0);
    last_vote.Add({{"validator", name}}).Set(number(vote));
    std::string& shown = versions[name];
    if (shown != version) {
      if (!shown.empty()) {
        validator_info.Remove(&validator_info.Add({{"validator", name}, {"version", shown}}));
      }
      shown = version;
    }
    if (!version.empty()) validator_info.Add({{"validator", name}, {"version", version}}).Set(1);
  };
  if (info.validator) {
    show(info.name, info.institution, true, info.own_last_vote.value, known.version);
  }
  for (const auto& peer : info.peers) {
    show(peer.name, peer.institution, peer.connected, peer.last_vote.value, peer.version);
    peer_height.Add({{"peer", peer.name}}).Set(number(peer.stable.value));
  }
}

// Counters of what the node holds: they never fall, also where the oldest proofs give way.
void Metrics::Registry::set_misbehaviour(runtime::Service& service, const runtime::NodeInfo& info) {
  const auto raise = [](prometheus::Counter& counter, double to) {
    counter.Increment(std::max(0.0, to - counter.Value()));
  };
  raise(state_root_mismatch, info.diverged ? 1 : 0);
  std::map<std::uint32_t, double> held;
  for (const auto& one : service.evidence()) ++held[one.institution];
  const auto& institutions = service.genesis().genesis.ledger.institutions;
  for (const auto& [institution, count] : held) {
    if (institution == 0 || institution > institutions.size()) continue;
    raise(equivocation.Add({{"validator", institutions[institution - 1].name}}), count);
  }
}

void Metrics::Registry::set_snapshots(runtime::Service& service) {
  using namespace std::chrono;
  std::uint64_t newest = 0;
  std::int64_t time_ms = service.genesis().genesis.ledger.time.value;
  for (const auto& snapshot : service.snapshots()) {
    if (!snapshot.certified) continue;
    newest = snapshot.height.value;
    time_ms = snapshot.time.ms;
  }
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  snapshot_height.Set(number(newest));
  snapshot_age.Set(static_cast<double>(std::max<std::int64_t>(0, now - time_ms)) / 1000.0);
}

void Metrics::Registry::set_process() {
  const ProcessUse use = process_use();
  cpu.Increment(std::max(0.0, use.cpu_seconds - cpu.Value()));
  resident.Set(number(use.resident_bytes));
  open_fds.Set(number(use.open_fds));
  max_fds.Set(number(use.max_fds));
  start_time.Set(use.start_time_seconds);
}

Metrics::Metrics(const KnownLabels& known) : registry_(std::make_unique<Registry>(known)) {
  auto& all = *registry_;
  all.gauges("giro_build_info", "What runs").Add({{"version", known.version}}).Set(1);
  for (const auto& name : known.validators) {
    all.leader.Add({{"validator", name}});
    all.connected.Add({{"validator", name}});
    all.last_vote.Add({{"validator", name}});
    all.equivocation.Add({{"validator", name}});
    all.peer_height.Add({{"peer", name}});
  }
  for (const auto& route : known.routes) {
    for (const char* status : {"2xx", "4xx", "5xx"}) {
      all.requests.Add({{"route", route}, {"status", status}});
    }
    all.request_seconds.Add({{"route", route}}, kSeconds);
  }
  for (const auto& type : known.operations) all.submitted.Add({{"type", type}});
  for (const auto& check : known.checks) all.ready.Add({{"check", check}});
  for (const char* kind : {"same_body", "other_body"}) all.duplicate.Add({{"kind", kind}});
  for (const char* reason : {"rate", "capacity", "disk", "auth"}) {
    all.refused.Add({{"reason", reason}});
  }
}

Metrics::~Metrics() = default;

void Metrics::api_answered(std::string_view route, unsigned status,
                           double seconds_without_waiting) {
  const std::string name(route);
  registry_->requests.Add({{"route", name}, {"status", std::string(status_class(status))}})
      .Increment();
  registry_->request_seconds.Add({{"route", name}}, kSeconds).Observe(seconds_without_waiting);
}

void Metrics::api_refused(ApiRefusal reason) {
  constexpr const char* kNames[] = {"rate", "capacity", "disk", "auth"};
  registry_->refused.Add({{"reason", kNames[static_cast<std::size_t>(reason)]}}).Increment();
}

void Metrics::api_waiting(int change) {
  registry_->waiters.Increment(change);
}

void Metrics::operation_submitted(std::string_view type) {
  registry_->submitted.Add({{"type", std::string(type)}}).Increment();
}

void Metrics::operation_duplicate(DuplicateKind kind) {
  registry_->duplicate.Add({{"kind", kind == DuplicateKind::SameBody ? "same_body" : "other_body"}})
      .Increment();
}

void Metrics::finality(double seconds) {
  registry_->finality.Observe(seconds);
}

std::string Metrics::render(runtime::Service& service) {
  const auto info = service.info();
  const auto checks = service.ready();
  const std::lock_guard lock(registry_->scrape);
  registry_->set_consensus(info);
  registry_->set_validators(info);
  registry_->set_misbehaviour(service, info);
  registry_->set_snapshots(service);
  registry_->set_process();
  const auto& parameters = service.genesis().genesis.parameters;
  registry_->idle_block.Set(seconds_of(parameters.idle_block_interval_ms));
  registry_->timeout_cap.Set(seconds_of(parameters.view_timeout_cap_ms));
  for (const auto& check : checks)
    registry_->ready.Add({{"check", check.name}}).Set(check.ok ? 1 : 0);
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

}  // namespace giro::metrics
