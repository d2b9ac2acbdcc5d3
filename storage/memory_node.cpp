#include "storage/memory_node.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

namespace giro::storage {

namespace {

void apply_change(const NameChange& change, MemoryEntries& entries) {
  for (const auto& [name, node] : change) {
    if (node) {
      entries[name] = node;
    } else {
      entries.erase(name);
    }
  }
}

using Paths = std::unordered_map<const MemoryNode*, std::string>;

void collect_paths(const MemoryNode& node, const std::string& path, Paths& paths) {
  paths.try_emplace(&node, path);
  for (const auto* entries : {&node.entries, &node.durable_entries}) {
    for (const auto& [name, child] : *entries) collect_paths(*child, join_path(path, name), paths);
  }
  for (const auto& change : node.pending) {
    for (const auto& [name, child] : change) {
      if (child) collect_paths(*child, join_path(path, name), paths);
    }
  }
}

void crash_node(MemoryNode& node, const Crash& crash, const Paths& paths,
                std::set<const MemoryNode*>& seen) {
  if (!seen.insert(&node).second) return;
  const auto& path = paths.at(&node);
  if (!node.is_directory) {
    node.crash_file(crash, path);
    return;
  }
  for (std::size_t i = 0; i < node.pending.size() && crash.keeps_name_change(path, i); ++i) {
    apply_change(node.pending[i], node.durable_entries);
  }
  node.pending.clear();
  node.entries = node.durable_entries;
  for (const auto& [name, child] : node.entries) crash_node(*child, crash, paths, seen);
}

using Copies = std::unordered_map<const MemoryNode*, MemoryNodePointer>;

MemoryNodePointer copy_node(const MemoryNodePointer& node, Copies& copies) {
  if (!node) return nullptr;
  if (const auto known = copies.find(node.get()); known != copies.end()) return known->second;
  const auto copy = std::make_shared<MemoryNode>(*node);
  copies[node.get()] = copy;
  for (auto* entries : {&copy->entries, &copy->durable_entries}) {
    for (auto& [name, child] : *entries) child = copy_node(child, copies);
  }
  for (auto& change : copy->pending) {
    for (auto& [name, child] : change) child = copy_node(child, copies);
  }
  return copy;
}

}  // namespace

MemoryPage& MemoryNode::dirty_page(std::uint64_t index) {
  const auto found = pages.find(index);
  auto [old, is_new] = unsynced.try_emplace(index);
  if (is_new && found != pages.end()) old->second.bytes = found->second;
  old->second.dropped = false;
  return found != pages.end() ? found->second : pages[index];
}

void MemoryNode::write(std::uint64_t offset, ByteView bytes) {
  size = std::max<std::uint64_t>(size, offset + bytes.size());
  while (!bytes.empty()) {
    const auto within = offset % kMemoryPageBytes;
    const auto step = std::min<std::uint64_t>(bytes.size(), kMemoryPageBytes - within);
    std::memcpy(dirty_page(offset / kMemoryPageBytes).data() + within, bytes.data(), step);
    bytes = bytes.subspan(step);
    offset += step;
  }
}

std::size_t MemoryNode::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= size) return 0;
  into = into.first(std::min<std::uint64_t>(into.size(), size - offset));
  if (!into.empty()) std::memset(into.data(), 0, into.size());
  const auto end = offset + into.size();
  for (auto it = pages.lower_bound(offset / kMemoryPageBytes);
       it != pages.end() && it->first * kMemoryPageBytes < end; ++it) {
    const auto start = it->first * kMemoryPageBytes;
    const auto from = std::max(offset, start);
    const auto to = std::min<std::uint64_t>(end, start + kMemoryPageBytes);
    std::memcpy(into.data() + (from - offset), it->second.data() + (from - start), to - from);
  }
  return into.size();
}

void MemoryNode::resize(std::uint64_t to) {
  if (to < size) {
    for (auto it = pages.lower_bound(to / kMemoryPageBytes); it != pages.end(); ++it) {
      auto& page = dirty_page(it->first);
      const auto start = it->first * kMemoryPageBytes;
      const auto keep = to > start ? std::min(to - start, kMemoryPageBytes) : 0;
      std::fill(page.begin() + static_cast<std::ptrdiff_t>(keep), page.end(), std::byte{0});
    }
  }
  size = to;
}

void MemoryNode::rot(std::uint64_t offset, std::byte mask) {
  const auto index = offset / kMemoryPageBytes;
  const auto within = offset % kMemoryPageBytes;
  const auto old = unsynced.find(index);
  if (old != unsynced.end()) {
    if (!old->second.bytes) old->second.bytes.emplace();
    (*old->second.bytes)[within] ^= mask;
  }
  pages[index][within] ^= mask;
}

void MemoryNode::sync() {
  std::erase_if(unsynced, [](const auto& page) { return !page.second.dropped; });
  durable_size = size;
}

void MemoryNode::fail_sync() {
  for (auto& [index, old] : unsynced) old.dropped = true;
}

void MemoryNode::crash_file(const Crash& crash, std::string_view path) {
  const auto size_kept = kept_size(crash, path);
  for (const auto& [index, old] : unsynced) {
    auto& page = pages[index];
    for (std::uint64_t i = 0; i < kMemoryPageBytes; ++i) {
      const auto before = old.bytes ? (*old.bytes)[i] : std::byte{0};
      if (page[i] == before) continue;
      if (!old.dropped && crash.keeps_byte(path, index * kMemoryPageBytes + i)) continue;
      page[i] = before;
    }
  }
  resize(size_kept);
  unsynced.clear();
  durable_size = size;
}

std::uint64_t MemoryNode::kept_size(const Crash& crash, std::string_view path) const {
  if (size <= durable_size) return crash.keeps_byte(path, size) ? size : durable_size;
  for (std::uint64_t end = size; end > durable_size;) {
    const auto start = std::max((end - 1) / kMemorySectorBytes * kMemorySectorBytes, durable_size);
    if (crash.keeps_byte(path, start) || crash.keeps_byte(path, end - 1)) {
      while (!crash.keeps_byte(path, end - 1)) --end;
      return end;
    }
    end = start;
  }
  return durable_size;
}

void MemoryNode::change_names(NameChange change) {
  apply_change(change, entries);
  pending.push_back(std::move(change));
}

void MemoryNode::sync_names() {
  durable_entries = entries;
  pending.clear();
}

void crash_tree(MemoryNode& root, const Crash& crash) {
  Paths paths;
  collect_paths(root, "", paths);
  std::set<const MemoryNode*> seen;
  crash_node(root, crash, paths, seen);
}

MemoryNodePointer copy_tree(const MemoryNodePointer& root) {
  Copies copies;
  return copy_node(root, copies);
}

}  // namespace giro::storage
