#include "node/runtime/clock_offset.h"

#include <gtest/gtest.h>

namespace giro::runtime {
namespace {

using namespace std::chrono_literals;

std::int64_t ahead(std::int64_t said_ms, std::chrono::microseconds rtt, std::int64_t age_ms = 0) {
  return clock_ahead_ms({.said_ms = said_ms, .age_ms = age_ms, .own_ms = 10'000, .rtt = rtt});
}

TEST(ClockOffset, What_the_way_cannot_explain_is_the_clock) {
  EXPECT_EQ(ahead(10'000, 0ms), 0);
  EXPECT_EQ(ahead(11'500, 1ms), 1'500) << "nothing makes a clock look early";
  EXPECT_EQ(ahead(11'500, 20s), 1'500);
  EXPECT_EQ(ahead(8'500, 1ms), -1'499);
  EXPECT_EQ(ahead(8'500, 1'500ms), 0) << "it may all be the way";
  EXPECT_EQ(ahead(8'500, 20s), 0) << "and never turns round";
  EXPECT_EQ(ahead(9'000, 0ms, 1'000), 0) << "the time since it came counts";
}

}  // namespace
}  // namespace giro::runtime
