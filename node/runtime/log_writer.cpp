#include "node/runtime/log_writer.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "consensus/wire/codec.h"
#include "node/runtime/fatal.h"

namespace giro::runtime {

LogWriter::LogWriter(storage::Log log, storage::SignState* sign_state, OnSynced on_synced,
                     OnTiming on_timing)
    : log_(std::move(log)),
      sign_state_(sign_state),
      on_synced_(std::move(on_synced)),
      on_timing_(std::move(on_timing)),
      thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogWriter::append(Group group) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back(std::move(group));
  }
  if (was_empty) wake_.notify_one();
}

void LogWriter::run() {
  for (;;) {
    std::vector<Group> groups;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      groups.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
      queue_.clear();
    }
    write(std::move(groups));
  }
}

void LogWriter::write(std::vector<Group> groups) {
  std::vector<BatchPosition> batches;
  const auto sync = [&] {
    const auto begin = std::chrono::steady_clock::now();
    if (const auto synced = log_.sync(); !synced) {
      stop_process(ExitCode::WriteFailed, "the log cannot be written: " + synced.error().text);
    }
    on_timing_(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  };
  for (const Group& group : groups) {
    for (const consensus::DurableRecord& record : group.records) {
      const auto bytes = consensus::wire::encode_record(record);
      const auto type = static_cast<std::uint16_t>(consensus::wire::type_of(record));
      if (!log_.has_room(bytes.size()))
        sync();  // many groups at once may be more than one sync takes
      const auto position = log_.append(storage::RecordType{type}, bytes);
      if (const auto* batch = std::get_if<consensus::BatchRecord>(&record)) {
        batches.emplace_back(batch->batch->id, position);
      }
    }
  }
  sync();
  for (const Group& group : groups) {
    if (!group.raise) continue;
    const auto& to = *group.raise;
    const auto raised =
        sign_state_->raise({to.number, to.epoch.value, to.view.value, to.height.value});
    if (!raised) {
      stop_process(ExitCode::WriteFailed,
                   "the sign state cannot be raised: " + raised.error().text);
    }
  }
  on_synced_({durable(groups.back().number), std::move(batches)});
}

}  // namespace giro::runtime
