// The views that this node went into of late, and why (surface 5.3): in memory only. Nothing
// decides on it. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "consensus/output.h"
#include "node/runtime/service.h"

namespace giro::runtime {

class ViewBook {
 public:
  explicit ViewBook(std::size_t views_max = 1'000) : views_max_(views_max) {}

  // Whatever happened; `leader` is that of the event's view.
  void happened(const consensus::Event& event, std::uint32_t leader, consensus::WallTime at);
  [[nodiscard]] std::vector<ViewInfo> list() const;  // oldest first

 private:
  const std::size_t views_max_;
  mutable std::mutex mutex_;  // of everything below
  std::deque<ViewInfo> views_;
  std::optional<consensus::SuspectReason> suspected_;  // why, first, in the present view
};

}  // namespace giro::runtime
