// The Batch message of consensus.proto by hand: operations are not copied, and a batch has one
// encoding, since its bytes are what is hashed. Fields in ascending order, default values left out,
// shortest varints.
#include <algorithm>
#include <optional>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "crypto/digest.h"

namespace giro::consensus::wire {
namespace {

constexpr std::uint8_t kAuthorTag = 1 << 3;
constexpr std::uint8_t kSeqTag = 2 << 3;
constexpr std::uint8_t kExpiresTag = 3 << 3;
constexpr std::uint8_t kOperationTag = 4 << 3 | 2;

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void put_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

std::size_t number_size(std::uint64_t value) {
  return value == 0 ? 0 : 1 + varint_size(value);
}

void put_number(Bytes& out, std::uint8_t tag, std::uint64_t value) {
  if (value == 0) return;
  out.push_back(static_cast<std::byte>(tag));
  put_varint(out, value);
}

// Reads what put_* writes. nullopt: the end, or not the shortest form.
class Scanner {
 public:
  explicit Scanner(ByteView in) : in_(in) {}
  [[nodiscard]] bool at_end() const { return position_ == in_.size(); }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return in_.size() - position_; }
  void skip(std::size_t size) { position_ += size; }

  [[nodiscard]] std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_end()) return std::nullopt;
      const auto byte = static_cast<std::uint8_t>(in_[position_++]);
      if (shift == 63 && byte > 1) return std::nullopt;  // more than 64 bits, or more to come
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        if (byte == 0 && shift > 0) return std::nullopt;  // not the shortest form
        return value;
      }
    }
  }

  // A number field that is absent when zero.
  [[nodiscard]] std::optional<std::uint64_t> number(std::uint8_t tag) {
    if (at_end() || static_cast<std::uint8_t>(in_[position_]) != tag) return 0;
    ++position_;
    const std::optional<std::uint64_t> value = varint();
    if (!value || *value == 0) return std::nullopt;
    return value;
  }

  [[nodiscard]] bool tag(std::uint8_t expected) {
    if (at_end() || static_cast<std::uint8_t>(in_[position_]) != expected) return false;
    ++position_;
    return true;
  }

 private:
  ByteView in_;
  std::size_t position_ = 0;
};

Hash batch_id(ByteView bytes) {
  return crypto::tagged_hash("giro/batch/v1", {bytes});
}

// False when the operations are not what put_* writes, or there are too many.
RejectReason scan_operations(Scanner& in, std::vector<Batch::Range>& out) {
  while (!in.at_end()) {
    if (!in.tag(kOperationTag)) return RejectReason::Malformed;
    const std::optional<std::uint64_t> size = in.varint();
    if (!size || *size == 0 || *size > in.remaining()) return RejectReason::Malformed;
    if (out.size() == kBatchOperationsMax) return RejectReason::TooLarge;
    out.push_back({static_cast<std::uint32_t>(in.position()), static_cast<std::uint32_t>(*size)});
    in.skip(static_cast<std::size_t>(*size));
  }
  return out.empty() ? RejectReason::Malformed : RejectReason::None;
}

}  // namespace

std::size_t batch_size(InstitutionId author, std::uint64_t author_seq, WallTime expires_at,
                       std::span<const ByteView> operations) {
  std::size_t size = number_size(author.value) + number_size(author_seq) +
                     number_size(static_cast<std::uint64_t>(expires_at.ms));
  for (const ByteView operation : operations) {
    size += 1 + varint_size(operation.size()) + operation.size();
  }
  return size;
}

BatchPtr make_batch(InstitutionId author, std::uint64_t author_seq, WallTime expires_at,
                    std::span<const ByteView> operations) {
  auto batch = std::make_shared<Batch>();
  batch->author = author;
  batch->author_seq = author_seq;
  batch->expires_at = expires_at;
  const std::size_t size = batch_size(author, author_seq, expires_at, operations);
  GIRO_CHECK(size <= kBatchBytesMax, size);
  GIRO_CHECK(!operations.empty() && operations.size() <= kBatchOperationsMax, operations.size());
  GIRO_CHECK(expires_at.ms >= 0 && expires_at.ms <= kTimeMsMax, expires_at);
  Bytes& bytes = batch->bytes;
  bytes.reserve(size);
  put_number(bytes, kAuthorTag, author.value);
  put_number(bytes, kSeqTag, author_seq);
  put_number(bytes, kExpiresTag, static_cast<std::uint64_t>(expires_at.ms));
  batch->operations.reserve(operations.size());
  for (const ByteView operation : operations) {
    GIRO_CHECK(!operation.empty());
    bytes.push_back(static_cast<std::byte>(kOperationTag));
    put_varint(bytes, operation.size());
    batch->operations.push_back(
        {static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint32_t>(operation.size())});
    bytes.insert(bytes.end(), operation.begin(), operation.end());
  }
  batch->id = batch_id(bytes);
  return batch;
}

std::expected<BatchPtr, RejectReason> parse_batch(Bytes bytes) {
  if (bytes.size() > kBatchBytesMax) return std::unexpected(RejectReason::TooLarge);
  Scanner in(bytes);
  const std::optional<std::uint64_t> author = in.number(kAuthorTag);
  const std::optional<std::uint64_t> seq = author ? in.number(kSeqTag) : std::nullopt;
  const std::optional<std::uint64_t> expires = seq ? in.number(kExpiresTag) : std::nullopt;
  if (!expires || *author > UINT32_MAX || *expires > std::uint64_t{kTimeMsMax}) {
    return std::unexpected(RejectReason::Malformed);
  }
  auto batch = std::make_shared<Batch>();
  if (const RejectReason reason = scan_operations(in, batch->operations);
      reason != RejectReason::None) {
    return std::unexpected(reason);
  }
  batch->operations.shrink_to_fit();
  batch->author = {static_cast<std::uint32_t>(*author)};
  batch->author_seq = *seq;
  batch->expires_at = {static_cast<std::int64_t>(*expires)};
  batch->id = batch_id(bytes);
  batch->bytes = std::move(bytes);
  return batch;
}

}  // namespace giro::consensus::wire
