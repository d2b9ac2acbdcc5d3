#include "consensus/wire/codec.h"

#include <gtest/gtest.h>

#include "consensus/limits.h"
#include "consensus/wire/verifier.h"
#include "tests/unit/consensus/members.h"

namespace giro::consensus::testing {
namespace {

using wire::MessageType;

const Members& four() {
  static const Members members(4);
  return members;
}

Block block_at(std::uint64_t height, std::size_t batches = 2) {
  Block block{{0}, {0}, {height}, hash_of("parent"), {kWallStartMs}, {}};
  for (std::size_t i = 0; i < batches; ++i) block.batches.push_back(hash_of(std::to_string(i)));
  return block;
}

std::vector<Block> linked(std::size_t count) {
  std::vector<Block> blocks{block_at(1)};
  while (blocks.size() < count) {
    Block next = block_at(blocks.size() + 1, 0);
    next.parent = blocks.back().hash(four().chain());
    next.time.ms = blocks.back().time.ms + 1;
    blocks.push_back(next);
  }
  return blocks;
}

Header header_of(const Block& block) {
  return executed_after(four().genesis(), four(), block, 10).header;
}

Certificate certificate_of(VoteKind kind, const Block& block) {
  return four().certificate({kind, {0}, {0}, block.height, block.hash(four().chain())});
}

Certificate attest_of(const Header& header) {
  return four().certificate(
      {VoteKind::Attest, {0}, {0}, header.height, header.hash(four().chain())});
}

Status full_status() {
  Status status{{3},
                {4},
                true,
                true,
                {5},
                {6},
                {7},
                {VoteKind::Commit, {3}, {2}, {6}, hash_of("high")},
                {1},
                {hash_of("one"), hash_of("two")},
                {kWallStartMs},
                123'456,
                "giro 0.1",
                {{1}, {4}},
                "DISK_LOW",
                {}};
  return status;
}

ProvenViewChange view_change_at(const Block& block) {
  ProvenViewChange change = four().view_change(2, {1}, certificate_of(VoteKind::Prepare, block));
  change.attest = attest_of(header_of(block));
  return change;
}

NewView new_view_at(const Block& block) {
  const Certificate high = certificate_of(VoteKind::Commit, block);
  return four().new_view(
      {four().view_change(0, {1}), four().view_change(1, {1}, high), four().view_change(2, {1})});
}

Evidence conflict() {
  return ConflictingVotes{four().vote(1, {VoteKind::Prepare, {1}, {2}, {3}, hash_of("one")}),
                          four().vote(1, {VoteKind::Prepare, {1}, {2}, {3}, hash_of("two")})};
}

SnapshotOffer offer_at(const Block& block) {
  const Header header = header_of(block);
  return {{header, {hash_of("first"), hash_of("second")}},
          certificate_of(VoteKind::Snapshot, block),
          {{header, attest_of(header), four().set().members}}};
}

std::vector<Message> all_messages() {
  const std::vector<Block> blocks = linked(3);
  const Header header = header_of(blocks.back());
  return {
      BatchMessage{batch_of({10}, 7, kWallStartMs)},
      BatchConfirm{hash_of("batch")},
      four().proposal(blocks[0]),
      four().vote(2, {VoteKind::Commit, {1}, {2}, {3}, hash_of("digest")}),
      CertifiedBlocks{blocks, certificate_of(VoteKind::Commit, blocks.back())},
      ChainSegment{blocks, header, attest_of(header)},
      ChainSegment{{}, header, attest_of(header)},
      AttestProof{attest_of(header)},
      Suspect{{1}, {2}, SuspectReason::Leaving},
      full_status(),
      Status{},
      FetchChain{{1}, {2}},
      FetchBatches{{hash_of("one"), hash_of("two")}},
      BatchOffer{{hash_of("one")}},
      view_change_at(blocks[0]),
      four().view_change(2, {1}),
      new_view_at(blocks[0]),
      FetchBlocks{{1}, {5}, hash_of("block"), {2}},
      BlockRange{blocks},
      EvidenceMessage{conflict()},
      EvidenceMessage{FalseAttest{four().vote(1, attest_of(header).content), attest_of(header)}},
      EvidenceMessage{
          ForgottenCommit{four().vote(2, {VoteKind::Commit, {}, {}, {3}, hash_of("digest")}),
                          four().view_change(2, {1}).change}},
      QueryStable{7},
      ReplyStable{7, {1}, false, attest_of(header)},
      ReplyStable{7, {1}, true, {}},
      FetchSnapshot{{1}, {16}},
      offer_at(blocks.back()),
      FetchChunk{{16}, hash_of("manifest"), 3, 4'096},
      SnapshotChunk{{{16}, hash_of("manifest"), 3, 4'096}, 5'000, Bytes(904, std::byte{7})},
      SnapshotChunk{{{16}, hash_of("manifest"), 3, 0}, 0, {}}};
}

std::vector<DurableRecord> all_records() {
  const Block block = block_at(10);
  const Header header = header_of(block);
  const Vote vote = four().vote(1, {VoteKind::Prepare, {1}, {2}, {3}, hash_of("one")});
  return {BatchRecord{batch_of({10}, 0, 0)},
          BlockRecord{block},
          CertificateRecord{certificate_of(VoteKind::Prepare, block)},
          VoteRecord{vote.content},
          EpochRecord{four().set({1}), {2}, header, attest_of(header)},
          CeilingRecord{1, {2}, {3}, {4}},
          AbstainRecord{{1}, {2}},
          ChainProofRecord{header, attest_of(header)},
          EvidenceRecord{conflict()},
          ViewRecord{{1}, {2}},
          ViewChangeRecord{view_change_at(block)},
          NewViewRecord{new_view_at(block)},
          NewViewIntentRecord{new_view_at(block)},
          AmnesiaRecord{{{1}, {2}, {3}}},
          FloorRecord{{{1}, {2}, {3}}},
          BaseRecord{four().set({1}),
                     {2},
                     {10},
                     block.hash(four().chain()),
                     header.hash(four().chain()),
                     {10},
                     block.hash(four().chain()),
                     block.time,
                     attest_of(header)},
          BaseRecord{four().set(),
                     {},
                     {},
                     four().chain(),
                     hash_of("header"),
                     {3},
                     hash_of("block"),
                     block.time,
                     std::nullopt},
          AbandonedRecord{block},
          KeyRecord{four().set().members[0].key},
          BreachRecord{{10},
                       hash_of("ours"),
                       hash_of("theirs"),
                       certificate_of(VoteKind::Commit, block),
                       attest_of(header),
                       header,
                       new_view_at(block),
                       {block, block}},
          BreachRecord{{10}, {}, hash_of("theirs"), {}, {}, {}, {}, {}}};
}

std::uint8_t number(const Message& message) {
  return static_cast<std::uint8_t>(wire::type_of(message));
}
std::uint8_t number(const DurableRecord& record) {
  return static_cast<std::uint8_t>(wire::type_of(record));
}

TEST(Codec, every_message_comes_back_and_has_one_encoding) {
  std::set<std::size_t> kinds;
  for (const Message& message : all_messages()) {
    const Bytes bytes = wire::encode(message);
    const auto decoded = wire::decode(number(message), bytes);
    ASSERT_TRUE(decoded.has_value()) << message.index() << ' ' << name(decoded.error());
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(wire::encode(*decoded), bytes);
    kinds.insert(message.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Message>);
}

TEST(Codec, every_record_comes_back) {
  std::set<std::size_t> kinds;
  for (const DurableRecord& record : all_records()) {
    const Bytes bytes = wire::encode_record(record);
    const auto decoded = wire::decode_record(number(record), bytes);
    ASSERT_TRUE(decoded.has_value()) << record.index() << ' ' << name(decoded.error());
    EXPECT_EQ(decoded->index(), record.index());
    EXPECT_EQ(wire::encode_record(*decoded), bytes);
    kinds.insert(record.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<DurableRecord>);
}

TEST(Codec, values_survive) {
  const Block block = block_at(9, 5);
  EXPECT_EQ(wire::decode_block(wire::encode_block(block)), block);
  const Header header = header_of(block_at(10));
  EXPECT_EQ(wire::decode_header(wire::encode_header(header)), header);
  const Certificate certificate = attest_of(header);
  EXPECT_EQ(wire::decode_certificate(wire::encode_certificate(certificate)), certificate);
  const auto status = wire::decode(number(full_status()), wire::encode(full_status()));
  EXPECT_EQ(std::get<Status>(*status).high, full_status().high);
  EXPECT_EQ(std::get<Status>(*status).missing, full_status().missing);
  EXPECT_EQ(std::get<Status>(*status).version, "giro 0.1");
  EXPECT_EQ(std::get<Status>(*status).sees, full_status().sees);
  EXPECT_EQ(std::get<Status>(*status).stopped, "DISK_LOW");
}

TEST(Codec, Hints_of_a_status_have_bounds) {
  const auto reason = [](const auto& change) {
    Status status = full_status();
    change(status);
    const auto decoded = wire::decode(number(status), wire::encode(status));
    return decoded ? RejectReason::None : decoded.error();
  };
  EXPECT_EQ(reason([](Status&) {}), RejectReason::None);
  EXPECT_EQ(reason([](Status& s) { s.clock = {-1}; }), RejectReason::Malformed);
  EXPECT_EQ(reason([](Status& s) { s.clock = {kTimeMsMax + 1}; }), RejectReason::Malformed);
  EXPECT_EQ(reason([](Status& s) { s.clock = {kTimeMsMax}; }), RejectReason::None);
  EXPECT_EQ(reason([](Status& s) { s.sees.assign(kStatusSeesMax, {1}); }), RejectReason::None);
  EXPECT_EQ(reason([](Status& s) { s.sees.assign(kStatusSeesMax + 1, {1}); }),
            RejectReason::TooLarge);
  EXPECT_EQ(reason([](Status& s) { s.stopped.assign(kStoppedBytesMax + 1, 'A'); }),
            RejectReason::TooLarge);
  EXPECT_EQ(reason([](Status& s) { s.stopped = "DISK\nLOW"; }), RejectReason::Malformed);
  EXPECT_EQ(reason([](Status& s) { s.version = "1\x1b[2J"; }), RejectReason::Malformed);
}

// Whatever is accepted is what we would have written: no second encoding of anything.
void expect_refused_or_canonical(std::uint8_t type, const Bytes& bytes) {
  const auto decoded = wire::decode(type, bytes);
  if (decoded) {
    EXPECT_EQ(wire::encode(*decoded), bytes) << static_cast<int>(type);
  }
}

TEST(Codec, truncations_and_additions_are_refused_or_another_message) {
  for (const Message& message : all_messages()) {
    const Bytes bytes = wire::encode(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      expect_refused_or_canonical(
          number(message), Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    }
    for (const unsigned added : {0x00U, 0x08U, 0x7aU, 0xffU}) {
      Bytes longer = bytes;
      longer.push_back(static_cast<std::byte>(added));
      expect_refused_or_canonical(number(message), longer);
      longer.push_back(std::byte{0});
      expect_refused_or_canonical(number(message), longer);
    }
  }
}

// A field that nobody knows would come back in every encoding: it is looked for, at each depth.
TEST(Codec, unknown_fields_are_refused_wherever_they_are) {
  const auto bytes_of = [](std::initializer_list<unsigned> values) {
    Bytes bytes;
    for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
  };
  // Field 99 as a number, as bytes, as four and as eight bytes; and field 2 of all, which none has
  // as four bytes.
  const Bytes unknown[] = {bytes_of({0x98, 0x06, 0x01}), bytes_of({0x9a, 0x06, 0x01, 0x41}),
                           bytes_of({0x9d, 0x06, 1, 2, 3, 4}),
                           bytes_of({0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8}),
                           bytes_of({0x15, 1, 2, 3, 4})};
  for (const Bytes& field : unknown) {
    for (const Message& message : all_messages()) {
      if (std::holds_alternative<BatchMessage>(message)) continue;  // no protobuf
      Bytes longer = wire::encode(message);
      longer.insert(longer.end(), field.begin(), field.end());
      EXPECT_FALSE(wire::decode(number(message), longer)) << static_cast<int>(number(message));
    }
    // In the content of a vote, its first field: tag, length, content.
    for (const Message& message : all_messages()) {
      if (!std::holds_alternative<Vote>(message)) continue;
      Bytes inner = wire::encode(message);
      ASSERT_EQ(inner[0], std::byte{0x0a});
      const auto size = std::to_integer<unsigned>(inner[1]);
      ASSERT_LT(size + field.size(), 128U);
      inner[1] = static_cast<std::byte>(size + field.size());
      inner.insert(inner.begin() + 2 + size, field.begin(), field.end());
      EXPECT_FALSE(wire::decode(number(message), inner));
    }
  }
}

TEST(Codec, flipped_bits_are_refused_or_another_message) {
  for (const Message& message : all_messages()) {
    const Bytes bytes = wire::encode(message);
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += bytes.size() > 300 ? 7 : 1) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      expect_refused_or_canonical(number(message), flipped);
    }
  }
  for (const DurableRecord& record : all_records()) {
    const Bytes bytes = wire::encode_record(record);
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      const auto decoded = wire::decode_record(number(record), flipped);
      if (decoded) {
        EXPECT_EQ(wire::encode_record(*decoded), flipped);
      }
    }
  }
}

TEST(Codec, every_message_as_every_other_type_is_refused_or_canonical) {
  for (const Message& message : all_messages()) {
    const Bytes bytes = wire::encode(message);
    for (std::uint8_t type = 0; type < 26; ++type) expect_refused_or_canonical(type, bytes);
  }
  EXPECT_EQ(wire::decode(0, {}).error(), RejectReason::UnknownType);
  EXPECT_EQ(wire::decode(24, {}).error(), RejectReason::UnknownType);
  EXPECT_EQ(wire::decode(255, {}).error(), RejectReason::UnknownType);
  for (const std::uint8_t free : {std::uint8_t{16}, std::uint8_t{17}, std::uint8_t{22}})
    EXPECT_EQ(wire::decode_record(free, {}).error(), RejectReason::UnknownType);
  EXPECT_FALSE(wire::family_of(std::uint8_t{0}).has_value());
  EXPECT_EQ(wire::family_of(MessageType::Vote), wire::Family::Votes);
}

RejectReason decoded(const Message& message) {
  const auto answer = wire::decode(number(message), wire::encode(message));
  return answer ? RejectReason::None : answer.error();
}

TEST(Limits, at_the_maximum_and_one_above) {
  std::vector<Hash> ids(kFetchBatchesMax, hash_of("id"));
  EXPECT_EQ(decoded(FetchBatches{ids}), RejectReason::None);
  EXPECT_EQ(decoded(BatchOffer{ids}), RejectReason::None);
  ids.push_back(hash_of("one more"));
  EXPECT_EQ(decoded(FetchBatches{ids}), RejectReason::TooLarge);
  EXPECT_EQ(decoded(BatchOffer{ids}), RejectReason::TooLarge);
  EXPECT_EQ(decoded(FetchBatches{}), RejectReason::Malformed);

  Status status;
  status.missing.assign(kStatusMissingMax, hash_of("id"));
  status.version.assign(kVersionBytesMax, 'v');
  EXPECT_EQ(decoded(status), RejectReason::None);
  status.version += 'v';
  EXPECT_EQ(decoded(status), RejectReason::TooLarge);
  status.version.clear();
  status.missing.push_back(hash_of("id"));
  EXPECT_EQ(decoded(status), RejectReason::TooLarge);

  const Certificate certificate = certificate_of(VoteKind::Commit, block_at(1));
  EXPECT_EQ(decoded(CertifiedBlocks{linked(kCertifiedBlocksMax), certificate}), RejectReason::None);
  EXPECT_EQ(decoded(CertifiedBlocks{linked(kCertifiedBlocksMax + 1), certificate}),
            RejectReason::TooLarge);
  EXPECT_EQ(decoded(CertifiedBlocks{{}, certificate}), RejectReason::Malformed);
  const Header header = header_of(block_at(1));
  EXPECT_EQ(decoded(ChainSegment{linked(kSegmentBlocksMax), header, certificate}),
            RejectReason::None);
  EXPECT_EQ(decoded(ChainSegment{linked(kSegmentBlocksMax + 1), header, certificate}),
            RejectReason::TooLarge);

  Block block = block_at(1, 0);
  block.batches.assign(kBlockBatchesMax, hash_of("id"));
  EXPECT_EQ(decoded(PrePrepare{block, four().vote(0, {})}),
            RejectReason::Malformed);  // vote of no kind
  EXPECT_EQ(decoded(four().proposal(block)), RejectReason::None);
  const std::vector<Block> two{block, block};
  EXPECT_EQ(decoded(CertifiedBlocks{two, certificate}), RejectReason::None);
  EXPECT_EQ(decoded(CertifiedBlocks{{block, block, block_at(1, 1)}, certificate}),
            RejectReason::TooLarge);
  block.batches.push_back(hash_of("one more"));
  EXPECT_EQ(decoded(four().proposal(block)), RejectReason::TooLarge);

  block = block_at(1);
  block.time = {kTimeMsMax};
  EXPECT_EQ(decoded(four().proposal(block)), RejectReason::None);
  ++block.time.ms;
  EXPECT_EQ(decoded(four().proposal(block)), RejectReason::Malformed);
  status = {};
  status.version = "line\nbreak";
  EXPECT_EQ(decoded(status), RejectReason::Malformed);

  Certificate crowded = certificate;
  crowded.signatures.clear();
  for (std::uint32_t i = 0; i < kMembersMax; ++i) crowded.signatures.push_back({{i}, {}});
  EXPECT_EQ(decoded(AttestProof{crowded}), RejectReason::None);
  EXPECT_EQ(decoded(ReplyStable{UINT64_MAX, {UINT64_MAX}, false, crowded}), RejectReason::None);
  EXPECT_EQ(decoded(ReplyStable{1, {1}, true, crowded}), RejectReason::Malformed);
  crowded.signatures.push_back({{kMembersMax}, {}});
  EXPECT_NE(decoded(AttestProof{crowded}), RejectReason::None);
  EXPECT_NE(decoded(ReplyStable{1, {1}, false, crowded}), RejectReason::None);
  Bytes padded(kSmallMessageBytesMax + 1);
  const auto query = static_cast<std::uint8_t>(MessageType::QueryStable);
  EXPECT_EQ(wire::decode(query, padded).error(), RejectReason::TooLarge);
  padded.resize(kProofBytesMax + 1);
  const auto reply = static_cast<std::uint8_t>(MessageType::ReplyStable);
  EXPECT_EQ(wire::decode(reply, padded).error(), RejectReason::TooLarge);
}

TEST(BatchCodec, operations_are_ranges_of_the_bytes) {
  const std::vector<std::string> texts{"pay", std::string(200, 'x'), "z"};
  std::vector<ByteView> operations;
  for (const std::string& text : texts) operations.push_back(crypto::as_view(text));
  const BatchPtr made = wire::make_batch({10}, 300, {kWallStartMs}, operations);
  EXPECT_EQ(made->bytes.size(), wire::batch_size({10}, 300, {kWallStartMs}, operations));
  const auto parsed = wire::parse_batch(made->bytes);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ((*parsed)->id, made->id);
  EXPECT_EQ((*parsed)->author, made->author);
  EXPECT_EQ((*parsed)->author_seq, 300U);
  EXPECT_EQ((*parsed)->expires_at, made->expires_at);
  ASSERT_EQ((*parsed)->operations.size(), 3U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(crypto::as_text((*parsed)->operation(i)), texts[i]);
    EXPECT_EQ(crypto::as_text(made->operation(i)), texts[i]);
  }
}

TEST(BatchCodec, R3_form_and_limits) {
  const auto reason = [](Bytes bytes) {
    const auto parsed = wire::parse_batch(std::move(bytes));
    return parsed ? RejectReason::None : parsed.error();
  };
  const Bytes good = batch_of({10}, 1, 5, "pay")->bytes;  // 08 0a 10 01 18 05 22 03 'p' 'a' 'y'
  EXPECT_EQ(reason(good), RejectReason::None);
  EXPECT_EQ(reason({}), RejectReason::Malformed);  // no operation
  Bytes bad = good;
  bad[7] = std::byte{0x00};  // an empty operation
  EXPECT_EQ(reason(bad), RejectReason::Malformed);
  bad = good;
  bad[7] = std::byte{0x7f};  // longer than what is there
  EXPECT_EQ(reason(bad), RejectReason::Malformed);
  bad = good;
  bad[3] = std::byte{0x00};  // a default that should be absent
  EXPECT_EQ(reason(bad), RejectReason::Malformed);
  bad = good;
  bad[3] = std::byte{0x81};  // not the shortest varint
  bad.insert(bad.begin() + 4, std::byte{0x00});
  EXPECT_EQ(reason(bad), RejectReason::Malformed);

  std::vector<ByteView> many(kBatchOperationsMax, crypto::as_view("x"));
  Bytes crowded = wire::make_batch({1}, 1, {1}, many)->bytes;
  EXPECT_EQ(reason(crowded), RejectReason::None);
  for (const unsigned byte : {0x22U, 0x01U, 0x78U}) {
    crowded.push_back(static_cast<std::byte>(byte));
  }
  EXPECT_EQ(reason(crowded), RejectReason::TooLarge);

  std::string filler(kBatchBytesMax - 11, 'x');
  const ByteView one[] = {crypto::as_view(filler)};
  const std::size_t spare = kBatchBytesMax - wire::batch_size({1}, 1, {1}, one);
  filler.resize(filler.size() + spare, 'x');
  const ByteView full[] = {crypto::as_view(filler)};
  Bytes largest = wire::make_batch({1}, 1, {1}, full)->bytes;
  EXPECT_EQ(largest.size(), kBatchBytesMax);
  EXPECT_EQ(reason(largest), RejectReason::None);
  largest.push_back(std::byte{0});
  EXPECT_EQ(reason(largest), RejectReason::TooLarge);
}

// ---- the verifier

class Verify : public ::testing::Test {
 protected:
  wire::Verifier verifier{four().chain(), four().institution(3)};
  ValidatorSet set = four().set();
  RejectReason from(std::size_t index, Message message) {
    const auto verified = verifier.verify(four().institution(index), std::move(message), set);
    return verified ? RejectReason::None : verified.error();
  }
};

TEST_F(Verify, R13_senders_are_members_and_vote_for_themselves) {
  const Vote vote = four().vote(1, {VoteKind::Commit, {0}, {0}, {3}, hash_of("block")});
  EXPECT_EQ(from(1, vote), RejectReason::None);
  EXPECT_EQ(from(2, vote), RejectReason::NotVoter);
  EXPECT_EQ(from(3, vote), RejectReason::FromSelf);
  EXPECT_EQ(from(8, vote), RejectReason::NotMember);
  Vote forged = vote;
  forged.content.height = {4};
  EXPECT_EQ(from(1, forged), RejectReason::BadSignature);
  forged = vote;
  forged.voter = {77};
  EXPECT_EQ(from(1, forged), RejectReason::NotVoter);
  EXPECT_EQ(from(1, four().vote(1, {VoteKind::Commit, {1}, {0}, {3}, {}})),
            RejectReason::FutureEpoch);
  set = four().set({2});
  EXPECT_EQ(from(1, vote), RejectReason::OldEpoch);
  EXPECT_EQ(from(1, FetchChain{}), RejectReason::UnknownType);
}

TEST_F(Verify, R8_a_proposal_is_its_primarys_and_the_vote_is_for_the_block) {
  const PrePrepare good = four().proposal(block_at(1));
  EXPECT_EQ(from(0, good), RejectReason::None);
  EXPECT_EQ(from(2, good), RejectReason::None);  // relayed
  PrePrepare bad = good;
  bad.block.time.ms += 1;
  EXPECT_EQ(from(0, bad), RejectReason::Mismatch);
  bad = good;
  bad.vote = four().vote(1, good.vote.content);
  EXPECT_EQ(from(0, bad), RejectReason::NotPrimary);
  bad = good;
  bad.vote.signature.bytes[3] ^= std::byte{1};
  EXPECT_EQ(from(0, bad), RejectReason::BadSignature);
  bad = good;
  bad.vote.content.kind = VoteKind::Commit;
  EXPECT_EQ(from(0, bad), RejectReason::Mismatch);
}

TEST_F(Verify, R8a_certified_blocks_are_linked_and_their_certificate_is_for_the_last) {
  const std::vector<Block> blocks = linked(3);
  const CertifiedBlocks good{blocks, certificate_of(VoteKind::Prepare, blocks[2])};
  EXPECT_EQ(from(0, good), RejectReason::None);
  CertifiedBlocks bad = good;
  bad.certificate = certificate_of(VoteKind::Prepare, blocks[1]);
  EXPECT_EQ(from(0, bad), RejectReason::Mismatch);
  bad.certificate = certificate_of(VoteKind::Attest, blocks[2]);
  EXPECT_EQ(from(0, bad), RejectReason::Mismatch);
  bad = good;
  bad.blocks[1].time.ms += 1;
  EXPECT_EQ(from(0, bad), RejectReason::BadLink);
  bad = good;
  std::swap(bad.blocks[0], bad.blocks[1]);
  EXPECT_EQ(from(0, bad), RejectReason::BadLink);
  bad = good;
  bad.certificate.signatures.pop_back();
  EXPECT_EQ(from(0, bad), RejectReason::BadCertificate);
}

TEST_F(Verify, R30_a_segment_ends_with_the_attested_header_of_its_last_block) {
  const std::vector<Block> blocks = linked(3);
  const Header header = header_of(blocks[2]);
  const ChainSegment good{blocks, header, attest_of(header)};
  EXPECT_EQ(from(0, good), RejectReason::None);
  EXPECT_EQ(from(0, ChainSegment{{}, header, attest_of(header)}), RejectReason::None);
  ChainSegment bad = good;
  bad.blocks.pop_back();
  EXPECT_EQ(from(0, bad), RejectReason::BadLink);
  bad = good;
  bad.header.state_root = hash_of("another state");
  EXPECT_EQ(from(0, bad), RejectReason::Mismatch);
  bad = good;
  bad.blocks[2].epoch = {1};
  EXPECT_EQ(from(0, bad), RejectReason::BadLink);
  bad = good;
  bad.attest.signatures[1].signature.bytes[0] ^= std::byte{1};
  EXPECT_EQ(from(0, bad), RejectReason::BadCertificate);
  EXPECT_EQ(from(0, AttestProof{attest_of(header)}), RejectReason::None);
  EXPECT_EQ(from(0, AttestProof{certificate_of(VoteKind::Commit, blocks[2])}),
            RejectReason::Mismatch);
}

}  // namespace
}  // namespace giro::consensus::testing
