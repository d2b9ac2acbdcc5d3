// The key table of node.toml (surface 3).
#pragma once

#include "node/config/key_table.h"

namespace giro::config {

[[nodiscard]] KeyTable node_keys();

}  // namespace giro::config
