// How far another validator's clock is from ours, at least, as its beacon tells (surface 2.3).
// Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace giro::runtime {

struct ClockReading {
  std::int64_t said_ms = 0;         // its clock when it sent the beacon, UTC
  std::int64_t age_ms = 0;          // since the beacon came
  std::int64_t own_ms = 0;          // our clock now, UTC
  std::chrono::microseconds rtt{};  // of the channel
};

// Milliseconds, positive: its clock is ahead of ours. The beacon was under way for an unknown part
// of the round trip, at most the whole of it, so a slow line makes a clock look late: of all
// offsets that fit, this is the smallest.
[[nodiscard]] inline std::int64_t clock_ahead_ms(const ClockReading& reading) {
  const std::int64_t least = reading.said_ms + reading.age_ms - reading.own_ms;
  const std::int64_t most =
      least + std::chrono::duration_cast<std::chrono::milliseconds>(reading.rtt).count();
  return std::clamp<std::int64_t>(0, least, most);
}

}  // namespace giro::runtime
