#include "storage/key_value_leveldb.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <array>

namespace giro::storage {

namespace {

constexpr int kBloomBitsPerKey = 10;

leveldb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView view(const leveldb::Slice& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::unexpected<KeyValueError> failed(const leveldb::Status& status) {
  const auto code = status.IsCorruption() ? KeyValueErrorCode::Corruption : KeyValueErrorCode::Io;
  return std::unexpected(KeyValueError{code, status.ToString()});
}

// LevelDB closes a write-ahead file unsynced when it begins the next: a synced write then says
// nothing of what was written shortly before. Here the end of each is durable before the next one
// takes a write, so that a synced write covers everything before it.
class SyncedAtEnd final : public leveldb::WritableFile {
 public:
  explicit SyncedAtEnd(std::unique_ptr<leveldb::WritableFile> file) : file_(std::move(file)) {}
  ~SyncedAtEnd() override {
    if (!is_closed_) (void)Close();
  }
  leveldb::Status Append(const leveldb::Slice& data) override { return file_->Append(data); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Sync(); }
  leveldb::Status Close() override {
    is_closed_ = true;
    const auto synced = file_->Sync();
    const auto closed = file_->Close();
    return synced.ok() ? closed : synced;
  }

 private:
  const std::unique_ptr<leveldb::WritableFile> file_;
  bool is_closed_ = false;
};

class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  explicit SyncingEnv(leveldb::Env* below) : EnvWrapper(below) {}
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** out) override {
    const auto status = target()->NewWritableFile(name, out);
    if (status.ok() && name.ends_with(".log"))
      *out = std::make_unique<SyncedAtEnd>(std::unique_ptr<leveldb::WritableFile>(*out)).release();
    return status;
  }
};

leveldb::ReadOptions read_options(const leveldb::Snapshot* snapshot, bool fill_cache) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = fill_cache;
  options.snapshot = snapshot;
  return options;
}

KeyValueResult<std::optional<Bytes>> get_from(leveldb::DB& database,
                                              const leveldb::Snapshot* snapshot, ByteView key) {
  std::string value;
  const auto status = database.Get(read_options(snapshot, true), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return failed(status);
  return crypto::to_bytes(crypto::as_view(value));
}

KeyValueResult<void> scan_in(leveldb::DB& database, const leveldb::Snapshot* snapshot,
                             ByteView from, ByteView to, const KeyValueReader::Visit& visit) {
  const std::unique_ptr<leveldb::Iterator> iterator(
      database.NewIterator(read_options(snapshot, false)));
  for (iterator->Seek(slice(from)); iterator->Valid(); iterator->Next()) {
    if (!to.empty() && iterator->key().compare(slice(to)) >= 0) break;
    if (!visit(view(iterator->key()), view(iterator->value()))) break;
  }
  if (!iterator->status().ok()) return failed(iterator->status());
  return {};
}

class LevelDbSnapshot final : public KeyValueReader {
 public:
  explicit LevelDbSnapshot(leveldb::DB& database)
      : database_(database), snapshot_(database.GetSnapshot()) {}
  ~LevelDbSnapshot() override { database_.ReleaseSnapshot(snapshot_); }
  LevelDbSnapshot(const LevelDbSnapshot&) = delete;
  LevelDbSnapshot& operator=(const LevelDbSnapshot&) = delete;

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override {
    return get_from(database_, snapshot_, key);
  }

  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    return scan_in(database_, snapshot_, from, to, visit);
  }

 private:
  leveldb::DB& database_;
  const leveldb::Snapshot* snapshot_;
};

class LevelDbStore final : public KeyValueStore {
 public:
  explicit LevelDbStore(const LevelDbOptions& options)
      : env_(options.env != nullptr ? options.env : leveldb::Env::Default()),
        filter_(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey)),
        cache_(leveldb::NewLRUCache(options.cache_bytes)) {}

  KeyValueResult<void> open(const std::string& directory, const LevelDbOptions& options) {
    leveldb::Options database_options;
    database_options.create_if_missing = !options.must_exist;
    database_options.paranoid_checks = true;
    database_options.write_buffer_size = options.write_buffer_bytes;
    database_options.max_open_files = options.open_files_max;
    database_options.block_cache = cache_.get();
    database_options.filter_policy = filter_.get();
    database_options.env = &env_;
    if (!options.compress) database_options.compression = leveldb::kNoCompression;
    leveldb::DB* database = nullptr;
    const auto status = leveldb::DB::Open(database_options, directory, &database);
    database_.reset(database);
    if (!status.ok()) return failed(status);
    return {};
  }

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override {
    return get_from(*database_, nullptr, key);
  }

  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    return scan_in(*database_, nullptr, from, to, visit);
  }

  KeyValueResult<void> write(const WriteBatch& batch, Durability durability) override {
    if (auto checked = batch.check(); !checked) return checked;
    leveldb::WriteBatch changes;
    batch.for_each([&changes](ByteView key, std::optional<ByteView> value) {
      if (value) {
        changes.Put(slice(key), slice(*value));
      } else {
        changes.Delete(slice(key));
      }
    });
    leveldb::WriteOptions options;
    options.sync = durability == Durability::Synced;
    const auto status = database_->Write(options, &changes);
    if (!status.ok()) return failed(status);
    return {};
  }

  [[nodiscard]] std::unique_ptr<KeyValueReader> snapshot() const override {
    return std::make_unique<LevelDbSnapshot>(*database_);
  }

  [[nodiscard]] std::uint64_t approximate_bytes() const override {
    const std::string last(kKeyBytesMax + 1, '\xff');
    const leveldb::Range everything{leveldb::Slice(), last};
    std::uint64_t bytes = 0;
    database_->GetApproximateSizes(&everything, 1, &bytes);
    return bytes;
  }

 private:
  // In this order: the database goes first.
  SyncingEnv env_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> database_;
};

}  // namespace

KeyValueResult<std::unique_ptr<KeyValueStore>> open_leveldb(const std::string& directory,
                                                            const LevelDbOptions& options) {
  auto store = std::make_unique<LevelDbStore>(options);
  if (auto opened = store->open(directory, options); !opened) {
    return std::unexpected(opened.error());
  }
  return store;
}

}  // namespace giro::storage
