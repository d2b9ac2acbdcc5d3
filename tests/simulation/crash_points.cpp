#include "tests/simulation/crash_points.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/check.h"

namespace giro::sim {
namespace {

using storage::File;
using storage::FileResult;

constexpr std::array<std::string_view, kActs> kActNames = {
    "log-append", "log-sync", "log-file", "log-cut",  "sign-state", "send",      "attest",
    "execute",    "store",    "epoch",    "snapshot", "install",    "other-file"};

enum class Change : std::uint8_t { Write, Sync, Remove, Names };

Act act_of(std::string_view path, Change change) {
  if (path.starts_with("/sign")) return Act::SignState;
  if (path.starts_with("/data/log")) {
    return change == Change::Write    ? Act::LogAppend
           : change == Change::Sync   ? Act::LogSync
           : change == Change::Remove ? Act::LogCut
                                      : Act::LogFile;
  }
  if (path.starts_with("/data/snapshots")) return Act::Snapshot;
  if (path.starts_with("/data/state") || path.starts_with("/data/INSTALL")) return Act::Install;
  return Act::OtherFile;
}

std::uint64_t mixed(std::uint64_t draw, std::string_view path, std::uint64_t number) {
  crypto::Bytes bytes;
  crypto::Writer(bytes).u64(draw).u64(number).raw(crypto::as_view(path));
  return crypto::Reader(crypto::sha256(bytes)).u64();
}

}  // namespace

class TellingFile final : public File {
 public:
  TellingFile(TellingFiles& port, std::string path, std::unique_ptr<File> file,
              std::shared_ptr<TellingFiles::Unsynced> unsynced)
      : port_(port),
        path_(std::move(path)),
        file_(std::move(file)),
        unsynced_(std::move(unsynced)) {}

 private:
  FileResult<void> do_write(std::uint64_t offset,
                            std::span<const crypto::ByteView> pieces) override {
    return port_.change(act_of(path_, Change::Write), [&] {
      std::uint64_t end = offset;
      for (const auto piece : pieces) end += piece.size();
      const bool is_first = unsynced_->begin == unsynced_->end;
      unsynced_->begin = is_first ? offset : std::min(unsynced_->begin, offset);
      unsynced_->end = is_first ? end : std::max(unsynced_->end, end);
      return file_->write(offset, pieces);
    });
  }
  FileResult<std::size_t> do_read(std::uint64_t offset, std::span<std::byte> into) override {
    return file_->read(offset, into);
  }
  FileResult<void> do_sync() override {
    return port_.change(act_of(path_, Change::Sync), [&] {
      *unsynced_ = {};
      return file_->sync();
    });
  }
  FileResult<void> do_preallocate(std::uint64_t size) override {
    return port_.change(act_of(path_, Change::Names), [&] { return file_->preallocate(size); });
  }
  FileResult<void> do_truncate(std::uint64_t size) override {
    return port_.change(act_of(path_, Change::Names), [&] { return file_->truncate(size); });
  }
  FileResult<std::uint64_t> do_size() override { return file_->size(); }

  TellingFiles& port_;
  const std::string path_;
  std::unique_ptr<File> file_;
  std::shared_ptr<TellingFiles::Unsynced> unsynced_;
};

FileResult<void> TellingFiles::change(Act act, const std::function<FileResult<void>()>& what) {
  on_act_(act, Moment::Before);
  auto done = what();
  on_act_(act, Moment::After);
  return done;
}

FileResult<std::unique_ptr<File>> TellingFiles::open(const std::string& path,
                                                     storage::OpenMode mode) {
  const bool is_change = mode == storage::OpenMode::Create;
  const Act act = act_of(path, Change::Names);
  if (is_change) on_act_(act, Moment::Before);
  auto file = disk_.open(path, mode);
  if (is_change) on_act_(act, Moment::After);
  if (!file) return file;
  auto& unsynced = unsynced_[path];
  if (!unsynced || is_change) unsynced = std::make_shared<Unsynced>();
  return std::make_unique<TellingFile>(*this, path, std::move(*file), unsynced);
}

FileResult<storage::FileType> TellingFiles::type(const std::string& path) {
  return disk_.type(path);
}

FileResult<std::vector<std::string>> TellingFiles::list(const std::string& path) {
  return disk_.list(path);
}

FileResult<void> TellingFiles::create_directory(const std::string& path) {
  return change(act_of(path, Change::Names), [&] { return disk_.create_directory(path); });
}

FileResult<void> TellingFiles::rename(const std::string& from, const std::string& to) {
  return change(act_of(to, Change::Names), [&] {
    if (auto moved = unsynced_.extract(from)) {
      unsynced_.erase(to);
      moved.key() = to;
      unsynced_.insert(std::move(moved));
    }
    return disk_.rename(from, to);
  });
}

FileResult<void> TellingFiles::remove(const std::string& path) {
  return change(act_of(path, Change::Remove), [&] {
    unsynced_.erase(path);
    return disk_.remove(path);
  });
}

FileResult<void> TellingFiles::sync_directory(const std::string& path) {
  return change(act_of(path, Change::Names), [&] { return disk_.sync_directory(path); });
}

FileResult<std::uint64_t> TellingFiles::free_space(const std::string& path) {
  return disk_.free_space(path);
}

FileResult<std::unique_ptr<storage::FileLock>> TellingFiles::lock(const std::string& path) {
  return disk_.lock(path);
}

storage::Crash TellingFiles::crash(Outcome outcome, std::uint64_t draw) const {
  if (outcome == Outcome::Clean) return storage::Crash::process_only();
  if (outcome == Outcome::Lost) return storage::Crash::lose_unsynced();
  // Where, by path as the disk itself says it: from its root, without the slash.
  std::map<std::string, std::uint64_t, std::less<>> torn;
  for (const auto& [path, unsynced] : unsynced_) {
    const std::uint64_t bytes = unsynced->end - unsynced->begin;
    if (bytes > 0)
      torn.emplace(path.substr(1), unsynced->begin + mixed(draw, path, 0) % (bytes + 1));
  }
  // A file of the log or of the sign state ends in the middle; LevelDB's were written by sectors
  // in any order.
  auto sectors = storage::Crash::shuffle(draw);
  return {.keeps_byte =
              [torn = std::move(torn), sectors = sectors.keeps_byte](std::string_view path,
                                                                     std::uint64_t at) {
                GIRO_CHECK(!path.starts_with('/'), path);
                const auto found = torn.find(path);
                return found == torn.end() ? sectors(path, at) : at < found->second;
              },
          .keeps_name_change = std::move(sectors.keeps_name_change),
          .machine_survives = false};
}

namespace {

class TellingStore final : public storage::KeyValueStore {
 public:
  TellingStore(std::unique_ptr<storage::KeyValueStore> store, Act act, OnAct on_act)
      : store_(std::move(store)), act_(act), on_act_(std::move(on_act)) {}

  storage::KeyValueResult<std::optional<crypto::Bytes>> get(crypto::ByteView key) const override {
    return store_->get(key);
  }
  storage::KeyValueResult<void> scan(crypto::ByteView from, crypto::ByteView to,
                                     const Visit& visit) const override {
    return store_->scan(from, to, visit);
  }
  storage::KeyValueResult<void> write(const storage::WriteBatch& batch,
                                      storage::Durability durability) override {
    on_act_(act_, Moment::Before);
    auto written = store_->write(batch, durability);
    on_act_(act_, Moment::After);
    return written;
  }
  [[nodiscard]] std::unique_ptr<storage::KeyValueReader> snapshot() const override {
    return store_->snapshot();
  }
  [[nodiscard]] std::uint64_t approximate_bytes() const override {
    return store_->approximate_bytes();
  }

 private:
  std::unique_ptr<storage::KeyValueStore> store_;
  const Act act_;
  const OnAct on_act_;
};

}  // namespace

std::unique_ptr<storage::KeyValueStore> telling_store(std::unique_ptr<storage::KeyValueStore> store,
                                                      Act act, OnAct on_act) {
  return std::make_unique<TellingStore>(std::move(store), act, std::move(on_act));
}

std::string_view name(Act act) {
  return kActNames.at(static_cast<std::size_t>(act));
}

std::string_view name(Outcome outcome) {
  return outcome == Outcome::Clean ? "clean" : outcome == Outcome::Torn ? "torn" : "lost";
}

}  // namespace giro::sim
