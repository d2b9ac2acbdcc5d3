// Who waits until the node has reached a height. The node is asked once for all of them, again and
// again while somebody waits. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "node/api/http_server.h"

namespace giro::api {

class HeightWatch {
 public:
  // `height`: of the node, now. `http` and what `height` refers to must outlive it.
  HeightWatch(HttpServer& http, std::function<std::uint64_t()> height, std::size_t waiters_max);
  HeightWatch(const HeightWatch&) = delete;
  HeightWatch& operator=(const HeightWatch&) = delete;

  // Runs `then` with true once the height is reached, or with false after `limit`. At once if it is
  // reached already, and with false if too many wait.
  void wait(std::uint64_t height, std::chrono::milliseconds limit, std::function<void(bool)> then);
  // Answers everybody with false, and whoever comes later: the node stops.
  void close();
  [[nodiscard]] bool has_reached(std::uint64_t height) const { return height <= height_(); }
  [[nodiscard]] bool is_full() const { return waiting_.size() >= waiters_max_; }

 private:
  struct Waiting {
    std::chrono::steady_clock::time_point deadline;
    std::function<void(bool)> then;
  };
  void ask_later();
  void ask();

  HttpServer& http_;
  std::function<std::uint64_t()> height_;
  std::size_t waiters_max_;
  std::multimap<std::uint64_t, Waiting> waiting_;  // by the height they wait for
  bool is_asking_ = false;
  bool is_closed_ = false;
};

}  // namespace giro::api
