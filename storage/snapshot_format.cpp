#include "storage/snapshot_format.h"

#include <algorithm>

namespace giro::storage {
namespace {

constexpr std::string_view kMagic = "giroSNAP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFixedBytes = 40;
constexpr std::size_t kHashBytes = sizeof(crypto::Hash::bytes);
constexpr std::size_t kRowHeaderBytes = 8;

crypto::Hash check_of(ByteView bytes) {
  return crypto::tagged_hash("giro/snapshot-file/v1", {bytes});
}

bool is_within_limits(const SnapshotManifest& manifest) {
  return manifest.chunk_bytes >= kSnapshotChunkBytesMin &&
         manifest.chunk_bytes <= kSnapshotChunkBytesMax && !manifest.chunks.empty() &&
         manifest.chunks.size() <= kSnapshotChunksMax &&
         manifest.header.size() <= kSnapshotHeaderBytesMax;
}

}  // namespace

Bytes encode_snapshot_manifest(const SnapshotManifest& manifest) {
  Bytes bytes;
  crypto::Writer writer(bytes);
  writer.text(kMagic).u32(kVersion).u32(static_cast<std::uint32_t>(manifest.header.size()));
  writer.u64(manifest.height).u64(manifest.chunk_bytes);
  writer.u32(static_cast<std::uint32_t>(manifest.chunks.size())).u32(0).raw(manifest.header);
  for (const crypto::Hash& chunk : manifest.chunks) writer.raw(chunk);
  const crypto::Hash check = check_of(bytes);
  writer.raw(check);
  return bytes;
}

std::expected<SnapshotManifest, std::string_view> decode_snapshot_manifest(ByteView bytes) {
  using Refusal = std::unexpected<std::string_view>;
  if (bytes.size() < kFixedBytes + kHashBytes) return Refusal("a manifest that is cut short");
  const ByteView body = bytes.first(bytes.size() - kHashBytes);
  crypto::Reader reader(body);
  if (crypto::as_text(reader.raw(kMagic.size())) != kMagic) return Refusal("not a manifest");
  if (reader.u32() != kVersion) return Refusal("a manifest of another version");
  const std::uint32_t header_bytes = reader.u32();
  SnapshotManifest manifest;
  manifest.height = reader.u64();
  manifest.chunk_bytes = reader.u64();
  const std::uint32_t count = reader.u32();
  const bool is_padded = reader.u32() == 0;
  // The sizes are compared with what is here before anything is built from them.
  if (header_bytes > kSnapshotHeaderBytesMax || count > kSnapshotChunksMax || !is_padded ||
      reader.remaining() != header_bytes + count * kHashBytes) {
    return Refusal("a manifest whose sizes are wrong");
  }
  const crypto::Hash check = check_of(body);
  if (!std::ranges::equal(check.bytes, bytes.last(kHashBytes)))
    return Refusal("a manifest that fails its check");
  manifest.header = crypto::to_bytes(reader.raw(header_bytes));
  manifest.chunks.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) manifest.chunks.push_back(reader.hash());
  if (!is_within_limits(manifest)) return Refusal("a manifest beyond the limits");
  return manifest;
}

crypto::Hash snapshot_chunk_digest(ByteView bytes) {
  return crypto::tagged_hash("giro/chunk/v1", {bytes});
}

void append_snapshot_row(Bytes& stream, ByteView key, ByteView value) {
  crypto::Writer(stream)
      .u32(static_cast<std::uint32_t>(key.size()))
      .u32(static_cast<std::uint32_t>(value.size()))
      .raw(key)
      .raw(value);
}

std::optional<std::string_view> SnapshotRows::add(ByteView piece) {
  rest_.insert(rest_.end(), piece.begin(), piece.end());
  ByteView left(rest_);
  while (left.size() >= kRowHeaderBytes) {
    crypto::Reader reader(left);
    const std::uint32_t key_bytes = reader.u32();
    const std::uint32_t value_bytes = reader.u32();
    if (key_bytes == 0 || key_bytes > kKeyBytesMax) return "a row whose key has no right size";
    if (value_bytes > kValueBytesMax) return "a row whose value is too large";
    if (reader.remaining() < std::size_t{key_bytes} + value_bytes) break;
    const ByteView key = reader.raw(key_bytes);
    const ByteView value = reader.raw(value_bytes);
    if (any_ && !std::ranges::lexicographical_compare(last_key_, key))
      return "rows that are not in the order of their keys";
    any_ = true;
    last_key_.assign(key.begin(), key.end());
    visit_(key, value);
    left = left.last(reader.remaining());
  }
  rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(left.size()));
  return std::nullopt;
}

std::optional<std::string_view> SnapshotRows::finish() const {
  if (!rest_.empty()) return "the last row is cut short";
  return std::nullopt;
}

}  // namespace giro::storage
