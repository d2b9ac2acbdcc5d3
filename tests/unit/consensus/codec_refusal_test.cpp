// What decoders refuse: fields that no correct sender writes, in messages and in records of the
// log (protocol 2, R3, R13; assurance B22, B24, F09).
#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/convert.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

Block plain_block() {
  return {{}, {}, {1}, hash_of("parent"), {kWallStartMs}, {}};
}
Certificate plain_certificate(VoteKind kind = VoteKind::Commit) {
  return certified(kind, plain_block(), {0});
}
Header plain_header() {
  return executed_after(four().genesis(), four(), plain_block(), 10).header;
}

RejectReason taken(const Message& message) {
  const auto back =
      wire::decode(static_cast<std::uint8_t>(wire::type_of(message)), wire::encode(message));
  return back ? RejectReason::None : back.error();
}
RejectReason taken_back(const DurableRecord& record) {
  const auto back = wire::decode_record(static_cast<std::uint8_t>(wire::type_of(record)),
                                        wire::encode_record(record));
  return back ? RejectReason::None : back.error();
}

// The bytes with the how manieth field of 32 bytes shortened to 31.
Bytes with_short_hash(const Bytes& bytes, int which) {
  Bytes out = bytes;
  for (std::size_t i = 1; i + 33 <= out.size(); ++i) {
    const auto tag = static_cast<std::uint8_t>(out[i - 1]);
    if (out[i] != std::byte{32} || (tag & 7) != 2) continue;
    if (which-- == 0) {
      out[i] = std::byte{31};
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return out;
    }
    i += 33;
  }
  return {};
}

TEST(Refused, F09_voters_are_below_the_largest_set_and_ascend) {
  const VoteContent content = plain_certificate().content;
  Vote vote = four().vote(1, content);
  EXPECT_EQ(taken(vote), RejectReason::None);
  vote.voter = {kMembersMax - 1};
  EXPECT_EQ(taken(vote), RejectReason::None);
  vote.voter = {kMembersMax};
  EXPECT_EQ(taken(vote), RejectReason::Malformed);
  Certificate certificate = plain_certificate(VoteKind::Attest);
  certificate.content.view = {};
  EXPECT_EQ(taken(AttestProof{certificate}), RejectReason::None);
  certificate.signatures.back().voter = {kMembersMax};
  EXPECT_EQ(taken(AttestProof{certificate}), RejectReason::Malformed);
  certificate.signatures.back().voter = certificate.signatures.front().voter;
  EXPECT_EQ(taken(AttestProof{certificate}), RejectReason::Malformed);
  ProvenViewChange change = four().view_change(1, {1});
  EXPECT_EQ(taken(change), RejectReason::None);
  change.change.voter = {kMembersMax};
  EXPECT_EQ(taken(change), RejectReason::Malformed);
  NewView made = new_view_of({1});
  made.changes[1].voter = {kMembersMax};
  EXPECT_EQ(taken(made), RejectReason::Malformed);
  EXPECT_EQ(taken_back(NewViewRecord{made}), RejectReason::Malformed);
}

TEST(Refused, F09_a_kind_of_vote_that_is_none_spoils_what_holds_it) {
  const VoteContent none{VoteKind{0}, {}, {}, {1}, hash_of("block")};
  const Vote vote{none, {1}, {}};
  const Vote good = four().vote(1, plain_certificate().content);
  const Certificate certificate{none, {}};
  EXPECT_EQ(taken(vote), RejectReason::Malformed);
  EXPECT_EQ(taken(Vote{{VoteKind{5}, {}, {}, {1}, {}}, {1}, {}}), RejectReason::Malformed);
  EXPECT_EQ(taken(AttestProof{certificate}), RejectReason::Malformed);
  EXPECT_EQ(taken(CertifiedBlocks{{plain_block()}, certificate}), RejectReason::Malformed);
  EXPECT_EQ(taken(EvidenceMessage{ConflictingVotes{vote, good}}), RejectReason::Malformed);
  EXPECT_EQ(taken(EvidenceMessage{ConflictingVotes{good, vote}}), RejectReason::Malformed);
  const ViewChange change = four().view_change(1, {1}).change;
  EXPECT_EQ(taken(EvidenceMessage{ForgottenCommit{vote, change}}), RejectReason::Malformed);
  EXPECT_EQ(taken(EvidenceMessage{FalseAttest{vote, plain_certificate()}}),
            RejectReason::Malformed);
  EXPECT_EQ(taken(EvidenceMessage{FalseAttest{good, certificate}}), RejectReason::Malformed);
  ProvenViewChange proven = four().view_change(1, {1}, certificate);
  EXPECT_EQ(taken(proven), RejectReason::Malformed);
  EXPECT_EQ(taken_back(ViewChangeRecord{proven}), RejectReason::Malformed);
  proven = four().view_change(1, {1});
  proven.attest = certificate;
  EXPECT_EQ(taken(proven), RejectReason::Malformed);
  NewView made = new_view_of({1});
  made.anchor = certificate;
  EXPECT_EQ(taken(made), RejectReason::Malformed);
  EXPECT_EQ(taken_back(VoteRecord{none}), RejectReason::Malformed);
  EXPECT_EQ(taken_back(CertificateRecord{certificate}), RejectReason::Malformed);
  EXPECT_EQ(taken_back(EvidenceRecord{FalseAttest{vote, certificate}}), RejectReason::Malformed);
  EXPECT_FALSE(wire::decode_certificate(wire::encode_certificate(certificate)).has_value());
}

TEST(Refused, R16_attest_and_snapshot_votes_have_no_view) {
  for (const VoteKind kind : {VoteKind::Attest, VoteKind::Snapshot}) {
    VoteContent content{kind, {}, {}, {16}, hash_of("digest")};
    EXPECT_EQ(taken(four().vote(1, content)), RejectReason::None);
    content.view = {1};
    EXPECT_EQ(taken(four().vote(1, content)), RejectReason::Malformed);
  }
  Status status;
  for (const VoteKind kind :
       {VoteKind::Prepare, VoteKind::Commit, VoteKind::Attest, VoteKind::Snapshot}) {
    status.high = {kind, {}, {}, {1}, hash_of("high")};
    const bool orders = kind == VoteKind::Prepare || kind == VoteKind::Commit;
    EXPECT_EQ(taken(status), orders ? RejectReason::None : RejectReason::Malformed);
  }
}

TEST(Refused, times_are_numbers_between_1970_and_the_year_9999) {
  for (const std::int64_t ms : {std::int64_t{-1}, INT64_MIN, kTimeMsMax + 1, INT64_MAX}) {
    Block block = plain_block();
    block.time = {ms};
    EXPECT_EQ(taken(CertifiedBlocks{{block}, plain_certificate()}), RejectReason::Malformed) << ms;
    EXPECT_EQ(taken_back(BlockRecord{block}), RejectReason::Malformed) << ms;
    EXPECT_EQ(taken_back(AbandonedRecord{block}), RejectReason::Malformed) << ms;
    Header header = plain_header();
    header.time = {ms};
    EXPECT_EQ(taken(ChainSegment{{}, header, plain_certificate()}), RejectReason::Malformed) << ms;
    EXPECT_EQ(taken_back(ChainProofRecord{header, plain_certificate()}), RejectReason::Malformed);
    EXPECT_FALSE(wire::decode_header(wire::encode_header(header)).has_value()) << ms;
  }
  Block genesis = plain_block();
  genesis.height = {};
  EXPECT_EQ(taken(BlockRange{{genesis}}), RejectReason::Malformed) << "it never travels";
}

TEST(Refused, hashes_have_32_bytes_wherever_they_stand) {
  const Bytes block = wire::encode_block(plain_block());
  EXPECT_EQ(wire::decode_block(with_short_hash(block, 0)).error(), RejectReason::Malformed);
  Header full = plain_header();
  full.next_set = hash_of("set");
  const Bytes header = wire::encode_header(full);
  for (int which = 0; which < 6; ++which) {
    const Bytes cut = with_short_hash(header, which);
    ASSERT_EQ(cut.size(), header.size() - 1) << which;
    EXPECT_EQ(wire::decode_header(cut).error(), RejectReason::Malformed) << which;
  }
  const Bytes confirm = wire::encode(BatchConfirm{hash_of("batch")});
  EXPECT_EQ(wire::decode(2, with_short_hash(confirm, 0)).error(), RejectReason::Malformed);
  const Bytes fetch = wire::encode(FetchBlocks{{}, {5}, hash_of("block"), {}});
  EXPECT_EQ(wire::decode(15, with_short_hash(fetch, 0)).error(), RejectReason::Malformed);
  const BaseRecord base{four().set(), {}, {},           hash_of("1"),
                        hash_of("2"), {}, hash_of("3"), {kWallStartMs},
                        std::nullopt};
  const Bytes record = wire::encode_record(base);
  for (int which = 0; which < 3; ++which)
    EXPECT_EQ(wire::decode_record(18, with_short_hash(record, which)).error(),
              RejectReason::Malformed)
        << which;
  for (const std::size_t size : {0U, 32U, 34U})
    EXPECT_EQ(wire::decode_record(20, Bytes(size)).error(), RejectReason::Malformed);
}

TEST(Refused, K41_repeated_parts_are_counted_before_anything_is_built_from_them) {
  NewView made = new_view_of({1});
  made.changes.assign(kMembersMax, made.changes[0]);
  EXPECT_EQ(taken(made), RejectReason::None);
  EXPECT_EQ(taken_back(NewViewIntentRecord{made}), RejectReason::None);
  made.changes.push_back(made.changes[0]);
  EXPECT_EQ(taken(made), RejectReason::TooLarge);
  EXPECT_EQ(taken_back(NewViewIntentRecord{made}), RejectReason::TooLarge);
  EXPECT_EQ(taken_back(NewViewRecord{made}), RejectReason::TooLarge);
  EpochRecord epoch{four().set(), {}, plain_header(), plain_certificate()};
  epoch.set.members.assign(kMembersMax, epoch.set.members[0]);
  BaseRecord base{epoch.set, {}, {}, {}, {}, {}, {}, {}, plain_certificate()};
  EXPECT_EQ(taken_back(epoch), RejectReason::None);
  EXPECT_EQ(taken_back(base), RejectReason::None);
  epoch.set.members.push_back(epoch.set.members[0]);
  base.set = epoch.set;
  EXPECT_EQ(taken_back(epoch), RejectReason::TooLarge);
  EXPECT_EQ(taken_back(base), RejectReason::TooLarge);
  base.set = four().set();
  base.proof->content.kind = VoteKind{0};
  EXPECT_EQ(taken_back(base), RejectReason::Malformed);
  epoch.set = four().set();
  epoch.last_header.time = {-1};
  EXPECT_EQ(taken_back(epoch), RejectReason::Malformed);
  const std::vector<Block> many(kCertifiedBlocksMax + 1, plain_block());
  EXPECT_EQ(taken(BlockRange{many}), RejectReason::TooLarge);
  Block wide = plain_block();
  wide.batches.assign(kBlockBatchesMax, hash_of("id"));
  EXPECT_EQ(taken(BlockRange{{wide, wide}}), RejectReason::None);
  Block one = plain_block();
  one.batches.assign(1, hash_of("id"));
  EXPECT_EQ(taken(BlockRange{{wide, wide, one}}), RejectReason::TooLarge);
  EXPECT_EQ(taken(ChainSegment{{wide, wide, one}, plain_header(), plain_certificate()}),
            RejectReason::TooLarge);
}

TEST(Refused, K42_nothing_longer_than_a_frame_or_a_batch_is_looked_at) {
  const Bytes batch(kBatchBytesMax + 1);
  EXPECT_EQ(wire::decode(1, batch).error(), RejectReason::TooLarge);
  EXPECT_EQ(wire::decode_record(1, batch).error(), RejectReason::TooLarge);
  EXPECT_EQ(wire::parse_batch(batch).error(), RejectReason::TooLarge);
  const Bytes frame(kFrameBytesMax + 1);
  for (std::uint8_t type = 1; type < 24; ++type)
    EXPECT_EQ(wire::decode(type, frame).error(), RejectReason::TooLarge) << static_cast<int>(type);
  EXPECT_EQ(wire::decode_block(frame).error(), RejectReason::TooLarge);
}

TEST(Refused, K34_lengths_that_lie_are_no_lengths) {
  const auto reason = [](std::uint8_t type, std::initializer_list<unsigned> bytes) {
    Bytes in;
    for (const unsigned byte : bytes) in.push_back(static_cast<std::byte>(byte));
    const auto back = wire::decode(type, in);
    return back ? RejectReason::None : back.error();
  };
  // NewView, whose parts are counted: a part that is longer than what is there, a length without an
  // end, a number without one, groups and fixed sizes, which no message has.
  EXPECT_EQ(reason(14, {0x1a, 0x7f, 0x00}), RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}),
            RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x1a, 0x80}), RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x08, 0x80}), RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x1b, 0x1c}), RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x1d, 0x00, 0x00, 0x00, 0x00}), RejectReason::Malformed);
  EXPECT_EQ(reason(14, {0x00}), RejectReason::Malformed);
}

// A field of a type that we do not write, before a list that is longer than may be: what counts the
// list ends there, and a parser would build it all, a hundred times the bytes that came.
TEST(Refused, A10_what_we_do_not_write_is_refused_before_anything_is_built) {
  for (const unsigned first : {0x55U, 0x51U, 0x53U, 0x52U}) {  // field 10, that no segment has
    Bytes in{static_cast<std::byte>(first), std::byte{0}};
    if (first == 0x55) in.resize(5);
    if (first == 0x51) in.resize(9);
    if (first == 0x53) in.back() = std::byte{0x54};  // a group, and its end
    for (int i = 0; i < 1'000; ++i) in.insert(in.end(), {std::byte{0x0a}, std::byte{0}});
    wire::pb::ChainSegment out;
    EXPECT_EQ(wire::parse(in, in.size(), out), RejectReason::Malformed);
    EXPECT_EQ(out.ByteSizeLong(), 0U) << first;
  }
}

TEST(Refused, R3_a_batchs_numbers_fit_their_fields_and_have_one_form) {
  const auto reason = [](std::initializer_list<unsigned> bytes) {
    Bytes in;
    for (const unsigned byte : bytes) in.push_back(static_cast<std::byte>(byte));
    for (const char c : {'\x22', '\x01', 'x'}) in.push_back(static_cast<std::byte>(c));
    const auto parsed = wire::parse_batch(in);
    return parsed ? RejectReason::None : parsed.error();
  };
  EXPECT_EQ(reason({}), RejectReason::None) << "all of them zero";
  EXPECT_EQ(reason({0x08, 0xff, 0xff, 0xff, 0xff, 0x0f}), RejectReason::None);
  EXPECT_EQ(reason({0x08, 0x80, 0x80, 0x80, 0x80, 0x10}), RejectReason::Malformed);
  EXPECT_EQ(reason({0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}),
            RejectReason::None);
  EXPECT_EQ(reason({0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}),
            RejectReason::Malformed);
  EXPECT_EQ(reason({0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}),
            RejectReason::Malformed);
  EXPECT_EQ(reason({0x18, 0x80, 0xb8, 0xff, 0x90, 0xfd, 0xce, 0x39}), RejectReason::Malformed);
  EXPECT_EQ(reason({0x18, 0x81, 0x00}), RejectReason::Malformed);
  for (const std::initializer_list<unsigned> end :
       {std::initializer_list<unsigned>{0x08}, {0x08, 0x80}, {0x08, 0x01}, {0x08, 0x01, 0x22}}) {
    Bytes in;
    for (const unsigned byte : end) in.push_back(static_cast<std::byte>(byte));
    EXPECT_EQ(wire::parse_batch(in).error(), RejectReason::Malformed);
  }
  const BatchPtr latest = batch_of({1}, 1, kTimeMsMax);
  EXPECT_TRUE(wire::parse_batch(latest->bytes).has_value());
}

// ---- snapshots

SetChange plain_change() {
  return {plain_header(), plain_certificate(VoteKind::Attest), four().set().members};
}

TEST(Refused, R31_a_lineage_comes_back_as_it_was_or_not_at_all) {
  const std::vector<SetChange> changes{plain_change(), plain_change()};
  const Bytes bytes = wire::encode_lineage(changes);
  EXPECT_EQ(wire::decode_lineage(bytes), changes);
  EXPECT_EQ(wire::decode_lineage({}), std::vector<SetChange>{});
  for (std::size_t size = 1; size < bytes.size(); size += 7) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto back = wire::decode_lineage(cut);
    EXPECT_TRUE(!back || wire::encode_lineage(*back) == cut) << size;
  }
  std::vector<SetChange> bad = changes;
  bad[0].last.time = {-1};
  EXPECT_EQ(wire::decode_lineage(wire::encode_lineage(bad)).error(), RejectReason::Malformed);
  bad = changes;
  bad[1].attest.content.kind = VoteKind{0};
  EXPECT_EQ(wire::decode_lineage(wire::encode_lineage(bad)).error(), RejectReason::Malformed);
  bad = changes;
  bad[0].members.assign(kMembersMax + 1, bad[0].members[0]);
  EXPECT_EQ(wire::decode_lineage(wire::encode_lineage(bad)).error(), RejectReason::TooLarge);
}

TEST(Refused, B44_an_offer_whose_parts_have_no_form) {
  SnapshotOffer offer{{plain_header(), {hash_of("chunk")}},
                      plain_certificate(VoteKind::Snapshot),
                      {plain_change()}};
  EXPECT_EQ(taken(offer), RejectReason::None);
  SnapshotOffer bad = offer;
  bad.manifest.header.time = {-1};
  EXPECT_EQ(taken(bad), RejectReason::Malformed);
  bad = offer;
  bad.certificate.content.view = {1};
  EXPECT_EQ(taken(bad), RejectReason::Malformed);
  bad = offer;
  bad.changes[0].last.time = {-1};
  EXPECT_EQ(taken(bad), RejectReason::Malformed);
  // Members are one field, of so many bytes each.
  const Bytes cut{std::byte{0x0a}, std::byte{0x03}, std::byte{0x1a}, std::byte{0x01}, std::byte{}};
  EXPECT_EQ(wire::decode_lineage(cut).error(), RejectReason::Malformed);
}

}  // namespace
}  // namespace giro::consensus::testing
