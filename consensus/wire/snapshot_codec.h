// The messages about snapshots (protocol R31). Internal to wire/: codec.h is the way in.
#pragma once

#include <expected>

#include "consensus/message.h"
#include "consensus/reject.h"

namespace giro::consensus::wire {

[[nodiscard]] std::expected<FetchSnapshot, RejectReason> decode_fetch_snapshot(ByteView bytes);
[[nodiscard]] std::expected<SnapshotOffer, RejectReason> decode_snapshot_offer(ByteView bytes);
[[nodiscard]] std::expected<FetchChunk, RejectReason> decode_fetch_chunk(ByteView bytes);
[[nodiscard]] std::expected<SnapshotChunk, RejectReason> decode_snapshot_chunk(ByteView bytes);

[[nodiscard]] Bytes encode_snapshot(const FetchSnapshot& message);
[[nodiscard]] Bytes encode_snapshot(const SnapshotOffer& message);
[[nodiscard]] Bytes encode_snapshot(const FetchChunk& message);
[[nodiscard]] Bytes encode_snapshot(const SnapshotChunk& message);

}  // namespace giro::consensus::wire
