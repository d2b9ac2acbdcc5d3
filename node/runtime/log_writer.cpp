#include "node/runtime/log_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/mutant.h"
#include "node/runtime/fatal.h"

namespace giro::runtime {

LogWriter::LogWriter(storage::Log log, BlockPlaces blocks, storage::SignState* sign_state,
                     std::unique_ptr<Lane> lane, OnSynced on_synced, OnTiming on_timing)
    : log_(std::move(log)),
      blocks_(std::move(blocks)),
      sign_state_(sign_state),
      on_synced_(std::move(on_synced)),
      on_timing_(std::move(on_timing)),
      lane_(std::move(lane)) {}

void LogWriter::append(Group group) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back(std::move(group));
  }
  if (was_empty) lane_->post([this] { write_queued(); });
}

void LogWriter::write_queued() {
  std::vector<Group> groups;
  {
    const std::lock_guard lock(mutex_);
    groups = std::exchange(queue_, {});
  }
  write(std::move(groups));
}

void LogWriter::cut(storage::LogPosition keep_from, consensus::Height above) {
  lane_->post([this, keep_from, above] {
    const auto blocks = blocks_.oldest_above(above);
    const auto done = log_.cut(std::min(keep_from, blocks.value_or(keep_from)));
    if (!done) stop_process(ExitCode::WriteFailed, "the log cannot be cut: " + done.error().text);
  });
}

void LogWriter::write(std::vector<Group> groups) {
  std::vector<BatchPosition> batches;
  std::optional<storage::LogPosition> statement;
  using Clock = std::chrono::steady_clock;
  const auto tell = [this](File file, Clock::time_point begin) {
    on_timing_(file, std::chrono::duration<double>(Clock::now() - begin).count());
  };
  const auto sync = [&] {
    const auto begin = Clock::now();
    if (const auto synced = log_.sync(); !synced) {
      stop_process(ExitCode::WriteFailed, "the log cannot be written: " + synced.error().text);
    }
    tell(File::Log, begin);
  };
  const consensus::Ceiling* pending = nullptr;  // in the log, and not yet in the sign state
  const auto raise = [&] {
    const consensus::Ceiling& to = *std::exchange(pending, nullptr);
    const auto begin = Clock::now();
    const auto raised =
        sign_state_->raise({to.number, to.epoch.value, to.view.value, to.height.value});
    if (!raised) {
      stop_process(ExitCode::WriteFailed,
                   "the sign state cannot be raised: " + raised.error().text);
    }
    tell(File::SignState, begin);
  };
  for (const Group& group : groups) {
    // The log is at most one record ahead of the sign state: two would be taken for a sign state
    // that came from a copy (protocol R37).
    if (group.raise && pending != nullptr) {
      sync();
      raise();
    }
    if (group.is_statement) {
      if (log_.buffered_bytes() > 0) sync();  // whole in one group of the log, or not at all
      statement = log_.next();
    }
    for (const consensus::DurableRecord& record : group.records) {
      const auto bytes = consensus::wire::encode_record(record);
      const auto type = static_cast<std::uint16_t>(consensus::wire::type_of(record));
      if (!log_.has_room(bytes.size()))
        sync();  // many groups at once may be more than one sync takes
      const auto position = log_.append(storage::RecordType{type}, bytes);
      if (const auto* batch = std::get_if<consensus::BatchRecord>(&record)) {
        batches.emplace_back(batch->batch->id, position);
      } else if (const auto* block = std::get_if<consensus::BlockRecord>(&record)) {
        blocks_.add(block->block.height, position);
      }
    }
    if (group.raise) pending = &*group.raise;
  }
  if (!GIRO_MUTANT(23) || groups.back().number % 2 == 0) sync();
  if (pending != nullptr) raise();
  on_synced_({durable(groups.back().number), std::move(batches), statement});
}

}  // namespace giro::runtime
