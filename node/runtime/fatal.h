// The world failed (style: errors, second kind): one clear line, a distinct exit code, and the
// process ends at once. A validator that cannot remember must not vote, so nothing is retried and
// no destructor runs.
#pragma once

#include <string_view>

namespace giro::runtime {

enum class ExitCode : int {
  Damaged = 65,      // rows of the store fail their checks: the next start rebuilds it
  Invariant = 70,    // broken invariant, or a refusal of our own vote guard
  WriteFailed = 74,  // a write or fsync failed
  Configuration =
      78,  // start stopped by configuration or sign state: a supervisor must not restart
};

[[noreturn]] void stop_process(ExitCode code, std::string_view line);

}  // namespace giro::runtime
