#include "consensus/wire/codec.h"

#include <algorithm>
#include <array>

#include "consensus/limits.h"
#include "consensus/wire/convert.h"
#include "consensus/wire/snapshot_codec.h"
#include "crypto/check.h"
#include "crypto/overloaded.h"

namespace giro::consensus::wire {
namespace {

using Decoded = std::expected<Message, RejectReason>;

constexpr std::size_t kHashBytes = sizeof(Hash::bytes);
constexpr std::size_t kIdListBytesMax = kFetchBatchesMax * kHashBytes + 16;

Decoded refuse(RejectReason reason) {
  return std::unexpected(reason);
}

template <typename Value>
Decoded answer(RejectReason reason, Value& value) {
  if (reason != RejectReason::None) return refuse(reason);
  return Message(std::move(value));
}

Decoded decode_batch(ByteView bytes) {
  if (bytes.size() > kBatchBytesMax) return refuse(RejectReason::TooLarge);
  auto batch = parse_batch(crypto::to_bytes(bytes));
  if (!batch) return refuse(batch.error());
  return Message(BatchMessage{std::move(*batch)});
}

Decoded decode_confirm(ByteView bytes) {
  pb::BatchConfirm in;
  BatchConfirm out;
  RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  if (reason == RejectReason::None) reason = read(in.batch(), out.batch.bytes);
  return answer(reason, out);
}

Decoded decode_pre_prepare(ByteView bytes) {
  pb::PrePrepare in;
  PrePrepare out;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  if (reason == RejectReason::None) reason = read(in.block(), out.block);
  if (reason == RejectReason::None) reason = read(in.vote(), out.vote);
  return answer(reason, out);
}

Decoded decode_vote(ByteView bytes) {
  pb::Vote in;
  Vote out;
  RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  if (reason == RejectReason::None) reason = read(in, out);
  return answer(reason, out);
}

// Blocks are the only sub-messages that repeat: they are counted before anything is built from
// them.
template <typename Proto>
RejectReason parse_blocks(ByteView bytes, std::size_t blocks_max, Proto& in,
                          std::vector<Block>& out) {
  if (count_fields(bytes, 1, blocks_max) > blocks_max) return RejectReason::TooLarge;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  std::size_t ids = 0;
  for (int i = 0; reason == RejectReason::None && i < in.blocks_size(); ++i) {
    ids += in.blocks(i).batches().size() / kHashBytes;
    if (ids > kBlocksMessageIdsMax) return RejectReason::TooLarge;
    reason = read(in.blocks(i), out.emplace_back());
  }
  return reason;
}

Decoded decode_certified_blocks(ByteView bytes) {
  pb::CertifiedBlocks in;
  CertifiedBlocks out;
  RejectReason reason = parse_blocks(bytes, kCertifiedBlocksMax, in, out.blocks);
  if (reason == RejectReason::None && out.blocks.empty()) reason = RejectReason::Malformed;
  if (reason == RejectReason::None) reason = read(in.certificate(), out.certificate);
  return answer(reason, out);
}

Decoded decode_chain_segment(ByteView bytes) {
  pb::ChainSegment in;
  ChainSegment out;
  RejectReason reason = parse_blocks(bytes, kSegmentBlocksMax, in, out.blocks);
  if (reason == RejectReason::None) reason = read(in.header(), out.header);
  if (reason == RejectReason::None) reason = read(in.attest(), out.attest);
  return answer(reason, out);
}

Decoded decode_attest_proof(ByteView bytes) {
  pb::AttestProof in;
  AttestProof out;
  RejectReason reason = parse(bytes, kProofBytesMax, in);
  if (reason == RejectReason::None) reason = read(in.attest(), out.attest);
  return answer(reason, out);
}

Decoded decode_suspect(ByteView bytes) {
  pb::Suspect in;
  RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  if (reason == RejectReason::None && (in.reason() < 1 || in.reason() > 5)) {
    reason = RejectReason::Malformed;
  }
  Suspect out{{in.epoch()}, {in.view()}, static_cast<SuspectReason>(in.reason())};
  return answer(reason, out);
}

Decoded decode_status(ByteView bytes) {
  pb::Status in;
  RejectReason reason = parse(bytes, kStatusBytesMax, in);
  if (reason != RejectReason::None) return refuse(reason);
  Status out;
  out.epoch = {in.epoch()};
  out.view = {in.view()};
  out.suspected = in.suspected();
  out.awaits_new_view = in.awaits_new_view();
  out.stable = {in.stable()};
  out.committed = {in.committed()};
  out.tip = {in.tip()};
  out.log_start = {in.log_start()};
  out.snapshot = {in.snapshot()};
  out.clock = {in.clock_ms()};
  out.disk_free = in.disk_free();
  out.version = in.version();
  out.stopped = in.stopped();
  for (const std::uint32_t one : in.sees()) out.sees.push_back({one});
  if (in.has_high()) {
    reason = read(in.high(), out.high);
    if (reason == RejectReason::None && out.high.kind != VoteKind::Prepare &&
        out.high.kind != VoteKind::Commit) {
      reason = RejectReason::Malformed;
    }
  }
  if (reason == RejectReason::None) reason = split(in.missing(), kStatusMissingMax, out.missing);
  if (reason == RejectReason::None &&
      (out.version.size() > kVersionBytesMax || out.stopped.size() > kStoppedBytesMax ||
       out.sees.size() > kStatusSeesMax)) {
    reason = RejectReason::TooLarge;
  }
  // Who compares it with his own clock must be able to.
  if (reason == RejectReason::None && (out.clock.ms < 0 || out.clock.ms > kTimeMsMax))
    reason = RejectReason::Malformed;
  const auto is_printable = [](char c) {
    return c >= ' ' && c <= '~';
  };  // it ends in people's logs
  if (reason == RejectReason::None && !(std::ranges::all_of(out.version, is_printable) &&
                                        std::ranges::all_of(out.stopped, is_printable))) {
    reason = RejectReason::Malformed;
  }
  return answer(reason, out);
}

Decoded decode_fetch_chain(ByteView bytes) {
  pb::FetchChain in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  FetchChain out{{in.epoch()}, {in.stable()}};
  return answer(reason, out);
}

template <typename List>
Decoded decode_ids(ByteView bytes) {
  pb::BatchIds in;
  List out;
  RejectReason reason = parse(bytes, kIdListBytesMax, in);
  if (reason == RejectReason::None) reason = split(in.batches(), kFetchBatchesMax, out.batches);
  if (reason == RejectReason::None && out.batches.empty()) reason = RejectReason::Malformed;
  return answer(reason, out);
}

Decoded decode_view_change(ByteView bytes) {
  pb::ProvenViewChange in;
  ProvenViewChange out;
  RejectReason reason = parse(bytes, kViewChangeBytesMax, in);
  if (reason == RejectReason::None) reason = read(in, out);
  return answer(reason, out);
}

Decoded decode_new_view(ByteView bytes) {
  if (count_fields(bytes, 3, kMembersMax) > kMembersMax) return refuse(RejectReason::TooLarge);
  pb::NewView in;
  NewView out;
  RejectReason reason = parse(bytes, kNewViewBytesMax, in);
  if (reason == RejectReason::None) reason = read(in, out);
  return answer(reason, out);
}

Decoded decode_fetch_blocks(ByteView bytes) {
  pb::FetchBlocks in;
  RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  FetchBlocks out{{in.epoch()}, {in.height()}, {}, {in.above()}};
  if (reason == RejectReason::None) reason = read(in.hash(), out.hash.bytes);
  if (reason == RejectReason::None && out.above >= out.height) reason = RejectReason::Malformed;
  return answer(reason, out);
}

Decoded decode_block_range(ByteView bytes) {
  pb::BlockRange in;
  BlockRange out;
  RejectReason reason = parse_blocks(bytes, kCertifiedBlocksMax, in, out.blocks);
  if (reason == RejectReason::None && out.blocks.empty()) reason = RejectReason::Malformed;
  return answer(reason, out);
}

Decoded decode_evidence(ByteView bytes) {
  pb::Evidence in;
  EvidenceMessage out;
  RejectReason reason = parse(bytes, kViewChangeBytesMax, in);
  if (reason == RejectReason::None) reason = read(in, out.evidence);
  return answer(reason, out);
}

Decoded decode_query_stable(ByteView bytes) {
  pb::QueryStable in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  QueryStable out{in.number()};
  return answer(reason, out);
}

Decoded decode_reply_stable(ByteView bytes) {
  pb::ReplyStable in;
  RejectReason reason = parse(bytes, kProofBytesMax, in);
  ReplyStable out{in.number(), {in.epoch()}, in.amnesic(), {}};
  if (reason == RejectReason::None && in.has_highest())
    reason = read(in.highest(), out.highest.emplace());
  if (reason == RejectReason::None && out.amnesic && out.highest) reason = RejectReason::Malformed;
  return answer(reason, out);
}

template <typename Value, std::expected<Value, RejectReason> (*decode_value)(ByteView)>
Decoded decode_as(ByteView bytes) {
  auto value = decode_value(bytes);
  if (!value) return refuse(value.error());
  return Message(std::move(*value));
}

struct Kind {
  Family family;
  Decoded (*decode)(ByteView);
};

// By message type; the first place is no type.
constexpr std::array<Kind, 24> kKinds = {{
    {Family::Control, nullptr},
    {Family::Batches, decode_batch},
    {Family::Control, decode_confirm},
    {Family::Blocks, decode_pre_prepare},
    {Family::Votes, decode_vote},
    {Family::Blocks, decode_certified_blocks},
    {Family::Sync, decode_chain_segment},
    {Family::Votes, decode_attest_proof},
    {Family::Control, decode_suspect},
    {Family::Control, decode_status},
    {Family::Sync, decode_fetch_chain},
    {Family::Sync, decode_ids<FetchBatches>},
    {Family::Control, decode_ids<BatchOffer>},
    {Family::Votes, decode_view_change},
    {Family::Votes, decode_new_view},
    {Family::Control, decode_fetch_blocks},
    {Family::Blocks, decode_block_range},
    {Family::Control, decode_evidence},
    {Family::Sync, decode_query_stable},
    {Family::Sync, decode_reply_stable},
    {Family::Sync, decode_as<FetchSnapshot, decode_fetch_snapshot>},
    {Family::Sync, decode_as<SnapshotOffer, decode_snapshot_offer>},
    {Family::Sync, decode_as<FetchChunk, decode_fetch_chunk>},
    {Family::Sync, decode_as<SnapshotChunk, decode_snapshot_chunk>},
}};

[[nodiscard]] bool is_type(std::uint8_t type) {
  return type < kKinds.size() && kKinds[type].decode != nullptr;
}

template <typename Proto, typename Write>
Bytes made(Write write_fields) {
  Proto out;
  write_fields(out);
  return serialized(out);
}

Bytes encode_status(const Status& status) {
  pb::Status out;
  out.set_epoch(status.epoch.value);
  out.set_view(status.view.value);
  out.set_suspected(status.suspected);
  out.set_awaits_new_view(status.awaits_new_view);
  out.set_stable(status.stable.value);
  out.set_committed(status.committed.value);
  out.set_tip(status.tip.value);
  if (status.high != VoteContent{}) write(status.high, *out.mutable_high());
  out.set_log_start(status.log_start.value);
  out.set_snapshot(status.snapshot.value);
  out.set_missing(join(status.missing));
  out.set_clock_ms(status.clock.ms);
  out.set_disk_free(status.disk_free);
  out.set_version(status.version);
  out.set_stopped(status.stopped);
  for (const InstitutionId one : status.sees) out.add_sees(one.value);
  return serialized(out);
}

}  // namespace

MessageType type_of(const Message& message) {
  // In the order of the variant.
  constexpr std::array kTypes = {
      MessageType::Batch,       MessageType::BatchConfirm,    MessageType::PrePrepare,
      MessageType::Vote,        MessageType::CertifiedBlocks, MessageType::ChainSegment,
      MessageType::AttestProof, MessageType::Suspect,         MessageType::Status,
      MessageType::FetchChain,  MessageType::FetchBatches,    MessageType::BatchOffer,
      MessageType::ViewChange,  MessageType::NewView,         MessageType::FetchBlocks,
      MessageType::BlockRange,  MessageType::Evidence,        MessageType::QueryStable,
      MessageType::ReplyStable, MessageType::FetchSnapshot,   MessageType::SnapshotOffer,
      MessageType::FetchChunk,  MessageType::SnapshotChunk};
  static_assert(kTypes.size() == std::variant_size_v<Message>);
  return kTypes[message.index()];
}

std::expected<Family, RejectReason> family_of(std::uint8_t type) {
  if (!is_type(type)) return std::unexpected(RejectReason::UnknownType);
  return kKinds[type].family;
}

std::expected<Message, RejectReason> decode(std::uint8_t type, ByteView bytes) {
  if (!is_type(type)) return std::unexpected(RejectReason::UnknownType);
  if (bytes.size() > kFrameBytesMax) return std::unexpected(RejectReason::TooLarge);
  return kKinds[type].decode(bytes);
}

Bytes encode(const Message& message) {
  return std::visit(
      crypto::Overloaded{
          [](const BatchMessage& m) { return m.batch->bytes; },
          [](const BatchConfirm& m) {
            return made<pb::BatchConfirm>([&](auto& out) { out.set_batch(text(m.batch)); });
          },
          [](const PrePrepare& m) {
            return made<pb::PrePrepare>([&](auto& out) {
              write(m.block, *out.mutable_block());
              write(m.vote, *out.mutable_vote());
            });
          },
          [](const Vote& m) { return made<pb::Vote>([&](auto& out) { write(m, out); }); },
          [](const CertifiedBlocks& m) {
            return made<pb::CertifiedBlocks>([&](auto& out) {
              for (const Block& block : m.blocks) write(block, *out.add_blocks());
              write(m.certificate, *out.mutable_certificate());
            });
          },
          [](const ChainSegment& m) {
            return made<pb::ChainSegment>([&](auto& out) {
              for (const Block& block : m.blocks) write(block, *out.add_blocks());
              write(m.header, *out.mutable_header());
              write(m.attest, *out.mutable_attest());
            });
          },
          [](const AttestProof& m) {
            return made<pb::AttestProof>(
                [&](auto& out) { write(m.attest, *out.mutable_attest()); });
          },
          [](const Suspect& m) {
            return made<pb::Suspect>([&](auto& out) {
              out.set_epoch(m.epoch.value);
              out.set_view(m.view.value);
              out.set_reason(static_cast<std::uint32_t>(m.reason));
            });
          },
          [](const Status& m) { return encode_status(m); },
          [](const FetchChain& m) {
            return made<pb::FetchChain>([&](auto& out) {
              out.set_epoch(m.epoch.value);
              out.set_stable(m.stable.value);
            });
          },
          [](const FetchBatches& m) {
            return made<pb::BatchIds>([&](auto& out) { out.set_batches(join(m.batches)); });
          },
          [](const BatchOffer& m) {
            return made<pb::BatchIds>([&](auto& out) { out.set_batches(join(m.batches)); });
          },
          [](const ProvenViewChange& m) {
            return made<pb::ProvenViewChange>([&](auto& out) { write(m, out); });
          },
          [](const NewView& m) { return made<pb::NewView>([&](auto& out) { write(m, out); }); },
          [](const FetchBlocks& m) {
            return made<pb::FetchBlocks>([&](auto& out) {
              out.set_epoch(m.epoch.value);
              out.set_height(m.height.value);
              out.set_hash(text(m.hash));
              out.set_above(m.above.value);
            });
          },
          [](const EvidenceMessage& m) {
            return made<pb::Evidence>([&](auto& out) { write(m.evidence, out); });
          },
          [](const QueryStable& m) {
            return made<pb::QueryStable>([&](auto& out) { out.set_number(m.number); });
          },
          [](const ReplyStable& m) {
            return made<pb::ReplyStable>([&](auto& out) {
              out.set_number(m.number);
              out.set_epoch(m.epoch.value);
              out.set_amnesic(m.amnesic);
              if (m.highest) write(*m.highest, *out.mutable_highest());
            });
          },
          [](const BlockRange& m) {
            return made<pb::BlockRange>([&](auto& out) {
              for (const Block& block : m.blocks) write(block, *out.add_blocks());
            });
          },
          [](const FetchSnapshot& m) { return encode_snapshot(m); },
          [](const SnapshotOffer& m) { return encode_snapshot(m); },
          [](const FetchChunk& m) { return encode_snapshot(m); },
          [](const SnapshotChunk& m) { return encode_snapshot(m); },
      },
      message);
}

}  // namespace giro::consensus::wire
