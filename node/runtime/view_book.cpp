#include "node/runtime/view_book.h"

namespace giro::runtime {

void ViewBook::happened(const consensus::Event& event, std::uint32_t leader,
                        consensus::WallTime at) {
  using Type = consensus::EventType;
  const std::lock_guard lock(mutex_);
  switch (event.type) {
    case Type::Suspecting:
      if (!suspected_)
        suspected_ = consensus::SuspectReason{static_cast<std::uint8_t>(event.detail)};
      return;
    case Type::SuspicionEnded:
      suspected_.reset();
      return;
    case Type::ViewEntered:
      views_.push_back({.epoch = event.epoch,
                        .view = event.view,
                        .leader = leader,
                        .committed = event.height,
                        .entered = at,
                        .active = {},
                        .reason = suspected_});
      if (views_.size() > views_max_) views_.pop_front();
      suspected_.reset();
      return;
    case Type::ViewActive:
      if (!views_.empty() && views_.back().view == event.view && !views_.back().active)
        views_.back().active = at;
      return;
    default:
      return;
  }
}

std::vector<ViewInfo> ViewBook::list() const {
  const std::lock_guard lock(mutex_);
  return {views_.begin(), views_.end()};
}

}  // namespace giro::runtime
