#include "tests/simulation/worker_pool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <new>
#include <optional>
#include <span>
#include <vector>

namespace giro::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTellEvery{10};

// Processor time of a process that has ended, however it did, with those that it waited for.
double core_seconds_of(const rusage& used) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Range {  // both included
  std::uint64_t first, last;
};

// Workers that take a share of the range each. One that dies loses the run it was at, and another
// goes on behind it.
class Pool {
 public:
  Pool(const Options& options, const Task& task)
      : options_(options), task_(task), next_(options.first) {
    void* memory = ::mmap(nullptr, sizeof(Progress) * options.jobs, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    progress_ = {static_cast<Progress*>(memory), options.jobs};
  }
  ~Pool() { ::munmap(progress_.data(), progress_.size_bytes()); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  PoolResult run() {
    for (;;) {
      const bool is_over = is_killed(sum_) || is_out_of_time();
      const auto free = std::ranges::find(workers_, 0, &Worker::pid);
      if (!is_over && free != workers_.end()) {
        if (const auto range = take()) {
          begin(*free, *range);
          continue;
        }
      }
      if (std::ranges::all_of(workers_, [](const Worker& worker) { return worker.pid == 0; }))
        break;
      reap();
      tell();
    }
    std::optional<std::uint64_t> lowest;
    if (!is_taken_) lowest = next_;
    for (const Range& range : again_) lowest = std::min(lowest.value_or(range.first), range.first);
    return {sum_, core_seconds_, lowest};
  }

 private:
  struct Worker {
    pid_t pid = 0;  // 0: none
    Range range{};
  };

  [[nodiscard]] bool is_killed(const Totals& totals) const {
    return options_.mutant != 0 && is_kill(totals.code);
  }
  [[nodiscard]] bool is_out_of_time() const {
    return options_.limit && Clock::now() - begin_ > *options_.limit;
  }

  [[nodiscard]] std::optional<Range> take() {
    if (!again_.empty()) {
      const Range range = again_.front();
      again_.pop_front();
      return range;
    }
    if (is_taken_) return std::nullopt;
    const Range range{next_, next_ + std::min(task_.share(next_) - 1, options_.last - next_)};
    is_taken_ = range.last == options_.last;
    next_ = range.last + 1;
    return range;
  }

  void begin(Worker& worker, const Range& range) {
    Progress& progress = progress_of(worker);
    new (&progress) Progress{.at = range.first, .next = range.first + 1, .totals = {}};
    std::fflush(stdout);
    const pid_t pid = ::fork();
    if (pid < 0) std::abort();
    if (pid == 0) work(range, progress);
    worker = {pid, range};
  }

  [[noreturn]] void work(const Range& range, Progress& progress) const {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    // A mutant that breaks the core's own invariants says so once.
    if (options_.mutant != 0 && sum_.died > 0) ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    task_.work(range.first, range.last, progress,
               [&] { return is_killed(progress.totals) || is_out_of_time(); });
    std::fflush(stdout);
    std::_Exit(0);
  }

  void reap() {
    int status = 0;
    rusage used{};
    const pid_t ended = ::wait4(-1, &status, 0, &used);
    const auto found = std::ranges::find(workers_, ended, &Worker::pid);
    if (ended <= 0 || found == workers_.end()) return;
    core_seconds_ += core_seconds_of(used);
    Progress& progress = progress_of(*found);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      if (options_.mutant == 0 || sum_.died == 0) {
        std::printf("FAIL %s: the process died (%s %d)\n     replay: %s\n",
                    task_.name(progress.at).c_str(), WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                    task_.replay(progress.at).c_str());
        std::fflush(stdout);
      }
      ++progress.totals.runs;
      ++progress.totals.died;
      progress.totals.fail(kCrash);
    }
    if (progress.next <= found->range.last && progress.next >= found->range.first)
      again_.push_back({progress.next, found->range.last});
    sum_.add(progress.totals);
    *found = {};
  }

  void tell() {
    if (Clock::now() - told_ < kTellEvery) return;
    told_ = Clock::now();
    std::printf("  %llu runs, %llu failed, %.0f s\n", static_cast<unsigned long long>(sum_.runs),
                static_cast<unsigned long long>(sum_.failed),
                std::chrono::duration<double>(told_ - begin_).count());
    std::fflush(stdout);
  }

  [[nodiscard]] Progress& progress_of(const Worker& worker) {
    return progress_[static_cast<std::size_t>(&worker - workers_.data())];
  }

  const Options& options_;
  const Task& task_;
  std::uint64_t next_;
  bool is_taken_ = false;  // the range is, to its end
  std::deque<Range> again_;
  std::span<Progress> progress_;  // by worker
  std::vector<Worker> workers_{options_.jobs};
  Totals sum_;
  double core_seconds_ = 0;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point told_ = begin_;
};

}  // namespace

void Totals::add(const Report& report) {
  ++runs;
  deliveries += report.deliveries;
  blocks += report.blocks;
  operations += report.operations;
  view_changes += report.view_changes;
  certificates += report.certificates;
  crashes += report.crashes;
  snapshots += report.snapshots;
  log_cuts += report.log_cuts;
  installs += report.installs;
  rebuilds += report.rebuilds;
  seats += report.seats;
  keys += report.keys;
  virtual_time += report.ended;
  slowest_recovery = std::max(slowest_recovery, report.recovery);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] += report.steps[i];
}

void Totals::add(const Totals& other) {
  runs += other.runs;
  failed += other.failed;
  died += other.died;
  deliveries += other.deliveries;
  blocks += other.blocks;
  operations += other.operations;
  view_changes += other.view_changes;
  certificates += other.certificates;
  crashes += other.crashes;
  snapshots += other.snapshots;
  log_cuts += other.log_cuts;
  installs += other.installs;
  rebuilds += other.rebuilds;
  seats += other.seats;
  keys += other.keys;
  virtual_time += other.virtual_time;
  slowest_recovery = std::max(slowest_recovery, other.slowest_recovery);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] += other.steps[i];
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (std::size_t form = 0; form < 2; ++form) fields[i][form] += other.fields[i][form];
  }
  code = worse_of(code, other.code);
}

void Task::work(std::uint64_t first, std::uint64_t last, Progress& progress,
                const std::function<bool()>& is_over) const {
  for (std::uint64_t number = first;; ++number) {
    progress.at = number;
    progress.next = number + 1;
    run(number, progress.totals);
    if (number == last || is_over()) return;
  }
}

PoolResult run_pool(const Options& options, const Task& task) {
  return Pool(options, task).run();
}

int end_of(const Options& options, const PoolResult& result, std::string_view mode) {
  if (!result.next) return result.totals.code;
  std::string rest =
      "giro-sim --mode " + std::string(mode) + " --seeds " + std::to_string(*result.next) + "..";
  if (!options.is_open) rest += std::to_string(options.last);
  if (options.every != 1)
    rest += " --every " + std::to_string(options.every) + "+" + std::to_string(options.every_from);
  if (options.nodes) rest += " --nodes " + std::to_string(*options.nodes);
  if (options.length == Length::Full) rest += " --length full";
  if (options.real_crypto) rest += *options.real_crypto ? " --crypto real" : " --crypto fast";
  if (options.twice) rest += " --twice";
  if (options.is_open) rest += " --time-limit " + std::to_string(options.limit->count()) + "s";
  std::printf("     the rest: %s\n", rest.c_str());
  return options.is_open ? result.totals.code : worse_of(result.totals.code, kTimeLimit);
}

int verdict_of(const Options& options, const PoolResult& result) {
  const bool killed = is_kill(result.totals.code);
  std::printf("MUTANT %d %s after %llu runs, %.1f core-seconds, %llu of them died: %s\n",
              options.mutant, killed ? "killed" : "SURVIVED",
              static_cast<unsigned long long>(result.totals.runs), result.core_seconds,
              static_cast<unsigned long long>(result.totals.died), describe_mutant(options.mutant));
  return killed ? kPass : kSurvived;
}

}  // namespace giro::sim
