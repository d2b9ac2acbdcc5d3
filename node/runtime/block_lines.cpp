#include "node/runtime/block_lines.h"

#include <utility>

namespace giro::runtime {
namespace {

constexpr std::int64_t kSumUpUs = 60'000'000;
constexpr std::int64_t kShareUs = 100'000;

}  // namespace

void BlockLines::ran(const ExecutedBlock& block, std::size_t operations, consensus::Instant now,
                     EventSink& events) {
  if (operations == 0) {
    if (idle_++ == 0) idle_since_ = now;
    if (now.us - idle_since_.us < kSumUpUs) return;
    events.write(
        config::LogLevel::Info, "idle_blocks",
        {{"height", std::to_string(block.header.height.value)}, {"blocks", std::to_string(idle_)}},
        "blocks without operations");
    idle_ = 0;
    return;
  }
  ++shared_.blocks;
  shared_.operations += operations;
  shared_.events += block.events.size();
  shared_.height = block.header.height;
  shared_.view = block.block.view;
  on_tick(now, events);
}

void BlockLines::on_tick(consensus::Instant now, EventSink& events) {
  if (shared_.blocks == 0 || now.us < may_write_.us) return;
  may_write_.us = now.us + kShareUs;
  flush(events);
}

void BlockLines::flush(EventSink& events) {
  const Shared told = std::exchange(shared_, {});
  if (told.blocks == 0) return;
  events.write(config::LogLevel::Info, "block_executed",
               {{"height", std::to_string(told.height.value)},
                {"view", std::to_string(told.view.value)},
                {"blocks", std::to_string(told.blocks)},
                {"operations", std::to_string(told.operations)},
                {"events", std::to_string(told.events)}},
               told.blocks == 1 ? "a block with operations" : "blocks up to this height");
}

}  // namespace giro::runtime
