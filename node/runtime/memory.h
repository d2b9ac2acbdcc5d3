// The sign state beside the log: what this key may have signed, and whether it is remembered
// (protocol R37, R39). Part of opening a node; nothing is sent and nothing is signed here.
#pragma once

#include "node/runtime/start.h"

namespace giro::runtime {

// Records this start in the log and then in the sign state. Where the log has forgotten what was
// signed, the node is amnesic up to the ceiling. Where the sign state is missing or an old copy, it
// does not start; in StartMode::Recover it gets nothing to sign with, and searches for a floor.
[[nodiscard]] std::expected<void, StartError> bind_sign_state(
    Opened& node, const consensus::LoggedCeilings& logged, StartMode mode, const Platform& platform,
    const Progress& progress);

// Makes a sign state with the floor as its ceiling, or raises the old copy to it. No log knows that
// record: the next start is amnesic up to the floor.
[[nodiscard]] std::expected<void, StartError> adopt_floor(storage::FilePort& files,
                                                          const std::string& directory,
                                                          const storage::SignStateOwner& owner,
                                                          std::optional<storage::SignState>& copy,
                                                          storage::Ceiling floor);

}  // namespace giro::runtime
