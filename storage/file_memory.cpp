#include "storage/file_memory.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <set>

#include "storage/memory_node.h"

namespace giro::storage {

namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.push_back(part);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return parts;
}

std::uint64_t mix(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

bool coin(std::uint64_t seed, std::string_view path, std::uint64_t number) {
  for (const char letter : path) seed = mix(seed ^ static_cast<unsigned char>(letter));
  return (mix(seed ^ number) & 1) != 0;
}

FileError error(FileErrorCode code, std::string_view operation, std::string_view path) {
  return {code, 0,
          std::string(operation) + " " + std::string(path) + ": " + std::string(to_text(code))};
}

constexpr std::array<std::string_view, 15> kOperationNames = {
    "open", "write", "read",   "sync",   "preallocate",    "truncate",   "size", "type",
    "list", "mkdir", "rename", "remove", "sync directory", "free space", "lock"};

}  // namespace

struct MemoryFilePort::Disk {
  mutable std::mutex mutex;
  MemoryNodePointer root = std::make_shared<MemoryNode>();
  std::uint64_t capacity = UINT64_MAX;
  std::uint64_t life = 0;  // counts crashes: files opened in an earlier life are dead
  Faults faults;
  std::set<std::string, std::less<>> locks;

  Disk() { root->is_directory = true; }

  std::optional<FileFault> fault(FileOperation operation, std::string_view path) const {
    return faults ? faults(operation, path) : std::nullopt;
  }

  static std::unexpected<FileError> failed(FileErrorCode code, FileOperation operation,
                                           std::string_view path) {
    return std::unexpected(
        error(code, kOperationNames.at(static_cast<std::size_t>(operation)), path));
  }

  MemoryNodePointer find(std::string_view path) const {
    MemoryNodePointer node = root;
    for (const auto part : parts_of(path)) {
      const auto it = node->entries.find(part);
      if (it == node->entries.end()) return nullptr;
      node = it->second;
    }
    return node;
  }

  // The directory that holds the path's last part, and that part.
  std::pair<MemoryNodePointer, std::string> place(std::string_view path) const {
    const auto parts = parts_of(path);
    if (parts.empty()) return {nullptr, ""};
    auto node = find(parent_path(path));
    if (node && !node->is_directory) node = nullptr;
    return {node, std::string(parts.back())};
  }

  std::uint64_t used() const { return used_below(*root); }

  static std::uint64_t used_below(const MemoryNode& node) {
    std::uint64_t sum = node.size;
    for (const auto& [name, child] : node.entries) sum += used_below(*child);
    return sum;
  }

  bool has_space(const MemoryNode& node, std::uint64_t size) const {
    if (size <= node.size || capacity == UINT64_MAX) return true;
    const auto now = used();
    return now <= capacity && size - node.size <= capacity - now;
  }
};

Crash Crash::lose_unsynced() {
  return {[](std::string_view, std::uint64_t) { return false; },
          [](std::string_view, std::uint64_t) { return false; }, false};
}

Crash Crash::keep_unsynced() {
  return {[](std::string_view, std::uint64_t) { return true; },
          [](std::string_view, std::uint64_t) { return true; }, false};
}

Crash Crash::process_only() {
  auto crash = keep_unsynced();
  crash.machine_survives = true;
  return crash;
}

Crash Crash::tear_at(std::uint64_t offset) {
  return {[offset](std::string_view, std::uint64_t at) { return at < offset; },
          [](std::string_view, std::uint64_t) { return true; }, false};
}

Crash Crash::tear_before(std::uint64_t offset) {
  return {[offset](std::string_view, std::uint64_t at) { return at >= offset; },
          [](std::string_view, std::uint64_t) { return true; }, false};
}

Crash Crash::shuffle(std::uint64_t seed) {
  return {[seed](std::string_view path, std::uint64_t at) {
            return coin(seed, path, at / kMemorySectorBytes);
          },
          [seed](std::string_view path, std::uint64_t index) { return coin(~seed, path, index); },
          false};
}

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryFilePort::Disk> disk, MemoryNodePointer node, std::string path,
             bool may_write)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        life_(disk_->life),
        may_write_(may_write) {}

 private:
  using Operation = FileOperation;

  // Is this call allowed to go on? Gives what stops it.
  [[nodiscard]] std::optional<FileFault> stopped(Operation operation) const {
    if (life_ != disk_->life) return FileFault{};
    const bool is_change = operation == Operation::Write || operation == Operation::Preallocate ||
                           operation == Operation::Truncate;
    if (is_change && !may_write_) return FileFault{FileErrorCode::Denied, 0};
    return disk_->fault(operation, path_);
  }

  [[nodiscard]] std::unexpected<FileError> failed(FileErrorCode code, Operation operation) const {
    return MemoryFilePort::Disk::failed(code, operation, path_);
  }

  FileResult<void> do_write(std::uint64_t offset, std::span<const ByteView> pieces) override {
    const auto fault = stopped(Operation::Write);
    const std::lock_guard lock(disk_->mutex);
    std::uint64_t left = fault ? fault->bytes_written : UINT64_MAX;
    if (!fault) {
      std::uint64_t end = offset;
      for (const auto piece : pieces) end += piece.size();
      if (!disk_->has_space(*node_, end)) return failed(FileErrorCode::NoSpace, Operation::Write);
    }
    for (auto piece : pieces) {
      piece = piece.first(std::min<std::uint64_t>(piece.size(), left));
      left -= piece.size();
      if (!piece.empty()) node_->write(offset, piece);
      offset += piece.size();
    }
    if (fault) return failed(fault->code, Operation::Write);
    return {};
  }

  FileResult<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> into) override {
    if (const auto fault = stopped(Operation::Read)) return failed(fault->code, Operation::Read);
    const std::lock_guard lock(disk_->mutex);
    return node_->read(offset, into);
  }

  FileResult<void> do_sync() override {
    const auto fault = stopped(Operation::Sync);
    const std::lock_guard lock(disk_->mutex);
    if (fault) {
      if (life_ == disk_->life) node_->fail_sync();
      return failed(fault->code, Operation::Sync);
    }
    node_->sync();
    return {};
  }

  FileResult<void> do_preallocate(std::uint64_t size) override {
    if (const auto fault = stopped(Operation::Preallocate)) {
      return failed(fault->code, Operation::Preallocate);
    }
    const std::lock_guard lock(disk_->mutex);
    if (!disk_->has_space(*node_, size)) {
      return failed(FileErrorCode::NoSpace, Operation::Preallocate);
    }
    node_->size = std::max(node_->size, size);
    return {};
  }

  FileResult<void> do_truncate(std::uint64_t size) override {
    if (const auto fault = stopped(Operation::Truncate)) {
      return failed(fault->code, Operation::Truncate);
    }
    const std::lock_guard lock(disk_->mutex);
    if (!disk_->has_space(*node_, size)) {
      return failed(FileErrorCode::NoSpace, Operation::Truncate);
    }
    node_->resize(size);
    return {};
  }

  FileResult<std::uint64_t> do_size() override {
    if (const auto fault = stopped(Operation::Size)) return failed(fault->code, Operation::Size);
    const std::lock_guard lock(disk_->mutex);
    return node_->size;
  }

  std::shared_ptr<MemoryFilePort::Disk> disk_;
  MemoryNodePointer node_;
  std::string path_;
  std::uint64_t life_;
  bool may_write_;
};

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(std::shared_ptr<MemoryFilePort::Disk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)), life_(disk_->life) {}
  ~MemoryFileLock() override {
    const std::lock_guard lock(disk_->mutex);
    if (life_ == disk_->life) disk_->locks.erase(path_);
  }

 private:
  std::shared_ptr<MemoryFilePort::Disk> disk_;
  std::string path_;
  std::uint64_t life_;
};

MemoryFilePort::MemoryFilePort(std::uint64_t capacity_bytes) : disk_(std::make_shared<Disk>()) {
  disk_->capacity = capacity_bytes;
}

MemoryFilePort::~MemoryFilePort() = default;

FileResult<std::unique_ptr<File>> MemoryFilePort::open(const std::string& path, OpenMode mode) {
  if (const auto fault = disk_->fault(FileOperation::Open, path)) {
    return Disk::failed(fault->code, FileOperation::Open, path);
  }
  const std::lock_guard lock(disk_->mutex);
  auto node = disk_->find(path);
  if (mode == OpenMode::Create) {
    const auto [directory, name] = disk_->place(path);
    if (node) return Disk::failed(FileErrorCode::AlreadyExists, FileOperation::Open, path);
    if (!directory) return Disk::failed(FileErrorCode::NotFound, FileOperation::Open, path);
    node = std::make_shared<MemoryNode>();
    directory->change_names({{name, node}});
  }
  if (!node) return Disk::failed(FileErrorCode::NotFound, FileOperation::Open, path);
  if (node->is_directory) return Disk::failed(FileErrorCode::Io, FileOperation::Open, path);
  return std::make_unique<MemoryFile>(disk_, node, path, mode != OpenMode::Read);
}

FileResult<FileType> MemoryFilePort::type(const std::string& path) {
  if (const auto fault = disk_->fault(FileOperation::Type, path)) {
    return Disk::failed(fault->code, FileOperation::Type, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (!node) return FileType::None;
  return node->is_directory ? FileType::Directory : FileType::File;
}

FileResult<std::vector<std::string>> MemoryFilePort::list(const std::string& path) {
  if (const auto fault = disk_->fault(FileOperation::List, path)) {
    return Disk::failed(fault->code, FileOperation::List, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (!node || !node->is_directory) {
    return Disk::failed(FileErrorCode::NotFound, FileOperation::List, path);
  }
  std::vector<std::string> names;
  for (const auto& [name, child] : node->entries) names.push_back(name);
  return names;
}

FileResult<void> MemoryFilePort::create_directory(const std::string& path) {
  constexpr auto kOperation = FileOperation::CreateDirectory;
  if (const auto fault = disk_->fault(kOperation, path)) {
    return Disk::failed(fault->code, kOperation, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto [directory, name] = disk_->place(path);
  if (disk_->find(path)) return Disk::failed(FileErrorCode::AlreadyExists, kOperation, path);
  if (!directory) return Disk::failed(FileErrorCode::NotFound, kOperation, path);
  auto node = std::make_shared<MemoryNode>();
  node->is_directory = true;
  directory->change_names({{name, std::move(node)}});
  return {};
}

FileResult<void> MemoryFilePort::rename(const std::string& from, const std::string& to) {
  constexpr auto kOperation = FileOperation::Rename;
  if (const auto fault = disk_->fault(kOperation, from)) {
    return Disk::failed(fault->code, kOperation, from);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto node = disk_->find(from);
  const auto [source, old_name] = disk_->place(from);
  const auto [target, new_name] = disk_->place(to);
  if (!node || !source || !target) return Disk::failed(FileErrorCode::NotFound, kOperation, from);
  const auto replaced = disk_->find(to);
  if (replaced && replaced->is_directory) {
    return Disk::failed(FileErrorCode::AlreadyExists, kOperation, to);
  }
  if (source == target) {
    source->change_names({{old_name, nullptr}, {new_name, node}});
  } else {
    target->change_names({{new_name, node}});
    source->change_names({{old_name, nullptr}});
  }
  return {};
}

FileResult<void> MemoryFilePort::remove(const std::string& path) {
  constexpr auto kOperation = FileOperation::Remove;
  if (const auto fault = disk_->fault(kOperation, path)) {
    return Disk::failed(fault->code, kOperation, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto [directory, name] = disk_->place(path);
  const auto node = disk_->find(path);
  if (!node || !directory) return Disk::failed(FileErrorCode::NotFound, kOperation, path);
  if (!node->entries.empty()) return Disk::failed(FileErrorCode::Io, kOperation, path);
  directory->change_names({{name, nullptr}});
  return {};
}

FileResult<void> MemoryFilePort::sync_directory(const std::string& path) {
  constexpr auto kOperation = FileOperation::SyncDirectory;
  if (const auto fault = disk_->fault(kOperation, path)) {
    return Disk::failed(fault->code, kOperation, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (!node || !node->is_directory) {
    return Disk::failed(FileErrorCode::NotFound, kOperation, path);
  }
  node->sync_names();
  return {};
}

FileResult<std::uint64_t> MemoryFilePort::free_space(const std::string& path) {
  constexpr auto kOperation = FileOperation::FreeSpace;
  if (const auto fault = disk_->fault(kOperation, path)) {
    return Disk::failed(fault->code, kOperation, path);
  }
  const std::lock_guard lock(disk_->mutex);
  const auto used = disk_->used();
  return used < disk_->capacity ? disk_->capacity - used : 0;
}

FileResult<std::unique_ptr<FileLock>> MemoryFilePort::lock(const std::string& path) {
  if (const auto fault = disk_->fault(FileOperation::Lock, path)) {
    return Disk::failed(fault->code, FileOperation::Lock, path);
  }
  const std::lock_guard lock(disk_->mutex);
  if (!disk_->find(path)) {
    const auto [directory, name] = disk_->place(path);
    if (!directory) return Disk::failed(FileErrorCode::NotFound, FileOperation::Lock, path);
    directory->change_names({{name, std::make_shared<MemoryNode>()}});
  }
  if (!disk_->locks.insert(path).second) {
    return Disk::failed(FileErrorCode::Locked, FileOperation::Lock, path);
  }
  return std::make_unique<MemoryFileLock>(disk_, path);
}

void MemoryFilePort::set_faults(Faults faults) {
  disk_->faults = std::move(faults);
}

void MemoryFilePort::set_capacity(std::uint64_t bytes) {
  disk_->capacity = bytes;
}

void MemoryFilePort::crash(const Crash& crash) {
  const std::lock_guard lock(disk_->mutex);
  ++disk_->life;
  disk_->locks.clear();
  if (crash.machine_survives) return;
  crash_tree(*disk_->root, crash);
}

void MemoryFilePort::rot(const std::string& path, std::uint64_t offset, std::byte mask) {
  const std::lock_guard lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (node) node->rot(offset, mask);
}

std::unique_ptr<MemoryFilePort> MemoryFilePort::clone() const {
  const std::lock_guard lock(disk_->mutex);
  auto copy = std::make_unique<MemoryFilePort>(disk_->capacity);
  copy->disk_->root = copy_tree(disk_->root);
  return copy;
}

}  // namespace giro::storage
