// What the system says about this process, from /proc (the process_ metrics that every Prometheus
// client exports).
#pragma once

#include <cstdint>

namespace giro::metrics {

struct ProcessUse {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};
// What cannot be read is 0.
[[nodiscard]] ProcessUse process_use();

}  // namespace giro::metrics
