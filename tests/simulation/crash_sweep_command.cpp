#include "tests/simulation/crash_sweep_command.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crypto/fast_signatures.h"
#include "tests/simulation/crash_sweep.h"
#include "tests/simulation/worker_pool.h"

namespace giro::sim {
namespace {

constexpr const char* kMode = "crash-sweep";

std::string name_of(std::uint64_t number) {
  const CrashRun run = CrashRun::of(number);
  return std::string("mode=") + kMode + " run=" + std::to_string(number) +
         " story=" + std::string(name(plan_crashes(run.scenario).story));
}

std::string replay_of(const Options& options, std::uint64_t number) {
  std::string line = std::string("giro-sim --mode ") + kMode + " --seed " + std::to_string(number) +
                     " --log events";
  line += mutant_words(options);
  return line;
}

std::string death_of(const CrashSweep& sweep, Outcome outcome) {
  const auto& point = sweep.died_at();
  if (!point) return "nobody dies";
  return "node " + std::to_string(point->node) + " dies " +
         (point->moment == Moment::Before ? "before " : "after ") + std::string(name(point->act)) +
         " (" + std::string(name(outcome)) + ")";
}

void judge(const Options& options, const CrashSweep& sweep, const CrashRun& run,
           const Report& report, Totals& totals) {
  totals.add(report);
  if (sweep.died_at()) ++totals.counts.at(static_cast<std::size_t>(sweep.died_at()->act));
  if (!report.violation) return;
  const Violation& violation = *report.violation;
  totals.fail(exit_of(violation));
  std::printf("%s %s: %s\n     rule=%s node=%zu at=%.3fs: %s\n     replay: %s\n",
              verdict_word(options), name_of(run.number()).c_str(),
              death_of(sweep, run.outcome).c_str(), violation.rule.c_str(), violation.node,
              static_cast<double>(report.ended) / kSecond, violation.text.c_str(),
              replay_of(options, run.number()).c_str());
  std::fflush(stdout);
}

class CrashTask final : public Task {
 public:
  explicit CrashTask(const Options& options) : options_(options) {}

  // A scenario, or the rest of it: one walk meets all of its points.
  [[nodiscard]] std::uint64_t share(std::uint64_t first) const override {
    return CrashRun::kPerScenario - first % CrashRun::kPerScenario;
  }

  void work(std::uint64_t first, std::uint64_t last, Progress& progress,
            const std::function<bool()>& is_over) const override {
    CrashRun run{CrashRun::of(first).scenario, 0, Outcome::Clean};
    progress.at = run.number();
    progress.next = last + 1;  // should the walk itself end the process
    bool is_stopped = false, is_child = false;
    const auto decide = [&](const CrashSweep::Point& point) -> std::optional<Outcome> {
      for (std::uint64_t i = 0; i < kOutcomes && !is_stopped; ++i) {
        const CrashRun next{run.scenario, point.number, static_cast<Outcome>(i)};
        if (next.number() < first || next.number() > last || !is_chosen(next)) continue;
        is_stopped = is_over();
        if (is_stopped) {
          progress.next = next.number();
        } else if (is_forked(next, progress.totals)) {
          is_child = true;
          run = next;
          return next.outcome;
        }
      }
      return std::nullopt;
    };
    CrashSweep sweep(run.scenario, LogDetail::Off, UINT64_MAX, decide);
    const Report report = sweep.run();
    if (is_child || run.number() >= first || report.violation)
      judge(options_, sweep, run, report, progress.totals);
    if (!is_child) return;
    std::fflush(stdout);
    std::_Exit(0);
  }

  // One alone, without a walk.
  void run(std::uint64_t number, Totals& totals) const override {
    const CrashRun run = CrashRun::of(number);
    CrashSweep sweep(run.scenario, options_.log, options_.until,
                     [&](const CrashSweep::Point& point) -> std::optional<Outcome> {
                       if (point.number != run.point) return std::nullopt;
                       return run.outcome;
                     });
    const Report report = sweep.run();
    judge(options_, sweep, run, report, totals);
    if (report.violation) return;
    if (run.point > sweep.points()) {
      totals.fail(kUsageError);
      std::printf("giro-sim: scenario %llu has %llu points\n",
                  static_cast<unsigned long long>(run.scenario),
                  static_cast<unsigned long long>(sweep.points()));
      return;
    }
    std::printf("PASS %s nodes=%zu at=%.3fs blocks=%llu points=%llu: %s\n", name_of(number).c_str(),
                report.plan.nodes, static_cast<double>(report.ended) / kSecond,
                static_cast<unsigned long long>(report.blocks),
                static_cast<unsigned long long>(sweep.points()),
                death_of(sweep, run.outcome).c_str());
  }

  [[nodiscard]] std::string name(std::uint64_t number) const override { return name_of(number); }
  [[nodiscard]] std::string replay(std::uint64_t number) const override {
    return replay_of(options_, number);
  }

 private:
  // Others of each scenario, so that a few together have met every kind.
  [[nodiscard]] bool is_chosen(const CrashRun& run) const {
    const std::uint64_t place = run.point * kOutcomes + static_cast<std::uint64_t>(run.outcome);
    return (place + options_.every_from) % options_.every == run.scenario % options_.every;
  }

  // True in a process of its own, which dies there and goes on; false once it has ended.
  [[nodiscard]] bool is_forked(const CrashRun& run, Totals& totals) const {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child < 0) std::abort();
    if (child == 0) return true;
    int status = 0;
    if (::waitpid(child, &status, 0) != child) std::abort();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
    ++totals.runs;
    ++totals.died;
    totals.fail(kCrash);
    if (options_.mutant != 0) return false;
    std::printf("FAIL %s: the process died (%s %d)\n     replay: %s\n",
                name_of(run.number()).c_str(), WIFSIGNALED(status) ? "signal" : "exit code",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                replay_of(options_, run.number()).c_str());
    std::fflush(stdout);
    return false;
  }

  const Options& options_;
};

void print_sweep_summary(const PoolResult& result) {
  const Totals& totals = result.totals;
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "SUMMARY mode=%s runs=%llu failed=%llu died=%llu virtual=%.1fh blocks=%llu "
      "view-changes=%llu snapshots=%llu log-cuts=%llu installs=%llu core-seconds=%.1f runs/s=%.0f "
      "slowest-recovery=%.1fs\n     crashes at",
      kMode, number(totals.runs), number(totals.failed), number(totals.died),
      static_cast<double>(totals.virtual_time) / kSecond / 3600, number(totals.blocks),
      number(totals.view_changes), number(totals.snapshots), number(totals.log_cuts),
      number(totals.installs), result.core_seconds,
      static_cast<double>(totals.runs) / std::max(result.core_seconds, 1e-9),
      static_cast<double>(totals.slowest_recovery) / kSecond);
  for (std::size_t act = 0; act < kActs; ++act)
    std::printf(" %s=%llu", std::string(name(static_cast<Act>(act))).c_str(),
                number(totals.counts.at(act)));
  std::printf("\n");
}

}  // namespace

int run_crash_sweep(const Options& options) {
  crypto::use_fast_signatures(true);
  const CrashTask task(options);
  if (options.is_one) {
    Totals one;
    task.run(options.first, one);
    return one.code;
  }
  const PoolResult result = run_pool(options, task);
  if (options.mutant != 0) return verdict_of(options, result);
  print_sweep_summary(result);
  return end_of(options, result, kMode);
}

}  // namespace giro::sim
