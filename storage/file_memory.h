// A disk in memory, for tests and the simulator: it can lose, tear and reorder what was not synced,
// lose names whose directory was not synced, fail any call on demand, rot, and fill up.
// Deterministic: it draws nothing by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/file.h"

namespace giro::storage {

enum class FileOperation : std::uint8_t {
  Open,
  Write,
  Read,
  Sync,
  Preallocate,
  Truncate,
  Size,
  Type,
  List,
  CreateDirectory,
  Rename,
  Remove,
  SyncDirectory,
  FreeSpace,
  Lock,
};

struct FileFault {
  FileErrorCode code = FileErrorCode::Io;
  std::uint64_t bytes_written = 0;  // of a Write: this much of it happens before it fails
};

// What survives of everything that was not synced. Both predicates see the path as it is now.
struct Crash {
  // Is the byte at this offset, changed since the last sync of its file, kept? A size is kept as
  // far as the bytes are.
  std::function<bool(std::string_view path, std::uint64_t offset)> keeps_byte;
  // Is the `index`th change of names since the last sync of this directory kept? The first one lost
  // takes those after it along. A rename inside a directory is one change.
  std::function<bool(std::string_view directory, std::uint64_t index)> keeps_name_change;
  // Only the process died: nothing is lost, and nothing became durable either.
  bool machine_survives = false;

  static Crash lose_unsynced();
  static Crash keep_unsynced();  // all of it happened to be written back in time
  static Crash process_only();
  static Crash tear_at(
      std::uint64_t offset);  // unsynced bytes below `offset` of each file are kept; names too
  static Crash tear_before(
      std::uint64_t offset);  // unsynced bytes from `offset` on are kept: written out of order
  // Each 512-byte sector and each change of names by a hash of seed, path and number.
  static Crash shuffle(std::uint64_t seed);
};

// Single-threaded, but for File::read against a writer of the same port (a mutex inside).
class MemoryFilePort final : public FilePort {
 public:
  explicit MemoryFilePort(std::uint64_t capacity_bytes = UINT64_MAX);
  ~MemoryFilePort() override;

  FileResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  FileResult<FileType> type(const std::string& path) override;
  FileResult<std::vector<std::string>> list(const std::string& path) override;
  FileResult<void> create_directory(const std::string& path) override;
  FileResult<void> rename(const std::string& from, const std::string& to) override;
  FileResult<void> remove(const std::string& path) override;
  FileResult<void> sync_directory(const std::string& path) override;
  FileResult<std::uint64_t> free_space(const std::string& path) override;
  FileResult<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  // Asked before every call; an answer makes the call fail with it. It may itself call crash() or
  // clone(), to stop the machine at exactly this call. A Sync that fails by a fault leaves its
  // pages as the note at crash() says.
  using Faults = std::function<std::optional<FileFault>(FileOperation, std::string_view path)>;
  void set_faults(Faults faults);
  void set_capacity(std::uint64_t bytes);

  // The machine stops: open files answer Io from now on, locks are free, and unsynced changes go as
  // `crash` says. What survives is durable.
  void crash(const Crash& crash);
  // Changes what is stored, under any cache: bit rot. `mask` is xored into the byte.
  void rot(const std::string& path, std::uint64_t offset, std::byte mask);

  // A second disk with the same contents, synced and unsynced, no locks and no faults: to try many
  // crashes on one past.
  [[nodiscard]] std::unique_ptr<MemoryFilePort> clone() const;

 private:
  friend class MemoryFile;
  friend class MemoryFileLock;
  struct Disk;
  std::shared_ptr<Disk> disk_;
};

}  // namespace giro::storage
