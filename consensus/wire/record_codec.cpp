// Records of the log, and the single values that stores and receipts keep.
#include <algorithm>
#include <array>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/convert.h"
#include "crypto/overloaded.h"

namespace giro::consensus::wire {
namespace {

using Decoded = std::expected<DurableRecord, RejectReason>;

template <typename Value>
Decoded answer(RejectReason reason, Value&& value) {
  if (reason != RejectReason::None) return std::unexpected(reason);
  return DurableRecord(std::forward<Value>(value));
}

template <typename Proto, typename Value>
std::expected<Value, RejectReason> decode_value(ByteView bytes) {
  Proto in;
  Value out;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  if (reason == RejectReason::None) reason = read(in, out);
  if (reason != RejectReason::None) return std::unexpected(reason);
  return out;
}

template <typename Proto, typename Value>
Bytes encode_value(const Value& value) {
  Proto out;
  write(value, out);
  return serialized(out);
}

Decoded batch_record(ByteView bytes) {
  if (bytes.size() > kBatchBytesMax) return std::unexpected(RejectReason::TooLarge);
  auto batch = parse_batch(crypto::to_bytes(bytes));
  if (!batch) return std::unexpected(batch.error());
  return DurableRecord(BatchRecord{std::move(*batch)});
}

Decoded block_record(ByteView bytes) {
  auto block = decode_block(bytes);
  if (!block) return std::unexpected(block.error());
  return DurableRecord(BlockRecord{std::move(*block)});
}

Decoded certificate_record(ByteView bytes) {
  auto certificate = decode_certificate(bytes);
  if (!certificate) return std::unexpected(certificate.error());
  return DurableRecord(CertificateRecord{std::move(*certificate)});
}

Decoded vote_record(ByteView bytes) {
  auto content = decode_value<pb::VoteContent, VoteContent>(bytes);
  if (!content) return std::unexpected(content.error());
  return DurableRecord(VoteRecord{*content});
}

Decoded epoch_record(ByteView bytes) {
  pb::EpochRecord in;
  if (count_fields(bytes, 2, kMembersMax) > kMembersMax)
    return std::unexpected(RejectReason::TooLarge);
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  EpochRecord out;
  out.set.epoch = {in.epoch()};
  out.first_view = {in.first_view()};
  for (int i = 0; reason == RejectReason::None && i < in.members_size(); ++i) {
    Member& member = out.set.members.emplace_back();
    member.institution = {in.members(i).institution()};
    reason = read(in.members(i).key(), member.key.bytes);
  }
  if (reason == RejectReason::None) reason = read(in.last_header(), out.last_header);
  if (reason == RejectReason::None) reason = read(in.attest(), out.attest);
  return answer(reason, std::move(out));
}

Decoded ceiling_record(ByteView bytes) {
  pb::CeilingRecord in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  return answer(reason, CeilingRecord{in.number(), {in.epoch()}, {in.view()}, {in.height()}});
}

Decoded abstain_record(ByteView bytes) {
  pb::AbstainRecord in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  return answer(reason, AbstainRecord{{in.epoch()}, {in.view()}});
}

Decoded chain_proof_record(ByteView bytes) {
  pb::ChainProofRecord in;
  ChainProofRecord out;
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  if (reason == RejectReason::None) reason = read(in.header(), out.header);
  if (reason == RejectReason::None) reason = read(in.attest(), out.attest);
  return answer(reason, std::move(out));
}

Decoded evidence_record(ByteView bytes) {
  auto evidence = decode_value<pb::Evidence, Evidence>(bytes);
  if (!evidence) return std::unexpected(evidence.error());
  return DurableRecord(EvidenceRecord{std::move(*evidence)});
}

Decoded view_record(ByteView bytes) {
  pb::ViewRecord in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  return answer(reason, ViewRecord{{in.epoch()}, {in.view()}});
}

Decoded view_change_record(ByteView bytes) {
  auto change = decode_value<pb::ProvenViewChange, ProvenViewChange>(bytes);
  if (!change) return std::unexpected(change.error());
  return DurableRecord(ViewChangeRecord{std::move(*change)});
}

template <typename Record>
Decoded new_view_record(ByteView bytes) {
  if (count_fields(bytes, 3, kMembersMax) > kMembersMax)
    return std::unexpected(RejectReason::TooLarge);
  auto new_view = decode_value<pb::NewView, NewView>(bytes);
  if (!new_view) return std::unexpected(new_view.error());
  return DurableRecord(Record{std::move(*new_view)});
}

template <typename Record>
Decoded floor_record(ByteView bytes) {
  pb::Floor in;
  const RejectReason reason = parse(bytes, kSmallMessageBytesMax, in);
  return answer(reason, Record{{{in.epoch()}, {in.view()}, {in.height()}}});
}

Bytes encode_floor(const Floor& floor) {
  pb::Floor out;
  out.set_epoch(floor.epoch.value);
  out.set_view(floor.view.value);
  out.set_height(floor.height.value);
  return serialized(out);
}

Decoded base_record(ByteView bytes) {
  pb::BaseRecord in;
  if (count_fields(bytes, 2, kMembersMax) > kMembersMax)
    return std::unexpected(RejectReason::TooLarge);
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  BaseRecord out;
  out.set.epoch = {in.epoch()};
  for (int i = 0; reason == RejectReason::None && i < in.members_size(); ++i) {
    Member& member = out.set.members.emplace_back();
    member.institution = {in.members(i).institution()};
    reason = read(in.members(i).key(), member.key.bytes);
  }
  out.first_view = {in.first_view()};
  out.epoch_height = {in.epoch_height()};
  out.height = {in.height()};
  out.time = {in.time_ms()};
  if (reason == RejectReason::None) reason = read(in.epoch_block(), out.epoch_block.bytes);
  if (reason == RejectReason::None) reason = read(in.epoch_header(), out.epoch_header.bytes);
  if (reason == RejectReason::None) reason = read(in.block(), out.block.bytes);
  if (reason == RejectReason::None && in.has_proof())
    reason = read(in.proof(), out.proof.emplace());
  return answer(reason, std::move(out));
}

Bytes encode_base(const BaseRecord& record) {
  pb::BaseRecord out;
  out.set_epoch(record.set.epoch.value);
  for (const Member& member : record.set.members) {
    pb::Member& added = *out.add_members();
    added.set_institution(member.institution.value);
    added.set_key(text(member.key));
  }
  out.set_first_view(record.first_view.value);
  out.set_epoch_height(record.epoch_height.value);
  out.set_epoch_block(text(record.epoch_block));
  out.set_epoch_header(text(record.epoch_header));
  out.set_height(record.height.value);
  out.set_block(text(record.block));
  out.set_time_ms(record.time.ms);
  if (record.proof) write(*record.proof, *out.mutable_proof());
  return serialized(out);
}

Decoded abandoned_record(ByteView bytes) {
  auto block = decode_block(bytes);
  if (!block) return std::unexpected(block.error());
  return DurableRecord(AbandonedRecord{std::move(*block)});
}

Decoded breach_record(ByteView bytes) {
  pb::BreachRecord in;
  if (count_fields(bytes, 8, kSegmentBlocksMax) > kSegmentBlocksMax)
    return std::unexpected(RejectReason::TooLarge);
  RejectReason reason = parse(bytes, kFrameBytesMax, in);
  BreachRecord out;
  out.height = {in.height()};
  const auto take = [&](const auto& value, auto& into) {
    if (reason == RejectReason::None) reason = read(value, into);
  };
  take(in.ours(), out.ours.bytes);
  take(in.theirs(), out.theirs.bytes);
  if (in.has_our_proof()) take(in.our_proof(), out.our_proof.emplace());
  if (in.has_their_proof()) take(in.their_proof(), out.their_proof.emplace());
  if (in.has_header()) take(in.header(), out.header.emplace());
  if (in.has_new_view()) take(in.new_view(), out.new_view.emplace());
  for (const pb::Block& block : in.blocks()) take(block, out.blocks.emplace_back());
  return answer(reason, std::move(out));
}

Bytes encode_breach(const BreachRecord& record) {
  pb::BreachRecord out;
  out.set_height(record.height.value);
  out.set_ours(text(record.ours));
  out.set_theirs(text(record.theirs));
  if (record.our_proof) write(*record.our_proof, *out.mutable_our_proof());
  if (record.their_proof) write(*record.their_proof, *out.mutable_their_proof());
  if (record.header) write(*record.header, *out.mutable_header());
  if (record.new_view) write(*record.new_view, *out.mutable_new_view());
  for (const Block& block : record.blocks) write(block, *out.add_blocks());
  return serialized(out);
}

Decoded key_record(ByteView bytes) {
  KeyRecord record;
  if (bytes.size() != record.key.bytes.size()) return std::unexpected(RejectReason::Malformed);
  std::ranges::copy(bytes, record.key.bytes.begin());
  return record;
}

// By record type; empty places are no types.
constexpr std::array<Decoded (*)(ByteView), 22> kDecoders = {nullptr,
                                                             batch_record,
                                                             block_record,
                                                             certificate_record,
                                                             vote_record,
                                                             epoch_record,
                                                             ceiling_record,
                                                             abstain_record,
                                                             chain_proof_record,
                                                             evidence_record,
                                                             view_record,
                                                             view_change_record,
                                                             new_view_record<NewViewRecord>,
                                                             new_view_record<NewViewIntentRecord>,
                                                             floor_record<AmnesiaRecord>,
                                                             floor_record<FloorRecord>,
                                                             nullptr,
                                                             nullptr,
                                                             base_record,
                                                             abandoned_record,
                                                             key_record,
                                                             breach_record};

Bytes encode_epoch(const EpochRecord& record) {
  pb::EpochRecord out;
  out.set_epoch(record.set.epoch.value);
  for (const Member& member : record.set.members) {
    pb::Member& added = *out.add_members();
    added.set_institution(member.institution.value);
    added.set_key(text(member.key));
  }
  out.set_first_view(record.first_view.value);
  write(record.last_header, *out.mutable_last_header());
  write(record.attest, *out.mutable_attest());
  return serialized(out);
}

}  // namespace

RecordType type_of(const DurableRecord& record) {
  constexpr std::array kTypes = {
      RecordType::Batch,         RecordType::Block,      RecordType::Certificate,
      RecordType::Vote,          RecordType::Epoch,      RecordType::Ceiling,
      RecordType::Abstain,       RecordType::ChainProof, RecordType::Evidence,
      RecordType::View,          RecordType::ViewChange, RecordType::NewView,
      RecordType::NewViewIntent, RecordType::Amnesia,    RecordType::Floor,
      RecordType::Base,          RecordType::Abandoned,  RecordType::Key,
      RecordType::Breach};
  static_assert(kTypes.size() == std::variant_size_v<DurableRecord>);
  return kTypes[record.index()];
}

std::expected<DurableRecord, RejectReason> decode_record(std::uint8_t type, ByteView bytes) {
  if (type >= kDecoders.size() || kDecoders[type] == nullptr)
    return std::unexpected(RejectReason::UnknownType);
  return kDecoders[type](bytes);
}

Bytes encode_record(const DurableRecord& record) {
  return std::visit(
      crypto::Overloaded{
          [](const BatchRecord& r) { return r.batch->bytes; },
          [](const BlockRecord& r) { return encode_block(r.block); },
          [](const CertificateRecord& r) { return encode_certificate(r.certificate); },
          [](const VoteRecord& r) { return encode_value<pb::VoteContent>(r.content); },
          [](const EpochRecord& r) { return encode_epoch(r); },
          [](const CeilingRecord& r) {
            pb::CeilingRecord out;
            out.set_number(r.number);
            out.set_epoch(r.epoch.value);
            out.set_view(r.view.value);
            out.set_height(r.height.value);
            return serialized(out);
          },
          [](const AbstainRecord& r) {
            pb::AbstainRecord out;
            out.set_epoch(r.epoch.value);
            out.set_view(r.view.value);
            return serialized(out);
          },
          [](const ChainProofRecord& r) {
            pb::ChainProofRecord out;
            write(r.header, *out.mutable_header());
            write(r.attest, *out.mutable_attest());
            return serialized(out);
          },
          [](const EvidenceRecord& r) { return encode_value<pb::Evidence>(r.evidence); },
          [](const ViewRecord& r) {
            pb::ViewRecord out;
            out.set_epoch(r.epoch.value);
            out.set_view(r.view.value);
            return serialized(out);
          },
          [](const ViewChangeRecord& r) { return encode_value<pb::ProvenViewChange>(r.change); },
          [](const AmnesiaRecord& r) { return encode_floor(r.floor); },
          [](const FloorRecord& r) { return encode_floor(r.floor); },
          [](const BaseRecord& r) { return encode_base(r); },
          [](const AbandonedRecord& r) { return encode_block(r.block); },
          [](const BreachRecord& r) { return encode_breach(r); },
          [](const KeyRecord& r) { return crypto::to_bytes(ByteView(r.key)); },
          [](const NewViewRecord& r) { return encode_value<pb::NewView>(r.new_view); },
          [](const NewViewIntentRecord& r) { return encode_value<pb::NewView>(r.new_view); },
      },
      record);
}

Bytes encode_block(const Block& block) {
  return encode_value<pb::Block>(block);
}
Bytes encode_header(const Header& header) {
  return encode_value<pb::Header>(header);
}
Bytes encode_certificate(const Certificate& certificate) {
  return encode_value<pb::Certificate>(certificate);
}
std::expected<Block, RejectReason> decode_block(ByteView bytes) {
  return decode_value<pb::Block, Block>(bytes);
}
std::expected<Header, RejectReason> decode_header(ByteView bytes) {
  return decode_value<pb::Header, Header>(bytes);
}
std::expected<Certificate, RejectReason> decode_certificate(ByteView bytes) {
  return decode_value<pb::Certificate, Certificate>(bytes);
}

}  // namespace giro::consensus::wire
