// The key-value port in memory: for tests, and for replaying without a disk.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "storage/key_value.h"

namespace giro::storage {

// The first write after a snapshot or a scan copies the whole map.
class MemoryKeyValueStore final : public KeyValueStore {
 public:
  using Map = std::map<Bytes, Bytes>;

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override;
  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override;
  KeyValueResult<void> write(const WriteBatch& batch, Durability durability) override;
  [[nodiscard]] std::unique_ptr<KeyValueReader> snapshot() const override;
  [[nodiscard]] std::uint64_t approximate_bytes() const override;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Map> map_ = std::make_shared<Map>();
  mutable bool is_shared_ = false;  // somebody else may still read *map_
};

}  // namespace giro::storage
