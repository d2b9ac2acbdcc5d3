// A store that leaves a mark when its rows fail their checks. Who reads them ends the process
// (protocol R40), wherever it is; so that the next start does not meet them again, it rebuilds a
// marked store from log and snapshots.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "storage/file.h"
#include "storage/key_value.h"

namespace giro::runtime {

// <data>/DAMAGED. Of the whole store: which rows are lost is not known.
class DamageMark {
 public:
  DamageMark(storage::FilePort& files, const std::string& data)  // files outlives it
      : files_(files), data_(data), path_(storage::join_path(data, "DAMAGED")) {}

  // Any thread. A mark that cannot be written costs one more start that ends in the same place.
  void set(const std::string& why) const;
  [[nodiscard]] storage::FileResult<bool> is_set() const;
  [[nodiscard]] storage::FileResult<void> remove() const;  // durable

 private:
  storage::FilePort& files_;
  std::string data_, path_;
};

class WatchedStore final : public storage::KeyValueStore {
 public:
  WatchedStore(std::unique_ptr<storage::KeyValueStore> store, DamageMark mark)
      : store_(std::move(store)), mark_(std::move(mark)) {}

  storage::KeyValueResult<std::optional<crypto::Bytes>> get(crypto::ByteView key) const override;
  storage::KeyValueResult<void> scan(crypto::ByteView from, crypto::ByteView to,
                                     const Visit& visit) const override;
  storage::KeyValueResult<void> write(const storage::WriteBatch& batch,
                                      storage::Durability durability) override;
  [[nodiscard]] std::unique_ptr<storage::KeyValueReader> snapshot() const override;
  [[nodiscard]] std::uint64_t approximate_bytes() const override {
    return store_->approximate_bytes();
  }

 private:
  class Snapshot;
  template <typename T>
  storage::KeyValueResult<T> watched(storage::KeyValueResult<T> result) const;

  const std::unique_ptr<storage::KeyValueStore> store_;
  const DamageMark mark_;
  mutable std::mutex mutex_;  // one mark at a time
};

}  // namespace giro::runtime
