#include "node/runtime/evidence_book.h"

#include <algorithm>
#include <utility>

#include "consensus/limits.h"
#include "node/ledger/query.h"

namespace giro::runtime {

EvidenceBook::EvidenceBook(std::vector<consensus::Evidence> known,
                           std::optional<consensus::BreachRecord> breach)
    : held_(std::move(known)), breach_(std::move(breach)) {}

void EvidenceBook::add(const consensus::Evidence& found) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(held_, found) != held_.end()) return;
  held_.push_back(found);
  if (held_.size() > consensus::kEvidenceMax) held_.erase(held_.begin());
}

std::vector<EvidenceInfo> EvidenceBook::list(const ledger::StateView& state) const {
  const std::vector<consensus::Evidence> held = [this] {
    const std::lock_guard lock(mutex_);
    return held_;
  }();
  std::vector<EvidenceInfo> out;
  for (const auto& one : held) {
    EvidenceInfo info{.institution = 0, .key = {}, .evidence = one};
    const auto set = ledger::query_validators(state, epoch_of(one).value);
    const std::size_t seat = culprit(one).value;
    if (set && seat < set->members.size()) {  // a store that is behind may not have it yet
      info.institution = set->members[seat].institution;
      info.key = set->members[seat].key;
    }
    out.push_back(std::move(info));
  }
  return out;
}

void EvidenceBook::add(const consensus::BreachRecord& found) {
  const std::lock_guard lock(mutex_);
  if (!breach_) breach_ = found;
}

std::optional<BreachInfo> EvidenceBook::breach(const ledger::StateView& state) const {
  BreachInfo info;
  {
    const std::lock_guard lock(mutex_);
    if (!breach_) return std::nullopt;
    info.record = *breach_;
  }
  if (const auto set = ledger::query_validators(state, epoch_of(info.record).value)) {
    for (const auto& member : set->members) info.seats.push_back(member.institution);
  }
  return info;
}

}  // namespace giro::runtime
