#include <gtest/gtest.h>

#include "node/api/http.h"
#include "node/api/limits.h"
#include "node/api/origin.h"
#include "node/api/rate_limit.h"
#include "node/api/router.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

std::expected<Request, std::string> split(const std::string& target) {
  Request request;
  request.target = target;
  if (auto done = split_target(request); !done) return std::unexpected(done.error());
  return request;
}

TEST(Target, Path_and_query_are_split_and_decoded) {
  const auto request = split("/v1/tokens/bank%2Da.EUR?limit=10&empty=&flag");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->segments, (std::vector<std::string>{"v1", "tokens", "bank-a.EUR"}));
  EXPECT_EQ(request->parameter("limit"), "10");
  EXPECT_EQ(request->parameter("empty"), "");
  EXPECT_EQ(request->parameter("flag"), "");
  EXPECT_EQ(request->parameter("none"), std::nullopt);
}

TEST(Target, What_is_ambiguous_is_refused) {
  for (const char* target : {"", "v1", "*", "http://x/", "/a//b", "/a/", "/a%2Fb", "/a%", "/a%4",
                             "/a%zz", "/a%00", "/a?x=1&x=2", "/a?=1", "/a?x=%f"}) {
    EXPECT_FALSE(split(target).has_value()) << target;
  }
}

TEST(Target, Its_bounds_hold_at_the_limit_and_not_one_above) {
  EXPECT_TRUE(split("/" + std::string(kTargetBytesMax - 1, 'a')).has_value());
  EXPECT_FALSE(split("/" + std::string(kTargetBytesMax, 'a')).has_value());
  std::string path, query = "/a?";
  for (std::size_t i = 0; i < kPathSegmentsMax; ++i) path += "/a";
  for (std::size_t i = 0; i < kQueryParametersMax; ++i) query += "p" + std::to_string(i) + "=1&";
  EXPECT_TRUE(split(path).has_value());
  EXPECT_FALSE(split(path + "/a").has_value());
  EXPECT_TRUE(split(query).has_value());
  EXPECT_FALSE(split(query + "more=1").has_value());
}

TEST(Origin, Only_loopback_names_are_hosts_of_an_open_API) {
  for (const char* host :
       {"localhost", "localhost:7401", "127.0.0.1", "127.9.9.9:1", "[::1]:7401", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host :
       {"", "bank.example", "localhost.example:7401", "10.0.0.1", "[2001:db8::1]:1", "::1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
  EXPECT_TRUE(is_own_origin("", "localhost:1", false));
  EXPECT_TRUE(is_own_origin("http://localhost:1", "localhost:1", false));
  EXPECT_FALSE(is_own_origin("https://localhost:1", "localhost:1", false));
  EXPECT_FALSE(is_own_origin("http://localhost:2", "localhost:1", false));
  EXPECT_TRUE(is_own_origin("https://node.example:7400", "node.example:7400", true));
  EXPECT_FALSE(is_own_origin("http://node.example:7400", "node.example:7400", true));
}

TEST(RateLimit, A_bucket_gives_its_burst_and_refills_with_time) {
  RateLimit limit(10, 5);
  const auto begin = RateLimit::Clock::time_point{};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.take("a", begin));
  EXPECT_FALSE(limit.take("a", begin));
  EXPECT_TRUE(limit.take("b", begin)) << "each client has its own";
  EXPECT_TRUE(limit.take("a", begin + std::chrono::milliseconds(100)));
  EXPECT_FALSE(limit.take("a", begin + std::chrono::milliseconds(100)));
}

TEST(RateLimit, More_than_it_holds_is_lent_by_a_full_bucket) {
  RateLimit limit(10, 5);
  const auto begin = RateLimit::Clock::now();
  const auto after = [&](int ms) { return begin + std::chrono::milliseconds(ms); };
  EXPECT_TRUE(limit.take("a", begin));
  EXPECT_TRUE(limit.take_more("a", begin, 9));
  EXPECT_FALSE(limit.take("a", after(500))) << "ten were taken of five: half a second to zero";
  EXPECT_TRUE(limit.take("a", after(601)));
  EXPECT_FALSE(limit.take_more("a", after(601), 9));
  EXPECT_TRUE(limit.take("a", after(1101)));
  EXPECT_TRUE(limit.take_more("a", after(1101), 4)) << "what it has";
  EXPECT_FALSE(limit.take_more("a", after(1101), 1));
}

TEST(RateLimit, Many_clients_do_not_empty_the_bucket_of_one_that_is_limited) {
  RateLimit limit(1, 2);
  const auto now = RateLimit::Clock::time_point{};
  while (limit.take("greedy", now)) {
  }
  for (std::size_t i = 0; i < 3 * kRateClientsMax; ++i)
    EXPECT_TRUE(limit.take(std::to_string(i), now));
  EXPECT_FALSE(limit.take("greedy", now));
}

TEST(Router, Templates_match_by_segment_and_method) {
  Router router;
  const auto add = [&router](const char* method, const char* pattern) {
    router.add({method, pattern, {"limit"}, RateKind::Read, [](const CallPtr&) {}});
  };
  add("GET", "/v1/tokens");
  add("GET", "/v1/tokens/{id}");
  add("POST", "/v1/tokens/{id}");
  const auto find = [&router](const std::string& method, const std::string& target) {
    auto request = *split(target);
    request.method = method;
    return router.find(request);
  };
  const auto found = find("GET", "/v1/tokens/x?limit=1");
  ASSERT_TRUE(std::holds_alternative<Router::Match>(found));
  EXPECT_EQ(std::get<Router::Match>(found).captures, std::vector<std::string>{"x"});
  EXPECT_EQ(std::get<Router::Match>(found).route->pattern, "/v1/tokens/{id}");
  EXPECT_EQ(std::get<Router::Mismatch>(find("PUT", "/v1/tokens/x")).allowed_methods, "GET, POST");
  EXPECT_EQ(std::get<Router::Mismatch>(find("GET", "/v1/tokens?other=1")).unknown_parameter,
            "other");
  EXPECT_TRUE(std::get<Router::Mismatch>(find("GET", "/v1")).allowed_methods.empty());
}

TEST(Text, Numbers_have_one_form) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* text :
       {"", "00", "01", "-1", "+1", "1 ", "1.0", "18446744073709551616", "0x1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Text, Times_outside_the_calendar_are_clamped) {
  EXPECT_EQ(time_text(-5), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(INT64_MAX), "9999-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace giro::api
