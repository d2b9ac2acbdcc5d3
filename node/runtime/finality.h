// Who waits for an operation to become final (surface 5.4): a height is final once its result can
// be read here and a quorum has attested it. Touches no consensus state. Thread-safe; callbacks run
// on the thread that found the news.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "node/runtime/intake.h"
#include "node/runtime/service.h"

namespace giro::runtime {

class Finality {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(OperationInfo)>;
  using StatusOf = std::function<OperationInfo(const OperationKey&)>;

  Finality(std::size_t waiters_max, StatusOf status_of)
      : waiters_max_(waiters_max), status_of_(std::move(status_of)) {}

  // False: too many waiters. Answers at once when the status is final already.
  bool wait(const OperationKey& key, Clock::time_point deadline, Done done);
  [[nodiscard]] std::size_t waiters() const;

  // Executor thread: the operations that got their outcome at this height.
  void recorded(consensus::Height height, std::vector<OperationKey> keys);
  // Everything up to this height is final.
  void reached(consensus::Height height);
  // These can never run (ledger 4.3): remembered for a while, so that their status says so.
  void expired(const std::vector<OperationKey>& keys);
  [[nodiscard]] bool is_expired(const OperationKey& key) const;
  // Answers those whose time is over with the status as it is.
  void time_passed(Clock::time_point now);
  // Answers everybody: the node stops.
  void close();

 private:
  struct Waiter;
  using Waiters = std::multimap<OperationKey, Waiter>;
  using Deadlines = std::multimap<Clock::time_point, Waiters::iterator>;
  struct Waiter {
    Deadlines::iterator deadline;
    Done done;
  };
  using Answers = std::vector<std::pair<OperationKey, Done>>;
  // mutex_ held, all three.
  void add(const OperationKey& key, Clock::time_point deadline, Done done);
  Waiters::iterator take(Waiters::iterator waiter, Answers& answers);
  void take_all(const OperationKey& key, Answers& answers);
  void answer(Answers answers);

  const std::size_t waiters_max_;
  const StatusOf status_of_;
  mutable std::mutex mutex_;  // of everything below; never held while answering
  Waiters waiters_;
  Deadlines deadlines_;  // of the waiters: a tick looks at those whose time is over, and no others
  std::map<consensus::Height, std::vector<OperationKey>> open_;  // recorded, not final yet
  std::map<OperationKey, bool> expired_;
  std::deque<OperationKey> expired_order_;
  bool closed_ = false;
};

}  // namespace giro::runtime
