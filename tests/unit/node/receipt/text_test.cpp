#include "node/receipt/text.h"

#include <gtest/gtest.h>

namespace giro::receipt {
namespace {

// RFC 4648 section 10.
TEST(Base64, gives_the_known_answers) {
  const std::vector<std::pair<std::string_view, std::string_view>> known{{"", ""},
                                                                         {"f", "Zg=="},
                                                                         {"fo", "Zm8="},
                                                                         {"foo", "Zm9v"},
                                                                         {"foob", "Zm9vYg=="},
                                                                         {"fooba", "Zm9vYmE="},
                                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, encoded] : known) {
    EXPECT_EQ(to_base64(crypto::as_view(text)), encoded);
    EXPECT_EQ(from_base64(encoded), crypto::to_bytes(crypto::as_view(text)));
  }
}

TEST(Base64, every_byte_comes_back) {
  crypto::Bytes bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<std::byte>(i * 7));
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Base64, refuses_what_it_would_not_write) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm8", "Zm 8",
                           "Zm8\n", "Zm9v=", "Zg==Zg==", "Z=g=", "Zm-_", " Zg=", "Zg= "}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(UuidText, has_one_form) {
  const Uuid id = *from_uuid_text("9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713");
  EXPECT_EQ(id[0], std::byte{0x9b});
  EXPECT_EQ(id[15], std::byte{0x13});
  EXPECT_EQ(to_uuid_text(id), "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713");
  for (const char* text :
       {"", "9B2e41c0-5a77-4d0e-9c1b-2f60d8a4e713", "9b2e41c05a774d0e9c1b2f60d8a4e713",
        "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e71", "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e7131",
        "9b2e41c-05a77-4d0e-9c1b-2f60d8a4e713", "{b2e41c0-5a77-4d0e-9c1b-2f60d8a4e71}",
        "gb2e41c0-5a77-4d0e-9c1b-2f60d8a4e713", "9b2e41c0-5a77-4d0e-9c1b 2f60d8a4e713"}) {
    EXPECT_EQ(from_uuid_text(text), std::nullopt) << text;
  }
}

TEST(TimeText, gives_the_known_answers) {
  const std::vector<std::pair<std::int64_t, std::string_view>> known{
      {0, "1970-01-01T00:00:00.000Z"},
      {951'782'399'999, "2000-02-28T23:59:59.999Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},
      {1'795'300'867'114, "2026-11-21T22:41:07.114Z"},
      {kTimeMsMax, "9999-12-31T23:59:59.999Z"}};
  for (const auto& [ms, text] : known) {
    EXPECT_EQ(to_time_text(ms), text);
    EXPECT_EQ(from_time_text(text), ms);
  }
}

TEST(TimeText, refuses_what_it_would_not_write) {
  for (const char* text : {"",
                           "2026-11-21T22:41:07Z",
                           "2026-11-21t22:41:07.114Z",
                           "2026-11-21T22:41:07.114z",
                           "2026-11-21 22:41:07.114Z",
                           "2026-11-21T22:41:07,114Z",
                           "2026-11-21T22:41:07.114+",
                           "2026-11-31T22:41:07.114Z",
                           "2026-13-21T22:41:07.114Z",
                           "2026-00-21T22:41:07.114Z",
                           "2026-11-00T22:41:07.114Z",
                           "2025-02-29T00:00:00.000Z",
                           "2026-11-21T24:00:00.000Z",
                           "2026-11-21T22:60:07.114Z",
                           "2026-11-21T22:41:60.114Z",
                           "1969-12-31T23:59:59.999Z",
                           "0000-01-01T00:00:00.000Z",
                           "2026-11-21T22:41:07.11 Z",
                           "2026-11-21T22:41:07.1140Z",
                           "+026-11-21T22:41:07.114Z"}) {
    EXPECT_EQ(from_time_text(text), std::nullopt) << text;
  }
}

TEST(LowerHex, refuses_upper_case) {
  std::array<std::byte, 2> out{};
  EXPECT_TRUE(from_lower_hex("ab01", out));
  for (const char* text : {"aB01", "ab0", "ab012", "ab0g", "ab01ff", ""}) {
    EXPECT_FALSE(from_lower_hex(text, out)) << text;
  }
}

}  // namespace
}  // namespace giro::receipt
