// The only clock and the only queue: what happens, in order of (virtual time, insertion). One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

namespace giro::sim {

// Microseconds of virtual time since the start.
using Time = std::int64_t;
inline constexpr Time kMillisecond = 1'000;
inline constexpr Time kSecond = 1'000'000;

class Scheduler {
 public:
  using Work = std::function<void()>;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }  // that have happened
  void at(Time when, Work work) {
    queue_.push({when < now_ ? now_ : when, next_number_++, std::move(work)});
  }
  void in(Time delay, Work work) { at(now_ + delay, std::move(work)); }

  // The next happening at or before `until`; false: none, and it is `until` now.
  bool step(Time until) {
    if (queue_.empty() || queue_.top().at > until) {
      now_ = until;
      return false;
    }
    // The queue gives no way to take its top out; nothing is compared by its work.
    Work work = std::move(const_cast<Happening&>(queue_.top()).work);
    now_ = queue_.top().at;
    queue_.pop();
    ++events_;
    work();
    return true;
  }

 private:
  struct Happening {
    Time at;
    std::uint64_t number;
    Work work;
    bool operator<(const Happening& other) const {  // the queue's top is its greatest
      return std::tie(at, number) > std::tie(other.at, other.number);
    }
  };
  std::priority_queue<Happening> queue_;
  Time now_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace giro::sim
