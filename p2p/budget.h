// A token bucket that may be overdrawn by what has already arrived: bytes are charged after the
// fact, and reading pauses until the debt is paid (protocol R45). Time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "p2p/status.h"

namespace giro::p2p {

class TokenBucket {
 public:
  TokenBucket(std::size_t per_second, std::size_t burst, SteadyTime now);

  void charge(SteadyTime now, std::size_t amount);
  [[nodiscard]] bool is_over(SteadyTime now);
  // When it went into debt, if it has not been full again since: a flood, not a burst.
  [[nodiscard]] std::optional<SteadyTime> over_since() const { return over_since_; }

 private:
  void refill(SteadyTime now);

  std::int64_t per_second_;
  std::int64_t burst_;
  std::int64_t tokens_;
  SteadyTime last_;
  std::optional<SteadyTime> over_since_;
};

}  // namespace giro::p2p
