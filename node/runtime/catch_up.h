// What peers that are behind are given: stretches of the chain with their proof, and payload by id
// (protocol R30). Reads the store and the log, so it runs beside the core thread; the replica takes
// no part. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "consensus/message.h"
#include "node/runtime/log_writer.h"
#include "node/runtime/store.h"

namespace giro::runtime {

// Where payload lies that no executed block has named yet; the store knows the rest.
class BatchIndex {
 public:
  void add(const std::vector<BatchPosition>& batches);
  [[nodiscard]] std::optional<storage::LogPosition> find(const consensus::Hash& id) const;
  void remove(const std::vector<BatchPosition>& batches);

 private:
  mutable std::mutex mutex_;
  std::map<consensus::Hash, storage::LogPosition> positions_;
};

class CatchUp {
 public:
  CatchUp(const Store& store, const storage::Log& log, const BatchIndex& index,
          std::uint64_t epoch_blocks)
      : store_(store), log_(log), index_(index), epoch_blocks_(epoch_blocks) {}

  // The stretch above `asked.stable`, inside the asker's epoch; nullopt when there is nothing to
  // tell.
  [[nodiscard]] std::optional<consensus::ChainSegment> chain(
      const consensus::FetchChain& asked) const;
  // Calls `give` for each batch that is held, up to a bound of bytes.
  void batches(const consensus::FetchBatches& asked,
               const std::function<void(consensus::BatchPtr)>& give) const;
  [[nodiscard]] consensus::BatchPtr batch(const consensus::Hash& id) const;  // null: not held

 private:
  const Store& store_;
  const storage::Log& log_;
  const BatchIndex& index_;
  const std::uint64_t epoch_blocks_;
};

}  // namespace giro::runtime
