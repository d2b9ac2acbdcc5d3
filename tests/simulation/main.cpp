// giro-sim: whole validators in one thread, on virtual clocks, disks and channels (assurance 3).
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/fast_signatures.h"
#include "crypto/mutant.h"
#include "tests/simulation/options.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scenario_suite.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/twins_command.h"

namespace giro::sim {
namespace {

bool is_real_crypto(const Options& options, std::uint64_t seed) {
  Random random(seed, "crypto");
  const bool drawn = random.chance(0.05);
  return options.real_crypto.value_or(drawn);
}

void print_failure(const Options& options, std::uint64_t seed, const Report& report) {
  const auto& violation = *report.violation;
  std::printf(
      "FAIL seed=%llu mode=%s nodes=%zu rule=%s node=%zu at=%.3fs event=%llu trace=%s\n"
      "     %s\n     replay: giro-sim --seed %llu --mode %s%s --log events --until %llu\n",
      static_cast<unsigned long long>(seed), std::string(name(report.plan.mode)).c_str(),
      report.plan.nodes, violation.rule.c_str(), violation.node,
      static_cast<double>(report.ended) / kSecond, static_cast<unsigned long long>(report.events),
      crypto::to_hex(report.trace).substr(0, 16).c_str(), violation.text.c_str(),
      static_cast<unsigned long long>(seed), std::string(name(report.plan.mode)).c_str(),
      options.nodes ? (" --nodes " + std::to_string(*options.nodes)).c_str() : "",
      static_cast<unsigned long long>(report.events));
}

// What several seeds gave together; goes from a worker to the parent as one line of text.
struct Totals {
  std::uint64_t seeds = 0, failed = 0, deliveries = 0, blocks = 0, operations = 0, view_changes = 0,
                certificates = 0, crashes = 0, snapshots = 0, log_cuts = 0, installs = 0,
                rebuilds = 0, seats = 0, keys = 0;
  double virtual_seconds = 0, core_seconds = 0, slowest_recovery = 0;
  std::map<std::string, std::uint64_t> behaviours;
  int code = kPass;

  void add(const Report& report) {
    ++seeds;
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
    virtual_seconds += static_cast<double>(report.ended) / kSecond;
    slowest_recovery = std::max(slowest_recovery, static_cast<double>(report.recovery) / kSecond);
    for (const auto& [id, count] : report.behaviours) behaviours[id] += count;
  }
  void worse(int other) { code = worse_of(code, other); }
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Totals run_seed(const Options& options, std::uint64_t seed) {
  Totals totals;
  crypto::use_fast_signatures(!is_real_crypto(options, seed));
  RunOptions run;
  run.plan = {.seed = seed, .mode = options.mode, .nodes = options.nodes};
  run.log = options.log;
  run.until_event = options.until;
  const Report report = Simulation(run).run();
  totals.add(report);
  if (report.violation) {
    ++totals.failed;
    totals.worse(exit_of(*report.violation));
    print_failure(options, seed, report);
  } else if (options.twice) {
    const Report again = Simulation(run).run();
    if (again.trace != report.trace) {
      ++totals.failed;
      totals.worse(kTraceDiffers);
      std::printf("FAIL seed=%llu: two runs differ, trace %s and %s\n",
                  static_cast<unsigned long long>(seed),
                  crypto::to_hex(report.trace).substr(0, 16).c_str(),
                  crypto::to_hex(again.trace).substr(0, 16).c_str());
    }
  } else if (options.is_one) {
    std::printf("PASS seed=%llu mode=%s nodes=%zu at=%.3fs events=%llu trace=%s\n",
                static_cast<unsigned long long>(seed), std::string(name(report.plan.mode)).c_str(),
                report.plan.nodes, static_cast<double>(report.ended) / kSecond,
                static_cast<unsigned long long>(report.events),
                crypto::to_hex(report.trace).substr(0, 16).c_str());
  }
  std::fflush(stdout);
  return totals;
}

void send(int pipe, const Totals& totals) {
  std::string line = std::to_string(totals.seeds) + " " + std::to_string(totals.failed) + " " +
                     std::to_string(totals.deliveries) + " " + std::to_string(totals.blocks) + " " +
                     std::to_string(totals.operations) + " " + std::to_string(totals.view_changes) +
                     " " + std::to_string(totals.certificates) + " " +
                     std::to_string(totals.crashes) + " " + std::to_string(totals.virtual_seconds) +
                     " " + std::to_string(totals.slowest_recovery) + " " +
                     std::to_string(totals.code) + " " + std::to_string(totals.snapshots) + " " +
                     std::to_string(totals.log_cuts) + " " + std::to_string(totals.installs) + " " +
                     std::to_string(totals.rebuilds) + " " + std::to_string(totals.seats) + " " +
                     std::to_string(totals.keys);
  for (const auto& [id, count] : totals.behaviours) line += " " + id + " " + std::to_string(count);
  line += "\n";
  if (::write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

void take(std::string_view line, Totals& sum) {
  const std::string text(line);
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const auto count = [&](std::size_t i) { return std::strtoull(words.at(i).c_str(), nullptr, 10); };
  const auto real = [&](std::size_t i) { return std::strtod(words.at(i).c_str(), nullptr); };
  sum.seeds += count(0);
  sum.failed += count(1);
  sum.deliveries += count(2);
  sum.blocks += count(3);
  sum.operations += count(4);
  sum.view_changes += count(5);
  sum.certificates += count(6);
  sum.crashes += count(7);
  sum.virtual_seconds += real(8);
  sum.slowest_recovery = std::max(sum.slowest_recovery, real(9));
  sum.worse(static_cast<int>(count(10)));
  sum.snapshots += count(11);
  sum.log_cuts += count(12);
  sum.installs += count(13);
  sum.rebuilds += count(14);
  sum.seats += count(15);
  sum.keys += count(16);
  for (std::size_t i = 17; i + 1 < words.size(); i += 2) sum.behaviours[words[i]] += count(i + 1);
}

// Each seed has a process of its own: one that dies takes nothing along.
Totals run_all(const Options& options) {
  Totals sum;
  struct Worker {
    pid_t pid;
    int pipe;
    std::uint64_t seed;
  };
  std::vector<Worker> workers;
  std::uint64_t next = options.first;
  bool is_over = false;
  const double begin = seconds_now();
  double told = begin;
  const auto reap = [&] {
    int status = 0;
    rusage used{};
    const pid_t ended = ::wait4(-1, &status, 0, &used);
    const auto found = std::ranges::find(workers, ended, &Worker::pid);
    if (found == workers.end()) return;
    sum.core_seconds += core_seconds_of(used);
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(found->pipe, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(got));
    ::close(found->pipe);
    if (!text.empty() && WIFEXITED(status)) {
      take(std::string_view(text).substr(0, text.find('\n')), sum);
    } else {
      ++sum.seeds;
      ++sum.failed;
      sum.worse(kCrash);
      std::printf(
          "FAIL seed=%llu: the process died (%s %d)\n     replay: giro-sim --seed %llu --mode %s\n",
          static_cast<unsigned long long>(found->seed),
          WIFSIGNALED(status) ? "signal" : "exit code",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
          static_cast<unsigned long long>(found->seed), std::string(name(options.mode)).c_str());
      std::fflush(stdout);
    }
    workers.erase(found);
  };
  while (!is_over || !workers.empty()) {
    const bool is_killed = options.mutant != 0 && is_kill(sum.code);
    is_over =
        is_over || is_killed || next > options.last ||
        (options.limit && seconds_now() - begin > static_cast<double>(options.limit->count()));
    if (is_over || workers.size() == options.jobs) {
      if (!workers.empty()) reap();
      if (seconds_now() - told > 10) {
        told = seconds_now();
        std::printf("  %llu seeds, %llu failed, %.0f s\n",
                    static_cast<unsigned long long>(sum.seeds),
                    static_cast<unsigned long long>(sum.failed), told - begin);
        std::fflush(stdout);
      }
      continue;
    }
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    std::fflush(stdout);
    const pid_t pid = ::fork();
    if (pid < 0) std::abort();
    if (pid == 0) {
      ::close(ends[0]);
      send(ends[1], run_seed(options, next));
      std::_Exit(0);
    }
    ::close(ends[1]);
    workers.push_back({pid, ends[0], next});
    is_over = next++ == options.last;
  }
  if (options.limit && !options.is_open && next <= options.last && next != options.first)
    sum.worse(kTimeLimit);
  return sum;
}

void print_summary(const Totals& totals) {
  std::printf(
      "SUMMARY seeds=%llu failed=%llu virtual=%.1fh blocks=%llu operations=%llu view-changes=%llu "
      "crashes=%llu snapshots=%llu log-cuts=%llu installs=%llu rebuilds=%llu seats=%llu keys=%llu "
      "certificates=%llu "
      "deliveries/s=%.0f virtual-s/s=%.0f slowest-recovery=%.1fs "
      "behaviours=%zu/%zu\n",
      static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.failed),
      totals.virtual_seconds / 3600, static_cast<unsigned long long>(totals.blocks),
      static_cast<unsigned long long>(totals.operations),
      static_cast<unsigned long long>(totals.view_changes),
      static_cast<unsigned long long>(totals.crashes),
      static_cast<unsigned long long>(totals.snapshots),
      static_cast<unsigned long long>(totals.log_cuts),
      static_cast<unsigned long long>(totals.installs),
      static_cast<unsigned long long>(totals.rebuilds),
      static_cast<unsigned long long>(totals.seats), static_cast<unsigned long long>(totals.keys),
      static_cast<unsigned long long>(totals.certificates),
      static_cast<double>(totals.deliveries) / std::max(totals.core_seconds, 1e-9),
      totals.virtual_seconds / std::max(totals.core_seconds, 1e-9), totals.slowest_recovery,
      totals.behaviours.size(), Byzantine::all().size());
}

int exam(const Options& options) {
  const Totals totals = run_all(options);
  const bool killed = is_kill(totals.code);
  std::printf("MUTANT %d %s after %llu seeds, %.1f core-seconds: %s\n", options.mutant,
              killed ? "killed" : "SURVIVED", static_cast<unsigned long long>(totals.seeds),
              totals.core_seconds, describe_mutant(options.mutant));
  return killed ? kPass : kSurvived;
}

int run(const std::vector<std::string_view>& words) {
  const Options options = parse(words);
  crypto::active_mutant = options.mutant;
  if (options.twins) return run_twins(options);
  if (!options.scenarios.empty()) return run_scenarios(options);
  if (options.mutant != 0) return exam(options);
  if (options.is_one) return run_seed(options, options.first).code;
  const Totals totals = run_all(options);
  print_summary(totals);
  return totals.code;
}

}  // namespace
}  // namespace giro::sim

int main(int count, char** words) {
  return giro::sim::run({words + 1, words + count});
}
