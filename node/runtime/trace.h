// Where the operations of late have been, and when, as this node saw it (surface 5.3): in memory
// only, the last 10,000. Nothing decides on it. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "consensus/output.h"
#include "node/runtime/intake.h"
#include "node/runtime/service.h"

namespace giro::runtime {

class TraceBook {
 public:
  explicit TraceBook(std::size_t operations_max = 10'000) : operations_max_(operations_max) {}

  // It was admitted here.
  void received(const OperationKey& key, consensus::WallTime at);
  // What happened to the block of a height: proposed or accepted, prepared, committed.
  void happened(const consensus::Event& event, std::uint32_t leader, consensus::WallTime at);
  // They ran in the block of a height.
  void ran(consensus::Height height, const std::vector<Intake::Ran>& operations,
           consensus::WallTime at);
  // Everything up to this height is final here.
  void attested(consensus::Height height, consensus::WallTime at);

  [[nodiscard]] std::optional<OperationTrace> find(const OperationKey& key) const;

 private:
  struct Entry {
    std::optional<consensus::WallTime> received;
    std::shared_ptr<const BlockTrace> block;  // of the height that it ran at
  };
  Entry& entry(const OperationKey& key);                        // mutex_ held
  std::shared_ptr<BlockTrace> block(consensus::Height height);  // mutex_ held

  const std::size_t operations_max_;
  mutable std::mutex mutex_;  // of everything below
  std::map<OperationKey, Entry> entries_;
  std::deque<OperationKey> order_;                                   // oldest first
  std::map<consensus::Height, std::shared_ptr<BlockTrace>> blocks_;  // the newest heights
  consensus::Height attested_;
};

}  // namespace giro::runtime
