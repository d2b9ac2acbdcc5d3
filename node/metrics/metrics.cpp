#include "node/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include "node/metrics/registry.h"

namespace giro::metrics {
namespace {

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

Metrics::Metrics(const KnownLabels& known) : registry_(std::make_unique<Registry>(known)) {
  auto& all = *registry_;
  all.gauges("giro_build_info", "What runs")
      .Add({{"version", known.version}, {"commit", known.commit}})
      .Set(1);
  for (const auto& name : known.validators) {
    all.leader.Add({{"validator", name}});
    all.connected.Add({{"validator", name}});
    all.last_vote.Add({{"validator", name}});
    all.equivocation.Add({{"validator", name}});
    all.missed_votes.Add({{"validator", name}});
    all.late_votes.Add({{"validator", name}});
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

void Metrics::api_streaming(int change) {
  registry_->streams.Increment(change);
}

void Metrics::api_stream_lag(std::uint64_t heights) {
  registry_->stream_lag.Set(number(heights));
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
  const auto measures = service.measures();
  const std::lock_guard lock(registry_->scrape);
  registry_->set_consensus(info, service.genesis().genesis.parameters);
  registry_->set_validators(info);
  registry_->set_misbehaviour(service, info);
  registry_->set_snapshots(service);
  registry_->set_ledger(service);
  registry_->set_measured(measures);
  registry_->set_process();
  for (const auto& check : checks)
    registry_->ready.Add({{"check", check.name}}).Set(check.ok ? 1 : 0);
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

}  // namespace giro::metrics
