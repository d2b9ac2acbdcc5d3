#include "node/runtime/block_steps.h"

namespace giro::runtime {
namespace {

// More than any window (protocol 14).
constexpr std::size_t kOpenBlocksMax = 2048;

double seconds_between(consensus::Instant from, consensus::Instant to) {
  return static_cast<double>(to.us - from.us) / 1e6;
}

}  // namespace

void BlockSteps::add(Step step, const std::optional<consensus::Instant>& from,
                     consensus::Instant to) {
  if (from) meters_.steps[static_cast<std::size_t>(step)].add(seconds_between(*from, to));
}

void BlockSteps::happened(const consensus::Event& event, consensus::Instant at) {
  using Type = consensus::EventType;
  if (event.type == Type::BlockProposed || event.type == Type::BlockAccepted) {
    Times& times = open_[event.height];
    // Another view may propose another block for the height: the newest counts.
    if (!times.committed) times = {.proposed = at, .prepared = {}, .committed = {}, .executed = {}};
    if (open_.size() > kOpenBlocksMax) open_.erase(open_.begin());
    return;
  }
  if (event.type == Type::Stable) {
    while (!open_.empty() && open_.begin()->first <= event.height) {
      add(Step::Attest, open_.begin()->second.executed, at);
      open_.erase(open_.begin());
    }
    return;
  }
  const auto found = open_.find(event.height);
  if (found == open_.end()) return;  // caught up with: nobody proposed it to us
  Times& times = found->second;
  switch (event.type) {
    case Type::Prepared:
      if (!times.prepared) add(Step::Prepare, times.proposed, at);
      times.prepared = at;
      break;
    case Type::Committed:
      add(Step::Commit, times.prepared, at);
      if (times.proposed) meters_.commit.add(seconds_between(*times.proposed, at));
      times.committed = at;
      break;
    case Type::Executed:
      add(Step::Execute, times.committed, at);
      times.executed = at;
      break;
    default:
      break;
  }
}

}  // namespace giro::runtime
