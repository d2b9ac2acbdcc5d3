#include "storage/key_value_memory.h"

namespace giro::storage {

namespace {

KeyValueResult<std::optional<Bytes>> get_from(const MemoryKeyValueStore::Map& map, ByteView key) {
  const auto it = map.find(crypto::to_bytes(key));
  if (it == map.end()) return std::nullopt;
  return it->second;
}

void scan_in(const MemoryKeyValueStore::Map& map, ByteView from, ByteView to,
             const KeyValueReader::Visit& visit) {
  const auto upper = crypto::to_bytes(to);
  for (auto it = map.lower_bound(crypto::to_bytes(from));
       it != map.end() && (to.empty() || it->first < upper); ++it) {
    if (!visit(it->first, it->second)) return;
  }
}

class MemorySnapshot final : public KeyValueReader {
 public:
  explicit MemorySnapshot(std::shared_ptr<const MemoryKeyValueStore::Map> map)
      : map_(std::move(map)) {}

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override {
    return get_from(*map_, key);
  }

  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    scan_in(*map_, from, to, visit);
    return {};
  }

 private:
  std::shared_ptr<const MemoryKeyValueStore::Map> map_;
};

}  // namespace

KeyValueResult<std::optional<Bytes>> MemoryKeyValueStore::get(ByteView key) const {
  const std::lock_guard lock(mutex_);
  return get_from(*map_, key);
}

KeyValueResult<void> MemoryKeyValueStore::scan(ByteView from, ByteView to,
                                               const Visit& visit) const {
  return snapshot()->scan(from, to, visit);
}

KeyValueResult<void> MemoryKeyValueStore::write(const WriteBatch& batch, Durability) {
  if (auto checked = batch.check(); !checked) return checked;
  const std::lock_guard lock(mutex_);
  if (is_shared_) {
    map_ = std::make_shared<Map>(*map_);
    is_shared_ = false;
  }
  batch.for_each([this](ByteView key, std::optional<ByteView> value) {
    if (value) {
      (*map_)[crypto::to_bytes(key)] = crypto::to_bytes(*value);
    } else {
      map_->erase(crypto::to_bytes(key));
    }
  });
  return {};
}

std::unique_ptr<KeyValueReader> MemoryKeyValueStore::snapshot() const {
  const std::lock_guard lock(mutex_);
  is_shared_ = true;
  return std::make_unique<MemorySnapshot>(map_);
}

std::uint64_t MemoryKeyValueStore::approximate_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [key, value] : *map_) sum += key.size() + value.size();
  return sum;
}

}  // namespace giro::storage
