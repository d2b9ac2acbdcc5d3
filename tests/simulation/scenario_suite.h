// `giro-sim --scenario`: runs scenario files, each in a process of its own, and holds their traces
// against the golden files beside them.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace giro::sim {

struct SuiteOptions {
  std::vector<std::string> files;  // scenarios/NAME.txt; its trace is scenarios/NAME.trace
  bool accept = false;             // writes the traces instead of comparing them
  // Then the traces say nothing: what kills the mutant is a broken rule or expectation.
  int mutant = 0;
  LogDetail log = LogDetail::Off;
};
// An exit code of giro-sim.
[[nodiscard]] int run_scenarios(const SuiteOptions& options);

}  // namespace giro::sim
