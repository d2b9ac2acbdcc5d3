#include "storage/read_ahead.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace giro::storage {
namespace {

constexpr std::size_t kBlockBytes = 256 << 10;
constexpr std::size_t kBlocksMax = 4;  // that wait for the visitor

// Rows one behind the other, so that a million of them are no million allocations.
struct Block {
  Bytes bytes;
  std::vector<std::pair<std::size_t, std::size_t>> sizes;  // of key and value

  void add(ByteView key, ByteView value) {
    bytes.insert(bytes.end(), key.begin(), key.end());
    bytes.insert(bytes.end(), value.begin(), value.end());
    sizes.emplace_back(key.size(), value.size());
  }
  // False if the visitor has enough.
  [[nodiscard]] bool show(const KeyValueReader::Visit& visit) const {
    ByteView rest = bytes;
    for (const auto& [key, value] : sizes) {
      if (!visit(rest.first(key), rest.subspan(key, value))) return false;
      rest = rest.subspan(key + value);
    }
    return true;
  }
};

// From one thread that gives to one that takes.
class Blocks {
 public:
  // Waits for room. False: nobody takes any more.
  bool give(Block block) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_closed_ || waiting_.size() < kBlocksMax; });
    if (is_closed_) return false;
    waiting_.push_back(std::move(block));
    changed_.notify_all();
    return true;
  }
  // Waits for one. nullopt: that was all.
  std::optional<Block> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_done_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Block block = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return block;
  }
  void finish() { set(is_done_); }   // the giver
  void close() { set(is_closed_); }  // the taker

 private:
  void set(bool& what) {
    const std::lock_guard lock(mutex_);
    what = true;
    changed_.notify_all();
  }
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<Block> waiting_;
  bool is_done_ = false, is_closed_ = false;
};

}  // namespace

KeyValueResult<void> ReadAhead::scan(ByteView from, ByteView to, const Visit& visit) const {
  Blocks blocks;
  KeyValueResult<void> result;
  std::thread ahead([&] {
    Block block;
    result = reader_.scan(from, to, [&](ByteView key, ByteView value) {
      block.add(key, value);
      return block.bytes.size() < kBlockBytes || blocks.give(std::exchange(block, {}));
    });
    if (!block.sizes.empty()) blocks.give(std::move(block));
    blocks.finish();
  });
  while (const auto block = blocks.take()) {
    if (block->show(visit)) continue;
    blocks.close();
    break;
  }
  ahead.join();
  return result;
}

}  // namespace giro::storage
