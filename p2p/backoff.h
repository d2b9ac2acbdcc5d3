// How long to wait before dialling again: doubles from a minimum to a maximum, half of it random so
// that a set of nodes that lost each other does not dial in step.
#pragma once

#include <chrono>
#include <cstdint>

namespace giro::p2p {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  Backoff(Duration min, Duration max) : min_(min), max_(max), next_(min) {}

  // The wait before the next attempt, in [d/2, d] for the current d; `random` is uniform.
  [[nodiscard]] Duration next(std::uint32_t random);
  void reset() { next_ = min_; }
  // After a refusal that only a human can mend.
  void raise_to_max() { next_ = max_; }

 private:
  Duration min_;
  Duration max_;
  Duration next_;
};

}  // namespace giro::p2p
