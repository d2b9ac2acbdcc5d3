// Runs a range of Twins scenarios in worker processes: the summary, the exam, the exit code.
#pragma once

#include "tests/simulation/options.h"

namespace giro::sim {

[[nodiscard]] int run_twins(const Options& options);

}  // namespace giro::sim
