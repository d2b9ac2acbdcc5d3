#include "storage/file.h"

#include <algorithm>
#include <charconv>

namespace giro::storage {

namespace {

FileError refused(std::string_view operation) {
  return {FileErrorCode::Refused, 0,
          std::string(operation) + ": an earlier sync of this file failed"};
}

FileError too_large(const std::string& path, std::uint64_t size, std::uint64_t bytes_max) {
  return {FileErrorCode::TooLarge, 0,
          path + ": " + std::to_string(size) + " bytes, at most " + std::to_string(bytes_max)};
}

}  // namespace

std::string_view to_text(FileErrorCode code) {
  switch (code) {
    case FileErrorCode::NotFound:
      return "not found";
    case FileErrorCode::AlreadyExists:
      return "already exists";
    case FileErrorCode::NoSpace:
      return "no space";
    case FileErrorCode::Locked:
      return "locked";
    case FileErrorCode::Denied:
      return "denied";
    case FileErrorCode::TooLarge:
      return "too large";
    case FileErrorCode::Io:
      return "input/output error";
    case FileErrorCode::Refused:
      return "refused";
  }
  return "unknown";
}

FileResult<void> File::write(std::uint64_t offset, std::span<const ByteView> pieces) {
  if (sync_failed_) return std::unexpected(refused("write"));
  return do_write(offset, pieces);
}

FileResult<void> File::write(std::uint64_t offset, ByteView bytes) {
  return write(offset, std::span<const ByteView>(&bytes, 1));
}

FileResult<std::size_t> File::read(std::uint64_t offset, std::span<std::byte> into) {
  if (sync_failed_) return std::unexpected(refused("read"));
  return do_read(offset, into);
}

FileResult<void> File::sync() {
  if (sync_failed_) return std::unexpected(refused("sync"));
  auto done = do_sync();
  if (!done) sync_failed_ = true;
  return done;
}

FileResult<void> File::preallocate(std::uint64_t size) {
  if (sync_failed_) return std::unexpected(refused("preallocate"));
  return do_preallocate(size);
}

FileResult<void> File::truncate(std::uint64_t size) {
  if (sync_failed_) return std::unexpected(refused("truncate"));
  return do_truncate(size);
}

FileResult<std::uint64_t> File::size() {
  if (sync_failed_) return std::unexpected(refused("size"));
  return do_size();
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string parent_path(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

FileResult<Bytes> read_whole(FilePort& port, const std::string& path, std::uint64_t bytes_max) {
  auto file = port.open(path, OpenMode::Read);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  if (*size > bytes_max) return std::unexpected(too_large(path, *size, bytes_max));
  Bytes bytes(static_cast<std::size_t>(*size));
  const auto got = (*file)->read(0, bytes);
  if (!got) return std::unexpected(got.error());
  bytes.resize(*got);
  return bytes;
}

FileResult<void> write_whole(FilePort& port, const std::string& path, ByteView bytes) {
  const std::string fresh = path + ".new";
  if (auto done = remove_tree(port, fresh); !done) return done;
  auto file = port.open(fresh, OpenMode::Create);
  if (!file) return std::unexpected(file.error());
  if (auto done = (*file)->write(0, bytes); !done) return done;
  if (auto done = (*file)->sync(); !done) return done;
  if (auto done = port.rename(fresh, path); !done) return done;
  return port.sync_directory(parent_path(path));
}

FileResult<void> make_directories(FilePort& port, const std::string& path) {
  const auto type = port.type(path);
  if (!type) return std::unexpected(type.error());
  if (*type == FileType::Directory) return {};
  if (*type == FileType::File) {
    return std::unexpected(FileError{FileErrorCode::AlreadyExists, 0, path + ": not a directory"});
  }
  const std::string parent = parent_path(path);
  if (parent != path) {
    if (auto done = make_directories(port, parent); !done) return done;
  }
  if (auto done = port.create_directory(path); !done) return done;
  return port.sync_directory(parent);
}

FileResult<void> remove_tree(FilePort& port, const std::string& path) {
  const auto type = port.type(path);
  if (!type) return std::unexpected(type.error());
  if (*type == FileType::None) return {};
  if (*type == FileType::Directory) {
    const auto names = port.list(path);
    if (!names) return std::unexpected(names.error());
    for (const auto& name : *names) {
      if (auto done = remove_tree(port, join_path(path, name)); !done) return done;
    }
  }
  return port.remove(path);
}

FileResult<std::string> quarantine(FilePort& port, const std::string& path,
                                   const std::string& quarantine_directory) {
  if (auto done = make_directories(port, quarantine_directory); !done) {
    return std::unexpected(done.error());
  }
  const auto names = port.list(quarantine_directory);
  if (!names) return std::unexpected(names.error());
  std::uint64_t newest = 0;
  for (const auto& name : *names) {
    std::uint64_t number = 0;
    const auto* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, number);
    if (parsed.ec == std::errc{} && parsed.ptr == end) newest = std::max(newest, number);
  }
  std::string aside = join_path(quarantine_directory, std::to_string(newest + 1));
  if (auto done = port.rename(path, aside); !done) return std::unexpected(done.error());
  // The new name first: a crash in between leaves the file under two names, never under none.
  if (auto done = port.sync_directory(quarantine_directory); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = port.sync_directory(parent_path(path)); !done) {
    return std::unexpected(done.error());
  }
  return aside;
}

}  // namespace giro::storage
