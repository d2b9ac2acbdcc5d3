// The whole log again, without a running node (ledger I22): from genesis, or where the log was cut
// from the lowest certified snapshot that reaches it, every block is executed once more beside the
// store, and must give the same header, outcomes and events; at the end every record of the ledger
// must be the same, and its invariants hold. Reads the node's files and changes none, but for a
// torn tail of the log, which any start cuts as well.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "node/config/node_config.h"
#include "node/runtime/start.h"

namespace giro::runtime {

struct Replayed {
  consensus::Height base, head;    // above `base`, up to `head`
  std::uint64_t operations = 0;    // executed again, their signatures checked
  std::uint64_t certificates = 0;  // headers with a quorum's certificate of their own, checked
  consensus::Height attested;      // the highest of these: all below are bound to it by hash
  std::uint64_t records = 0;       // of the ledger, compared one by one
};

enum class ReplayFault : std::uint8_t {
  NotRun,   // nothing is said about the store: the node runs, a file cannot be read, no room
  Differs,  // what is stored is not what the log gives
};
struct ReplayError {
  ReplayFault fault = ReplayFault::NotRun;
  std::string text;  // one line
};

// Between blocks, for whoever shows how far it is.
using ReplayProgress = std::function<void(consensus::Height at, consensus::Height head)>;

// Takes the data directory's lock. The state that is made again lies in <data>/replay, which is
// removed at the end: it needs as much room as the store. A broken invariant of the ledger ends the
// process (exit 70), damaged rows do (65), as they do in a node.
[[nodiscard]] std::expected<Replayed, ReplayError> replay(const config::NodeConfig& config,
                                                          const Platform& platform,
                                                          const Progress& tell,
                                                          const ReplayProgress& progress);

}  // namespace giro::runtime
