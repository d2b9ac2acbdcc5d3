// Reading the log back at start: what is intact, what is a torn tail, what is damage (protocol
// R38). Inside storage/ only.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/log_format.h"

namespace giro::storage {

// A failure of the file port as one of the log.
[[nodiscard]] inline LogError log_file_error(FileError error) {
  return {LogErrorCode::File, {}, 0, error.text, std::move(error)};
}

struct Segment {
  std::string name;
  std::unique_ptr<File> file;
  std::uint64_t first_sequence = 0;
  std::uint64_t bytes = 0;
  std::vector<RecordPlace> records;

  [[nodiscard]] std::uint64_t end_sequence() const { return first_sequence + records.size(); }
};

// The state of a log between two syncs: what open finds, sync moves on.
struct LogTip {
  std::vector<std::shared_ptr<Segment>> segments;  // oldest first, never empty once open
  LogSalt salt{};
  LogChain chain{};                         // of the newest record
  std::uint64_t next = 1;                   // sequence number of the next record
  std::uint64_t floor = 1;                  // everything below may have been cut
  std::uint64_t end = kSegmentHeaderBytes;  // where the next group goes, in the newest segment
  std::optional<std::uint64_t> last_group;  // where the newest group of the newest segment starts
  bool is_sealed = false;  // a seal stands at `end`: the newest group is known to be durable
  std::optional<TornTail> torn;
};

// Verifies everything and shows every record; changes nothing.
[[nodiscard]] std::expected<LogTip, LogError> read_back(FilePort& port,
                                                        const std::string& directory,
                                                        const Log::Visit& visit);

// Makes what read_back found durable and the rest zeros: removes left-overs, writes an unproven
// last group again, erases the torn tail, finishes a cut, syncs file and names. Crashing anywhere
// inside and starting over is fine.
[[nodiscard]] FileResult<void> repair(FilePort& port, const std::string& directory, LogTip& tip);

// A new segment for the records from tip.next on; durable when it returns, and then the newest of
// the tip.
[[nodiscard]] FileResult<std::shared_ptr<Segment>> create_segment(FilePort& port,
                                                                  const std::string& directory,
                                                                  const LogTip& tip,
                                                                  std::uint64_t bytes);

// Writes a seal at tip.end, without a sync.
[[nodiscard]] FileResult<void> write_seal(LogTip& tip);

}  // namespace giro::storage
