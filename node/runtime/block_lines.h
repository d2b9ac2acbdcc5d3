// The log's lines about blocks (surface 9): one for each that has operations, and one a minute for
// those that have none. The core thread's.
#pragma once

#include "node/runtime/event_log.h"
#include "node/runtime/store.h"

namespace giro::runtime {

class BlockLines {
 public:
  // Of each executed block, in order.
  void ran(const ExecutedBlock& block, std::size_t operations, consensus::Instant now,
           EventSink& events);

 private:
  std::uint64_t idle_ = 0;         // since the last line about them
  consensus::Instant idle_since_;  // the first of these
};

}  // namespace giro::runtime
