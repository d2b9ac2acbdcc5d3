// Runs the crash sweep, or a part of it, in worker processes: the summary, the exam, the exit code.
#pragma once

#include "tests/simulation/options.h"

namespace giro::sim {

[[nodiscard]] int run_crash_sweep(const Options& options);

}  // namespace giro::sim
