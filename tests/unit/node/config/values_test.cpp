#include "node/config/values.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace giro::config {
namespace {

TEST(Values, Durations_need_a_known_unit) {
  EXPECT_EQ(parse_duration_ms("250ms"), 250U);
  EXPECT_EQ(parse_duration_ms("2s"), 2'000U);
  EXPECT_EQ(parse_duration_ms("15m"), 900'000U);
  EXPECT_EQ(parse_duration_ms("24h"), 86'400'000U);
  EXPECT_EQ(parse_duration_ms("7d"), 604'800'000U);
  EXPECT_EQ(parse_duration_ms("0ms"), 0U);
  for (const char* wrong : {"", "5", "s", "-1s", "1.5s", "1 s", " 1s", "1S", "1sec", "1w", "+1s",
                            "99999999999999999999s", "213503982335d"}) {
    EXPECT_EQ(parse_duration_ms(wrong), std::nullopt) << wrong;
  }
}

TEST(Values, Sizes_need_a_binary_unit) {
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_EQ(parse_size("512MiB"), 536'870'912U);
  EXPECT_EQ(parse_size("1GiB"), 1'073'741'824U);
  for (const char* wrong : {"1 giga", "1", "1KB", "1kib", "GiB", "-1GiB", "18014398509481984KiB"}) {
    EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
  }
}

TEST(Values, Format_gives_back_what_parse_took) {
  for (const std::uint64_t ms :
       {0ULL, 1ULL, 999ULL, 1'000ULL, 90'000ULL, 3'600'000ULL, 86'400'000ULL}) {
    EXPECT_EQ(parse_duration_ms(format_duration(ms)), ms);
  }
  EXPECT_EQ(format_duration(90'000), "90s");
  for (const std::uint64_t bytes : {0ULL, 1'024ULL, 1'536ULL * 1'024, 1ULL << 30U}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  }
}

TEST(Values, Addresses_are_names_or_numbers_with_a_port) {
  EXPECT_EQ(parse_host_port("validator.bank-b.example:7300", false),
            (HostPort{"validator.bank-b.example", 7300}));
  EXPECT_EQ(parse_host_port("0.0.0.0:7300", false), (HostPort{"0.0.0.0", 7300}));
  EXPECT_EQ(parse_host_port("[::1]:7400", false), (HostPort{"::1", 7400}));
  EXPECT_EQ((HostPort{"::1", 7400}).to_string(), "[::1]:7400");
  EXPECT_EQ(parse_host_port("127.0.0.1:0", true), (HostPort{"127.0.0.1", 0}));
  for (const char* wrong : {"", ":7300", "host", "host:", "host:0", "host:65536", "host:-1",
                            "::1:7400", "1.2.3:80", "1.2.3.256:80", "a b:80", "-a:80", "a-:80",
                            "a..b:80", "[]:80", "[xyz]:80", "host:+80", "host:80 "}) {
    EXPECT_EQ(parse_host_port(wrong, false), std::nullopt) << wrong;
  }
}

TEST(Values, Loopback_is_this_host_and_nothing_else) {
  EXPECT_TRUE(is_loopback({"127.0.0.1", 1}));
  EXPECT_TRUE(is_loopback({"127.8.8.8", 1}));
  EXPECT_TRUE(is_loopback({"::1", 1}));
  EXPECT_TRUE(is_loopback({"localhost", 1}));
  EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
  EXPECT_FALSE(is_loopback({"127.example.com", 1}));
  EXPECT_FALSE(is_loopback({"localhost.example", 1}));
}

TEST(Values, Urls_name_a_node_and_no_path) {
  EXPECT_EQ(parse_api_url("http://127.0.0.1:7401"), (ApiUrl{false, {"127.0.0.1", 7401}}));
  EXPECT_EQ(parse_api_url("https://a.example:7400/"), (ApiUrl{true, {"a.example", 7400}}));
  for (const char* wrong :
       {"a.example:7400", "ftp://a:1", "https://a.example", "https://a:1/v1", "https://u:p@a:1"}) {
    EXPECT_EQ(parse_api_url(wrong), std::nullopt) << wrong;
  }
}

TEST(Values, A_secret_is_read_without_its_line_break) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "giro_values_secret";
  std::ofstream(path) << "correct horse\n";
  EXPECT_EQ((SecretSource{SecretSource::Kind::File, path.string()}).read(), "correct horse");
  std::ofstream(path, std::ios::trunc) << "\n";
  EXPECT_FALSE((SecretSource{SecretSource::Kind::File, path.string()}).read().has_value());
  std::ofstream(path, std::ios::trunc) << std::string(4097, 'x');
  EXPECT_FALSE((SecretSource{SecretSource::Kind::File, path.string()}).read().has_value());
  std::filesystem::remove(path);
  EXPECT_FALSE((SecretSource{SecretSource::Kind::File, path.string()}).read().has_value());
  const auto unset = (SecretSource{SecretSource::Kind::Variable, "GIRO_TEST_NO_SUCH"}).read();
  ASSERT_FALSE(unset.has_value());
  EXPECT_EQ(unset.error(), "the variable GIRO_TEST_NO_SUCH is not set");
}

}  // namespace
}  // namespace giro::config
