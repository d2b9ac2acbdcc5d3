#include "tests/simulation/twins_command.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crypto/fast_signatures.h"
#include "tests/simulation/twins.h"

namespace giro::sim {
namespace {

using Clock = std::chrono::steady_clock;

// What a worker has done, in memory that outlives it.
struct Tally {
  std::uint64_t next = 0;  // the scenario that it is at
  std::uint64_t scenarios = 0, failed = 0, crashed = 0, deliveries = 0, blocks = 0,
                view_changes = 0, certificates = 0;
  Time virtual_time = 0, slowest_recovery = 0;
  int code = kPass;

  void add(const TwinsReport& report) {
    ++scenarios;
    deliveries += report.deliveries;
    blocks += report.blocks;
    view_changes += report.view_changes;
    certificates += report.certificates;
    virtual_time += report.ended;
    slowest_recovery = std::max(slowest_recovery, report.recovery);
    if (!report.violation) return;
    ++failed;
    code = worse_of(code, exit_of(*report.violation));
  }
  void add(const Tally& other) {
    scenarios += other.scenarios;
    failed += other.failed;
    crashed += other.crashed;
    deliveries += other.deliveries;
    blocks += other.blocks;
    view_changes += other.view_changes;
    certificates += other.certificates;
    virtual_time += other.virtual_time;
    slowest_recovery = std::max(slowest_recovery, other.slowest_recovery);
    code = worse_of(code, other.code);
  }
};

struct Range {  // both included
  std::uint64_t first, last;
};

std::string replay(const Options& options, std::uint64_t index) {
  std::string line = "giro-sim --mode " + std::string(name(*options.twins)) + " --seed " +
                     std::to_string(index) + " --log events";
  if (options.mutant != 0) line += " --mutant " + std::to_string(options.mutant);
  return line;
}

TwinsReport run_scenario(const Options& options, std::uint64_t index) {
  const bool is_logged = options.log != LogDetail::Off;
  const TwinsReport report = Twins(plan_twins(*options.twins, index), index, is_logged).run();
  if (report.violation) {
    std::printf("FAIL mode=%s scenario=%llu rule=%s node=%zu at=%.3fs: %s\n     replay: %s\n",
                std::string(name(*options.twins)).c_str(), static_cast<unsigned long long>(index),
                report.violation->rule.c_str(), report.violation->node,
                static_cast<double>(report.ended) / kSecond, report.violation->text.c_str(),
                replay(options, index).c_str());
    std::fflush(stdout);
  }
  return report;
}

// Workers that take a share of the range each. One that dies loses the scenario it was at, and
// another goes on behind it.
class Pool {
 public:
  explicit Pool(const Options& options) : options_(options), next_(options.first) {
    void* memory = ::mmap(nullptr, sizeof(Tally) * options.jobs, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    tallies_ = {static_cast<Tally*>(memory), options.jobs};
  }

  void run() {
    while (true) {
      const bool is_over = (options_.mutant != 0 && is_kill(sum_.code)) || is_out_of_time();
      const auto free = std::ranges::find(workers_, 0, &Worker::pid);
      if (!is_over && free != workers_.end()) {
        if (const auto range = take()) {
          begin(*free, *range);
          continue;
        }
      }
      if (std::ranges::all_of(workers_, [](const Worker& worker) { return worker.pid == 0; }))
        return;
      reap();
    }
  }

  [[nodiscard]] const Tally& sum() const { return sum_; }
  [[nodiscard]] double core_seconds() const { return core_seconds_; }
  // The lowest scenario that was not run; the range's end and one if there is none.
  [[nodiscard]] std::uint64_t next() const {
    std::uint64_t lowest = next_;
    for (const Range& range : again_) lowest = std::min(lowest, range.first);
    return lowest;
  }

 private:
  struct Worker {
    pid_t pid = 0;  // 0: none
    Range range{};
  };

  // Small shares in an exam, which ends with the first kill.
  [[nodiscard]] std::optional<Range> take() {
    if (!again_.empty()) {
      const Range range = again_.front();
      again_.pop_front();
      return range;
    }
    if (next_ > options_.last) return std::nullopt;
    const std::uint64_t share = options_.mutant != 0 ? 32 : 256;
    const Range range{next_, next_ + std::min(share - 1, options_.last - next_)};
    next_ = range.last + 1;
    return range;
  }

  [[nodiscard]] bool is_out_of_time() const {
    return options_.limit && Clock::now() - begin_ > *options_.limit;
  }

  void begin(Worker& worker, const Range& range) {
    Tally& tally = tally_of(worker);
    new (&tally) Tally{.next = range.first};
    std::fflush(stdout);
    const pid_t pid = ::fork();
    if (pid < 0) std::abort();
    if (pid == 0) work(range, tally);
    worker = {pid, range};
  }

  [[noreturn]] void work(const Range& range, Tally& tally) const {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    // A mutant that breaks the core's own invariants says so once.
    if (options_.mutant != 0 && sum_.crashed > 0)
      ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    for (std::uint64_t index = range.first;; ++index) {
      tally.next = index;
      tally.add(run_scenario(options_, index));
      tally.next = index + 1;
      const bool is_killed = options_.mutant != 0 && is_kill(tally.code);
      if (index == range.last || is_killed || is_out_of_time()) break;
    }
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
    Tally& tally = tally_of(*found);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      if (options_.mutant == 0 || sum_.crashed == 0) {
        std::printf("FAIL mode=%s scenario=%llu: the process died (%s %d)\n     replay: %s\n",
                    std::string(name(*options_.twins)).c_str(),
                    static_cast<unsigned long long>(tally.next),
                    WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                    replay(options_, tally.next).c_str());
        std::fflush(stdout);
      }
      ++tally.scenarios;
      ++tally.crashed;
      ++tally.next;
      tally.code = worse_of(tally.code, kCrash);
    }
    if (tally.next <= found->range.last) again_.push_back({tally.next, found->range.last});
    sum_.add(tally);
    *found = {};
  }

  [[nodiscard]] Tally& tally_of(const Worker& worker) {
    return tallies_[static_cast<std::size_t>(&worker - workers_.data())];
  }

  const Options& options_;
  std::uint64_t next_;
  std::deque<Range> again_;
  std::span<Tally> tallies_;  // by worker
  std::vector<Worker> workers_{options_.jobs};
  Tally sum_;
  double core_seconds_ = 0;
  const Clock::time_point begin_ = Clock::now();
};

}  // namespace

double core_seconds_of(const rusage& used) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

int run_twins(const Options& options) {
  crypto::use_fast_signatures(true);
  for (const std::size_t nodes : {4U, 7U}) static_cast<void>(Twins::setup_for(nodes));
  if (options.is_one) {
    Tally one;
    one.add(run_scenario(options, options.first));
    if (one.code == kPass)
      std::printf("PASS mode=%s scenario=%llu at=%.3fs blocks=%llu\n",
                  std::string(name(*options.twins)).c_str(),
                  static_cast<unsigned long long>(options.first),
                  static_cast<double>(one.virtual_time) / kSecond,
                  static_cast<unsigned long long>(one.blocks));
    return one.code;
  }
  Pool pool(options);
  pool.run();
  const Tally& sum = pool.sum();
  if (options.mutant != 0) {
    const bool killed = is_kill(sum.code);
    std::printf("MUTANT %d %s after %llu scenarios, %.1f core-seconds, %llu of them crashed: %s\n",
                options.mutant, killed ? "killed" : "SURVIVED",
                static_cast<unsigned long long>(sum.scenarios), pool.core_seconds(),
                static_cast<unsigned long long>(sum.crashed), describe_mutant(options.mutant));
    return killed ? kPass : kSurvived;
  }
  const double seconds = std::max(pool.core_seconds(), 1e-9);
  std::printf(
      "SUMMARY mode=%s scenarios=%llu failed=%llu crashed=%llu virtual=%.1fh blocks=%llu "
      "view-changes=%llu certificates=%llu core-seconds=%.1f scenarios/s=%.0f deliveries/s=%.0f "
      "slowest-recovery=%.1fs\n",
      std::string(name(*options.twins)).c_str(), static_cast<unsigned long long>(sum.scenarios),
      static_cast<unsigned long long>(sum.failed), static_cast<unsigned long long>(sum.crashed),
      static_cast<double>(sum.virtual_time) / kSecond / 3600,
      static_cast<unsigned long long>(sum.blocks),
      static_cast<unsigned long long>(sum.view_changes),
      static_cast<unsigned long long>(sum.certificates), pool.core_seconds(),
      static_cast<double>(sum.scenarios) / seconds, static_cast<double>(sum.deliveries) / seconds,
      static_cast<double>(sum.slowest_recovery) / kSecond);
  if (pool.next() <= options.last) {
    std::printf("     the rest: giro-sim --mode %s --seeds %llu..%s\n",
                std::string(name(*options.twins)).c_str(),
                static_cast<unsigned long long>(pool.next()),
                options.is_open ? "" : std::to_string(options.last).c_str());
    if (!options.is_open) return worse_of(sum.code, kTimeLimit);
  }
  return sum.code;
}

}  // namespace giro::sim
