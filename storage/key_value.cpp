#include "storage/key_value.h"

#include <algorithm>
#include <limits>

namespace giro::storage {

namespace {

constexpr std::uint64_t kRemoval = std::numeric_limits<std::uint64_t>::max();

KeyValueError beyond_limit(std::string_view what, std::uint64_t bytes, std::uint64_t bytes_max) {
  return {KeyValueErrorCode::TooLarge, std::string(what) + " of " + std::to_string(bytes) +
                                           " bytes, at most " + std::to_string(bytes_max)};
}

}  // namespace

std::string_view to_text(KeyValueErrorCode code) {
  switch (code) {
    case KeyValueErrorCode::Corruption:
      return "corruption";
    case KeyValueErrorCode::Io:
      return "input/output error";
    case KeyValueErrorCode::TooLarge:
      return "too large";
  }
  return "unknown";
}

void WriteBatch::put(ByteView key, ByteView value) {
  crypto::Writer(bytes_).u64(key.size()).u64(value.size()).raw(key).raw(value);
  key_bytes_max_ = std::max<std::uint64_t>(key_bytes_max_, key.size());
  value_bytes_max_ = std::max<std::uint64_t>(value_bytes_max_, value.size());
  ++count_;
}

void WriteBatch::remove(ByteView key) {
  crypto::Writer(bytes_).u64(key.size()).u64(kRemoval).raw(key);
  key_bytes_max_ = std::max<std::uint64_t>(key_bytes_max_, key.size());
  ++count_;
}

void WriteBatch::append(const WriteBatch& later) {
  const std::uint64_t size = later.bytes_.size();  // `later` may be this batch
  bytes_.reserve(bytes_.size() + size);
  std::copy_n(later.bytes_.begin(), size, std::back_inserter(bytes_));
  count_ += later.count_;
  key_bytes_max_ = std::max(key_bytes_max_, later.key_bytes_max_);
  value_bytes_max_ = std::max(value_bytes_max_, later.value_bytes_max_);
}

void WriteBatch::clear() {
  *this = WriteBatch();
}

void WriteBatch::for_each(
    const std::function<void(ByteView key, std::optional<ByteView> value)>& show) const {
  crypto::Reader in(bytes_);
  while (!in.at_end()) {
    const auto key_bytes = in.u64();
    const auto value_bytes = in.u64();
    const auto key = in.raw(key_bytes);
    if (value_bytes == kRemoval) {
      show(key, std::nullopt);
    } else {
      show(key, in.raw(value_bytes));
    }
  }
}

KeyValueResult<void> WriteBatch::check() const {
  if (key_bytes_max_ > kKeyBytesMax) {
    return std::unexpected(beyond_limit("key", key_bytes_max_, kKeyBytesMax));
  }
  if (value_bytes_max_ > kValueBytesMax) {
    return std::unexpected(beyond_limit("value", value_bytes_max_, kValueBytesMax));
  }
  if (bytes() > kWriteBatchBytesMax) {
    return std::unexpected(beyond_limit("batch", bytes(), kWriteBatchBytesMax));
  }
  return {};
}

}  // namespace giro::storage
