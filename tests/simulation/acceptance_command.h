// `--mode acceptance`: each scenario of tests/acceptance with each twist. Run N is scenario N / 4,
// twist N % 4; behind the set come the same again, with another liar, another death.
#pragma once

#include "tests/simulation/options.h"

namespace giro::sim {

[[nodiscard]] std::uint64_t acceptance_runs();  // of the set
[[nodiscard]] int run_acceptance(const Options& options);

}  // namespace giro::sim
