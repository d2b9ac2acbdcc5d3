#include "tests/simulation/scenario_suite.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "crypto/fast_signatures.h"
#include "tests/simulation/scenario.h"

namespace giro::sim {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string stem_of(const std::string& path) {
  return path.ends_with(".txt") ? path.substr(0, path.size() - 4) : path;
}

std::string name_of(const std::string& path) {
  const std::string stem = stem_of(path);
  return stem.substr(stem.rfind('/') + 1);
}

int keep_trace(const Scenario& scenario, const std::string& path, const std::string& trace,
               bool accept) {
  if (accept) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << trace;
    if (file.flush()) return kPass;
    std::printf("FAIL scenario=%s: cannot write %s\n", scenario.name.c_str(), path.c_str());
    return kUsageError;
  }
  const std::string difference = first_difference(read_file(path).value_or(""), trace);
  if (difference.empty()) return kPass;
  std::printf("FAIL scenario=%s: another trace than %s, %s\n", scenario.name.c_str(), path.c_str(),
              difference.c_str());
  return kTraceDiffers;
}

int run_one(const Scenario& scenario, const std::string& file, const Options& options) {
  crypto::use_fast_signatures(true);
  ScenarioRun run(scenario, options.log);
  const Report report = run.run();
  if (report.violation) {
    const auto& violation = *report.violation;
    const std::string where =
        run.line() == 0 ? "after the last step" : "line " + std::to_string(run.line());
    std::printf("%s scenario=%s %s rule=%s node=%zu at=%.3fs\n     %s\n", verdict_word(options),
                scenario.name.c_str(), where.c_str(), violation.rule.c_str(), violation.node,
                static_cast<double>(report.ended) / kSecond, violation.text.c_str());
    return violation.rule.starts_with("L") ? kLiveness : kSafety;
  }
  if (options.mutant == 0) {
    const int code =
        keep_trace(scenario, stem_of(file) + ".trace", run.take_trace(), options.accept);
    if (code != kPass) return code;
  }
  std::printf("PASS scenario=%s at=%.3fs events=%llu\n", scenario.name.c_str(),
              static_cast<double>(report.ended) / kSecond,
              static_cast<unsigned long long>(report.events));
  return kPass;
}

// In a process of its own: one that dies takes no other along.
int run_apart(const Scenario& scenario, const std::string& file, const Options& options) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    const int code = run_one(scenario, file, options);
    std::fflush(stdout);
    std::_Exit(code);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) std::abort();
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  std::printf("FAIL scenario=%s: the process died, signal %d\n", scenario.name.c_str(),
              WTERMSIG(status));
  return kCrash;
}

}  // namespace

int run_scenarios(const Options& options) {
  std::vector<Scenario> scenarios;
  for (const std::string& file : options.scenarios) {
    const auto text = read_file(file);
    if (!text) {
      std::fprintf(stderr, "giro-sim: %s cannot be read\n", file.c_str());
      return kUsageError;
    }
    auto scenario = read_scenario(name_of(file), *text);
    if (!scenario) {
      std::fprintf(stderr, "%s:%zu: %s\n", file.c_str(), scenario.error().line,
                   scenario.error().reason.c_str());
      return kUsageError;
    }
    scenarios.push_back(std::move(*scenario));
  }
  int worst = kPass;
  std::string killers;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    const int code = run_apart(scenarios[i], options.scenarios[i], options);
    if (code == kSafety || code == kLiveness) killers += " " + scenarios[i].name;
    if (code != kPass) worst = worse_of(worst, code);
  }
  if (options.mutant == 0) {
    std::printf("SCENARIOS %zu %s\n", scenarios.size(), worst == kPass ? "passed" : "FAILED");
    return worst;
  }
  std::printf("MUTANT %d %s%s\n", options.mutant, killers.empty() ? "SURVIVED" : "killed by",
              killers.c_str());
  return killers.empty() ? kSurvived : kPass;
}

}  // namespace giro::sim
