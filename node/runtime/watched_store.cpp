#include "node/runtime/watched_store.h"

#include <utility>

namespace giro::runtime {

using crypto::Bytes;
using crypto::ByteView;
using storage::KeyValueResult;

void DamageMark::set(const std::string& why) const {
  (void)storage::write_whole(files_, path_, crypto::as_view(why + "\n"));
}

storage::FileResult<bool> DamageMark::is_set() const {
  const auto type = files_.type(path_);
  if (!type) return std::unexpected(type.error());
  return *type != storage::FileType::None;
}

storage::FileResult<void> DamageMark::remove() const {
  if (auto gone = files_.remove(path_); !gone) return gone;
  return files_.sync_directory(data_);
}

template <typename T>
KeyValueResult<T> WatchedStore::watched(KeyValueResult<T> result) const {
  if (!result && result.error().code == storage::KeyValueErrorCode::Corruption) {
    const std::lock_guard lock(mutex_);
    mark_.set(result.error().text);
  }
  return result;
}

class WatchedStore::Snapshot final : public storage::KeyValueReader {
 public:
  explicit Snapshot(const WatchedStore& store) : store_(store), rows_(store.store_->snapshot()) {}
  KeyValueResult<std::optional<Bytes>> get(ByteView key) const override {
    return store_.watched(rows_->get(key));
  }
  KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const override {
    return store_.watched(rows_->scan(from, to, visit));
  }

 private:
  const WatchedStore& store_;
  const std::unique_ptr<storage::KeyValueReader> rows_;
};

KeyValueResult<std::optional<Bytes>> WatchedStore::get(ByteView key) const {
  return watched(store_->get(key));
}

KeyValueResult<void> WatchedStore::scan(ByteView from, ByteView to, const Visit& visit) const {
  return watched(store_->scan(from, to, visit));
}

KeyValueResult<void> WatchedStore::write(const storage::WriteBatch& batch,
                                         storage::Durability durability) {
  return watched(store_->write(batch, durability));
}

std::unique_ptr<storage::KeyValueReader> WatchedStore::snapshot() const {
  return std::make_unique<Snapshot>(*this);
}

}  // namespace giro::runtime
