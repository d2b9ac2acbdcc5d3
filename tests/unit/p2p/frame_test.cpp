#include "p2p/frame.h"

#include <gtest/gtest.h>

#include <random>

namespace giro::p2p {
namespace {

using crypto::Bytes;
using crypto::ByteView;

Bytes hex(std::string_view text) {
  return *crypto::from_hex(text);
}

FrameDecoder open_decoder(const FamilyTable& table = kFamilyDefaults) {
  FrameDecoder decoder(table);
  decoder.allow_full_frames();
  return decoder;
}

Bytes header(std::uint32_t length, std::uint8_t family, std::uint8_t type = 0) {
  Bytes out;
  crypto::Writer(out).u32(length).u8(family).u8(type);
  return out;
}

TEST(Frame, the_layout_is_length_family_type_payload) {
  EXPECT_EQ(*encode_frame(Family::Payload, 0x2a, hex("0102ff")), hex("00000005042a0102ff"));
  EXPECT_EQ(*encode_frame(Family::Agreement, 1, ByteView{}), hex("000000020101"));
  EXPECT_EQ(*encode_frame(Family::Sync, 9, {hex("01"), hex(""), hex("0203")}),
            hex("000000050509010203"));
  EXPECT_EQ(family_of(encode_frame(Family::Status, 1, ByteView{})), Family::Status);
}

TEST(Frame, every_truncation_waits_and_every_split_gives_the_same_frame) {
  const Bytes wire = *encode_frame(Family::Agreement, 3, hex("00112233445566778899"));
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    FrameDecoder decoder = open_decoder();
    decoder.append(ByteView(wire).first(cut));
    auto next = decoder.next();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->has_value(), cut == wire.size()) << cut;
    if (cut == wire.size()) continue;
    decoder.append(ByteView(wire).subspan(cut));
    next = decoder.next();
    ASSERT_TRUE(next.has_value() && next->has_value()) << cut;
    EXPECT_EQ((*next)->family, Family::Agreement);
    EXPECT_EQ((*next)->type, 3);
    EXPECT_EQ(crypto::to_bytes((*next)->payload), hex("00112233445566778899"));
    EXPECT_FALSE(decoder.next()->has_value());
    EXPECT_EQ(decoder.buffered(), 0U);
  }
}

TEST(Frame, many_frames_in_one_read_come_out_in_order_without_moving) {
  Bytes wire;
  for (std::uint8_t i = 0; i < 200; ++i) {
    const Bytes payload(i, std::byte{i});
    const Frame frame = encode_frame(Family::Status, i, payload);
    wire.insert(wire.end(), frame->begin(), frame->end());
  }
  FrameDecoder decoder = open_decoder();
  decoder.append(wire);
  std::vector<FrameView> views;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) views.push_back(**next);
  ASSERT_EQ(views.size(), 200U);
  for (std::uint8_t i = 0; i < 200; ++i) {  // all views are still valid: next() moves nothing
    EXPECT_EQ(views[i].type, i);
    EXPECT_EQ(crypto::to_bytes(views[i].payload), Bytes(i, std::byte{i}));
  }
}

TEST(Frame, T6_each_family_takes_its_limit_and_refuses_one_byte_more) {
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    const std::size_t max = kFamilyDefaults[family].frame_bytes_max;
    FrameDecoder fits = open_decoder();
    fits.append(header(static_cast<std::uint32_t>(max - 4), static_cast<std::uint8_t>(family)));
    EXPECT_TRUE(fits.next().has_value()) << family;
    fits.append(Bytes(max - kFrameHeaderBytes));
    const auto whole = fits.next();
    ASSERT_TRUE(whole.has_value() && whole->has_value()) << family;
    EXPECT_EQ((*whole)->payload.size(), max - kFrameHeaderBytes);

    FrameDecoder exceeds = open_decoder();
    exceeds.append(header(static_cast<std::uint32_t>(max - 3), static_cast<std::uint8_t>(family)));
    const auto refused = exceeds.next();
    ASSERT_FALSE(refused.has_value()) << family;
    EXPECT_EQ(refused.error(), FrameReject::TooLong);
  }
}

TEST(Frame, before_the_proof_nothing_above_the_handshake_limit_is_read) {
  const auto judge = [](std::size_t total, Family family) {
    FrameDecoder decoder(kFamilyDefaults);
    decoder.append(
        header(static_cast<std::uint32_t>(total - 4), static_cast<std::uint8_t>(family)));
    return decoder.next().has_value();
  };
  EXPECT_TRUE(judge(kHandshakeFrameBytesMax, Family::Payload));
  EXPECT_FALSE(judge(kHandshakeFrameBytesMax + 1, Family::Payload));
}

TEST(Frame, a_length_that_holds_no_header_is_too_short) {
  for (const std::uint32_t length : {0U, 1U}) {
    FrameDecoder decoder = open_decoder();
    decoder.append(ByteView(header(length, 1)).first(4));
    ASSERT_FALSE(decoder.next().has_value());
    EXPECT_EQ(decoder.next().error(), FrameReject::TooShort) << "and it stays rejected";
  }
}

TEST(Frame, an_oversized_length_is_refused_before_the_family_is_there) {
  for (const std::uint32_t length :
       {0xffffffffU, 0x80000000U, static_cast<std::uint32_t>(kFrameBytesMax - 3)}) {
    FrameDecoder decoder = open_decoder();
    decoder.append(ByteView(header(length, 1)).first(4));
    ASSERT_FALSE(decoder.next().has_value()) << length;
    EXPECT_EQ(decoder.next().error(), FrameReject::TooLong);
  }
}

TEST(Frame, families_that_nobody_knows_are_refused) {
  for (int family = kFamilyCount; family < 256; ++family) {
    FrameDecoder decoder = open_decoder();
    decoder.append(header(2, static_cast<std::uint8_t>(family)));
    ASSERT_FALSE(decoder.next().has_value());
    EXPECT_EQ(decoder.next().error(), FrameReject::UnknownFamily);
  }
}

TEST(Frame, T7_memory_follows_what_arrived_and_not_what_was_claimed) {
  FrameDecoder decoder = open_decoder();
  decoder.append(header(kFrameBytesMax - 4, 4));
  ASSERT_TRUE(decoder.next().has_value());
  EXPECT_LE(decoder.capacity(), 8 * kKiB);
  Bytes chunk(100 * kKiB);
  std::size_t fed = kFrameHeaderBytes;
  while (fed + chunk.size() < kFrameBytesMax) {
    decoder.append(chunk);
    fed += chunk.size();
    EXPECT_LE(decoder.capacity(), 2 * fed + chunk.size());
    ASSERT_FALSE(decoder.next()->has_value());
  }
  decoder.append(Bytes(kFrameBytesMax - fed));
  ASSERT_TRUE(decoder.next()->has_value());
  (void)decoder.prepare(1);
  EXPECT_LE(decoder.capacity(), 1 * kMiB) << "a large buffer is given back";
}

TEST(Frame, garbage_is_refused_or_waits_and_never_reads_beyond) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    FrameDecoder decoder = open_decoder();
    bool rejected = false;
    for (int part = 0; part < 8 && !rejected; ++part) {
      Bytes bytes(random() % 64);
      for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(random() % (round % 2 == 0 ? 256 : 8));
      decoder.append(bytes);
      for (auto next = decoder.next();; next = decoder.next()) {
        rejected = !next.has_value();
        if (rejected || !*next) break;
        EXPECT_LE((*next)->payload.size(), 512U);
      }
    }
    EXPECT_LE(decoder.buffered(), 8U * 64);
  }
}

TEST(Frame, a_smaller_table_is_obeyed) {
  FamilyTable table = kFamilyDefaults;
  table[1].frame_bytes_max = 10;
  EXPECT_TRUE(is_sound(table));
  FrameDecoder decoder = open_decoder(table);
  decoder.append(*encode_frame(Family::Agreement, 1, Bytes(4)));
  EXPECT_TRUE(decoder.next()->has_value());
  decoder.append(*encode_frame(Family::Agreement, 1, Bytes(5)));
  EXPECT_EQ(decoder.next().error(), FrameReject::TooLong);
  table[1].frame_bytes_max = kFrameBytesMax + 1;
  EXPECT_FALSE(is_sound(table));
}

TEST(FrameDeathTest, an_oversized_frame_of_our_own_is_our_mistake) {
  EXPECT_TRUE(fits_frame(kPayloadBytesMax));
  EXPECT_FALSE(fits_frame(kPayloadBytesMax + 1));
  EXPECT_EQ(encode_frame(Family::Sync, 1, Bytes(kPayloadBytesMax))->size(), kFrameBytesMax);
  EXPECT_DEATH((void)encode_frame(Family::Sync, 1, Bytes(kPayloadBytesMax + 1)),
               "kPayloadBytesMax");
}

}  // namespace
}  // namespace giro::p2p
