// What a node measures of itself.
#include "node/runtime/measures.h"

#include <gtest/gtest.h>

#include "crypto/signer.h"
#include "node/runtime/block_steps.h"
#include "node/runtime/disk_use.h"
#include "node/runtime/timed_signer.h"
#include "node/runtime/vote_watch.h"

namespace giro::runtime {
namespace {

std::uint64_t count(const Timing& timing) {
  std::uint64_t all = 0;
  for (const auto one : timing.counts().buckets) all += one;
  return all;
}

template <typename Value>
Value named(const Named<Value>& values, std::string_view name) {
  for (const auto& [key, value] : values)
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(Timing, Counts_go_to_the_first_bound_that_is_not_below) {
  Timing timing;
  timing.add(0.0001);
  timing.add(0.003);
  timing.add(60);
  const auto counts = timing.counts();
  EXPECT_EQ(counts.buckets.front(), 1U);
  EXPECT_EQ(counts.buckets[5], 1U);  // 0.0025 to 0.005
  EXPECT_EQ(counts.buckets.back(), 1U);
  EXPECT_NEAR(counts.seconds, 60.0031, 1e-6);
}

TEST(Meters, Operations_are_counted_by_type_or_by_code) {
  Meters meters;
  const auto types = ledger::operation_names();
  meters.ran(types.front().type, ledger::Code::Ok);
  meters.ran(types.front().type, ledger::Code::InsufficientFunds);
  meters.ran(UINT32_MAX, ledger::Code::Ok);
  meters.ran(0, static_cast<ledger::Code>(UINT16_MAX));
  Measures measures;
  meters.read_into(measures);
  EXPECT_EQ(named(measures.committed, types.front().name), 1U);
  EXPECT_EQ(named(measures.rejected, "INSUFFICIENT_FUNDS"), 1U);
  EXPECT_EQ(measures.committed.size(), types.size());
  EXPECT_EQ(measures.rejected.size(), ledger::code_rows().size() - 1);  // all but OK
}

TEST(Meters, A_view_is_left_for_what_was_held_against_it_or_after_others) {
  Meters meters;
  meters.view_left(consensus::SuspectReason::Silent);
  meters.view_left(consensus::SuspectReason::Straggler);
  meters.view_left({});
  Measures measures;
  meters.read_into(measures);
  for (const char* cause : {"silent", "straggler", "followed"})
    EXPECT_EQ(named(measures.view_changes, cause), 1U) << cause;
  EXPECT_EQ(named(measures.view_changes, "censorship"), 0U);
}

class BlockStepsTest : public testing::Test {
 protected:
  void happened(consensus::EventType type, std::uint64_t height, std::int64_t ms) {
    steps_.happened({.type = type, .epoch = {}, .view = {}, .height = {height}, .hash = {}},
                    consensus::Instant{ms * 1000});
  }
  const Timing& of(Step step) { return meters_.steps[static_cast<std::size_t>(step)]; }
  Meters meters_;
  BlockSteps steps_{meters_};
};

TEST_F(BlockStepsTest, Each_step_of_a_block_is_timed_from_the_one_before) {
  happened(consensus::EventType::BlockAccepted, 5, 100);
  happened(consensus::EventType::Prepared, 5, 110);
  happened(consensus::EventType::Committed, 5, 130);
  happened(consensus::EventType::Executed, 5, 170);
  happened(consensus::EventType::Stable, 5, 250);
  EXPECT_NEAR(of(Step::Prepare).counts().seconds, 0.010, 1e-6);
  EXPECT_NEAR(of(Step::Commit).counts().seconds, 0.020, 1e-6);
  EXPECT_NEAR(of(Step::Execute).counts().seconds, 0.040, 1e-6);
  EXPECT_NEAR(of(Step::Attest).counts().seconds, 0.080, 1e-6);
  EXPECT_NEAR(meters_.commit.counts().seconds, 0.030, 1e-6);
}

TEST_F(BlockStepsTest, A_block_that_was_caught_up_with_is_not_timed) {
  happened(consensus::EventType::Committed, 5, 130);
  happened(consensus::EventType::Executed, 5, 170);
  happened(consensus::EventType::Stable, 5, 250);
  EXPECT_EQ(count(meters_.commit), 0U);
  EXPECT_EQ(count(of(Step::Attest)), 0U);
}

TEST_F(BlockStepsTest, Another_views_block_for_the_height_begins_anew) {
  happened(consensus::EventType::BlockAccepted, 5, 100);
  happened(consensus::EventType::Prepared, 5, 110);
  happened(consensus::EventType::BlockProposed, 5, 1000);
  happened(consensus::EventType::Prepared, 5, 1010);
  happened(consensus::EventType::Committed, 5, 1020);
  EXPECT_NEAR(meters_.commit.counts().seconds, 0.020, 1e-6);
}

class VoteWatchTest : public testing::Test {
 protected:
  void look(std::int64_t ms, std::uint64_t stable, std::uint64_t vote, bool is_behind = false) {
    watch_.look(consensus::Instant{ms * 1000}, {stable}, is_behind, {{{1}, {vote}}});
  }
  void expect(std::uint64_t missed, std::uint64_t late) {
    EXPECT_EQ(watch_.counts().at({1}).missed, missed);
    EXPECT_EQ(watch_.counts().at({1}).late, late);
  }
  VoteWatch watch_;
};

TEST_F(VoteWatchTest, A_vote_that_was_there_in_time_counts_as_neither) {
  look(0, 10, 10);
  look(100, 12, 12);
  look(5000, 13, 14);
  expect(0, 0);
}

TEST_F(VoteWatchTest, A_vote_within_two_seconds_is_late_and_none_is_missed) {
  look(0, 10, 10);
  look(100, 13, 11);  // 12 and 13 are owed
  expect(0, 0);
  look(200, 13, 12);
  expect(0, 1);
  look(2099, 13, 12);
  expect(0, 1);
  look(2100, 13, 12);
  expect(1, 1);
  look(9000, 13, 13);  // too late to count
  expect(1, 1);
}

TEST_F(VoteWatchTest, While_this_node_is_behind_nobody_owes_it_a_vote) {
  look(0, 10, 0);
  look(100, 500, 0, true);
  look(5000, 900, 0, true);
  look(5100, 901, 0);
  expect(0, 0);
  look(8000, 901, 0);
  expect(1, 0);
}

TEST_F(VoteWatchTest, What_was_before_it_looked_is_nobodys_fault) {
  look(0, 1'000'000, 0);
  look(9000, 1'000'000, 0);
  expect(0, 0);
}

// A key whose device comes and goes.
class FlakySigner final : public crypto::Signer {
 public:
  [[nodiscard]] const crypto::PublicKey& public_key() const override { return key_; }
  [[nodiscard]] std::optional<crypto::Signature> sign(const crypto::Hash& /*digest*/) override {
    return is_there ? std::optional(crypto::Signature{}) : std::nullopt;
  }
  bool is_there = true;

 private:
  crypto::PublicKey key_{};
};

TEST(TimedSigner, Tells_of_each_signature_and_whether_there_was_one) {
  Meters meters;
  auto flaky = std::make_unique<FlakySigner>();
  FlakySigner& device = *flaky;
  TimedSigner signer(std::move(flaky), meters);
  EXPECT_TRUE(signer.sign({}));
  device.is_there = false;
  EXPECT_FALSE(signer.sign({}));
  Measures measures;
  meters.read_into(measures);
  EXPECT_EQ(count(meters.signing), 2U);
  EXPECT_FALSE(measures.signer_up);
  device.is_there = true;
  EXPECT_TRUE(signer.sign({}));
  Measures later;
  meters.read_into(later);
  EXPECT_TRUE(later.signer_up);
}

}  // namespace
}  // namespace giro::runtime
