#include "node/runtime/finality.h"

#include <map>

namespace giro::runtime {
namespace {

using Clock = Finality::Clock;

OperationKey key_of(std::uint8_t number) {
  OperationKey key{1, {}};
  key.second[0] = std::byte{number};
  return key;
}

class FinalityTest : public testing::Test {
 protected:
  Finality::Done expect(std::uint8_t number) {
    return [this, number](OperationInfo info) { answers_[number].push_back(info.status); };
  }
  OperationInfo status(const OperationKey& key) {
    OperationInfo info;
    info.status = statuses_[key];
    return info;
  }

  std::map<OperationKey, OperationStatus> statuses_;
  std::map<std::uint8_t, std::vector<OperationStatus>> answers_;
  Finality finality_{3, [this](const OperationKey& key) { return status(key); }};
  const Clock::time_point later_ = Clock::now() + std::chrono::hours(1);
};

TEST_F(FinalityTest, A_waiter_is_answered_once_when_its_height_is_final) {
  ASSERT_TRUE(finality_.wait(key_of(1), later_, expect(1)));
  finality_.recorded({5}, {key_of(1)});
  finality_.reached({4});
  EXPECT_TRUE(answers_.empty());
  statuses_[key_of(1)] = OperationStatus::Committed;
  finality_.reached({5});
  finality_.reached({6});
  EXPECT_EQ(answers_[1], std::vector{OperationStatus::Committed});
}

TEST_F(FinalityTest, Heights_that_became_final_together_answer_all_their_waiters) {
  for (std::uint8_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(finality_.wait(key_of(i), later_, expect(i)));
    finality_.recorded({i}, {key_of(i)});
  }
  finality_.reached({3});
  EXPECT_EQ(answers_.size(), 3U);
  EXPECT_EQ(finality_.waiters(), 0U);
}

TEST_F(FinalityTest, A_final_status_answers_at_once) {
  statuses_[key_of(1)] = OperationStatus::Rejected;
  ASSERT_TRUE(finality_.wait(key_of(1), later_, expect(1)));
  EXPECT_EQ(answers_[1], std::vector{OperationStatus::Rejected});
  EXPECT_EQ(finality_.waiters(), 0U);
}

TEST_F(FinalityTest, Time_over_answers_with_the_status_as_it_is) {
  statuses_[key_of(1)] = OperationStatus::Ordering;
  ASSERT_TRUE(finality_.wait(key_of(1), Clock::now(), expect(1)));
  finality_.time_passed(later_);
  EXPECT_EQ(answers_[1], std::vector{OperationStatus::Ordering});
}

TEST_F(FinalityTest, Each_time_is_over_for_its_own_waiter) {
  const auto at = [this](int minutes) { return later_ + std::chrono::minutes(minutes); };
  ASSERT_TRUE(finality_.wait(key_of(1), at(2), expect(1)));
  ASSERT_TRUE(finality_.wait(key_of(1), at(1), expect(2)));
  ASSERT_TRUE(finality_.wait(key_of(2), at(1), expect(3)));
  finality_.recorded({1}, {key_of(2)});
  finality_.reached({1});
  EXPECT_EQ(answers_[3].size(), 1U);
  finality_.time_passed(at(1));
  EXPECT_EQ(answers_[2].size(), 1U);
  EXPECT_EQ(answers_[3].size(), 1U) << "it was answered before";
  EXPECT_EQ(answers_[1].size(), 0U) << "of the same operation, and it waits longer";
  finality_.time_passed(at(2));
  EXPECT_EQ(answers_[1].size(), 1U);
  EXPECT_EQ(finality_.waiters(), 0U);
}

TEST_F(FinalityTest, One_waiter_too_many_is_refused) {
  for (std::uint8_t i = 1; i <= 3; ++i) ASSERT_TRUE(finality_.wait(key_of(i), later_, expect(i)));
  EXPECT_FALSE(finality_.wait(key_of(4), later_, expect(4)));
  EXPECT_TRUE(answers_.empty());
}

TEST_F(FinalityTest, Expired_operations_answer_and_are_remembered) {
  ASSERT_TRUE(finality_.wait(key_of(1), later_, expect(1)));
  statuses_[key_of(1)] = OperationStatus::Expired;
  finality_.expired({key_of(1)});
  EXPECT_EQ(answers_[1], std::vector{OperationStatus::Expired});
  EXPECT_TRUE(finality_.is_expired(key_of(1)));
  EXPECT_FALSE(finality_.is_expired(key_of(2)));
}

TEST_F(FinalityTest, Closing_answers_everybody_and_takes_nobody_more) {
  ASSERT_TRUE(finality_.wait(key_of(1), later_, expect(1)));
  finality_.close();
  EXPECT_EQ(answers_[1].size(), 1U);
  EXPECT_FALSE(finality_.wait(key_of(2), later_, expect(2)));
}

}  // namespace
}  // namespace giro::runtime
