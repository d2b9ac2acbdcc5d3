#include "storage/file_posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace giro::storage {

namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr std::size_t kPiecesPerCall = 64;
constexpr std::size_t kZerosPerWrite = 1 << 20;

FileErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return FileErrorCode::NotFound;
    case EEXIST:
      return FileErrorCode::AlreadyExists;
    case ENOSPC:
    case EDQUOT:
      return FileErrorCode::NoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return FileErrorCode::Denied;
    default:
      return FileErrorCode::Io;
  }
}

std::unexpected<FileError> failed(const char* operation, const std::string& path,
                                  int number = errno) {
  return std::unexpected(FileError{
      code_of(number), number,
      std::string(operation) + " " + path + ": " + std::generic_category().message(number)});
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

int open_retrying(const std::string& path, int flags) {
  int number = 0;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (number < 0 && errno == EINTR);
  return number;
}

// Linux reports a failed write-back once; EINTR is the only answer after which asking again is
// sound.
int sync_retrying(int descriptor, bool data_only) {
  int result = 0;
  do {
    result = data_only ? ::fdatasync(descriptor) : ::fsync(descriptor);
  } while (result < 0 && errno == EINTR);
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

 private:
  FileResult<void> do_write(std::uint64_t offset, std::span<const ByteView> pieces) override {
    std::size_t index = 0;  // the piece under way, and how much of it is written
    std::size_t done = 0;
    while (true) {
      while (index < pieces.size() && done == pieces[index].size()) {
        ++index;
        done = 0;
      }
      if (index == pieces.size()) return {};
      std::array<iovec, kPiecesPerCall> vectors;
      std::size_t count = 0;
      for (std::size_t i = index; i < pieces.size() && count < kPiecesPerCall; ++i, ++count) {
        const auto piece = i == index ? pieces[i].subspan(done) : pieces[i];
        vectors[count] = {const_cast<std::byte*>(piece.data()), piece.size()};
      }
      const auto written = ::pwritev(descriptor_.get(), vectors.data(), static_cast<int>(count),
                                     static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return failed("write", path_);
      }
      if (written == 0) return failed("write", path_, EIO);
      offset += static_cast<std::uint64_t>(written);
      auto left = static_cast<std::size_t>(written);
      while (left > 0) {
        const auto step = std::min(left, pieces[index].size() - done);
        left -= step;
        done += step;
        if (done == pieces[index].size()) {
          ++index;
          done = 0;
        }
      }
    }
  }

  FileResult<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                               static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return failed("read", path_);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  FileResult<void> do_sync() override {
    if (sync_retrying(descriptor_.get(), true) < 0) return failed("fdatasync", path_);
    return {};
  }

  FileResult<void> do_preallocate(std::uint64_t size) override {
    const auto now = do_size();
    if (!now) return std::unexpected(now.error());
    if (*now >= size) return {};
    int result = 0;
    do {
      result = ::fallocate(descriptor_.get(), 0, 0, static_cast<off_t>(size));
    } while (result < 0 && errno == EINTR);
    if (result == 0) return {};
    if (errno != EOPNOTSUPP && errno != ENOSYS) return failed("fallocate", path_);
    const Bytes zeros(kZerosPerWrite);
    for (std::uint64_t at = *now; at < size;) {
      const ByteView piece(
          zeros.data(), static_cast<std::size_t>(std::min<std::uint64_t>(size - at, zeros.size())));
      if (auto done = do_write(at, {&piece, 1}); !done) return done;
      at += piece.size();
    }
    return {};
  }

  FileResult<void> do_truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) < 0) {
      return failed("truncate", path_);
    }
    return {};
  }

  FileResult<std::uint64_t> do_size() override {
    struct stat status{};
    if (::fstat(descriptor_.get(), &status) < 0) return failed("stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Descriptor descriptor_;
  std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;  // closing it frees the lock
};

}  // namespace

FileResult<std::unique_ptr<File>> PosixFilePort::open(const std::string& path, OpenMode mode) {
  int flags = O_RDONLY;
  if (mode == OpenMode::Write) flags = O_RDWR;
  if (mode == OpenMode::Create) flags = O_RDWR | O_CREAT | O_EXCL;
  Descriptor descriptor(open_retrying(path, flags));
  if (descriptor.get() < 0) return failed("open", path);
  return std::make_unique<PosixFile>(std::move(descriptor), path);
}

FileResult<FileType> PosixFilePort::type(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) < 0) {
    if (errno == ENOENT) return FileType::None;
    return failed("stat", path);
  }
  return S_ISDIR(status.st_mode) ? FileType::Directory : FileType::File;
}

FileResult<std::vector<std::string>> PosixFilePort::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr) return failed("list", path);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed("list", path);
  std::ranges::sort(names);
  return names;
}

FileResult<void> PosixFilePort::create_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) < 0) return failed("mkdir", path);
  return {};
}

FileResult<void> PosixFilePort::rename(const std::string& from, const std::string& to) {
  const auto target = type(to);
  if (!target) return std::unexpected(target.error());
  if (*target == FileType::Directory) return failed("rename to", to, EEXIST);
  if (std::rename(from.c_str(), to.c_str()) < 0) return failed("rename", from);
  return {};
}

FileResult<void> PosixFilePort::remove(const std::string& path) {
  if (std::remove(path.c_str()) < 0) return failed("remove", path);
  return {};
}

FileResult<void> PosixFilePort::sync_directory(const std::string& path) {
  const Descriptor descriptor(open_retrying(path, O_RDONLY | O_DIRECTORY));
  if (descriptor.get() < 0) return failed("open directory", path);
  if (sync_retrying(descriptor.get(), false) < 0) return failed("fsync directory", path);
  return {};
}

FileResult<std::uint64_t> PosixFilePort::free_space(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) < 0) return failed("statvfs", path);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

FileResult<std::unique_ptr<FileLock>> PosixFilePort::lock(const std::string& path) {
  Descriptor descriptor(open_retrying(path, O_RDWR | O_CREAT));
  if (descriptor.get() < 0) return failed("open", path);
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno == EWOULDBLOCK) {
      return std::unexpected(FileError{FileErrorCode::Locked, errno, "lock " + path + ": held"});
    }
    return failed("lock", path);
  }
  return std::make_unique<PosixFileLock>(std::move(descriptor));
}

}  // namespace giro::storage
