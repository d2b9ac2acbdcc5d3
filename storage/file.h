// The file port: everything that storage/ asks of a file system (assurance T13). The real binding
// is file_posix.h; file_memory.h is a disk in memory that can crash, tear, fail and fill up.
//
// Paths are UTF-8 with '/' between parts. Numbers are bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"

namespace giro::storage {

using crypto::Bytes;
using crypto::ByteView;

enum class FileErrorCode : std::uint8_t {
  NotFound,
  AlreadyExists,
  NoSpace,   // the disk or the quota is full
  Locked,    // another process, or another lock of this one, holds it
  Denied,    // permissions, read-only file system
  TooLarge,  // more bytes than the caller was ready to take
  Io,        // anything else that the system reported
  Refused,   // this file object saw a sync fail: nothing is retried on it (protocol R40)
};
[[nodiscard]] std::string_view to_text(FileErrorCode code);

struct FileError {
  FileErrorCode code = FileErrorCode::Io;
  int system_error = 0;  // errno, 0 if there was none
  std::string text;      // one line: operation, path, the system's words
};

template <typename T>
using FileResult = std::expected<T, FileError>;

// An open file. Reads may come from any thread at any time; all the rest from one thread.
// After sync() has failed once, every further call answers Refused: the kernel may have dropped the
// dirty pages and would report success next time.
class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Writes all pieces, one after another, at `offset`; extends the file if needed. Nothing is
  // durable before sync().
  FileResult<void> write(std::uint64_t offset, std::span<const ByteView> pieces);
  FileResult<void> write(std::uint64_t offset, ByteView bytes);
  // Gives the number of bytes read: less than asked for only at the end of the file.
  FileResult<std::size_t> read(std::uint64_t offset, std::span<std::byte> into);
  // Contents and size are durable once this returns (fdatasync). The file's name is the directory's
  // business.
  FileResult<void> sync();
  // Makes the file at least `size` long with its space reserved; new bytes read as zeros.
  FileResult<void> preallocate(std::uint64_t size);
  FileResult<void> truncate(std::uint64_t size);
  FileResult<std::uint64_t> size();

 private:
  virtual FileResult<void> do_write(std::uint64_t offset, std::span<const ByteView> pieces) = 0;
  virtual FileResult<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> into) = 0;
  virtual FileResult<void> do_sync() = 0;
  virtual FileResult<void> do_preallocate(std::uint64_t size) = 0;
  virtual FileResult<void> do_truncate(std::uint64_t size) = 0;
  virtual FileResult<std::uint64_t> do_size() = 0;

  std::atomic<bool> sync_failed_ = false;
};

// Held until destroyed, or until the process ends however it ends.
class FileLock {
 public:
  FileLock() = default;
  virtual ~FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
};

enum class OpenMode : std::uint8_t {
  Read,    // must exist
  Write,   // must exist; reads too
  Create,  // must not exist; reads and writes
};
enum class FileType : std::uint8_t { None, File, Directory };

// Names (creations, renames, removals) are durable only once their directory was synced. A binding
// may be used from several threads at once.
class FilePort {
 public:
  FilePort() = default;
  virtual ~FilePort() = default;
  FilePort(const FilePort&) = delete;
  FilePort& operator=(const FilePort&) = delete;

  virtual FileResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual FileResult<FileType> type(const std::string& path) = 0;
  // Names in a directory, without the path, sorted by byte value.
  virtual FileResult<std::vector<std::string>> list(const std::string& path) = 0;
  virtual FileResult<void> create_directory(const std::string& path) = 0;  // one level
  // Atomic; replaces a file of that name, never a directory.
  virtual FileResult<void> rename(const std::string& from, const std::string& to) = 0;
  virtual FileResult<void> remove(const std::string& path) = 0;  // a file or an empty directory
  virtual FileResult<void> sync_directory(const std::string& path) = 0;
  virtual FileResult<std::uint64_t> free_space(const std::string& path) = 0;
  // Creates the file if needed and takes an exclusive lock on it; never waits.
  virtual FileResult<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);
[[nodiscard]] std::string parent_path(std::string_view path);  // "." for a bare name

// The whole file; TooLarge above `bytes_max`, checked before anything is allocated.
FileResult<Bytes> read_whole(FilePort& port, const std::string& path, std::uint64_t bytes_max);
// Replaces or creates the file so that after a crash it holds the old or the new bytes, and the new
// ones once this returned: writes `path`.new, syncs it, renames, syncs the directory.
FileResult<void> write_whole(FilePort& port, const std::string& path, ByteView bytes);
// Creates what is missing of the path, each level durable before the next.
FileResult<void> make_directories(FilePort& port, const std::string& path);
// Removes a file or a directory with all that is in it; none is fine. Not durable before the parent
// is synced.
FileResult<void> remove_tree(FilePort& port, const std::string& path);
// Moves a file or directory to `quarantine`/<n> with the first free n, durably, and gives the new
// path. For what was found damaged: giro never deletes it (surface 4).
FileResult<std::string> quarantine(FilePort& port, const std::string& path,
                                   const std::string& quarantine_directory);

}  // namespace giro::storage
