// Where in the log the blocks lie: a cut keeps those above the snapshots, so that a store that is
// begun again from a snapshot is led from there to the newest statement (protocol R34).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "consensus/types.h"
#include "storage/log.h"

namespace giro::runtime {

class BlockPlaces {
 public:
  // One place for each interval between snapshots, so few in all. 0: none are kept.
  explicit BlockPlaces(std::uint64_t interval = 0) : interval_(interval) {}

  void add(consensus::Height height, storage::LogPosition position) {
    if (interval_ == 0 || height == consensus::Height{}) return;
    const auto [place, added] = oldest_.try_emplace((height.value - 1) / interval_, position);
    if (!added) place->second = std::min(place->second, position);
  }
  // Of the blocks above; those below are forgotten.
  [[nodiscard]] std::optional<storage::LogPosition> oldest_above(consensus::Height height) {
    if (interval_ == 0) return std::nullopt;
    oldest_.erase(oldest_.begin(), oldest_.lower_bound(height.value / interval_));
    std::optional<storage::LogPosition> oldest;
    for (const auto& [interval, position] : oldest_)
      oldest = std::min(oldest.value_or(position), position);
    return oldest;
  }

 private:
  std::uint64_t interval_;
  std::map<std::uint64_t, storage::LogPosition> oldest_;
};

}  // namespace giro::runtime
