#include "node/runtime/intake.h"

#include <condition_variable>

#include "tests/unit/node/runtime/demo_ledger.h"

namespace giro::runtime {
namespace {

const DemoLedger& demo() {
  static const DemoLedger ledger;  // making keys takes a moment
  return ledger;
}

class IntakeTest : public testing::Test {
 protected:
  explicit IntakeTest(Intake::Limits limits = {}) : limits_(limits) { make(); }
  // As in the node the pool ends first: what runs there still has everything it uses.
  ~IntakeTest() override { pool_.reset(); }

  void make() {
    pool_.reset();
    pool_ = std::make_unique<crypto::VerifierPool>(2);
    payload_ = std::make_unique<Payload>(*pool_, demo().chain());
    intake_ = std::make_unique<Intake>(
        demo().chain(), consensus::InstitutionId{1}, parameters_, limits_, *pool_, *payload_,
        Intake::Ports{.read = [] { return demo().state(); },
                      .status =
                          [this](std::uint32_t actor, const OpId& id) {
                            return intake_->pending(actor, id).value_or(OperationInfo{});
                          },
                      .wake = [] {},
                      .clock = [this] { return consensus::WallTime{now_.wall.ms}; }});
  }
  SubmitAnswer submit(crypto::Bytes bytes) {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<SubmitAnswer> answer;
    intake_->submit(std::move(bytes), [&](SubmitAnswer given) {
      const std::lock_guard lock(mutex);
      answer.emplace(std::move(given));
      ready.notify_one();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(ready.wait_for(lock, std::chrono::seconds(20), [&] { return answer.has_value(); }));
    return std::move(*answer);
  }
  std::vector<consensus::BatchPtr> pack_after(std::int64_t ms, std::uint64_t unordered = 0) {
    auto early = intake_->pack(now_, unordered);
    now_.steady.us += ms * 1000;
    now_.wall.ms += ms;
    auto late = intake_->pack(now_, unordered + early.size());
    early.insert(early.end(), late.begin(), late.end());
    return early;
  }
  static OpId id(std::uint32_t number) { return DemoLedger::uetr(number).bytes; }

  consensus::Parameters parameters_ = consensus::Parameters::tiny();  // 8 operations a batch
  Intake::Limits limits_;
  consensus::Now now_{{1'000'000}, {demo().time().ms + 1000}};
  std::unique_ptr<crypto::VerifierPool> pool_;
  std::unique_ptr<Payload> payload_;
  std::unique_ptr<Intake> intake_;
};

TEST_F(IntakeTest, An_admitted_operation_leaves_alone_after_the_linger) {  // protocol R1
  const auto answer = submit(demo().transfer(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->info.status, OperationStatus::Received);
  EXPECT_FALSE(answer->duplicate);
  EXPECT_TRUE(intake_->pack(now_, 0).empty());  // it lingers
  ASSERT_TRUE(intake_->next_deadline(0).has_value());
  const auto batches = pack_after(2);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0]->operations.size(), 1U);
  EXPECT_EQ(intake_->pending(1, id(1))->status, OperationStatus::Ordering);
  EXPECT_EQ(batches[0]->expires_at.ms,
            now_.wall.ms + static_cast<std::int64_t>(parameters_.batch_lifetime_ms));
}

TEST_F(IntakeTest, Two_unordered_batches_hold_the_next_one_back_until_it_is_full) {  // protocol R1
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  EXPECT_TRUE(pack_after(100, 2).empty());
  for (std::uint32_t i = 2; i <= parameters_.batch_operations; ++i)
    ASSERT_TRUE(submit(demo().transfer(i)).has_value());
  const auto batches = pack_after(1, 2);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0]->operations.size(), parameters_.batch_operations);
}

// A deadline in the past was armed once and hid those of the replica: with two batches un-ordered
// nobody noticed that the primary was gone.
TEST_F(IntakeTest, What_cannot_be_packed_now_asks_for_no_wake_up) {
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  EXPECT_TRUE(pack_after(100, 2).empty());
  EXPECT_FALSE(intake_->next_deadline(2).has_value());
  EXPECT_TRUE(intake_->next_deadline(1).has_value());
  intake_->set_seated(false);  // protocol R43
  EXPECT_TRUE(pack_after(100).empty());
  EXPECT_FALSE(intake_->next_deadline(0).has_value());
  intake_->set_seated(true);
  EXPECT_EQ(pack_after(100).size(), 1U);
}

// It would wait until it expires: no validator takes a larger batch, nor one above the quota.
TEST_F(IntakeTest, R3_what_fits_in_no_batch_is_refused_at_once) {
  const std::uint64_t least = demo().transfer(1).size() + 72;  // alone in a batch
  const consensus::Parameters usual = parameters_;
  for (std::uint64_t consensus::Parameters::* bound :
       {&consensus::Parameters::batch_bytes, &consensus::Parameters::author_quota}) {
    const std::uint64_t overhead = bound == &consensus::Parameters::author_quota ? 512 : 0;
    parameters_ = usual;
    parameters_.*bound = least + overhead - 1;
    make();
    const auto refused = submit(demo().transfer(1));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().reason, RefusalReason::Ledger);
    EXPECT_EQ(refused.error().code, ledger::Code::TooLarge);
    EXPECT_EQ(intake_->load().operations, 0U);
    EXPECT_FALSE(intake_->pending(1, id(1)).has_value());
    EXPECT_TRUE(pack_after(100).empty());
    parameters_.*bound = least + overhead;
    make();
    ASSERT_TRUE(submit(demo().transfer(1)).has_value());
    const auto batches = pack_after(100);
    ASSERT_EQ(batches.size(), 1U);
    EXPECT_LE(batches[0]->bytes.size(), parameters_.batch_bytes);
  }
}

TEST_F(IntakeTest, R43_without_a_seat_nothing_is_taken) {
  intake_->set_seated(false);
  const auto answer = submit(demo().transfer(1));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().reason, RefusalReason::NotReady);
}

TEST_F(IntakeTest, A_batch_stays_within_its_bytes) {
  parameters_.batch_operations = 1000;
  make();
  for (std::uint32_t i = 1; i <= 40; ++i) ASSERT_TRUE(submit(demo().transfer(i)).has_value());
  std::size_t operations = 0;
  for (const auto& batch : pack_after(5)) {
    EXPECT_LE(batch->bytes.size(), parameters_.batch_bytes);
    operations += batch->operations.size();
  }
  EXPECT_GT(operations, 0U);
}

TEST_F(IntakeTest,
       The_same_bytes_again_are_a_duplicate_and_another_body_a_conflict) {  // ledger 4.3
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  const auto again = submit(demo().transfer(1));
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->duplicate);
  const auto other = submit(demo().transfer(1, 101));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ledger::Code::IdempotencyConflict);
  EXPECT_TRUE(other.error().existing_hash.has_value());
  EXPECT_NE(other.error().existing_hash, other.error().submitted_hash);
  EXPECT_EQ(intake_->load().operations, 1U);
}

TEST_F(IntakeTest, What_is_malformed_unsigned_or_out_of_time_is_refused_with_its_code) {
  const auto refused = [&](crypto::Bytes bytes) {
    const auto answer = submit(std::move(bytes));
    return answer ? ledger::Code::Ok : answer.error().code;
  };
  EXPECT_EQ(refused({}), ledger::Code::Malformed);
  auto bytes = demo().transfer(1);
  bytes.back() ^= std::byte{1};
  EXPECT_NE(refused(bytes), ledger::Code::Ok);
  EXPECT_EQ(refused(demo().transfer(2, 100, 0)), ledger::Code::OperationExpired);
  EXPECT_EQ(refused(demo().transfer(3, 100, 48LL * 3600 * 1000)), ledger::Code::ValidUntilTooFar);
  EXPECT_EQ(intake_->load().operations, 0U);
  EXPECT_EQ(intake_->load().bytes, 0U);
}

TEST_F(IntakeTest, What_ran_elsewhere_is_not_packed_again) {
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  ASSERT_TRUE(submit(demo().transfer(2)).has_value());
  intake_->on_executed(now_.wall, {}, {{{1, id(1)}, true}});
  const auto batches = pack_after(5);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0]->operations.size(), 1U);
  EXPECT_FALSE(intake_->pending(1, id(1)).has_value());
}

TEST_F(
    IntakeTest,
    A_batch_that_block_time_passed_is_packed_again_while_its_operations_are_valid) {  // protocol R2
  ASSERT_TRUE(submit(demo().transfer(1, 100, 300'000)).has_value());
  ASSERT_TRUE(submit(demo().transfer(2, 100, 30'000)).has_value());
  const auto first = pack_after(5);
  ASSERT_EQ(first.size(), 1U);
  intake_->on_executed({first[0]->expires_at.ms + 1}, {}, {});
  const auto second = pack_after(5);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0]->operations.size(), 1U);  // the other one's time is over
  EXPECT_NE(second[0]->id, first[0]->id);
  EXPECT_EQ(intake_->pending(1, id(1))->status, OperationStatus::Ordering);
}

TEST_F(IntakeTest, A_batch_from_before_a_restart_is_packed_again_too) {
  ASSERT_TRUE(submit(demo().transfer(1, 100, 300'000)).has_value());
  const auto first = pack_after(5);
  ASSERT_EQ(first.size(), 1U);
  make();  // the process started again; its memory is gone
  intake_->track(first[0]);
  intake_->on_executed({first[0]->expires_at.ms + 1}, {}, {});
  EXPECT_EQ(pack_after(5).size(), 1U);
  parameters_.batch_bytes = demo().transfer(1).size();  // by a vote: it fits in none any more
  make();
  intake_->track(first[0]);
  intake_->on_executed({first[0]->expires_at.ms + 1}, {}, {});
  EXPECT_TRUE(pack_after(5).empty());
  EXPECT_EQ(intake_->load().operations, 0U);
}

TEST_F(IntakeTest, The_oldest_that_waits_is_told_of) {
  EXPECT_FALSE(intake_->load().oldest.has_value());
  const consensus::WallTime first = now_.wall;
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  now_.wall.ms += 50;
  const consensus::WallTime second = now_.wall;
  ASSERT_TRUE(submit(demo().transfer(2)).has_value());
  EXPECT_EQ(intake_->load().oldest, first);
  intake_->on_executed(now_.wall, {}, {{{1, id(1)}, true}});
  EXPECT_EQ(intake_->load().oldest, second);
  intake_->on_executed(now_.wall, {}, {{{1, id(2)}, true}});
  EXPECT_FALSE(intake_->load().oldest.has_value());
}

TEST_F(IntakeTest, What_can_no_longer_run_leaves) {
  ASSERT_TRUE(submit(demo().transfer(1, 100, 60'000)).has_value());
  EXPECT_TRUE(intake_->expire({demo().time().ms + 60'000}).empty());
  EXPECT_EQ(intake_->expire({demo().time().ms + 60'001}).size(), 1U);
  EXPECT_EQ(intake_->load().operations, 0U);
  EXPECT_EQ(intake_->load().bytes, 0U);
}

TEST_F(IntakeTest, After_close_nothing_is_taken) {
  intake_->close();
  const auto answer = submit(demo().transfer(1));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().reason, RefusalReason::NotReady);
}

TEST_F(IntakeTest, R40_while_the_disk_is_low_nothing_is_taken) {
  intake_->set_storage_low(true);
  const auto answer = submit(demo().transfer(1));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().reason, RefusalReason::DiskLow);
  intake_->set_storage_low(false);
  EXPECT_TRUE(submit(demo().transfer(1)).has_value());
}

class SmallIntakeTest : public IntakeTest {
 protected:
  SmallIntakeTest() : IntakeTest({.operations = 2, .bytes = 1024 * 1024}) {}
};

TEST_F(SmallIntakeTest, A_full_pool_refuses_with_capacity_and_takes_again_when_there_is_room) {
  ASSERT_TRUE(submit(demo().transfer(1)).has_value());
  ASSERT_TRUE(submit(demo().transfer(2)).has_value());
  const auto third = submit(demo().transfer(3));
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().reason, RefusalReason::Capacity);
  intake_->on_executed(now_.wall, {}, {{{1, id(1)}, true}});
  EXPECT_TRUE(submit(demo().transfer(3)).has_value());
}

}  // namespace
}  // namespace giro::runtime
