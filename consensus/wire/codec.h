// How messages and records are written. Protobuf inside (consensus.proto), and one encoding only
// for each value: a decoder refuses what it would not have written itself. Total for all bytes; no
// allocation in proportion to a claim. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "consensus/message.h"
#include "consensus/output.h"
#include "consensus/reject.h"

namespace giro::consensus::wire {

// What a channel gives separate byte budgets to (protocol R45).
enum class Family : std::uint8_t { Control, Votes, Blocks, Batches, Sync };

// Stable numbers of messages on the wire; never reused.
enum class MessageType : std::uint8_t {
  Batch = 1,
  BatchConfirm = 2,
  PrePrepare = 3,
  Vote = 4,
  CertifiedBlocks = 5,
  ChainSegment = 6,
  AttestProof = 7,
  Suspect = 8,
  Status = 9,
  FetchChain = 10,
  FetchBatches = 11,
  BatchOffer = 12,
  ViewChange = 13,
  NewView = 14,
  FetchBlocks = 15,
  BlockRange = 16,
  Evidence = 17,
  QueryStable = 18,
  ReplyStable = 19,
  FetchSnapshot = 20,
  SnapshotOffer = 21,
  FetchChunk = 22,
  SnapshotChunk = 23,
};

[[nodiscard]] MessageType type_of(const Message& message);
[[nodiscard]] std::expected<Family, RejectReason> family_of(std::uint8_t type);
[[nodiscard]] inline Family family_of(MessageType type) {
  return *family_of(static_cast<std::uint8_t>(type));
}

// A BatchMessage is Batch::bytes as they are: a sender that has them need not call this.
[[nodiscard]] Bytes encode(const Message& message);
[[nodiscard]] std::expected<Message, RejectReason> decode(std::uint8_t type, ByteView bytes);

// Stable numbers of records in the log; never reused.
enum class RecordType : std::uint8_t {
  Batch = 1,
  Block = 2,
  Certificate = 3,
  Vote = 4,
  Epoch = 5,
  Ceiling = 6,
  Abstain = 7,
  ChainProof = 8,
  Evidence = 9,
  View = 10,
  ViewChange = 11,
  NewView = 12,
  NewViewIntent = 13,
  Amnesia = 14,
  Floor = 15,
  Base = 18,
  Abandoned = 19,
  Key = 20,
  Breach = 21,
};

[[nodiscard]] RecordType type_of(const DurableRecord& record);
[[nodiscard]] Bytes encode_record(const DurableRecord& record);
[[nodiscard]] std::expected<DurableRecord, RejectReason> decode_record(std::uint8_t type,
                                                                       ByteView bytes);

// Packs operations, 1 to kBatchOperationsMax of them, none empty, at most kBatchBytesMax encoded.
[[nodiscard]] BatchPtr make_batch(InstitutionId author, std::uint64_t author_seq,
                                  WallTime expires_at, std::span<const ByteView> operations);
// The bytes that packing would give: for filling a batch up to batch_bytes.
[[nodiscard]] std::size_t batch_size(InstitutionId author, std::uint64_t author_seq,
                                     WallTime expires_at, std::span<const ByteView> operations);
// Takes the bytes over; operations stay where they are and are named by range.
[[nodiscard]] std::expected<BatchPtr, RejectReason> parse_batch(Bytes bytes);

// Single values, for stores and receipts that keep them by themselves.
[[nodiscard]] Bytes encode_block(const Block& block);
[[nodiscard]] std::expected<Block, RejectReason> decode_block(ByteView bytes);
[[nodiscard]] Bytes encode_header(const Header& header);
[[nodiscard]] std::expected<Header, RejectReason> decode_header(ByteView bytes);
[[nodiscard]] Bytes encode_certificate(const Certificate& certificate);
[[nodiscard]] std::expected<Certificate, RejectReason> decode_certificate(ByteView bytes);

// Changes of the validator set with their proofs, as they are kept beside a snapshot (protocol
// R31).
[[nodiscard]] Bytes encode_lineage(std::span<const SetChange> changes);
[[nodiscard]] std::expected<std::vector<SetChange>, RejectReason> decode_lineage(ByteView bytes);

}  // namespace giro::consensus::wire
