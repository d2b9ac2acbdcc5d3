// The bytes of a snapshot (protocol R34). Integers are big-endian.
//
//   stream     rows in ascending key order: key bytes u32 ‖ value bytes u32 ‖ key ‖ value
//   chunk      `chunk_bytes` of the stream, wherever a row may end; the last one is what is left
//   manifest   "giroSNAP" ‖ version u32 ‖ header bytes u32 ‖ height u64 ‖ chunk bytes u64 ‖
//              chunks u32 ‖ 0 u32 ‖ header ‖ digest of each chunk ‖ check 32
//
// The header is its owner's: storage gives it no meaning. The check finds accidents; what must
// withstand an attacker is the certificate over the owner's own digest of the manifest.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "storage/limits.h"

namespace giro::storage {

using crypto::Bytes;
using crypto::ByteView;

struct SnapshotManifest {
  std::uint64_t height = 0;
  std::uint64_t chunk_bytes = 0;  // of every chunk but the last
  Bytes header;
  std::vector<crypto::Hash> chunks;
  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;
};

[[nodiscard]] Bytes encode_snapshot_manifest(const SnapshotManifest& manifest);
// The one encoding of a manifest within limits.h; the error says what is wrong.
[[nodiscard]] std::expected<SnapshotManifest, std::string_view> decode_snapshot_manifest(
    ByteView bytes);
// SHA-256("giro/chunk/v1" ‖ bytes), of the uncompressed bytes.
[[nodiscard]] crypto::Hash snapshot_chunk_digest(ByteView bytes);

// Appends one row to the stream.
void append_snapshot_row(Bytes& stream, ByteView key, ByteView value);

// Takes the stream in pieces and shows its rows. Holds one row at most; a size is believed only
// within limits.h, and memory follows the bytes that have come, not what they claim.
class SnapshotRows {
 public:
  using Visit = std::function<void(ByteView key, ByteView value)>;
  explicit SnapshotRows(Visit visit) : visit_(std::move(visit)) {}
  // What is wrong with the stream, once; nothing is taken after that.
  [[nodiscard]] std::optional<std::string_view> add(ByteView piece);
  [[nodiscard]] std::optional<std::string_view> finish() const;  // nothing may be left over

 private:
  Visit visit_;
  Bytes rest_;  // the beginning of a row
  Bytes last_key_;
  bool any_ = false;
};

}  // namespace giro::storage
