// The log's lines about blocks (surface 9). A block with operations has a line of its own while
// such blocks are no faster than ten a second; faster ones share a line, since theirs would be the
// whole budget of the log. Those without operations are summed up once a minute. The core thread's.
#pragma once

#include "node/runtime/event_log.h"
#include "node/runtime/store.h"

namespace giro::runtime {

class BlockLines {
 public:
  // Of each executed block, in order.
  void ran(const ExecutedBlock& block, std::size_t operations, consensus::Instant now,
           EventSink& events);
  // Writes the shared line once its time has come. At least ten times a second.
  void on_tick(consensus::Instant now, EventSink& events);
  // Writes it now: no more blocks follow.
  void flush(EventSink& events);

 private:
  struct Shared {
    std::uint64_t blocks = 0, operations = 0, events = 0;
    consensus::Height height;  // of the last one, as is
    consensus::View view;
  };
  Shared shared_;                  // since the last line about blocks with operations
  consensus::Instant may_write_;   // not before
  std::uint64_t idle_ = 0;         // since the last line about them
  consensus::Instant idle_since_;  // the first of these
};

}  // namespace giro::runtime
