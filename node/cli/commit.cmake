# Writes OUTPUT, which names the commit of the tree SOURCE; not touched while it is the same.
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env GIT_CEILING_DIRECTORIES=${SOURCE}/.. git -C ${SOURCE} describe --always --dirty --exclude=* --abbrev=12
  OUTPUT_VARIABLE commit ERROR_QUIET RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed OR NOT commit MATCHES "^[0-9a-f]+(-dirty)?$")
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#include "node/cli/commit.h"

namespace giro::cli {
const char* const kCommit = "@commit@";
}  // namespace giro::cli
]] @ONLY)
