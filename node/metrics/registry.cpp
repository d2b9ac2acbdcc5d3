// What a scrape takes from the node as it is.
#include "node/metrics/registry.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>

#include "node/ledger/amount.h"
#include "node/ledger/query.h"
#include "node/metrics/process.h"

namespace giro::metrics {
namespace {

double seconds_of(std::uint64_t ms) {
  return number(ms) / 1000.0;
}

}  // namespace

void Metrics::Registry::set_consensus(const runtime::NodeInfo& info,
                                      const consensus::Parameters& parameters) {
  height.Set(number(info.executed.value));
  view.Set(number(info.view.value));
  epoch.Set(number(info.epoch.value));
  attested_height.Set(number(info.stable.value));
  stable_height.Set(number(std::min(info.stable, info.executed).value));
  quorum_required.Set(number(info.quorum));
  seconds_since_commit.Set(seconds_of(info.milliseconds_since_commit));
  idle_block.Set(seconds_of(parameters.idle_block_interval_ms));
  timeout_cap.Set(seconds_of(parameters.view_timeout_cap_ms));
  set(own_last_vote, {},
      info.validator ? std::optional(number(info.own_last_vote.value)) : std::nullopt);
  pool_operations.Set(number(info.pool_operations));
  pool_bytes.Set(number(info.pool_bytes));
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
  std::set<std::string> present{info.name};
  for (const auto& peer : info.peers) {
    present.insert(peer.name);
    show(peer.name, peer.institution, peer.connected, peer.last_vote.value, peer.version);
    peer_height.Add({{"peer", peer.name}}).Set(number(peer.stable.value));
  }
  for (auto shown = versions.begin(); shown != versions.end();) {
    const auto next = std::next(shown);
    if (!present.contains(shown->first)) forget(shown->first);
    shown = next;
  }
}

// What it was when it was last seen would look like what it is.
void Metrics::Registry::forget(const std::string& validator) {
  for (auto* family : {&leader, &connected, &last_vote})
    family->Remove(&family->Add({{"validator", validator}}));
  for (auto* family : {&peer_height, &peer_rtt, &peer_queue, &peer_clock})
    family->Remove(&family->Add({{"peer", validator}}));
  certificate_end.Remove(&certificate_end.Add({{"name", validator}}));
  const auto shown = versions.find(validator);
  if (shown == versions.end()) return;
  validator_info.Remove(
      &validator_info.Add({{"validator", validator}, {"version", shown->second}}));
  std::erase(known.validators, validator);
  versions.erase(shown);
}

// Counters of what the node holds: they never fall, also where the oldest proofs give way.
void Metrics::Registry::set_misbehaviour(runtime::Service& service, const runtime::NodeInfo& info) {
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

// The same sums as GET /v1/conservation (ledger I1).
void Metrics::Registry::set_ledger(runtime::Service& service) {
  const auto state = service.read();
  bool is_conserved = true;
  for (const auto& [id, token] : ledger::query_tokens(*state)) {
    const auto outstanding = ledger::subtract_or_zero(token.issued, token.redeemed);
    is_conserved = is_conserved && outstanding == token.posted;
    const auto issuer = ledger::query_institution(*state, token.issuer);
    if (!issuer) continue;
    std::string name = issuer->name + "." + std::string(token.currency.text());
    if (token.product != 0) name += "." + std::to_string(token.product);
    token_supply.Add({{"token", name}})
        .Set(std::strtod(ledger::to_decimal(outstanding, token.scale).c_str(), nullptr));
  }
  conservation.Set(is_conserved ? 1 : 0);
}

void Metrics::Registry::set_process() {
  const ProcessUse use = process_use();
  raise(cpu, use.cpu_seconds);
  resident.Set(number(use.resident_bytes));
  open_fds.Set(number(use.open_fds));
  max_fds.Set(number(use.max_fds));
  start_time.Set(use.start_time_seconds);
}

}  // namespace giro::metrics
