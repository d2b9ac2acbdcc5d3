// How much of the disk a node's directories use.
#pragma once

#include <cstdint>
#include <filesystem>

#include "node/config/node_config.h"
#include "node/runtime/measures.h"

namespace giro::runtime {

// Of the files below it; what a running node removes meanwhile counts or does not.
[[nodiscard]] std::uint64_t bytes_below(const std::filesystem::path& path);

// Looks at each file: not for a thread that others wait for.
[[nodiscard]] DiskMeasures disk_use(const config::NodeConfig& config);

}  // namespace giro::runtime
