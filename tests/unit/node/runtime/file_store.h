// A store whose rows are a file of the port, so that renaming, crashing and damage treat it like
// one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "storage/file.h"
#include "storage/key_value_memory.h"
#include "storage/snapshot_format.h"

namespace giro::runtime {

class FileStore final : public storage::KeyValueStore {
 public:
  static storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>> open(
      storage::FilePort& port, const std::string& directory) {
    (void)storage::make_directories(port, directory);
    auto lock = port.lock(storage::join_path(directory, "LOCK"));  // as LevelDB
    if (!lock)
      return std::unexpected(
          storage::KeyValueError{storage::KeyValueErrorCode::Io, lock.error().text});
    std::unique_ptr<FileStore> store(new FileStore(port, directory, std::move(*lock)));
    if (const auto bytes = storage::read_whole(port, store->path_, UINT64_MAX)) {
      storage::SnapshotRows rows([&](crypto::ByteView key, crypto::ByteView value) {
        storage::WriteBatch one;
        one.put(key, value);
        (void)store->memory_.write(one, storage::Durability::Buffered);
      });
      if (rows.add(*bytes) || rows.finish())
        return std::unexpected(
            storage::KeyValueError{storage::KeyValueErrorCode::Corruption, "damaged by the test"});
    }
    return store;
  }
  storage::KeyValueResult<std::optional<crypto::Bytes>> get(crypto::ByteView key) const override {
    return memory_.get(key);
  }
  storage::KeyValueResult<void> scan(crypto::ByteView from, crypto::ByteView to,
                                     const Visit& visit) const override {
    return memory_.scan(from, to, visit);
  }
  storage::KeyValueResult<void> write(const storage::WriteBatch& batch,
                                      storage::Durability durability) override {
    (void)memory_.write(batch, durability);
    crypto::Bytes bytes;
    (void)memory_.scan({}, {}, [&](crypto::ByteView key, crypto::ByteView value) {
      storage::append_snapshot_row(bytes, key, value);
      return true;
    });
    const auto written = storage::write_whole(port_, path_, bytes);
    if (!written)
      return std::unexpected(
          storage::KeyValueError{storage::KeyValueErrorCode::Io, written.error().text});
    return {};
  }
  std::unique_ptr<storage::KeyValueReader> snapshot() const override { return memory_.snapshot(); }
  std::uint64_t approximate_bytes() const override { return 0; }

  static std::string path_in(const std::string& directory) {
    return storage::join_path(directory, "rows");
  }

 private:
  FileStore(storage::FilePort& port, const std::string& directory,
            std::unique_ptr<storage::FileLock> lock)
      : lock_(std::move(lock)), port_(port), path_(path_in(directory)) {}

  const std::unique_ptr<storage::FileLock> lock_;
  storage::FilePort& port_;
  const std::string path_;
  storage::MemoryKeyValueStore memory_;
};

inline auto open_file_store(storage::FilePort& port, const std::string& directory) {
  return FileStore::open(port, directory);
}
// It does not open any more.
inline void damage_file_store(storage::FilePort& port, const std::string& directory) {
  ASSERT_TRUE(
      storage::write_whole(port, FileStore::path_in(directory), crypto::Bytes(9, std::byte{0xFF})));
}

}  // namespace giro::runtime
