// Every bound on what a peer can make us hold, send or loop over. What follows from network
// parameters is in parameters.h; what an operator may tune is in ReplicaLimits. The bounds of
// section 14 stand here as absolute maxima.
#pragma once

#include <cstddef>
#include <cstdint>

namespace giro::consensus {

// --- sizes on the wire and in the log (protocol 14)
// --------------------------------------------------------------------
inline constexpr std::size_t kFrameBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kBatchOperationsMax = 65'536;
inline constexpr std::size_t kBlockBatchesMax = 65'536;
inline constexpr std::size_t kMembersMin = 4;  // of a set that a change made (protocol R43)
inline constexpr std::size_t kMembersMax = 128;
inline constexpr std::size_t kSmallMessageBytesMax =
    1024;  // votes, suspicions, requests without lists
inline constexpr std::size_t kProofBytesMax = kMembersMax * 72 + 128;  // one certificate
inline constexpr std::size_t kStatusBytesMax = 4 * 1024;
inline constexpr std::size_t kStatusMissingMax = 32;
inline constexpr std::size_t kVersionBytesMax = 64;
inline constexpr std::size_t kStoppedBytesMax = 32;
inline constexpr std::size_t kStatusSeesMax = 128;
inline constexpr std::size_t kFetchBatchesMax = 256;    // ids in a FetchBatches or a BatchOffer
inline constexpr std::size_t kCertifiedBlocksMax = 64;  // in a CertifiedBlocks or a BlockRange
inline constexpr std::size_t kViewChangeBytesMax = 32 * 1024;  // two certificates of all members
inline constexpr std::size_t kNewViewBytesMax = 64 * 1024;
inline constexpr std::size_t kSegmentBlocksMax = 256;         // blocks in a ChainSegment
inline constexpr std::size_t kBlocksMessageIdsMax = 131'072;  // batch ids in all of them together

inline constexpr std::int64_t kTimeMsMax =
    253'402'300'799'999;  // the end of the year 9999: sums of times stay numbers

// --- push: to a peer that is behind, each time its Status says so (protocol R22)
// ----------------------------------------
inline constexpr std::uint64_t kPushHeightsMax =
    32;  // heights whose blocks and votes are sent again
inline constexpr std::size_t kPushBytesMax = 1024 * 1024;             // of blocks
inline constexpr std::size_t kResendBatchBytesMax = 4 * 1024 * 1024;  // of own batches
inline constexpr std::int64_t kResendBatchAfterUs = 1'000'000;

// --- pull (protocol R9, R30)
// ----------------------------------------------------------------------------------------------
inline constexpr std::int64_t kFetchGraceUs =
    50'000;  // a batch named by a fresh block is usually on its way
inline constexpr std::int64_t kFetchRetryUs = 500'000;  // then another peer is asked
inline constexpr std::int64_t kChainTimeoutUs = 1'000'000;
inline constexpr std::size_t kBacklogBlocksMax =
    2 * kSegmentBlocksMax;                     // committed and not executed: no more is asked for
inline constexpr std::size_t kProofsMax = 16;  // attest certificates above the own execution

// --- view change
// ------------------------------------------------------------------------------------------------------------------
inline constexpr std::int64_t kStragglerTimeouts = 2;  // of view_timeout_base, that it has waited
inline constexpr std::int64_t kServeBlocksPauseUs = 5'000;  // between BlockRanges to one peer
inline constexpr std::uint32_t kStragglerTurns = 3;         // for each member and epoch

// --- memory
// ---------------------------------------------------------------------------------------------------------------
inline constexpr std::uint64_t kViewsAhead = 2;    // R13
inline constexpr std::uint64_t kWindowsAhead = 2;  // R13
inline constexpr std::size_t kVoteBytes = 192;     // what a kept vote is charged with
inline constexpr std::size_t kBlockOverheadBytes =
    256;  // what a kept block is charged with, beside its ids
inline constexpr std::size_t kBatchOverheadBytes =
    512;  // what a kept batch is charged with, beside its bytes
inline constexpr std::size_t kOutsidersMax = 128;  // without a seat in our epoch, heard of
inline constexpr std::size_t kAbandonedBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kEvidenceMax = 256;  // that is written again when the log is cut
inline constexpr std::size_t kOffersMax =
    1024;  // offered batches that a primary asks for at one time

// --- snapshots (protocol R31, R34)
// ---------------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kOpenSnapshotsMax = 4;  // heights whose votes are collected
inline constexpr std::size_t kSnapshotChunkBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kSnapshotChunksMax = 131'072;          // digests in a manifest
inline constexpr std::size_t kSnapshotPieceBytesMax = 1024 * 1024;  // of a chunk, in one message
inline constexpr std::size_t kSnapshotLinksMax = 1'024;  // changes of the set since the asker's
inline constexpr std::size_t kSnapshotVotesKept = 2 * kOpenSnapshotsMax;  // own, for the guard

}  // namespace giro::consensus
