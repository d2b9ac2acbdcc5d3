// The log's lane (architecture 6): appends what the driver hands over and makes it durable, one
// sync for everything that queued meanwhile. Then raises the sign state where a group asks for it,
// and tells the driver (protocol R35, R37).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "consensus/vote_guard.h"
#include "node/runtime/block_places.h"
#include "node/runtime/lane.h"
#include "storage/log.h"
#include "storage/sign_state.h"

namespace giro::runtime {

// Where payload lies in the log: for peers that ask, for receipts, and for the index in the store.
using BatchPosition = std::pair<consensus::Hash, storage::LogPosition>;

class LogWriter : private consensus::DurabilityPort {
 public:
  // What one turn of the driver wants on disk. Groups are numbered from 1 by the driver; a token's
  // position is the number of the last durable group.
  struct Group {
    std::uint64_t number = 0;
    std::vector<consensus::DurableRecord> records;
    std::optional<consensus::Ceiling> raise;  // its CeilingRecord is among the records
    bool is_statement = false;  // of everything: what lies below may be cut (protocol R34)
  };
  struct Synced {
    consensus::DurableToken token;
    std::vector<BatchPosition> batches;
    std::optional<storage::LogPosition> statement;  // where it begins, if there was one
  };
  // Called on the lane after each sync; hands over to the core thread.
  using OnSynced = std::function<void(Synced)>;
  enum class File : std::uint8_t { Log, SignState };
  // Seconds until it was durable, for the metric; called on the lane.
  using OnTiming = std::function<void(File, double)>;

  // `sign_state` is null for an observer. A failed write or sync ends the process (exit 74).
  // `blocks` are those that the log holds.
  LogWriter(storage::Log log, BlockPlaces blocks, storage::SignState* sign_state,
            std::unique_ptr<Lane> lane, OnSynced on_synced, OnTiming on_timing);

  void append(Group group);  // core thread; never blocks
  // Any thread: drops what lies below this place and every block above this height.
  void cut(storage::LogPosition keep_from, consensus::Height above);
  [[nodiscard]] const storage::Log& log() const { return log_; }

 private:
  void write_queued();
  void write(std::vector<Group> groups);

  storage::Log log_;
  BlockPlaces blocks_;  // the lane's
  storage::SignState* sign_state_;
  OnSynced on_synced_;
  OnTiming on_timing_;
  std::mutex mutex_;  // of the queue
  std::vector<Group> queue_;
  std::unique_ptr<Lane> lane_;  // the first to go: its work uses all of the above
};

}  // namespace giro::runtime
