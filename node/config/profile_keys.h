// The key table of the client profile (surface 2.1).
#pragma once

#include "node/config/key_table.h"

namespace giro::config {

[[nodiscard]] KeyTable profile_keys();

}  // namespace giro::config
