// Snapshots by command, without a running node (protocol R34): those made here at other heights
// than the multiples of `snapshot_interval` are local; no peer is ever given one.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "node/config/genesis_file.h"
#include "node/config/node_config.h"
#include "node/runtime/service.h"
#include "storage/file.h"

namespace giro::runtime {

// The genesis file that the configuration names. All errors here are one line.
[[nodiscard]] std::expected<config::CheckedGenesis, std::string> genesis_of(
    storage::FilePort& files, const config::NodeConfig& config);

// Ascending.
[[nodiscard]] std::expected<std::vector<SnapshotInfo>, std::string> list_snapshots(
    storage::FilePort& files, const config::NodeConfig& config);
// Of the store as it is; takes the data directory's lock, so the node must be stopped.
[[nodiscard]] std::expected<SnapshotInfo, std::string> create_local_snapshot(
    storage::FilePort& files, const config::NodeConfig& config);
// Reads it whole: chunks, records, state root, invariants, and its certificate if it has one.
[[nodiscard]] std::expected<SnapshotInfo, std::string> verify_local_snapshot(
    storage::FilePort& files, const config::NodeConfig& config, consensus::Height height);

}  // namespace giro::runtime
