#include "p2p/budget.h"

#include <gtest/gtest.h>

#include <set>

#include "p2p/backoff.h"
#include "p2p/status.h"

namespace giro::p2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart{seconds(1000)};

TEST(TokenBucket, R45_a_burst_passes_and_one_byte_more_is_over) {
  TokenBucket bucket(1000, 500, kStart);
  bucket.charge(kStart, 500);
  EXPECT_FALSE(bucket.is_over(kStart));
  bucket.charge(kStart, 1);
  EXPECT_TRUE(bucket.is_over(kStart));
  EXPECT_EQ(bucket.over_since(), kStart);
  EXPECT_FALSE(bucket.is_over(kStart + milliseconds(1)));
}

TEST(TokenBucket, a_debt_is_paid_at_the_rate) {
  TokenBucket bucket(1000, 500, kStart);
  bucket.charge(kStart, 2500);
  EXPECT_TRUE(bucket.is_over(kStart + milliseconds(1999)));
  EXPECT_FALSE(bucket.is_over(kStart + milliseconds(2000)));
}

TEST(TokenBucket, a_flood_is_told_from_a_burst_by_never_being_full_again) {
  TokenBucket bucket(1000, 500, kStart);
  SteadyTime now = kStart;
  for (int i = 0; i < 100; ++i) {
    bucket.charge(now, 1001);
    now += seconds(1);
    EXPECT_EQ(bucket.over_since().has_value(), true);
  }
  EXPECT_EQ(bucket.over_since(), kStart);
  EXPECT_FALSE(bucket.is_over(now + seconds(10)));
  EXPECT_FALSE(bucket.over_since().has_value());
}

TEST(TokenBucket, many_small_steps_lose_nothing_and_time_may_stand_still_or_jump) {
  TokenBucket bucket(100, 100, kStart);
  bucket.charge(kStart, 200);
  SteadyTime now = kStart;
  for (int i = 0; i < 1000; ++i) (void)bucket.is_over(now += milliseconds(1));
  EXPECT_FALSE(bucket.is_over(now));
  bucket.charge(now - seconds(5), 1000);  // an older reading of the clock is harmless
  EXPECT_TRUE(bucket.is_over(now));
  EXPECT_FALSE(bucket.is_over(now + std::chrono::hours(24 * 365 * 100)));
}

TEST(Backoff, doubles_to_the_maximum_and_half_of_it_is_jitter) {
  Backoff least(milliseconds(50), milliseconds(2000)), most(milliseconds(50), milliseconds(2000));
  for (const int base : {50, 100, 200, 400, 800, 1600, 2000, 2000}) {
    EXPECT_EQ(least.next(0), milliseconds(base - base / 2));
    EXPECT_EQ(most.next(static_cast<std::uint32_t>(base / 2)), milliseconds(base));
  }
  least.reset();
  EXPECT_EQ(least.next(0), milliseconds(25));
  least.raise_to_max();
  EXPECT_EQ(least.next(0), milliseconds(1000));
}

TEST(Status, every_state_cause_and_reject_has_a_word) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < kRejectCount; ++i)
    EXPECT_TRUE(words.insert(describe(static_cast<Reject>(i))).second);
  for (std::size_t i = 0; i < kFamilyCount; ++i)
    EXPECT_TRUE(words.insert(describe(static_cast<Family>(i))).second);
  for (std::size_t i = 0; i < kFrameRejectCount; ++i)
    EXPECT_NE(describe(static_cast<FrameReject>(i)), "unknown");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(words.insert(describe(static_cast<PeerState>(i))).second);
  EXPECT_FALSE(words.contains("unknown"));
  EXPECT_EQ(code_of(PeerCause::None), "");
  for (int i = 1; i <= static_cast<int>(PeerCause::Stopped); ++i)
    EXPECT_NE(code_of(static_cast<PeerCause>(i)), "");
}

}  // namespace
}  // namespace giro::p2p
