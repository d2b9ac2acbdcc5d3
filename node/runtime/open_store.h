// Opening the store, and what is done about one that cannot be used. Private to the start.
#pragma once

#include <expected>
#include <string>

#include "node/runtime/start.h"

namespace giro::runtime {

// Takes over the snapshot that is marked, if there is one (protocol R31). Before anything else.
[[nodiscard]] std::expected<void, StartError> install(Opened& node, const Platform& platform,
                                                      const Progress& progress);

// Into `node`: the store, with block 0 if it is new, and where execution goes on. One that is
// damaged is set aside first: log and snapshots give it all again.
[[nodiscard]] std::expected<void, StartError> open_store(Opened& node, const Platform& platform,
                                                         const Progress& progress);

// The row of block 0, for a store that begins with a snapshot.
[[nodiscard]] crypto::Bytes genesis_row(const config::CheckedGenesis& genesis);

// Lets go of it, and of what was read beside it, so that another one can be opened.
void close_store(Opened& node);

// Begins the store again with the newest certified snapshot on this disk, above which the log was
// not cut (protocol R34). False: no snapshot of at least that height can be used.
[[nodiscard]] std::expected<bool, StartError> rebuild_from_snapshot(Opened& node,
                                                                    const Platform& platform,
                                                                    const Progress& progress,
                                                                    consensus::Height at_least);

// Moves what is damaged out of the way, where people can look at it.
[[nodiscard]] std::expected<void, StartError> set_aside(Opened& node, const std::string& name,
                                                        const Progress& progress);

}  // namespace giro::runtime
