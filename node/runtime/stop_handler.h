// The simulator's process outlives its nodes: instead of ending the process, stop_process() calls
// the handler, which does not return. Exists in the simulator's build alone.
#pragma once

#ifdef GIRO_SIM
#include "node/runtime/fatal.h"

namespace giro::runtime {

using StopHandler = void (*)(ExitCode code, std::string_view line);
void set_stop_handler(StopHandler handler);  // nullptr: the process ends again

}  // namespace giro::runtime
#endif
