#include "node/runtime/vote_watch.h"

#include <algorithm>
#include <optional>

namespace giro::runtime {
namespace {

constexpr std::int64_t kLateUs = 2'000'000;

}  // namespace

void VoteWatch::look(consensus::Instant now, consensus::Height stable, bool is_behind,
                     const std::vector<Heard>& members) {
  const consensus::Height before = stable_.value_or(stable);
  stable_ = stable;
  if (is_behind) owed_.clear();
  std::erase_if(owed_, [&](const auto& entry) {
    return std::ranges::find(members, entry.first, &Heard::member) == members.end();
  });
  for (const auto& [member, last_vote] : members) {
    Counts& counts = counts_[member];
    if (is_behind) continue;
    auto& owed = owed_[member];
    for (Owed& range : owed) {
      const std::uint64_t came = std::clamp(last_vote.value, range.low, range.high);
      counts.late += came - range.low;
      range.low = came;
    }
    while (!owed.empty() && (owed.front().low == owed.front().high || owed.front().until <= now)) {
      counts.missed += owed.front().high - owed.front().low;
      owed.pop_front();
    }
    const std::uint64_t voted = std::max(before.value, last_vote.value);
    if (voted < stable.value) owed.push_back({voted, stable.value, {now.us + kLateUs}});
  }
}

}  // namespace giro::runtime
