#include "node/runtime/block_lines.h"

namespace giro::runtime {
namespace {

constexpr std::int64_t kSumUpUs = 60'000'000;

}  // namespace

void BlockLines::ran(const ExecutedBlock& block, std::size_t operations, consensus::Instant now,
                     EventSink& events) {
  const std::string height = std::to_string(block.header.height.value);
  if (operations == 0) {
    if (idle_++ == 0) idle_since_ = now;
    if (now.us - idle_since_.us < kSumUpUs) return;
    events.write(config::LogLevel::Info, "idle_blocks",
                 {{"height", height}, {"blocks", std::to_string(idle_)}},
                 "blocks without operations");
    idle_ = 0;
    return;
  }
  events.write(config::LogLevel::Info, "block_executed",
               {{"height", height},
                {"view", std::to_string(block.block.view.value)},
                {"operations", std::to_string(operations)},
                {"events", std::to_string(block.events.size())}},
               "a block with operations");
}

}  // namespace giro::runtime
