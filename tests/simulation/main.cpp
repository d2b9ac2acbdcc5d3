// giro-sim: whole validators in one thread, on virtual clocks, disks and channels (assurance 3).
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/fast_signatures.h"
#include "crypto/mutant.h"
#include "tests/simulation/exit_codes.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scenario_suite.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {
namespace {

constexpr const char* kUsage =
    R"(giro-sim: whole validators in one thread, on virtual clocks, disks and channels.

  giro-sim --seed N [--mode M] [--log off|events|all] [--until EVENT]
  giro-sim --seeds A..B [--mode M] [--jobs J] [--time-limit 6m]     `A..` runs until the time limit
           --nodes N             validators; else drawn from the seed
           --crypto fast|real    signatures; else real in one seed of twenty
           --twice               each seed runs twice and must give the same trace
           --list modes|behaviours|mutants
  giro-sim --mutant K --seeds A..B [--mode M] [--jobs J] [--time-limit 60s]
           exam: the code with mutant K; a broken rule kills it, a crash does not
  giro-sim --scenario FILE... [--accept] [--mutant K] [--log off|events|all]
           directed scenarios; --accept writes their traces, which are compared otherwise

The same seed and mode replay exactly. Exit codes: 0 pass; 2 usage; 10 a safety rule broken; 11 a liveness
rule; 13 a trace that differs; 15 a mutant survived; 16 a crash; 17 time limit before the last seed.
)";

struct Options {
  std::uint64_t first = 1, last = 1;
  bool is_one = false;
  bool is_open = false;  // `A..`
  Mode mode = Mode::Swarm;
  std::optional<std::size_t> nodes;
  std::optional<bool> real_crypto;
  LogDetail log = LogDetail::Off;
  std::uint64_t until = UINT64_MAX;
  unsigned jobs = 1;
  std::optional<std::chrono::seconds> limit;
  bool twice = false;
  int mutant = 0;  // 0: none
  std::vector<std::string> scenarios;
  bool accept = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void usage(const std::string& error) {
  std::fprintf(stderr, "giro-sim: %s\n\n%s", error.c_str(), kUsage);
  std::exit(kUsageError);
}

std::uint64_t need_number(std::string_view option, std::string_view text) {
  const auto value = number(text);
  if (!value) usage(std::string(option) + " takes a number, not \"" + std::string(text) + "\"");
  return *value;
}

std::chrono::seconds need_duration(std::string_view text) {
  std::uint64_t unit = 1;
  std::string_view digits = text;
  if (!text.empty() && (text.back() == 's' || text.back() == 'm' || text.back() == 'h')) {
    unit = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : 3600;
    digits.remove_suffix(1);
  }
  const auto value = number(digits);
  if (!value || *value > 1'000'000) usage("--time-limit takes 90s, 6m or 2h");
  return std::chrono::seconds(*value * unit);
}

struct Mutant {
  int number;
  const char* what;
};
constexpr Mutant kMutants[] = {
    {1, "prepared with one voter fewer than a quorum (R10)"},
    {2, "committed with one voter fewer than a quorum (R11)"},
    {3, "NewView of one ViewChange fewer than a quorum (R26, R27)"},
    {4, "stable with attest votes of f+1 (R16)"},
    {5, "a signer twice counts in a certificate (R13, A5)"},
    {6, "a certificate judged by the set of another epoch (R43)"},
    {7, "a second block accepted at one place (R8)"},
    {8, "a height is not compared with H (R6, R8)"},
    {9, "a fetched batch is not checked against its id (R3, R9)"},
    {10, "a block accepted from who is not the primary (R8)"},
    {11, "a vote cast in a view that was left (R23, R36)"},
    {12, "a ViewChange says that there is no high (R23)"},
    {13, "the latest certificate becomes high, not the highest (R10a)"},
    {14, "the lowest high is the anchor (R26, R27)"},
    {15, "certificates of ViewChange and NewView are not verified (R25, R27)"},
    {16, "the anchor is not compared with the highest high (R27)"},
    {17, "the anchor is not voted for again (R29)"},
    {18, "a ViewChange is sent once only (R23)"},
    {19, "the view timer has no cap (R21)"},
    {20, "the timer of a view starts before a quorum asked for it (R29)"},
    {21, "no jump on a weak quorum of later views (R24)"},
    {22, "the view is not persisted before its ViewChange (R23, R35)"},
    {23, "votes are sent before the log is synced (R35)"},
    {24, "votes of an earlier life are not read back (R38)"},
};

void list(std::string_view what) {
  if (what == "modes") {
    for (const Mode mode : all_modes()) std::printf("%s\n", std::string(name(mode)).c_str());
  } else if (what == "behaviours") {
    for (const auto* behaviours : {&Byzantine::all(), &Byzantine::directed()}) {
      for (const auto& behaviour : *behaviours)
        std::printf("%-5s %s\n", behaviour.id, behaviour.what);
    }
  } else if (what == "mutants") {
    for (const auto& mutant : kMutants) std::printf("%-3d %s\n", mutant.number, mutant.what);
  } else {
    usage("--list takes modes, behaviours or mutants");
  }
  std::exit(kPass);
}

void take_seeds(Options& options, std::string_view text) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) usage("--seeds takes A..B or A..");
  options.first = need_number("--seeds", text.substr(0, dots));
  const auto end = text.substr(dots + 2);
  options.is_open = end.empty();
  options.last = options.is_open ? UINT64_MAX : need_number("--seeds", end);
  if (options.last < options.first) usage("--seeds: the last is below the first");
}

Options parse(const std::vector<std::string_view>& words) {
  Options options;
  bool has_seed = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      std::printf("%s", kUsage);
      std::exit(kPass);
    }
    if (word == "--twice") {
      options.twice = true;
      continue;
    }
    if (word == "--accept") {
      options.accept = true;
      continue;
    }
    if (i + 1 == words.size()) usage("unknown option, or a value is missing: " + std::string(word));
    const std::string_view value = words[++i];
    if (word == "--seed") {
      options.first = options.last = need_number(word, value);
      options.is_one = has_seed = true;
    } else if (word == "--seeds") {
      take_seeds(options, value);
      has_seed = true;
    } else if (word == "--mode") {
      const auto mode = mode_of(value);
      if (!mode) usage("unknown mode " + std::string(value) + "; giro-sim --list modes");
      options.mode = *mode;
    } else if (word == "--nodes") {
      const std::uint64_t count = need_number(word, value);
      if (count < 4 || count > 13) usage("--nodes takes 4 to 13");
      options.nodes = count;
    } else if (word == "--crypto") {
      if (value != "fast" && value != "real") usage("--crypto takes fast or real");
      options.real_crypto = value == "real";
    } else if (word == "--log") {
      if (value != "off" && value != "events" && value != "all")
        usage("--log takes off, events or all");
      options.log = value == "off"      ? LogDetail::Off
                    : value == "events" ? LogDetail::Events
                                        : LogDetail::All;
    } else if (word == "--until") {
      options.until = need_number(word, value);
    } else if (word == "--jobs") {
      options.jobs = static_cast<unsigned>(need_number(word, value));
      if (options.jobs < 1 || options.jobs > 256) usage("--jobs takes 1 to 256");
    } else if (word == "--time-limit") {
      options.limit = need_duration(value);
    } else if (word == "--mutant") {
      options.mutant = static_cast<int>(need_number(word, value));
      if (std::ranges::find(kMutants, options.mutant, &Mutant::number) == std::end(kMutants))
        usage("unknown mutant " + std::string(value) + "; giro-sim --list mutants");
    } else if (word == "--scenario") {
      options.scenarios.emplace_back(value);
      while (i + 1 < words.size() && !words[i + 1].starts_with("--"))
        options.scenarios.emplace_back(words[++i]);
    } else if (word == "--list") {
      list(value);
    } else {
      usage("unknown option " + std::string(word));
    }
  }
  if (!options.scenarios.empty()) return options;
  if (!has_seed) usage("which seed? --seed N or --seeds A..B");
  if (options.is_open && !options.limit) usage("`A..` needs a --time-limit");
  return options;
}

bool is_real_crypto(const Options& options, std::uint64_t seed) {
  Random random(seed, "crypto");
  const bool drawn = random.chance(0.05);
  return options.real_crypto.value_or(drawn);
}

int exit_of(const Violation& violation) {
  return violation.rule.starts_with("L") ? kLiveness : kSafety;
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
                rebuilds = 0;
  double virtual_seconds = 0, core_seconds = 0, slowest_recovery = 0;
  std::map<std::string, std::uint64_t> behaviours;
  int code = kPass;

  void add(const Report& report, double seconds) {
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
    virtual_seconds += static_cast<double>(report.ended) / kSecond;
    core_seconds += seconds;
    slowest_recovery = std::max(slowest_recovery, static_cast<double>(report.recovery) / kSecond);
    for (const auto& [id, count] : report.behaviours) behaviours[id] += count;
  }
  void worse(int other) {  // the lowest code from 10 up
    if (other == kPass) return;
    code = code == kPass ? other : std::min(code, other);
  }
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of this process: what other work on the machine takes is not the simulator's.
double core_seconds_now() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

Totals run_seed(const Options& options, std::uint64_t seed) {
  Totals totals;
  crypto::use_fast_signatures(!is_real_crypto(options, seed));
  RunOptions run;
  run.plan = {.seed = seed, .mode = options.mode, .nodes = options.nodes};
  run.log = options.log;
  run.until_event = options.until;
  const double begin = core_seconds_now();
  const Report report = Simulation(run).run();
  totals.add(report, core_seconds_now() - begin);
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
  std::string line =
      std::to_string(totals.seeds) + " " + std::to_string(totals.failed) + " " +
      std::to_string(totals.deliveries) + " " + std::to_string(totals.blocks) + " " +
      std::to_string(totals.operations) + " " + std::to_string(totals.view_changes) + " " +
      std::to_string(totals.certificates) + " " + std::to_string(totals.crashes) + " " +
      std::to_string(totals.virtual_seconds) + " " + std::to_string(totals.core_seconds) + " " +
      std::to_string(totals.slowest_recovery) + " " + std::to_string(totals.code) + " " +
      std::to_string(totals.snapshots) + " " + std::to_string(totals.log_cuts) + " " +
      std::to_string(totals.installs) + " " + std::to_string(totals.rebuilds);
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
  sum.core_seconds += real(9);
  sum.slowest_recovery = std::max(sum.slowest_recovery, real(10));
  sum.worse(static_cast<int>(count(11)));
  sum.snapshots += count(12);
  sum.log_cuts += count(13);
  sum.installs += count(14);
  sum.rebuilds += count(15);
  for (std::size_t i = 16; i + 1 < words.size(); i += 2) sum.behaviours[words[i]] += count(i + 1);
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
    const pid_t ended = ::waitpid(-1, &status, 0);
    const auto found = std::ranges::find(workers, ended, &Worker::pid);
    if (found == workers.end()) return;
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
    const bool is_killed = options.mutant != 0 && (sum.code == kSafety || sum.code == kLiveness);
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
      "crashes=%llu snapshots=%llu log-cuts=%llu installs=%llu rebuilds=%llu certificates=%llu "
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
      static_cast<unsigned long long>(totals.certificates),
      static_cast<double>(totals.deliveries) / std::max(totals.core_seconds, 1e-9),
      totals.virtual_seconds / std::max(totals.core_seconds, 1e-9), totals.slowest_recovery,
      totals.behaviours.size(), Byzantine::all().size());
}

int exam(const Options& options) {
  const Totals totals = run_all(options);
  const bool killed = totals.code == kSafety || totals.code == kLiveness;
  std::printf("MUTANT %d %s after %llu seeds, %.1f core-seconds: %s\n", options.mutant,
              killed ? "killed" : "SURVIVED", static_cast<unsigned long long>(totals.seeds),
              totals.core_seconds,
              std::ranges::find(kMutants, options.mutant, &Mutant::number)->what);
  return killed ? kPass : kSurvived;
}

int run(const std::vector<std::string_view>& words) {
  const Options options = parse(words);
  crypto::active_mutant = options.mutant;
  if (!options.scenarios.empty())
    return run_scenarios({options.scenarios, options.accept, options.mutant, options.log});
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
