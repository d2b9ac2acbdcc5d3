#include "node/api/height_watch.h"

#include <utility>
#include <vector>

#include "node/api/limits.h"

namespace giro::api {

HeightWatch::HeightWatch(HttpServer& http, std::function<std::uint64_t()> height,
                         std::size_t waiters_max)
    : http_(http), height_(std::move(height)), waiters_max_(waiters_max) {}

void HeightWatch::wait(std::uint64_t height, std::chrono::milliseconds limit,
                       std::function<void(bool)> then) {
  if (has_reached(height)) return then(true);
  if (is_closed_ || is_full()) return then(false);
  waiting_.emplace(height, Waiting{std::chrono::steady_clock::now() + limit, std::move(then)});
  if (!is_asking_) ask_later();
}

void HeightWatch::close() {
  is_closed_ = true;
  for (auto& [height, waiting] : std::exchange(waiting_, {})) waiting.then(false);
}

void HeightWatch::ask_later() {
  is_asking_ = true;
  http_.after(kHeightPoll, [this] { ask(); });
}

void HeightWatch::ask() {
  const std::uint64_t reached = height_();
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<Waiting, bool>> over;  // who waits again does so behind these
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool is_there = at->first <= reached;
    if (is_there || at->second.deadline <= now) {
      over.emplace_back(std::move(at->second), is_there);
      at = waiting_.erase(at);
    } else {
      ++at;
    }
  }
  is_asking_ = false;
  for (auto& [waiting, is_there] : over) waiting.then(is_there);
  if (!waiting_.empty() && !is_asking_) ask_later();
}

}  // namespace giro::api
