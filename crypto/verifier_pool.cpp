#include "crypto/verifier_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

#include "crypto/check.h"

namespace giro::crypto {

namespace {

struct Job {
  std::vector<SignatureCheck> checks;
  Verdicts verdicts{0};
  VerifierPool::Done done;
  std::function<void()> work;  // instead of checks
  std::size_t chunks = 1;
  std::size_t claimed = 0;  // chunks handed out; guarded by the pool's mutex
  std::atomic<std::size_t> unfinished{1};
};

void run_chunk(Job& job, std::size_t index, std::size_t chunk) {
  const std::size_t begin = index * chunk;
  const std::size_t end = std::min(begin + chunk, job.checks.size());
  const std::span<bool> valid = job.verdicts.mutable_view();
  for (std::size_t i = begin; i < end; ++i) {
    const SignatureCheck& check = job.checks[i];
    valid[i] = verify(check.key, check.message, check.signature);
  }
  // The last thread to finish sees what all others wrote.
  if (job.unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1)
    job.done(std::move(job.verdicts));
}

}  // namespace

struct VerifierPool::State {
  explicit State(std::size_t checks_per_chunk) : chunk(checks_per_chunk) {}

  void add(std::shared_ptr<Job> job);
  void serve();
  // A piece of the oldest job and its number; the queue is not empty. With the mutex held.
  std::pair<std::shared_ptr<Job>, std::size_t> claim();
  void run(Job& job, std::size_t index) const;

  const std::size_t chunk;
  std::function<void()> queued;  // instead of threads
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> queue;  // jobs with chunks left to hand out
  std::size_t waiting = 0;                 // threads asleep on `wake`, or woken and not yet running
  bool stopping = false;
  std::vector<std::thread> threads;
};

void VerifierPool::State::add(std::shared_ptr<Job> job) {
  std::size_t to_wake = 0;
  {
    const std::lock_guard lock(mutex);
    if (stopping) return;
    to_wake = std::min(job->chunks, waiting);
    queue.push_back(std::move(job));
  }
  if (queued) queued();
  // A thread that is awake looks at the queue again before it sleeps, so only sleepers need a call.
  for (std::size_t i = 0; i < to_wake; ++i) wake.notify_one();
}

void VerifierPool::State::serve() {
  for (;;) {
    std::shared_ptr<Job> job;
    std::size_t index = 0;
    {
      std::unique_lock lock(mutex);
      ++waiting;
      wake.wait(lock, [&] { return stopping || !queue.empty(); });
      --waiting;
      if (queue.empty()) return;
      std::tie(job, index) = claim();
    }
    run(*job, index);
  }
}

std::pair<std::shared_ptr<Job>, std::size_t> VerifierPool::State::claim() {
  std::shared_ptr<Job> job = queue.front();
  const std::size_t index = job->claimed++;
  if (job->claimed == job->chunks) queue.pop_front();
  return {std::move(job), index};
}

void VerifierPool::State::run(Job& job, std::size_t index) const {
  if (job.work) {
    job.work();
  } else {
    run_chunk(job, index, chunk);
  }
}

VerifierPool::VerifierPool(std::size_t threads, std::size_t chunk)
    : state_(std::make_unique<State>(chunk)) {
  GIRO_CHECK(threads >= 1 && chunk >= 1, threads, chunk);
  state_->threads.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->serve(); });
  }
}

VerifierPool::VerifierPool(std::function<void()> queued) : state_(std::make_unique<State>(32)) {
  state_->queued = std::move(queued);
}

VerifierPool::~VerifierPool() {
  std::deque<std::shared_ptr<Job>> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    auto& queue = state_->queue;
    const auto first_unbegun =
        std::find_if(queue.begin(), queue.end(), [](const auto& job) { return job->claimed == 0; });
    std::move(first_unbegun, queue.end(), std::back_inserter(dropped));
    queue.erase(first_unbegun, queue.end());
  }
  state_->wake.notify_all();
  dropped.clear();  // outside the lock: what `done` owns may do anything when it goes
  for (std::thread& thread : state_->threads) {
    GIRO_CHECK(thread.get_id() != std::this_thread::get_id());
    thread.join();
  }
}

void VerifierPool::submit(std::vector<SignatureCheck> checks, Done done) {
  GIRO_CHECK(done != nullptr);
  auto job = std::make_shared<Job>();
  job->verdicts = Verdicts(checks.size());
  job->checks = std::move(checks);
  job->done = std::move(done);
  job->chunks = std::max<std::size_t>(1, (job->checks.size() + state_->chunk - 1) / state_->chunk);
  job->unfinished.store(job->chunks, std::memory_order_relaxed);
  state_->add(std::move(job));
}

void VerifierPool::run(std::function<void()> work) {
  GIRO_CHECK(work != nullptr);
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  state_->add(std::move(job));
}

bool VerifierPool::help() {
  std::shared_ptr<Job> job;
  std::size_t index = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.empty() || state_->stopping) return false;
    std::tie(job, index) = state_->claim();
  }
  state_->run(*job, index);
  return true;
}

std::size_t VerifierPool::threads() const {
  return state_->threads.size();
}

}  // namespace giro::crypto
