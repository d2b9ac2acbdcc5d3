// What giro-sim is asked to do: its options, its exit codes, and the mutants that it can examine.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/plan.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/twins_plan.h"

namespace giro::sim {

// Of several failures the lowest from 10 up.
enum Exit : int {
  kPass = 0,
  kUsageError = 2,
  kSafety = 10,
  kLiveness = 11,
  kTraceDiffers = 13,
  kBelowQuota = 14,
  kSurvived = 15,
  kCrash = 16,
  kTimeLimit = 17,
};
[[nodiscard]] int exit_of(const Violation& violation);
[[nodiscard]] int worse_of(int code, int other);
[[nodiscard]] constexpr bool is_kill(int code) {
  return code == kSafety || code == kLiveness;
}

struct Options {
  std::uint64_t first = 1, last = 1;  // seeds; of Twins, scenarios
  bool is_one = false;
  bool is_open = false;  // `A..`
  Mode mode = Mode::Swarm;
  std::optional<TwinsSet> twins;  // instead of a mode
  bool crash_sweep = false;       // so is this
  bool acceptance = false;        // and this
  std::uint64_t every = 1;        // of its runs only each so-many-th,
  std::uint64_t every_from = 0;   // and of those of a residue the ones that this adds
  std::optional<std::size_t> nodes;
  Length length = Length::Drawn;
  std::optional<bool> real_crypto;
  LogDetail log = LogDetail::Off;
  std::uint64_t until = UINT64_MAX;
  unsigned jobs = 1;
  std::optional<std::chrono::seconds> limit;
  bool twice = false;
  std::optional<std::uint64_t> quota;  // activations that each behaviour needs
  int mutant = 0;                      // 0: none
  std::vector<std::string> scenarios;  // files NAME.txt, each beside its trace NAME.trace
  bool accept = false;                 // their traces are written, not compared
};
// Ends the process with what is wrong, or with what was asked for (--help, --list).
[[nodiscard]] Options parse(const std::vector<std::string_view>& words);
[[nodiscard]] const char* describe_mutant(int number);
// How a line begins that tells of a broken rule: a mutant's is what was looked for, and no failure.
[[nodiscard]] const char* verdict_word(const Options& options);
// The words of a replay that choose the mutant, or none.
[[nodiscard]] std::string mutant_words(const Options& options);

}  // namespace giro::sim
