#include "crypto/bytes.h"

#include <gtest/gtest.h>

#include "crypto/check.h"

namespace giro::crypto {
namespace {

TEST(Hex, writes_lower_case) {
  const Bytes bytes{std::byte{0x00}, std::byte{0x7f}, std::byte{0xab}, std::byte{0xff}};
  EXPECT_EQ(to_hex(bytes), "007fabff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, reads_both_cases) {
  EXPECT_EQ(from_hex("00aBFf"), (Bytes{std::byte{0x00}, std::byte{0xab}, std::byte{0xff}}));
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, refuses_everything_else) {
  for (const char* text :
       {"0", "000", "0g", "g0", "0x00", " 00", "00 ", "0 ", "-1", "@@", "``", "//", "::"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_hex(std::string_view("0\0", 2)), std::nullopt);
}

TEST(Hex, reads_into_exactly_the_size_asked) {
  std::array<std::byte, 2> out{};
  EXPECT_TRUE(from_hex("0102", out));
  EXPECT_EQ(out[1], std::byte{2});
  EXPECT_FALSE(from_hex("01", out));
  EXPECT_FALSE(from_hex("010203", out));
}

TEST(Writer, appends_big_endian) {
  Bytes out;
  Writer(out)
      .u8(0x01)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x08090a0b0c0d0e0f)
      .text("hi")
      .raw(Hash{}.bytes);
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e0f6869" + std::string(64, '0'));
}

TEST(Reader, reads_back_what_was_written) {
  Bytes out;
  Hash hash;
  hash.bytes.fill(std::byte{0xee});
  Writer(out).u8(0xff).u16(0xfffe).u32(0xfffffffd).u64(0xfffffffffffffffc).raw(hash).text("end");
  Reader in(out);
  EXPECT_EQ(in.u8(), 0xff);
  EXPECT_EQ(in.u16(), 0xfffe);
  EXPECT_EQ(in.u32(), 0xfffffffd);
  EXPECT_EQ(in.u64(), 0xfffffffffffffffc);
  EXPECT_EQ(in.hash(), hash);
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.remaining(), 3u);
  EXPECT_EQ(as_text(in.raw(3)), "end");
  EXPECT_TRUE(in.at_end());
}

TEST(Reader, gives_zeros_after_the_first_short_read) {
  const Bytes bytes(5, std::byte{0xff});
  Reader in(bytes);
  EXPECT_EQ(in.u8(), 0xff);
  EXPECT_EQ(in.u64(), 0u);  // only four left
  EXPECT_FALSE(in.ok());
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.u8(), 0u);  // although four are left
  EXPECT_EQ(in.u16(), 0u);
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_EQ(in.hash(), Hash{});
  EXPECT_TRUE(in.raw(0).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Reader, takes_no_size_on_trust) {
  const Bytes bytes(4);
  Reader in(bytes);
  EXPECT_TRUE(in.raw(static_cast<std::size_t>(-1)).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Check, prints_the_condition_and_its_operands) {
  const int height = 7;
  const int tip = 5;
  EXPECT_DEATH(GIRO_CHECK(height <= tip, height, tip), "height <= tip; height, tip = 7 5");
  EXPECT_DEATH(GIRO_CHECK(height < 0), "bytes_test.cpp:[0-9]+: check failed: height < 0\n");
  GIRO_CHECK(height > tip, height, tip);
}

}  // namespace
}  // namespace giro::crypto
