# Puts rules and runbook into the program, which is then complete wherever it is copied.
foreach(text rules.yml runbook.md)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${text})
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${text} ${text})
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/testnet/monitoring.cpp CONTENT [[
#include "testnet/monitor.h"

namespace giro::testnet {
const char* const kMonitoringRules = R"giro(@rules.yml@)giro";
const char* const kMonitoringRunbook = R"giro(@runbook.md@)giro";
}  // namespace giro::testnet
]] @ONLY)
