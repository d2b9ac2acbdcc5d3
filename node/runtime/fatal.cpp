#include "node/runtime/fatal.h"

#include <unistd.h>

#include <string>

namespace giro::runtime {

void stop_process(ExitCode code, std::string_view line) {
  std::string text = "giro: ";
  text.append(line);
  text.push_back('\n');
  // Not through iostream: its locks may be held by a thread that will never run again.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(static_cast<int>(code));
}

}  // namespace giro::runtime
