// The base scenarios of the crash sweep by number (assurance 3): a network, a load, and what
// happens while a node may die.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/simulation/plan.h"

namespace giro::sim {

// What happens in the part of a scenario that is swept.
enum class Story : std::uint8_t {
  Calm,           // blocks, and nothing else
  EpochEnd,       // the last block of an epoch, and the first of the next
  ViewChange,     // the primary is cut off
  AllRestart,     // all lose power at once
  Snapshot,       // one is made, and certified
  LogCut,         // the second is certified: the log is cut
  Install,        // one that lost its data comes back when the log is cut, and installs a snapshot
  CatchUp,        // one was cut off over the end of an epoch
  LostSignState,  // one lost its sign state, and asks for a floor
  LostData,       // one lost its log, and is amnesic
  Lossy,          // messages are lost and repeated
  SlowDisk,       // one disk is a hundred times as slow
};
inline constexpr std::uint64_t kStories = static_cast<std::uint64_t>(Story::SlowDisk) + 1;
[[nodiscard]] std::string_view name(Story story);

struct CrashPlan {
  Story story{};
  Plan plan;
  std::uint64_t begin = 1;   // the sweep does once this height is stable at all that are up
  std::uint64_t blocks = 2;  // and is over once all are so many further, and the story has ended
  Time at_most = 20 * kSecond;
  std::size_t node = 0;  // that the story is about
};
inline constexpr std::uint64_t kCrashScenarios = 200;  // the complete set; the numbers go on
[[nodiscard]] CrashPlan plan_crashes(std::uint64_t scenario);

}  // namespace giro::sim
