// A lane: pieces of work done one after another, beside the thread that asks for them. A running
// node's lanes are threads; a simulated one's are events of the simulator's only thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace giro::runtime {

class Lane {
 public:
  Lane() = default;
  // When this returns nothing of the lane runs any more.
  virtual ~Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  virtual void post(std::function<void()> work) = 0;  // any thread; never blocks
};

// On the calling thread, at once: for work that nobody else waits for.
class InlineLane final : public Lane {
 public:
  void post(std::function<void()> work) override { work(); }
};

// A thread of its own. Destruction does what was posted before, then joins.
class ThreadLane final : public Lane {
 public:
  ThreadLane();
  ~ThreadLane() override;
  void post(std::function<void()> work) override;

 private:
  void run();

  std::mutex mutex_;  // of the two below
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace giro::runtime
