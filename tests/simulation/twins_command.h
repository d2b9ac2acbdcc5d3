// Runs a range of Twins scenarios in worker processes: the summary, the exam, the exit code.
#pragma once

#include <sys/resource.h>

#include "tests/simulation/options.h"

namespace giro::sim {

[[nodiscard]] int run_twins(const Options& options);

// Processor time of a process that has ended, however it did.
[[nodiscard]] double core_seconds_of(const rusage& used);

}  // namespace giro::sim
