// The one log: batches, blocks, votes and certificates as records of a single append-only,
// preallocated, segmented file (architecture 5). What is appended between two syncs is one *group*:
// it becomes durable with one fdatasync, and after a crash it is there whole or not at all
// (protocol R35, R38, R40). The format is in log_format.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/file.h"
#include "storage/limits.h"

namespace giro::storage {

// Sequence number of a record: 1, 2, 3... over the whole life of the log, never used twice. 0 is
// "none".
struct LogPosition {
  std::uint64_t value = 0;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// The owner of the log numbers its record types; storage gives them no meaning.
enum class RecordType : std::uint16_t {};

struct LogRecord {
  LogPosition position;
  RecordType type{};
  ByteView payload;  // valid during the call that shows it
};

struct StoredRecord {
  LogPosition position;
  RecordType type{};
  Bytes payload;
};

enum class LogErrorCode : std::uint8_t {
  File,      // the file system failed: see `file`
  Damaged,   // bytes that were durable are missing or altered: see segment, offset, text
  NotFound,  // read(): below first() or above durable()
};
[[nodiscard]] std::string_view to_text(LogErrorCode code);

struct LogError {
  LogErrorCode code = LogErrorCode::File;
  std::string segment;       // file name inside the log's directory, if one is to blame
  std::uint64_t offset = 0;  // in it
  std::string text;          // what was wrong, one line
  std::optional<FileError> file;
};

using LogSalt = std::array<std::byte, 16>;

struct LogOptions {
  // Size of a new segment; a group that needs more gets a segment of its own size.
  std::uint64_t segment_bytes = kLogSegmentBytesDefault;
  // Secret of a new log, kept in its segments: without it nobody can craft a payload that looks
  // like a group. Drawn from the system's random source if not given; the simulator gives it.
  std::optional<LogSalt> salt;
};

struct TornTail {
  std::string segment;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // from offset to the last byte that had been written
};

struct LogOpened {
  bool created = false;  // there was no log
  std::uint64_t records = 0;
  std::optional<TornTail> torn;  // a group that never became durable was cut
};

// append, sync and cut belong to one thread. read, first, durable and used_bytes may be called from
// any thread.
class Log {
 public:
  using Visit = std::function<void(const LogRecord&)>;

  // Creates the log's directory if there is none, else reads back and verifies every record, in
  // order, and shows it to `visit` (protocol R38). A torn tail is cut and told in opened(). On
  // Damaged nothing was changed on disk; what `visit` saw is then to be thrown away and the
  // directory quarantined (file.h). When this returns a log, all of its records are durable. Takes
  // no lock: one process at a time is the data directory's LOCK.
  static std::expected<Log, LogError> open(FilePort& port, const std::string& directory,
                                           const LogOptions& options, const Visit& visit);
  Log(Log&&) noexcept;
  Log& operator=(Log&&) noexcept;
  ~Log();

  [[nodiscard]] const LogOpened& opened() const;

  // Adds a record in memory; nothing reaches the disk before sync(). The payload is the pieces, one
  // after another. At most kLogRecordBytesMax, and only while has_room(size): GIRO_CHECK.
  LogPosition append(RecordType type, std::span<const ByteView> pieces);
  LogPosition append(RecordType type, std::initializer_list<ByteView> pieces);
  LogPosition append(RecordType type, ByteView payload);
  [[nodiscard]] bool has_room(std::uint64_t payload_bytes) const;
  [[nodiscard]] std::uint64_t buffered_bytes() const;

  // Makes everything appended durable as one group with one fdatasync and gives the last durable
  // position; without anything appended it touches no disk. After an error the log refuses every
  // further append (GIRO_CHECK), sync and cut: the process ends (protocol R40).
  std::expected<LogPosition, FileError> sync();

  // Drops whole segments all of whose records lie below `keep_from`; the newest segment always
  // stays. Nothing may be buffered (GIRO_CHECK). Durable when it returns.
  std::expected<void, FileError> cut(LogPosition keep_from);

  // A durable record, checked again (length, CRC-32C, its own position).
  std::expected<StoredRecord, LogError> read(LogPosition position) const;

  [[nodiscard]] LogPosition first() const;    // oldest record kept; durable() + 1 if there is none
  [[nodiscard]] LogPosition durable() const;  // newest durable record, 0 if there never was one
  [[nodiscard]] LogPosition next()
      const;  // what the next append will be given (appending thread only)
  [[nodiscard]] std::uint64_t used_bytes() const;  // sizes of all segments

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace giro::storage
