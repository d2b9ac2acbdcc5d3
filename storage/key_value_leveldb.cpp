#include "storage/key_value_leveldb.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "storage/file_posix.h"

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
// takes a write, so that a synced write covers everything before it. LevelDB drops the answer of a
// close: once one has failed, no file takes anything any more.
class SyncedAtEnd final : public leveldb::WritableFile {
 public:
  SyncedAtEnd(std::unique_ptr<leveldb::WritableFile> file, std::atomic<bool>& has_failed)
      : file_(std::move(file)), has_failed_(has_failed) {}
  ~SyncedAtEnd() override {
    if (!is_closed_) (void)Close();
  }
  leveldb::Status Append(const leveldb::Slice& data) override {
    if (has_failed_) return leveldb::Status::IOError("an earlier write-ahead file is not durable");
    return file_->Append(data);
  }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Sync(); }
  leveldb::Status Close() override {
    is_closed_ = true;
    const auto synced = file_->Sync();
    const auto closed = file_->Close();
    if (!synced.ok() || !closed.ok()) has_failed_ = true;
    return synced.ok() ? closed : synced;
  }

 private:
  const std::unique_ptr<leveldb::WritableFile> file_;
  std::atomic<bool>& has_failed_;
  bool is_closed_ = false;
};

// The form of LevelDB's write-ahead files: records in blocks, each with its checksum, length, type.
constexpr std::size_t kLogBlockBytes = 32 << 10;
constexpr std::size_t kLogHeaderBytes = 7;

// LevelDB takes a record of type and length zero for space that was asked for and not used, and
// goes on behind it in silence. After a power failure it may be a write that was lost, with a later
// one behind it. True: something stands behind such a record.
leveldb::Status find_hole(leveldb::SequentialFile& file, bool& has_hole) {
  std::vector<char> scratch(kLogBlockBytes);
  bool is_at_end = false;
  has_hole = false;
  while (true) {
    leveldb::Slice block;
    if (auto status = file.Read(scratch.size(), &block, scratch.data()); !status.ok())
      return status;
    if (block.empty()) return leveldb::Status::OK();
    std::size_t at = 0;
    while (!is_at_end && block.size() - at >= kLogHeaderBytes) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(block[at + i]); };
      const std::size_t length = byte(4) | static_cast<std::size_t>(byte(5)) << 8U;
      is_at_end = length == 0 && byte(6) == 0;
      // Of a header that was torn at the end a part of the checksum may stand there.
      at = std::min(at + kLogHeaderBytes + length, block.size());
    }
    const auto is_zero = [](char value) { return value == 0; };
    if (is_at_end && !std::all_of(block.data() + at, block.data() + block.size(), is_zero)) {
      has_hole = true;
      return leveldb::Status::OK();
    }
  }
}

// LevelDB's files with what a power failure asks for (protocol R37: what was synced stays, and all
// that was written before it).
class SyncingEnv final : public leveldb::EnvWrapper {
 public:
  SyncingEnv(leveldb::Env* below, FilePort& files) : EnvWrapper(below), files_(files) {}

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** out) override {
    leveldb::WritableFile* opened = nullptr;
    if (auto status = target()->NewWritableFile(name, &opened); !status.ok()) return status;
    std::unique_ptr<leveldb::WritableFile> file(opened);
    if (is_write_ahead(name)) {
      // A synced write is of no use in a file whose name is lost.
      if (auto status = sync_names(name); !status.ok()) return status;
      file = std::make_unique<SyncedAtEnd>(std::move(file), has_failed_);
    }
    *out = file.release();
    return leveldb::Status::OK();
  }

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** out) override {
    if (is_write_ahead(name)) {
      leveldb::SequentialFile* opened = nullptr;
      if (auto status = target()->NewSequentialFile(name, &opened); !status.ok()) return status;
      const std::unique_ptr<leveldb::SequentialFile> file(opened);
      bool has_hole = false;
      if (auto status = find_hole(*file, has_hole); !status.ok()) return status;
      if (has_hole) return leveldb::Status::Corruption(name, "a write is missing before others");
    }
    return target()->NewSequentialFile(name, out);
  }

  // Until the new name of CURRENT is durable a power failure brings the old
  // manifest back, with the write-ahead files of both: the newer one has what was synced since, and
  // of the older one the part is gone that was never synced, only read back.
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    auto status = target()->RenameFile(from, to);
    if (!status.ok() || !to.ends_with("/CURRENT")) return status;
    auto synced = sync_names(to);
    if (!synced.ok()) has_failed_ = true;
    return synced;
  }

  // Where CURRENT was renamed and its name is not durable, LevelDB takes the new manifest back,
  // which CURRENT names by now. Nothing goes any more: either manifest may be the one.
  leveldb::Status RemoveFile(const std::string& name) override {
    if (has_failed_) return leveldb::Status::IOError(name, "an earlier change is not durable");
    return target()->RemoveFile(name);
  }

 private:
  leveldb::Status sync_names(const std::string& name) {
    if (const auto synced = files_.sync_directory(parent_path(name)); !synced)
      return leveldb::Status::IOError(name, synced.error().text);
    return leveldb::Status::OK();
  }
  static bool is_write_ahead(const std::string& name) { return name.ends_with(".log"); }

  FilePort& files_;
  std::atomic<bool> has_failed_ = false;
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
                             ByteView from, ByteView to, bool fill_cache,
                             const KeyValueReader::Visit& visit) {
  const std::unique_ptr<leveldb::Iterator> iterator(
      database.NewIterator(read_options(snapshot, fill_cache)));
  for (iterator->Seek(slice(from)); iterator->Valid(); iterator->Next()) {
    if (!to.empty() && iterator->key().compare(slice(to)) >= 0) break;
    if (!visit(view(iterator->key()), view(iterator->value()))) break;
  }
  if (!iterator->status().ok()) return failed(iterator->status());
  return {};
}

class LevelDbSnapshot final : public KeyValueReader {
 public:
  LevelDbSnapshot(leveldb::DB& database, bool cache_scans)
      : database_(database), snapshot_(database.GetSnapshot()), cache_scans_(cache_scans) {}
  ~LevelDbSnapshot() override { database_.ReleaseSnapshot(snapshot_); }
  LevelDbSnapshot(const LevelDbSnapshot&) = delete;
  LevelDbSnapshot& operator=(const LevelDbSnapshot&) = delete;

  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override {
    return get_from(database_, snapshot_, key);
  }

  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    return scan_in(database_, snapshot_, from, to, cache_scans_, visit);
  }

 private:
  leveldb::DB& database_;
  const leveldb::Snapshot* snapshot_;
  const bool cache_scans_;
};

class LevelDbStore final : public KeyValueStore {
 public:
  explicit LevelDbStore(const LevelDbOptions& options)
      : env_(options.env != nullptr ? options.env : leveldb::Env::Default(),
             options.files != nullptr ? *options.files : real_files_),
        filter_(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey)),
        cache_(leveldb::NewLRUCache(options.cache_bytes)),
        cache_scans_(options.cache_scans) {}

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
    return scan_in(*database_, nullptr, from, to, cache_scans_, visit);
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
    return std::make_unique<LevelDbSnapshot>(*database_, cache_scans_);
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
  PosixFilePort real_files_;
  SyncingEnv env_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  const bool cache_scans_;
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
