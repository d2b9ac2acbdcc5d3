// What a scrape takes from what the node has measured.
#include <algorithm>

#include "node/metrics/registry.h"

namespace giro::metrics {
namespace {

double seconds_since_1970(std::chrono::sys_seconds time) {
  return static_cast<double>(time.time_since_epoch().count());
}

}  // namespace

void Metrics::Registry::set(prometheus::Family<prometheus::Gauge>& family,
                            const prometheus::Labels& labels, const std::optional<double>& value) {
  if (value) {
    family.Add(labels).Set(*value);
  } else if (family.Has(labels)) {
    family.Remove(&family.Add(labels));
  }
}

void Metrics::Registry::raise(prometheus::Counter& counter, double to) {
  counter.Increment(std::max(0.0, to - counter.Value()));
}

void Metrics::Registry::raise(prometheus::Family<prometheus::Counter>& family, const char* label,
                              const runtime::Named<std::uint64_t>& counts) {
  for (const auto& [name, count] : counts)
    raise(family.Add({{label, std::string(name)}}), number(count));
}

void Metrics::Registry::raise(prometheus::Histogram& histogram, const runtime::Timing::Counts& to) {
  runtime::Timing::Counts& shown = shown_[&histogram];
  std::vector<double> more;
  more.reserve(to.buckets.size());
  for (std::size_t i = 0; i < to.buckets.size(); ++i)
    more.push_back(number(to.buckets[i] - shown.buckets[i]));
  histogram.ObserveMultiple(more, to.seconds - shown.seconds);
  shown = to;
}

void Metrics::Registry::set_measured(const runtime::Measures& measures) {
  set_measured_consensus(measures);
  raise(committed, "type", measures.committed);
  raise(rejected, "code", measures.rejected);
  raise(expired, number(measures.expired));
  pool_oldest.Set(measures.pool_oldest_seconds);
  sync_state.Set(static_cast<double>(measures.sync));
  sync_progress.Set(measures.sync_progress);
  set_measured_peers(measures.peers);
  set_storage(measures);
  set_keys(measures);
}

void Metrics::Registry::set_measured_consensus(const runtime::Measures& measures) {
  constexpr const char* kPhases[] = {"idle", "prepare", "commit", "view_change"};
  for (std::size_t i = 0; i < std::size(kPhases); ++i)
    phase.Add({{"phase", kPhases[i]}}).Set(static_cast<std::size_t>(measures.phase) == i ? 1 : 0);
  votes_held.Add({{"phase", "prepare"}}).Set(number(measures.prepare_votes));
  votes_held.Add({{"phase", "commit"}}).Set(number(measures.commit_votes));
  view_timer.Set(measures.view_timer_seconds);
  raise(view_changes, "reason", measures.view_changes);
  for (const auto& [name, counts] : measures.steps)
    raise(phase_seconds.Add({{"phase", std::string(name)}}, kMeasuredSeconds), counts);
  raise(commit_seconds, measures.commit);
  for (const auto& votes : measures.votes) {
    raise(missed_votes.Add({{"validator", votes.name}}), number(votes.missed));
    raise(late_votes.Add({{"validator", votes.name}}), number(votes.late));
  }
}

void Metrics::Registry::set_measured_peers(const std::vector<runtime::PeerMeasures>& all) {
  for (const auto& peer : all) {
    const prometheus::Labels labels{{"peer", peer.name}};
    set(peer_rtt, labels, peer.rtt_seconds);  // the last one of who is away would look like one
    set(peer_clock, labels, peer.clock_offset_seconds);
    peer_queue.Add(labels).Set(number(peer.queue_bytes));
    raise(peer_connects.Add(labels), number(peer.connects));
    for (const auto& [family, traffic] : peer.messages) {
      const std::string type(family);
      raise(peer_messages.Add({{"peer", peer.name}, {"type", type}, {"direction", "in"}}),
            number(traffic.in));
      raise(peer_messages.Add({{"peer", peer.name}, {"type", type}, {"direction", "out"}}),
            number(traffic.out));
    }
    for (const auto& [reason, count] : peer.invalid) {
      raise(peer_invalid.Add({{"peer", peer.name}, {"reason", std::string(reason)}}),
            number(count));
    }
    if (peer.certificate_not_after)
      certificate_end.Add({{"name", peer.name}})
          .Set(seconds_since_1970(*peer.certificate_not_after));
  }
}

void Metrics::Registry::set_storage(const runtime::Measures& measures) {
  if (measures.disk) {
    const auto show = [this](const char* dir, const runtime::DiskMeasures::Space& space) {
      if (space.size == 0) return;  // an observer has no signer, and what cannot be read is no 0
      disk_free.Add({{"dir", dir}}).Set(number(space.free));
      disk_size.Add({{"dir", dir}}).Set(number(space.size));
    };
    show("data", measures.disk->data);
    show("signer", measures.disk->signer);
    for (const auto& [part, bytes] : measures.disk->parts)
      storage_bytes.Add({{"part", part}}).Set(number(bytes));
  }
  raise(fsync_seconds.Add({{"file", "log"}}, kMeasuredSeconds), measures.log_sync);
  raise(fsync_seconds.Add({{"file", "sign_state"}}, kMeasuredSeconds), measures.sign_state_sync);
  raise(truncations, "part", measures.truncations);
  raise(corruptions, "part", measures.corruptions);
  raise(log_dropped, number(measures.log_dropped));
  earliest_block.Set(number(measures.earliest_block));
}

void Metrics::Registry::set_keys(const runtime::Measures& measures) {
  for (const auto& [name, end] : measures.own_certificates)
    certificate_end.Add({{"name", name}}).Set(seconds_since_1970(end));
  if (!measures.signer) return;
  raise(sign_seconds.Add({{"provider", *measures.signer}}, kMeasuredSeconds), measures.signing);
  raise(sign_refused, "reason", measures.sign_refused);
  signer_up.Add({}).Set(measures.signer_up ? 1 : 0);
  sign_ceiling.Add({}).Set(number(measures.sign_ceiling));
}

}  // namespace giro::metrics
