// Files and directories of the memory file port: what they hold, and what a crash would leave of
// it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/file_memory.h"

namespace giro::storage {

inline constexpr std::uint64_t kMemoryPageBytes = 4096;
inline constexpr std::uint64_t kMemorySectorBytes = 512;

using MemoryPage = std::array<std::byte, kMemoryPageBytes>;

// What a changed page held when its file was last synced. `dropped`: a sync of it failed, and the
// system forgot that it is dirty; only a new write makes it dirty again.
struct OldPage {
  std::optional<MemoryPage> bytes;  // none: zeros
  bool dropped = false;
};

struct MemoryNode;
using MemoryNodePointer = std::shared_ptr<MemoryNode>;
using MemoryEntries = std::map<std::string, MemoryNodePointer, std::less<>>;
using NameChange =
    std::vector<std::pair<std::string, MemoryNodePointer>>;  // no node: the name goes

struct MemoryNode {
  bool is_directory = false;
  // Of a file.
  std::map<std::uint64_t, MemoryPage> pages;  // absent: zeros
  std::map<std::uint64_t, OldPage> unsynced;
  std::uint64_t size = 0;
  std::uint64_t durable_size = 0;
  // Of a directory.
  MemoryEntries entries;
  MemoryEntries durable_entries;
  std::vector<NameChange> pending;

  void write(std::uint64_t offset, ByteView bytes);
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  void resize(std::uint64_t to);
  void rot(std::uint64_t offset, std::byte mask);
  void sync();
  void fail_sync();
  void crash_file(const Crash& crash, std::string_view path);

  void change_names(NameChange change);
  void sync_names();

 private:
  MemoryPage& dirty_page(std::uint64_t index);
  [[nodiscard]] std::uint64_t kept_size(const Crash& crash, std::string_view path) const;
};

// Applies a crash to everything below `root`.
void crash_tree(MemoryNode& root, const Crash& crash);
// A deep copy in which what was shared stays shared.
[[nodiscard]] MemoryNodePointer copy_tree(const MemoryNodePointer& root);

}  // namespace giro::storage
