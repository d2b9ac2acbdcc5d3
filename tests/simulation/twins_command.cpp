#include "tests/simulation/twins_command.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "crypto/fast_signatures.h"
#include "tests/simulation/twins.h"
#include "tests/simulation/worker_pool.h"

namespace giro::sim {
namespace {

std::string set_name(const Options& options) {
  return std::string(name(*options.twins));
}

std::string replay(const Options& options, std::uint64_t index) {
  std::string line =
      "giro-sim --mode " + set_name(options) + " --seed " + std::to_string(index) + " --log events";
  line += mutant_words(options);
  return line;
}

void add(const TwinsReport& report, Totals& totals) {
  ++totals.runs;
  totals.deliveries += report.deliveries;
  totals.blocks += report.blocks;
  totals.view_changes += report.view_changes;
  totals.certificates += report.certificates;
  totals.virtual_time += report.ended;
  totals.slowest_recovery = std::max(totals.slowest_recovery, report.recovery);
  if (report.violation) totals.fail(exit_of(*report.violation));
}

TwinsReport run_scenario(const Options& options, std::uint64_t index) {
  const bool is_logged = options.log != LogDetail::Off;
  const TwinsReport report = Twins(plan_twins(*options.twins, index), index, is_logged).run();
  if (report.violation) {
    std::printf("%s mode=%s scenario=%llu rule=%s node=%zu at=%.3fs: %s\n     replay: %s\n",
                verdict_word(options), set_name(options).c_str(),
                static_cast<unsigned long long>(index), report.violation->rule.c_str(),
                report.violation->node, static_cast<double>(report.ended) / kSecond,
                report.violation->text.c_str(), replay(options, index).c_str());
    std::fflush(stdout);
  }
  return report;
}

class TwinsTask final : public Task {
 public:
  explicit TwinsTask(const Options& options) : options_(options) {}
  // Small shares in an exam, which ends with the first kill.
  [[nodiscard]] std::uint64_t share(std::uint64_t) const override {
    return options_.mutant != 0 ? 32 : 256;
  }
  void run(std::uint64_t index, Totals& totals) const override {
    add(run_scenario(options_, index), totals);
  }
  [[nodiscard]] std::string name(std::uint64_t index) const override {
    return "mode=" + set_name(options_) + " scenario=" + std::to_string(index);
  }
  [[nodiscard]] std::string replay(std::uint64_t index) const override {
    return sim::replay(options_, index);
  }

 private:
  const Options& options_;
};

}  // namespace

int run_twins(const Options& options) {
  crypto::use_fast_signatures(true);
  for (const std::size_t nodes : {4U, 7U}) static_cast<void>(Twins::setup_for(nodes));
  if (options.is_one) {
    Totals one;
    add(run_scenario(options, options.first), one);
    if (one.code == kPass)
      std::printf("PASS mode=%s scenario=%llu at=%.3fs blocks=%llu\n", set_name(options).c_str(),
                  static_cast<unsigned long long>(options.first),
                  static_cast<double>(one.virtual_time) / kSecond,
                  static_cast<unsigned long long>(one.blocks));
    return one.code;
  }
  const PoolResult result = run_pool(options, TwinsTask(options));
  if (options.mutant != 0) return verdict_of(options, result);
  const Totals& sum = result.totals;
  const double seconds = std::max(result.core_seconds, 1e-9);
  std::printf(
      "SUMMARY mode=%s scenarios=%llu failed=%llu died=%llu virtual=%.1fh blocks=%llu "
      "view-changes=%llu certificates=%llu core-seconds=%.1f scenarios/s=%.0f deliveries/s=%.0f "
      "slowest-recovery=%.1fs\n",
      set_name(options).c_str(), static_cast<unsigned long long>(sum.runs),
      static_cast<unsigned long long>(sum.failed), static_cast<unsigned long long>(sum.died),
      static_cast<double>(sum.virtual_time) / kSecond / 3600,
      static_cast<unsigned long long>(sum.blocks),
      static_cast<unsigned long long>(sum.view_changes),
      static_cast<unsigned long long>(sum.certificates), result.core_seconds,
      static_cast<double>(sum.runs) / seconds, static_cast<double>(sum.deliveries) / seconds,
      static_cast<double>(sum.slowest_recovery) / kSecond);
  return end_of(options, result, set_name(options));
}

}  // namespace giro::sim
