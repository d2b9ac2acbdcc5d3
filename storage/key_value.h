// The key-value port: ledger state and indexes. Bindings: key_value_leveldb.h (the node's),
// key_value_memory.h. Keys are ordered by unsigned bytes, shorter first.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "storage/limits.h"

namespace giro::storage {

using crypto::Bytes;
using crypto::ByteView;

enum class KeyValueErrorCode : std::uint8_t {
  Corruption,  // stored bytes fail their checks: quarantine and rebuild from snapshot and log
  Io,        // the file system failed, the store is held by another process, or it stopped after an
             // earlier failure
  TooLarge,  // a key, value or batch above limits.h; nothing was written
};
[[nodiscard]] std::string_view to_text(KeyValueErrorCode code);

struct KeyValueError {
  KeyValueErrorCode code = KeyValueErrorCode::Io;
  std::string text;  // one line
};

template <typename T>
using KeyValueResult = std::expected<T, KeyValueError>;

// Changes that become visible together. Later ones win over earlier ones for the same key.
class WriteBatch {
 public:
  void put(ByteView key, ByteView value);
  void remove(ByteView key);
  void append(const WriteBatch& later);
  void clear();

  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.size(); }

  // In the order given; no value for a removal.
  void for_each(const std::function<void(ByteView key, std::optional<ByteView> value)>& show) const;
  // Against limits.h.
  [[nodiscard]] KeyValueResult<void> check() const;

 private:
  Bytes bytes_;  // for each change: u64 key size, u64 value size or all ones for a removal, key,
                 // value
  std::uint64_t count_ = 0;
  std::uint64_t key_bytes_max_ = 0;
  std::uint64_t value_bytes_max_ = 0;
};

// What can be read, of the store as it is now or of a snapshot. Any thread.
class KeyValueReader {
 public:
  using Visit = std::function<bool(ByteView key, ByteView value)>;  // false stops the scan

  virtual ~KeyValueReader() = default;
  virtual KeyValueResult<std::optional<Bytes>> get(ByteView key) const = 0;
  // Every pair with from <= key < to in key order; an empty `to` has no upper end. A scan of the
  // store itself sees the store as it was at the start of the scan. The views live until the
  // visitor returns.
  virtual KeyValueResult<void> scan(ByteView from, ByteView to, const Visit& visit) const = 0;
};

// Buffered: in the operating system's hands, lost by a power failure (the log redoes it). Synced:
// durable, with all writes before it.
enum class Durability : std::uint8_t { Buffered, Synced };

// write() belongs to one thread; all the rest to any.
class KeyValueStore : public KeyValueReader {
 public:
  // All of the batch or, after a crash, all or nothing.
  virtual KeyValueResult<void> write(const WriteBatch& batch,
                                     Durability durability = Durability::Buffered) = 0;
  // The store as it is now, unmoved by later writes. Must be destroyed before the store.
  [[nodiscard]] virtual std::unique_ptr<KeyValueReader> snapshot() const = 0;
  [[nodiscard]] virtual std::uint64_t approximate_bytes() const = 0;  // on disk
};

}  // namespace giro::storage
