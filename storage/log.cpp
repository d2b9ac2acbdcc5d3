#include "storage/log.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "crypto/check.h"
#include "crypto/keys.h"
#include "storage/log_recovery.h"

namespace giro::storage {

namespace {

// A buffer that one large group left behind is given back above this.
constexpr std::size_t kBufferBytesKept = 8 << 20;

}  // namespace

std::string_view to_text(LogErrorCode code) {
  switch (code) {
    case LogErrorCode::File:
      return "file error";
    case LogErrorCode::Damaged:
      return "damaged";
    case LogErrorCode::NotFound:
      return "not found";
  }
  return "unknown";
}

struct Log::State {
  FilePort& port;
  std::string directory;
  std::uint64_t segment_bytes;
  LogOpened opened;

  // The appending thread's own. What others read of the tip's segments (the list, the records of
  // each) is changed under the mutex only.
  LogTip tip;
  Bytes buffer;                     // records since the last sync
  std::vector<RecordPlace> places;  // theirs, relative to the buffer
  LogChain chain{};                 // of the newest record, buffered ones included
  std::optional<FileError> failed;

  mutable std::mutex mutex;
  std::atomic<std::uint64_t> durable = 0;

  State(FilePort& a_port, std::string a_directory, std::uint64_t a_segment_bytes)
      : port(a_port), directory(std::move(a_directory)), segment_bytes(a_segment_bytes) {}

  [[nodiscard]] std::uint64_t next() const { return tip.next + places.size(); }

  FileResult<void> roll(std::uint64_t group_extent) {
    const auto needed = align_log(kSegmentHeaderBytes + group_extent + kFrameBytes);
    auto segment = create_segment(port, directory, tip, std::max(segment_bytes, needed));
    if (!segment) return std::unexpected(segment.error());
    const std::lock_guard lock(mutex);
    // A segment without records has the name of its successor, which has just replaced it.
    if (tip.segments.back()->records.empty()) tip.segments.pop_back();
    tip.segments.push_back(std::move(*segment));
    tip.end = kSegmentHeaderBytes;
    tip.last_group.reset();
    tip.is_sealed = false;
    return {};
  }

  FileResult<void> write_group() {
    Frame frame;
    frame.body_bytes = static_cast<std::uint32_t>(buffer.size());
    frame.first_sequence = tip.next;
    frame.floor = tip.floor;
    frame.count = static_cast<std::uint32_t>(places.size());
    frame.chain = tip.chain;
    if (frame.extent() + kFrameBytes > tip.segments.back()->bytes - tip.end) {
      if (auto done = roll(frame.extent()); !done) return done;
    }
    auto& segment = *tip.segments.back();
    const FramePlace place{tip.salt, segment.first_sequence, tip.end};
    const auto header = encode_frame(place, frame);
    const std::array pieces{ByteView(header), ByteView(buffer)};
    if (auto done = segment.file->write(tip.end, pieces); !done) return done;
    if (auto done = segment.file->sync(); !done) return done;
    publish(segment, frame);
    return write_seal(tip);
  }

  // Makes the floor durable before anything below it goes: in a frame of its own, or in a new
  // segment's header.
  FileResult<void> write_mark() {
    auto& segment = *tip.segments.back();
    if (2 * kFrameBytes > segment.bytes - tip.end) return roll(0);
    const FramePlace place{tip.salt, segment.first_sequence, tip.end};
    const auto mark = encode_frame(place, {FrameKind::Mark, 0, tip.next, tip.floor, 0, tip.chain});
    if (auto done = segment.file->write(tip.end, ByteView(mark)); !done) return done;
    if (auto done = segment.file->sync(); !done) return done;
    tip.last_group = tip.end;
    tip.end += kFrameBytes;
    return write_seal(tip);
  }

  void publish(Segment& segment, const Frame& frame) {
    const auto body = static_cast<std::uint32_t>(tip.end + kFrameBytes);
    {
      const std::lock_guard lock(mutex);
      for (const auto place : places) {
        segment.records.push_back({body + place.offset, place.length});
      }
    }
    tip.next += places.size();
    tip.chain = chain;
    tip.last_group = tip.end;
    tip.end += frame.extent();
    durable = tip.next - 1;
    places.clear();
    buffer.clear();
    if (buffer.capacity() > kBufferBytesKept) Bytes().swap(buffer);
  }

  FileResult<void> drop_oldest_segments() {
    while (tip.segments.size() > 1 && tip.segments.front()->end_sequence() <= tip.floor) {
      // One name after another, each durable: a crash leaves no hole.
      const auto path = join_path(directory, tip.segments.front()->name);
      if (auto done = port.remove(path); !done) return done;
      if (auto done = port.sync_directory(directory); !done) return done;
      const std::lock_guard lock(mutex);
      tip.segments.erase(tip.segments.begin());
    }
    return {};
  }

  FileResult<void> cut(std::uint64_t keep_from) {
    const auto floor = std::min(keep_from, tip.next);
    const bool has_work = tip.segments.size() > 1 &&
                          tip.segments.front()->end_sequence() <= floor && floor > tip.floor;
    if (!has_work) return {};
    tip.floor = floor;
    if (auto done = write_mark(); !done) return done;
    return drop_oldest_segments();
  }
};

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;
Log::~Log() = default;

std::expected<Log, LogError> Log::open(FilePort& port, const std::string& directory,
                                       const LogOptions& options, const Visit& visit) {
  GIRO_CHECK(
      options.segment_bytes >= kLogSegmentBytesMin && options.segment_bytes <= kLogSegmentBytesMax,
      options.segment_bytes);
  if (auto done = make_directories(port, directory); !done) {
    return std::unexpected(log_file_error(done.error()));
  }
  auto state = std::make_unique<State>(port, directory, align_log(options.segment_bytes));
  auto tip = read_back(port, directory, visit);
  if (!tip) return std::unexpected(tip.error());
  state->tip = std::move(*tip);
  state->opened.torn = state->tip.torn;
  state->opened.created = state->tip.segments.empty();
  if (state->opened.created) {
    if (options.salt) {
      state->tip.salt = *options.salt;
    } else {
      crypto::random_bytes(state->tip.salt);
    }
    auto segment = create_segment(port, directory, state->tip, state->segment_bytes);
    if (!segment) return std::unexpected(log_file_error(segment.error()));
    state->tip.segments.push_back(std::move(*segment));
  }
  if (auto done = repair(port, directory, state->tip); !done) {
    return std::unexpected(log_file_error(done.error()));
  }
  if (auto done = port.sync_directory(parent_path(directory)); !done) {
    return std::unexpected(log_file_error(done.error()));
  }
  state->opened.records = state->tip.next - state->tip.segments.front()->first_sequence;
  state->chain = state->tip.chain;
  state->durable = state->tip.next - 1;
  return Log(std::move(state));
}

const LogOpened& Log::opened() const {
  return state_->opened;
}

LogPosition Log::append(RecordType type, std::span<const ByteView> pieces) {
  auto& state = *state_;
  std::uint64_t length = 0;
  for (const auto piece : pieces) length += piece.size();
  GIRO_CHECK(!state.failed);
  GIRO_CHECK(length <= kLogRecordBytesMax, length);
  GIRO_CHECK(has_room(length), length, state.buffer.size());
  const LogPosition position{state.next()};
  const auto offset = static_cast<std::uint32_t>(state.buffer.size());
  encode_record(state.buffer, state.chain, position.value, type, pieces);
  state.places.push_back({offset, static_cast<std::uint32_t>(length)});
  return position;
}

LogPosition Log::append(RecordType type, std::initializer_list<ByteView> pieces) {
  return append(type, std::span<const ByteView>(pieces.begin(), pieces.size()));
}

LogPosition Log::append(RecordType type, ByteView payload) {
  return append(type, std::span<const ByteView>(&payload, 1));
}

bool Log::has_room(std::uint64_t payload_bytes) const {
  return payload_bytes <= kLogRecordBytesMax &&
         state_->buffer.size() + kRecordHeaderBytes + payload_bytes <= kLogBufferBytesMax;
}

std::uint64_t Log::buffered_bytes() const {
  return state_->buffer.size();
}

std::expected<LogPosition, FileError> Log::sync() {
  auto& state = *state_;
  if (state.failed) return std::unexpected(*state.failed);
  if (!state.places.empty()) {
    if (auto done = state.write_group(); !done) {
      state.failed = done.error();
      return std::unexpected(done.error());
    }
  }
  return durable();
}

std::expected<void, FileError> Log::cut(LogPosition keep_from) {
  auto& state = *state_;
  if (state.failed) return std::unexpected(*state.failed);
  GIRO_CHECK(state.places.empty(), state.places.size());
  auto done = state.cut(keep_from.value);
  if (!done) state.failed = done.error();
  return done;
}

std::expected<StoredRecord, LogError> Log::read(LogPosition position) const {
  std::shared_ptr<const Segment> segment;
  RecordPlace place;
  {
    const std::lock_guard lock(state_->mutex);
    const auto& segments = state_->tip.segments;
    const auto after =
        std::ranges::upper_bound(segments, position.value, {}, &Segment::first_sequence);
    if (after == segments.begin() || position.value >= (*std::prev(after))->end_sequence()) {
      return std::unexpected(LogError{LogErrorCode::NotFound, {}, 0, "no such record", {}});
    }
    segment = *std::prev(after);
    place = segment->records[position.value - segment->first_sequence];
  }
  Bytes bytes(kRecordHeaderBytes + place.length);
  const auto got = segment->file->read(place.offset, bytes);
  if (!got) return std::unexpected(log_file_error(got.error()));
  const auto record = parse_record(ByteView(bytes).first(*got), position.value);
  if (!record || record->payload.size() != place.length) {
    const auto text = record ? std::string_view("record length altered") : record.error();
    return std::unexpected(
        LogError{LogErrorCode::Damaged, segment->name, place.offset, std::string(text), {}});
  }
  StoredRecord stored{position, record->type, std::move(bytes)};
  stored.payload.erase(stored.payload.begin(),
                       stored.payload.begin() + static_cast<std::ptrdiff_t>(kRecordHeaderBytes));
  return stored;
}

LogPosition Log::first() const {
  const std::lock_guard lock(state_->mutex);
  return {state_->tip.segments.front()->first_sequence};
}

LogPosition Log::durable() const {
  return {state_->durable};
}

LogPosition Log::next() const {
  return {state_->next()};
}

std::uint64_t Log::used_bytes() const {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t sum = 0;
  for (const auto& segment : state_->tip.segments) sum += segment->bytes;
  return sum;
}

}  // namespace giro::storage
