#include "tests/simulation/acceptance_command.h"

#include <cstdio>

#include "crypto/fast_signatures.h"
#include "tests/simulation/acceptance_run.h"
#include "tests/simulation/worker_pool.h"

namespace giro::sim {
namespace {

constexpr const char* kAcceptanceMode = "acceptance";

std::filesystem::path file_of(std::uint64_t number) {
  const auto files = acceptance::script_files();
  return files[number / kTwists % files.size()];
}

Twist twist_of(std::uint64_t number) {
  return static_cast<Twist>(number % kTwists);
}

class AcceptanceTask final : public Task {
 public:
  explicit AcceptanceTask(const Options& options) : options_(options) {}
  [[nodiscard]] std::uint64_t share(std::uint64_t) const override { return 1; }

  void run(std::uint64_t number, Totals& totals) const override {
    const auto script = acceptance::read_script(file_of(number), acceptance::Place::Simulated);
    if (!script) {
      totals.fail(kUsageError);
      std::printf("giro-sim: %s\n", script.error().c_str());
      return;
    }
    RunOptions options;
    options.plan.seed = number;
    options.log = options_.log;
    options.until_event = options_.until;
    const Report report = AcceptanceRun(*script, twist_of(number), number, options).run();
    totals.add(report);
    for (const auto& [id, count] : report.behaviours) totals.counts[0] += count;
    if (report.violation) {
      const Violation& violation = *report.violation;
      totals.fail(exit_of(violation));
      std::printf("%s %s: rule=%s node=%zu at=%.3fs: %s\n     replay: %s\n", verdict_word(options_),
                  name(number).c_str(), violation.rule.c_str(), violation.node,
                  static_cast<double>(report.ended) / kSecond, violation.text.c_str(),
                  replay(number).c_str());
    } else if (options_.is_one) {
      std::printf("PASS %s at=%.3fs blocks=%llu\n", name(number).c_str(),
                  static_cast<double>(report.ended) / kSecond,
                  static_cast<unsigned long long>(report.blocks));
    }
    std::fflush(stdout);
  }
  [[nodiscard]] std::string name(std::uint64_t number) const override {
    return "scenario=" + file_of(number).stem().string() +
           " twist=" + std::string(sim::name(twist_of(number)));
  }
  [[nodiscard]] std::string replay(std::uint64_t number) const override {
    return std::string("giro-sim --mode ") + kAcceptanceMode + " --seed " + std::to_string(number) +
           mutant_words(options_) + " --log events";
  }

 private:
  const Options& options_;
};

}  // namespace

std::uint64_t acceptance_runs() {
  return acceptance::script_files().size() * kTwists;
}

int run_acceptance(const Options& options) {
  crypto::use_fast_signatures(true);
  const AcceptanceTask task(options);
  if (options.is_one) {
    Totals one;
    task.run(options.first, one);
    return one.code;
  }
  const PoolResult result = run_pool(options, task);
  if (options.mutant != 0) return verdict_of(options, result);
  const Totals& totals = result.totals;
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "SUMMARY mode=%s runs=%llu failed=%llu blocks=%llu view-changes=%llu crashes=%llu lies=%llu "
      "core-seconds=%.1f\n",
      kAcceptanceMode, number(totals.runs), number(totals.failed), number(totals.blocks),
      number(totals.view_changes), number(totals.crashes), number(totals.counts[0]),
      result.core_seconds);
  return end_of(options, result, kAcceptanceMode);
}

}  // namespace giro::sim
