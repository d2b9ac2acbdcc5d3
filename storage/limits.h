// Every size in storage/ that a caller, a peer's payload or a byte on disk can influence. Units are
// in the names.
#pragma once

#include <cstdint>

namespace giro::storage {

// One log record's payload: above the frame limit (8 MiB, protocol 14) so that whatever arrived in
// one frame fits one record. A length read from disk is checked against it before anything is
// allocated.
inline constexpr std::uint64_t kLogRecordBytesMax = 16ULL << 20;
// What may wait in memory for the next sync, record headers included. It is also the largest sync
// group.
inline constexpr std::uint64_t kLogBufferBytesMax = 128ULL << 20;
inline constexpr std::uint64_t kLogSegmentBytesMin = 4ULL << 10;
inline constexpr std::uint64_t kLogSegmentBytesDefault = 64ULL << 20;
inline constexpr std::uint64_t kLogSegmentBytesMax = 256ULL << 20;

inline constexpr std::uint64_t kKeyBytesMax = 1024;
inline constexpr std::uint64_t kValueBytesMax = 16ULL << 20;
// Keys, values and 16 bytes for each change.
inline constexpr std::uint64_t kWriteBatchBytesMax = 64ULL << 20;

// Snapshots (protocol R34): the bounds of `snapshot_chunk`, what one manifest may list (its digests
// fit a frame: half a terabyte in chunks of 4 MiB), and what its owner may put beside the digests.
inline constexpr std::uint64_t kSnapshotChunkBytesMin = 64ULL << 10;
inline constexpr std::uint64_t kSnapshotChunkBytesMax = 16ULL << 20;
inline constexpr std::uint64_t kSnapshotChunksMax = 131'072;
inline constexpr std::uint64_t kSnapshotHeaderBytesMax = 4096;
inline constexpr std::uint64_t kSnapshotCertificateBytesMax = 64ULL << 10;
inline constexpr std::uint64_t kSnapshotLineageBytesMax = 16ULL << 20;

static_assert(kLogRecordBytesMax + 64 <= kLogBufferBytesMax);
static_assert(kLogBufferBytesMax + 4096 <= kLogSegmentBytesMax);

}  // namespace giro::storage
