#include "tests/simulation/leveldb_env.h"

#include <algorithm>
#include <utility>

#include "crypto/check.h"
#include "storage/key_value_leveldb.h"

namespace giro::sim {
namespace {

using leveldb::Slice;
using leveldb::Status;
using storage::FileErrorCode;

Status failed(const storage::FileError& error) {
  return error.code == FileErrorCode::NotFound ? Status::NotFound(error.text)
                                               : Status::IOError(error.text);
}

template <typename T>
Status status_of(const storage::FileResult<T>& result) {
  return result ? Status::OK() : failed(result.error());
}

class Sequential final : public leveldb::SequentialFile {
 public:
  explicit Sequential(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}
  Status Read(std::size_t size, Slice* result, char* scratch) override {
    const auto got = file_->read(offset_, {reinterpret_cast<std::byte*>(scratch), size});
    if (!got) return failed(got.error());
    offset_ += *got;
    *result = Slice(scratch, *got);
    return Status::OK();
  }
  Status Skip(std::uint64_t size) override {
    offset_ += size;
    return Status::OK();
  }

 private:
  std::unique_ptr<storage::File> file_;
  std::uint64_t offset_ = 0;
};

class RandomAccess final : public leveldb::RandomAccessFile {
 public:
  explicit RandomAccess(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}
  Status Read(std::uint64_t offset, std::size_t size, Slice* result, char* scratch) const override {
    const auto got = file_->read(offset, {reinterpret_cast<std::byte*>(scratch), size});
    if (!got) return failed(got.error());
    *result = Slice(scratch, *got);
    return Status::OK();
  }

 private:
  std::unique_ptr<storage::File> file_;
};

// Buffers like LevelDB's own: what was not flushed dies with the process.
class Writable final : public leveldb::WritableFile {
 public:
  Writable(storage::FilePort& files, std::string name, std::unique_ptr<storage::File> file)
      : files_(files), name_(std::move(name)), file_(std::move(file)) {}
  ~Writable() override { static_cast<void>(Flush()); }
  Status Append(const Slice& data) override {
    const auto* bytes = reinterpret_cast<const std::byte*>(data.data());
    buffer_.insert(buffer_.end(), bytes, bytes + data.size());
    return buffer_.size() < kBufferBytes ? Status::OK() : Flush();
  }
  Status Close() override { return Flush(); }
  Status Flush() override {
    if (buffer_.empty()) return Status::OK();
    const auto written = file_->write(offset_, buffer_);
    if (!written) return failed(written.error());
    offset_ += buffer_.size();
    buffer_.clear();
    return Status::OK();
  }
  Status Sync() override {
    // A manifest names new files, so their names must be durable before it is.
    if (name_.find("MANIFEST") != std::string::npos) {
      if (auto named = files_.sync_directory(storage::parent_path(name_)); !named)
        return failed(named.error());
    }
    if (auto flushed = Flush(); !flushed.ok()) return flushed;
    return status_of(file_->sync());
  }

 private:
  static constexpr std::size_t kBufferBytes = 65536;
  storage::FilePort& files_;
  const std::string name_;
  std::unique_ptr<storage::File> file_;
  crypto::Bytes buffer_;
  std::uint64_t offset_ = 0;
};

struct Lock final : leveldb::FileLock {
  explicit Lock(std::unique_ptr<storage::FileLock> held_) : held(std::move(held_)) {}
  std::unique_ptr<storage::FileLock> held;
};

class NoLogger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

class SimulatedStore final : public storage::KeyValueStore {
 public:
  SimulatedStore(storage::FilePort& files, std::shared_ptr<const bool> dead)
      : files_(files), env_(std::make_unique<LevelDbEnv>(files)), dead_(std::move(dead)) {}
  ~SimulatedStore() override {
    env_->drain();
    inner_.reset();
  }

  storage::KeyValueResult<void> open(const std::string& directory) {
    // Small enough that files are written and merged within minutes of virtual time.
    const storage::LevelDbOptions options{.cache_bytes = 4ULL << 20,
                                          .write_buffer_bytes = 256ULL << 10,
                                          .open_files_max = 500,
                                          .must_exist = false,
                                          .compress = false,  // an eighth of the time
                                          .cache_scans = true,
                                          .files = &files_,
                                          .env = env_.get()};
    auto opened = storage::open_leveldb(directory, options);
    env_->drain();
    if (!opened) return std::unexpected(opened.error());
    inner_ = std::move(*opened);
    return {};
  }

  storage::KeyValueResult<std::optional<crypto::Bytes>> get(crypto::ByteView key) const override {
    return inner_->get(key);
  }
  storage::KeyValueResult<void> scan(crypto::ByteView from, crypto::ByteView to,
                                     const Visit& visit) const override {
    return inner_->scan(from, to, visit);
  }
  storage::KeyValueResult<void> write(const storage::WriteBatch& batch,
                                      storage::Durability durability) override {
    if (*dead_) return {};
    auto written = inner_->write(batch, durability);
    env_->drain();
    return written;
  }
  [[nodiscard]] std::unique_ptr<storage::KeyValueReader> snapshot() const override {
    return inner_->snapshot();
  }
  [[nodiscard]] std::uint64_t approximate_bytes() const override {
    return inner_->approximate_bytes();
  }

 private:
  storage::FilePort& files_;
  std::unique_ptr<LevelDbEnv> env_;
  std::shared_ptr<const bool> dead_;
  std::unique_ptr<storage::KeyValueStore> inner_;
};

}  // namespace

Status LevelDbEnv::NewSequentialFile(const std::string& name, leveldb::SequentialFile** result) {
  auto file = files_.open(name, storage::OpenMode::Read);
  if (!file) return failed(file.error());
  *result = new Sequential(std::move(*file));
  return Status::OK();
}

Status LevelDbEnv::NewRandomAccessFile(const std::string& name,
                                       leveldb::RandomAccessFile** result) {
  auto file = files_.open(name, storage::OpenMode::Read);
  if (!file) return failed(file.error());
  *result = new RandomAccess(std::move(*file));
  return Status::OK();
}

Status LevelDbEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** result) {
  auto file = files_.open(name, storage::OpenMode::Create);
  if (!file && file.error().code == FileErrorCode::AlreadyExists) {
    file = files_.open(name, storage::OpenMode::Write);
    if (file) {
      if (auto cut = (*file)->truncate(0); !cut) return failed(cut.error());
    }
  }
  if (!file) return failed(file.error());
  *result = new Writable(files_, name, std::move(*file));
  return Status::OK();
}

bool LevelDbEnv::FileExists(const std::string& name) {
  const auto type = files_.type(name);
  return type && *type != storage::FileType::None;
}

Status LevelDbEnv::GetChildren(const std::string& directory, std::vector<std::string>* result) {
  auto names = files_.list(directory);
  if (!names) return failed(names.error());
  *result = std::move(*names);
  return Status::OK();
}

Status LevelDbEnv::RemoveFile(const std::string& name) {
  return status_of(files_.remove(name));
}

Status LevelDbEnv::CreateDir(const std::string& name) {
  return status_of(files_.create_directory(name));
}

Status LevelDbEnv::RemoveDir(const std::string& name) {
  return status_of(files_.remove(name));
}

Status LevelDbEnv::GetFileSize(const std::string& name, std::uint64_t* size) {
  auto file = files_.open(name, storage::OpenMode::Read);
  if (!file) return failed(file.error());
  const auto found = (*file)->size();
  if (!found) return failed(found.error());
  *size = *found;
  return Status::OK();
}

Status LevelDbEnv::RenameFile(const std::string& from, const std::string& to) {
  return status_of(files_.rename(from, to));
}

Status LevelDbEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  auto held = files_.lock(name);
  if (!held) return failed(held.error());
  *lock = new Lock(std::move(*held));
  return Status::OK();
}

Status LevelDbEnv::UnlockFile(leveldb::FileLock* lock) {
  delete lock;
  return Status::OK();
}

void LevelDbEnv::Schedule(void (*function)(void*), void* argument) {
  background_.emplace_back(function, argument);
}

void LevelDbEnv::StartThread(void (*)(void*), void*) {
  GIRO_CHECK(false);  // LevelDB 1.23 starts none
}

Status LevelDbEnv::GetTestDirectory(std::string*) {
  return Status::NotSupported("no test directory");
}

Status LevelDbEnv::NewLogger(const std::string&, leveldb::Logger** result) {
  *result = new NoLogger;
  return Status::OK();
}

void LevelDbEnv::drain() {
  while (!background_.empty()) {
    const auto [function, argument] = background_.front();
    background_.pop_front();
    function(argument);
  }
}

storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>> open_simulated_leveldb(
    storage::FilePort& files, const std::string& directory, std::shared_ptr<const bool> dead) {
  auto store = std::make_unique<SimulatedStore>(files, std::move(dead));
  if (auto opened = store->open(directory); !opened) return std::unexpected(opened.error());
  return store;
}

}  // namespace giro::sim
