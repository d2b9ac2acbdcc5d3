// giro-sim: whole validators in one thread, on virtual clocks, disks and channels (assurance 3).
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/fast_signatures.h"
#include "crypto/mutant.h"
#include "tests/simulation/acceptance_command.h"
#include "tests/simulation/crash_sweep_command.h"
#include "tests/simulation/liar_run.h"
#include "tests/simulation/options.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scenario_suite.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/twins_command.h"
#include "tests/simulation/worker_pool.h"

namespace giro::sim {
namespace {

bool is_real_crypto(const Options& options, std::uint64_t seed) {
  Random random(seed, "crypto");
  const bool drawn = random.chance(options.length == Length::Full ? 0.05 : 0.01);
  return options.real_crypto.value_or(drawn);
}

const char* length_of(const Options& options) {
  return options.length == Length::Full ? " --length full" : "";
}

void print_violation(const Options& options, std::uint64_t seed, const Report& report) {
  const auto& violation = *report.violation;
  std::printf(
      "%s seed=%llu mode=%s nodes=%zu rule=%s node=%zu at=%.3fs event=%llu trace=%s\n"
      "     %s\n     replay: giro-sim --seed %llu --mode %s%s%s%s --log events --until %llu\n",
      verdict_word(options), static_cast<unsigned long long>(seed),
      std::string(name(report.plan.mode)).c_str(), report.plan.nodes, violation.rule.c_str(),
      violation.node, static_cast<double>(report.ended) / kSecond,
      static_cast<unsigned long long>(report.events),
      crypto::to_hex(report.trace).substr(0, 16).c_str(), violation.text.c_str(),
      static_cast<unsigned long long>(seed), std::string(name(report.plan.mode)).c_str(),
      options.nodes ? (" --nodes " + std::to_string(*options.nodes)).c_str() : "",
      length_of(options), mutant_words(options).c_str(),
      static_cast<unsigned long long>(report.events));
}

Report report_of(const Options& options, const RunOptions& run) {
  if (options.mode == Mode::Lies) return LiarRun(run, options.quota.value_or(kQuota)).run();
  return Simulation(run).run();
}

void run_seed(const Options& options, std::uint64_t seed, Totals& totals) {
  crypto::use_fast_signatures(!is_real_crypto(options, seed));
  RunOptions run;
  run.plan = {.seed = seed, .mode = options.mode, .nodes = options.nodes, .length = options.length};
  run.log = options.log;
  run.until_event = options.until;
  const Report report = report_of(options, run);
  totals.add(report);
  const auto activations = [&](const std::string& name) {
    const auto found = report.behaviours.find(name);
    return found == report.behaviours.end() ? 0 : found->second;
  };
  const auto behaviours = Byzantine::with_quota();
  for (std::size_t i = 0; i < behaviours.size(); ++i)
    totals.counts.at(i) += activations(behaviours[i]->id);
  const auto& fields = FieldMutators::fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    totals.fields.at(i)[0] += activations(fields[i].name);
    totals.fields.at(i)[1] += activations(fields[i].again);
  }
  if (report.violation) {
    totals.fail(exit_of(*report.violation));
    print_violation(options, seed, report);
  } else if (options.twice) {
    const Report again = report_of(options, run);
    if (again.trace != report.trace) {
      totals.fail(kTraceDiffers);
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
}

std::string mode_name(const Options& options) {
  return std::string(name(options.mode));
}

// Each seed has a process of its own: one that dies takes nothing along.
class Seeds final : public Task {
 public:
  explicit Seeds(const Options& options) : options_(options) {}
  [[nodiscard]] std::uint64_t share(std::uint64_t) const override { return 1; }
  void run(std::uint64_t seed, Totals& totals) const override { run_seed(options_, seed, totals); }
  [[nodiscard]] std::string name(std::uint64_t seed) const override {
    return "seed=" + std::to_string(seed);
  }
  [[nodiscard]] std::string replay(std::uint64_t seed) const override {
    return "giro-sim --seed " + std::to_string(seed) + " --mode " + mode_name(options_) +
           length_of(options_);
  }

 private:
  const Options& options_;
};

void print_summary(const PoolResult& result) {
  const Totals& totals = result.totals;
  const double seconds = std::max(result.core_seconds, 1e-9);
  const double virtual_seconds = static_cast<double>(totals.virtual_time) / kSecond;
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "SUMMARY seeds=%llu failed=%llu virtual=%.1fh blocks=%llu operations=%llu view-changes=%llu "
      "crashes=%llu snapshots=%llu log-cuts=%llu installs=%llu rebuilds=%llu seats=%llu keys=%llu "
      "certificates=%llu "
      "deliveries/s=%.0f virtual-s/s=%.0f slowest-recovery=%.1fs "
      "behaviours=%lld/%zu\n",
      number(totals.runs), number(totals.failed), virtual_seconds / 3600, number(totals.blocks),
      number(totals.operations), number(totals.view_changes), number(totals.crashes),
      number(totals.snapshots), number(totals.log_cuts), number(totals.installs),
      number(totals.rebuilds), number(totals.seats), number(totals.keys),
      number(totals.certificates), static_cast<double>(totals.deliveries) / seconds,
      virtual_seconds / seconds, static_cast<double>(totals.slowest_recovery) / kSecond,
      static_cast<long long>(
          std::ranges::count_if(totals.counts, [](std::uint64_t count) { return count > 0; })),
      Byzantine::with_quota().size());
  std::printf("     steps judged:");
  for (std::size_t i = 0; i < totals.steps.size(); ++i)
    std::printf(" %s=%llu", kTraceStepNames[i], number(totals.steps[i]));
  std::printf("\n");
}

// Every behaviour must have been met often enough by correct nodes (assurance 4).
int judge_quota(std::uint64_t quota, const Totals& totals) {
  const auto behaviours = Byzantine::with_quota();
  int code = kPass;
  std::printf("     activations:");
  for (std::size_t i = 0; i < behaviours.size(); ++i)
    std::printf(" %s=%llu", behaviours[i]->id,
                static_cast<unsigned long long>(totals.counts.at(i)));
  std::printf("\n");
  for (std::size_t i = 0; i < behaviours.size(); ++i) {
    if (totals.counts.at(i) >= quota) continue;
    code = kBelowQuota;
    std::printf("BELOW QUOTA %s: %llu of %llu activations (%s)\n", behaviours[i]->id,
                static_cast<unsigned long long>(totals.counts.at(i)),
                static_cast<unsigned long long>(quota), behaviours[i]->what);
  }
  const auto& fields = FieldMutators::fields();
  std::size_t met = 0, met_again = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [as_it_stood, again] = totals.fields.at(i);
    met_again += again >= kFieldQuota ? 1 : 0;
    if (as_it_stood >= kFieldQuota) {
      ++met;
      continue;
    }
    code = kBelowQuota;
    std::printf("BELOW QUOTA %s: %llu of %llu activations\n", fields[i].name.c_str(),
                static_cast<unsigned long long>(as_it_stood),
                static_cast<unsigned long long>(kFieldQuota));
  }
  if (met_again < kFieldsSignedAgain) {
    code = kBelowQuota;
    std::printf("BELOW QUOTA fields signed again: %zu of %zu\n", met_again, kFieldsSignedAgain);
  }
  std::printf("     fields changed: %zu/%zu, and signed again %zu\n", met, fields.size(),
              met_again);
  return code;
}

int run_seeds(const Options& options) {
  if (options.is_one && options.mutant == 0) {
    Totals one;
    run_seed(options, options.first, one);
    return one.code;
  }
  const PoolResult result = run_pool(options, Seeds(options));
  if (options.mutant != 0) return verdict_of(options, result);
  print_summary(result);
  const int met = options.quota ? judge_quota(*options.quota, result.totals) : kPass;
  return worse_of(end_of(options, result, mode_name(options)), met);
}

int run(const std::vector<std::string_view>& words) {
  const Options options = parse(words);
  crypto::active_mutant = options.mutant;
  if (options.twins) return run_twins(options);
  if (options.crash_sweep) return run_crash_sweep(options);
  if (options.acceptance) return run_acceptance(options);
  if (!options.scenarios.empty()) return run_scenarios(options);
  return run_seeds(options);
}

}  // namespace
}  // namespace giro::sim

int main(int count, char** words) {
  return giro::sim::run({words + 1, words + count});
}
