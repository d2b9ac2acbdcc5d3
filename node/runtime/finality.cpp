#include "node/runtime/finality.h"

#include <utility>

namespace giro::runtime {
namespace {

constexpr std::size_t kExpiredKept = 100'000;

bool is_final(OperationStatus status) {
  return status == OperationStatus::Committed || status == OperationStatus::Rejected ||
         status == OperationStatus::Expired;
}

}  // namespace

bool Finality::wait(const OperationKey& key, Clock::time_point deadline, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || waiters_.size() >= waiters_max_) return false;
    add(key, deadline, std::move(done));
  }
  // Registered first and looked at afterwards: what becomes final in between answers once, here or
  // there.
  if (!is_final(status_of_(key).status)) return true;
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    take_all(key, answers);
  }
  answer(std::move(answers));
  return true;
}

std::size_t Finality::waiters() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

void Finality::recorded(consensus::Height height, std::vector<OperationKey> keys) {
  if (keys.empty()) return;
  const std::lock_guard lock(mutex_);
  open_.emplace(height, std::move(keys));
}

void Finality::reached(consensus::Height height) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    while (!open_.empty() && open_.begin()->first <= height) {
      for (const OperationKey& key : open_.begin()->second) take_all(key, answers);
      open_.erase(open_.begin());
    }
  }
  answer(std::move(answers));
}

void Finality::expired(const std::vector<OperationKey>& keys) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    for (const OperationKey& key : keys) {
      if (expired_.emplace(key, true).second) expired_order_.push_back(key);
      take_all(key, answers);
    }
    for (; expired_order_.size() > kExpiredKept; expired_order_.pop_front())
      expired_.erase(expired_order_.front());
  }
  answer(std::move(answers));
}

bool Finality::is_expired(const OperationKey& key) const {
  const std::lock_guard lock(mutex_);
  return expired_.contains(key);
}

void Finality::time_passed(Clock::time_point now) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    while (!deadlines_.empty() && (closed_ || deadlines_.begin()->first <= now))
      take(deadlines_.begin()->second, answers);
  }
  answer(std::move(answers));
}

void Finality::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  time_passed({});
}

void Finality::add(const OperationKey& key, Clock::time_point deadline, Done done) {
  const auto waiter = waiters_.emplace(key, Waiter{{}, std::move(done)});
  waiter->second.deadline = deadlines_.emplace(deadline, waiter);
}

Finality::Waiters::iterator Finality::take(Waiters::iterator waiter, Answers& answers) {
  answers.emplace_back(waiter->first, std::move(waiter->second.done));
  deadlines_.erase(waiter->second.deadline);
  return waiters_.erase(waiter);
}

void Finality::take_all(const OperationKey& key, Answers& answers) {
  const auto [begin, end] = waiters_.equal_range(key);
  for (auto it = begin; it != end;) it = take(it, answers);
}

void Finality::answer(Answers answers) {
  for (auto& [key, done] : answers) done(status_of_(key));
}

}  // namespace giro::runtime
