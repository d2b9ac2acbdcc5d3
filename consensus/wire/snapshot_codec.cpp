#include "consensus/wire/snapshot_codec.h"

#include <algorithm>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/convert.h"

namespace giro::consensus::wire {
namespace {

RejectReason read_place(const pb::ChunkPlace& in, FetchChunk& out) {
  out.height = {in.height()};
  out.index = in.index();
  out.offset = in.offset();
  if (out.index >= kSnapshotChunksMax || out.offset >= kSnapshotChunkBytesMax)
    return RejectReason::Malformed;
  return read(in.manifest(), out.manifest.bytes);
}

void write_place(const FetchChunk& value, pb::ChunkPlace& out) {
  out.set_height(value.height.value);
  out.set_manifest(text(value.manifest));
  out.set_index(value.index);
  out.set_offset(value.offset);
}

// One field for all of them, so that memory follows the input.
RejectReason read_change(const pb::SetChange& in, SetChange& out) {
  constexpr std::size_t kMemberBytes = 4 + sizeof(crypto::PublicKey::bytes);
  const std::size_t count = in.members().size() / kMemberBytes;
  if (in.members().size() % kMemberBytes != 0) return RejectReason::Malformed;
  if (count > kMembersMax) return RejectReason::TooLarge;
  crypto::Reader reader(crypto::as_view(in.members()));
  for (std::size_t i = 0; i < count; ++i) {
    Member& member = out.members.emplace_back();
    member.institution = {reader.u32()};
    std::ranges::copy(reader.raw(member.key.bytes.size()), member.key.bytes.begin());
  }
  const RejectReason reason = read(in.last(), out.last);
  return reason != RejectReason::None ? reason : read(in.attest(), out.attest);
}

void write_change(const SetChange& change, pb::SetChange& out) {
  write(change.last, *out.mutable_last());
  write(change.attest, *out.mutable_attest());
  Bytes members;
  crypto::Writer writer(members);
  for (const Member& member : change.members) writer.u32(member.institution.value).raw(member.key);
  out.set_members(text(members));
}

template <typename Value>
std::expected<Value, RejectReason> answer(RejectReason reason, Value& value) {
  if (reason != RejectReason::None) return std::unexpected(reason);
  return std::move(value);
}

}  // namespace

std::expected<FetchSnapshot, RejectReason> decode_fetch_snapshot(ByteView bytes) {
  pb::FetchSnapshot in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  FetchSnapshot out{{in.epoch()}, {in.above()}};
  return answer(reason, out);
}

std::expected<SnapshotOffer, RejectReason> decode_snapshot_offer(ByteView bytes) {
  if (count_fields(bytes, 4, kSnapshotLinksMax) > kSnapshotLinksMax)
    return std::unexpected(RejectReason::TooLarge);
  pb::SnapshotOffer in;
  SnapshotOffer out;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  if (reason == RejectReason::None) reason = read(in.header(), out.manifest.header);
  if (reason == RejectReason::None)
    reason = split(in.chunks(), kSnapshotChunksMax, out.manifest.chunks);
  if (reason == RejectReason::None) reason = read(in.certificate(), out.certificate);
  for (int i = 0; reason == RejectReason::None && i < in.changes_size(); ++i)
    reason = read_change(in.changes(i), out.changes.emplace_back());
  if (reason == RejectReason::None && out.manifest.chunks.empty()) reason = RejectReason::Malformed;
  return answer(reason, out);
}

std::expected<FetchChunk, RejectReason> decode_fetch_chunk(ByteView bytes) {
  pb::ChunkPlace in;
  FetchChunk out;
  RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  if (reason == RejectReason::None) reason = read_place(in, out);
  return answer(reason, out);
}

std::expected<SnapshotChunk, RejectReason> decode_snapshot_chunk(ByteView bytes) {
  pb::SnapshotChunk in;
  SnapshotChunk out;
  RejectReason reason = parse(bytes, kSnapshotPieceBytesMax + kSmallMessageBytesMax, in);
  if (reason == RejectReason::None) reason = read_place(in.place(), out.place);
  if (reason != RejectReason::None) return std::unexpected(reason);
  out.size = in.size();
  out.bytes = crypto::to_bytes(crypto::as_view(in.piece()));
  // Nothing, or a piece that lies inside the chunk.
  const bool is_none = out.size == 0 && out.bytes.empty();
  const bool is_piece = !out.bytes.empty() && out.bytes.size() <= kSnapshotPieceBytesMax &&
                        out.size <= kSnapshotChunkBytesMax && out.place.offset < out.size &&
                        out.bytes.size() <= out.size - out.place.offset;
  return answer(is_none || is_piece ? RejectReason::None : RejectReason::Malformed, out);
}

std::expected<std::vector<SetChange>, RejectReason> decode_lineage(ByteView bytes) {
  pb::Lineage in;
  std::vector<SetChange> out;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  for (int i = 0; reason == RejectReason::None && i < in.changes_size(); ++i)
    reason = read_change(in.changes(i), out.emplace_back());
  return answer(reason, out);
}

Bytes encode_lineage(std::span<const SetChange> changes) {
  pb::Lineage out;
  for (const SetChange& change : changes) write_change(change, *out.add_changes());
  return serialized(out);
}

Bytes encode_snapshot(const FetchSnapshot& message) {
  pb::FetchSnapshot out;
  out.set_epoch(message.epoch.value);
  out.set_above(message.above.value);
  return serialized(out);
}

Bytes encode_snapshot(const SnapshotOffer& message) {
  pb::SnapshotOffer out;
  write(message.manifest.header, *out.mutable_header());
  out.set_chunks(join(message.manifest.chunks));
  write(message.certificate, *out.mutable_certificate());
  for (const SetChange& change : message.changes) write_change(change, *out.add_changes());
  return serialized(out);
}

Bytes encode_snapshot(const FetchChunk& message) {
  pb::ChunkPlace out;
  write_place(message, out);
  return serialized(out);
}

Bytes encode_snapshot(const SnapshotChunk& message) {
  pb::SnapshotChunk out;
  write_place(message.place, *out.mutable_place());
  out.set_size(message.size);
  out.set_piece(text(message.bytes));
  return serialized(out);
}

}  // namespace giro::consensus::wire
