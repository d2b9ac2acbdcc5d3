#include "storage/crc32c.h"

#include <gtest/gtest.h>

#include <boost/crc.hpp>

namespace giro::storage {
namespace {

using BoostCrc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

TEST(Crc32c, Gives_the_check_value_of_the_standard) {
  EXPECT_EQ(crc32c(crypto::as_view("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c_portable(crypto::as_view("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, Both_ways_agree_with_Boost_at_every_length_and_split) {
  crypto::Bytes bytes;
  for (std::uint32_t i = 0; i < 300; ++i) {
    BoostCrc32c expected;
    expected.process_bytes(bytes.data(), bytes.size());
    const crypto::ByteView all(bytes);
    EXPECT_EQ(crc32c(all), expected.checksum());
    EXPECT_EQ(crc32c_portable(all), expected.checksum());
    const auto middle = bytes.size() / 3;
    EXPECT_EQ(crc32c(all.subspan(middle), crc32c(all.first(middle))), expected.checksum());
    EXPECT_EQ(crc32c_portable(all.subspan(middle), crc32c_portable(all.first(middle))),
              expected.checksum());
    bytes.push_back(static_cast<std::byte>(i * 151 + 7));
  }
}

}  // namespace
}  // namespace giro::storage
