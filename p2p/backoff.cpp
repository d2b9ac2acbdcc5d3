#include "p2p/backoff.h"

#include <algorithm>

namespace giro::p2p {

Backoff::Duration Backoff::next(std::uint32_t random) {
  const Duration base = next_;
  next_ = std::min(max_, 2 * next_);
  const auto half = base.count() / 2;
  return Duration(base.count() - half +
                  static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half + 1)));
}

}  // namespace giro::p2p
