// `giro-sim --scenario`: runs scenario files, each in a process of its own, and holds their traces
// against the golden files beside them.
#pragma once

#include "tests/simulation/options.h"

namespace giro::sim {

// With a mutant the traces say nothing: what kills it is a broken rule or expectation. An exit code
// of giro-sim.
[[nodiscard]] int run_scenarios(const Options& options);

}  // namespace giro::sim
