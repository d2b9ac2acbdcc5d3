#include "p2p/budget.h"

#include <algorithm>

#include "crypto/check.h"

namespace giro::p2p {

TokenBucket::TokenBucket(std::size_t per_second, std::size_t burst, SteadyTime now)
    : per_second_(static_cast<std::int64_t>(per_second)),
      burst_(static_cast<std::int64_t>(burst)),
      tokens_(burst_),
      last_(now) {
  GIRO_CHECK(per_second > 0 && per_second < (1U << 31) && burst > 0 && burst < (1U << 31),
             per_second, burst);
}

void TokenBucket::refill(SteadyTime now) {
  using std::chrono::microseconds;
  const std::int64_t missing = burst_ - tokens_;
  const std::int64_t elapsed =
      std::chrono::duration_cast<microseconds>(std::max(now, last_) - last_).count();
  // Longer than it takes to fill: full. This also keeps the product below from overflowing.
  if (elapsed / 1'000'000 > missing / per_second_) {
    tokens_ = burst_;
    last_ = now;
  } else {
    const std::int64_t added = elapsed * per_second_ / 1'000'000;
    if (added > 0) {
      tokens_ = std::min(burst_, tokens_ + added);
      last_ = now;
    }
  }
  if (tokens_ == burst_) over_since_.reset();
}

void TokenBucket::charge(SteadyTime now, std::size_t amount) {
  refill(now);
  // The debt is bounded by what one read can bring; the cap is for arithmetic only.
  tokens_ =
      std::max<std::int64_t>(tokens_ - static_cast<std::int64_t>(amount), -(std::int64_t{1} << 40));
  if (tokens_ < 0 && !over_since_) over_since_ = now;
}

bool TokenBucket::is_over(SteadyTime now) {
  refill(now);
  return tokens_ < 0;
}

}  // namespace giro::p2p
