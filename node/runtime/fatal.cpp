#include "node/runtime/fatal.h"

#include <unistd.h>

#include <string>

#include "node/runtime/stop_handler.h"

namespace giro::runtime {

#ifdef GIRO_SIM
namespace {
StopHandler stop_handler = nullptr;
}
void set_stop_handler(StopHandler handler) {
  stop_handler = handler;
}
#endif

void stop_process(ExitCode code, std::string_view line) {
#ifdef GIRO_SIM
  if (stop_handler != nullptr) stop_handler(code, line);
#endif
  std::string text = "giro: ";
  text.append(line);
  text.push_back('\n');
  // Not through iostream: its locks may be held by a thread that will never run again.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(static_cast<int>(code));
}

}  // namespace giro::runtime
