// A range of numbered runs in worker processes: what they gave together, how long it took, and what
// is left. Seeds, Twins and the crash sweep are three tasks of the one pool.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/options.h"
#include "tests/simulation/scheduler.h"

namespace giro::sim {

// What several runs gave together. Plain numbers: a worker's lie in memory that it shares with its
// parent, so that they outlive it.
struct Totals {
  std::uint64_t runs = 0, failed = 0, died = 0;  // who died has failed as well
  std::uint64_t deliveries = 0, blocks = 0, operations = 0, view_changes = 0, certificates = 0,
                crashes = 0, snapshots = 0, log_cuts = 0, installs = 0, rebuilds = 0, seats = 0,
                keys = 0;
  Time virtual_time = 0, slowest_recovery = 0;
  // Numbered by the task: activations of a behaviour, crashes at a kind of point.
  std::array<std::uint64_t, 64> counts{};
  // Of each field that a liar changed, as it stood and signed again.
  std::array<std::array<std::uint64_t, 2>, 512> fields{};
  TraceSteps steps{};  // that the automaton judged
  int code = kPass;

  void add(const Report& report);  // of a whole simulation
  void add(const Totals& other);
  void fail(int with) {
    ++failed;
    code = worse_of(code, with);
  }
};

// What a worker is at. A death loses the run `at`; another worker goes on at `next`.
struct Progress {
  std::uint64_t at = 0, next = 0;
  Totals totals;
};

class Task {
 public:
  virtual ~Task() = default;
  // How many numbers a worker takes at once, from this one on.
  [[nodiscard]] virtual std::uint64_t share(std::uint64_t first) const = 0;
  // In a worker: the share from `first`, both included, until it is over. Before a run `progress`
  // says where it stands; at the end `next` is the first number that was not run.
  virtual void work(std::uint64_t first, std::uint64_t last, Progress& progress,
                    const std::function<bool()>& is_over) const;
  // One run. A failure is printed by whoever runs.
  virtual void run(std::uint64_t number, Totals& totals) const = 0;
  [[nodiscard]] virtual std::string name(std::uint64_t number) const = 0;  // mode=byz seed=17
  [[nodiscard]] virtual std::string replay(std::uint64_t number) const = 0;
};

struct PoolResult {
  Totals totals;
  double core_seconds = 0;            // of every worker, those that died too
  std::optional<std::uint64_t> next;  // the lowest number that was not run
};
[[nodiscard]] PoolResult run_pool(const Options& options, const Task& task);

// The line that says where to go on, if there is anything left; the exit code.
[[nodiscard]] int end_of(const Options& options, const PoolResult& result, std::string_view mode);
// An exam (options.mutant): the verdict's line and exit code.
[[nodiscard]] int verdict_of(const Options& options, const PoolResult& result);

}  // namespace giro::sim
