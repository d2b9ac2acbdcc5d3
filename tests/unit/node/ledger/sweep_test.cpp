// The begin-block sweep (ledger 6): deadlines, then records past their retention.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

Pay waiting(std::uint64_t n, TimeMs now, std::uint32_t ttl_s = 300) {
  Pay order = pay_order(n, now);
  order.terms.amount = cents("1000.00");
  order.ttl_s = ttl_s;
  return order;
}

std::size_t rows_of(const World& world, Table table) {
  std::size_t count = 0;
  world.state.scan(table_begin(table), table_end(table), [&count](ByteView, ByteView) {
    ++count;
    return true;
  });
  return count;
}

std::size_t pending(const World& world, std::uint64_t from, std::uint64_t to) {
  std::size_t count = 0;
  for (std::uint64_t n = from; n <= to; ++n)
    count += world.payment(kA, n)->state == PaymentState::Pending ? 1 : 0;
  return count;
}

void set_params(World& world, std::function<void(Params&)> change) {
  world.edit<Params>(params_key(), change);
}

TEST(Sweep, Runs_at_most_sweep_max_deadlines_and_the_rest_waits) {
  World world;
  set_params(world, [](Params& p) { p.sweep_max = 2; });
  std::vector<Signed> orders;
  for (std::uint64_t n = 1; n <= 5; ++n) orders.push_back(pay(waiting(n, world.now), world.now));
  world.block(orders);
  EXPECT_EQ(rows_of(world, Table::Deadline), 5U);
  world.wait(300'000);
  EXPECT_EQ(pending(world, 1, 5), 3U);
  world.wait(1'000);
  EXPECT_EQ(pending(world, 1, 5), 1U);
  world.wait(1'000);
  EXPECT_EQ(pending(world, 1, 5), 0U);
  EXPECT_EQ(rows_of(world, Table::Deadline), 0U);
  EXPECT_TRUE(world.position(kAUsd, kBuyer).held.is_zero());
}

TEST(Sweep, Runs_in_the_order_of_time) {
  World world;
  set_params(world, [](Params& p) { p.sweep_max = 1; });
  world.block(
      {pay(waiting(1, world.now, 200), world.now), pay(waiting(2, world.now, 100), world.now)});
  world.wait(300'000);
  EXPECT_EQ(world.payment(kA, 2)->state, PaymentState::Expired);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Pending);
}

TEST(Sweep, The_default_time_to_live_is_payment_ttl) {
  World world;
  world.run(pay(waiting(1, world.now, 0), world.now));
  EXPECT_EQ(world.payment(kA, 1)->expires_at.value, world.now.value + 300'000);
}

TEST(Sweep, Yesterdays_limit_use_is_not_given_back) {
  World world;
  const std::int64_t to_midnight = kMsPerDay - world.now.value % kMsPerDay;
  world.wait(to_midnight - 100'000);
  world.run(pay(waiting(1, world.now, 300), world.now));
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).day_used, 2), "1025.00");
  world.wait(200'000);  // a new day: another payment counts there
  Transfer order = transfer_order(2, "7.00");
  world.run(transfer(order, world.now));
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).day_used, 2), "7.00");
  world.wait(300'000);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Expired);
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).day_used, 2), "7.00");
  EXPECT_EQ(world.position(kAUsd, kBuyer).day_ops, 1U);
}

TEST(Sweep, An_expired_payment_frees_the_money_for_the_same_block) {
  World world;
  world.edit<Position>(position_key(kAUsd, kBuyer), [](Position& p) { p.limits = {}; });
  Pay first = waiting(1, world.now);
  first.terms.amount = cents("999975.00");
  Pay second = waiting(2, world.now);
  second.terms.amount = cents("999975.00");
  world.block({pay(first, world.now), pay(second, world.now)});
  EXPECT_EQ(world.available(kAUsd, kBuyer), "0.00");
  const Outcome outcome =
      world.block({transfer(transfer_order(3, "2000000.00"), add_ms(world.now, 300'000))}, 300'000)
          .front();
  EXPECT_EQ(outcome.code, Code::Ok);
}

// ---- retention ----

constexpr std::int64_t kHour = 3'600'000;

TEST(Retention, An_outcome_goes_the_day_after_its_retention_and_its_id_is_free_again) {
  World world;
  const Signed first =
      operation(kA, 1, PositionOpen{.account = kMerchant, .token = kAEur, .max_balance = {}},
                quorum(kA, Role::Onboard, 1));
  world.run(first);
  ASSERT_TRUE(query_outcome(world.state, kA, uetr(1)).has_value());
  world.wait(3 * kHour);
  EXPECT_TRUE(query_outcome(world.state, kA, uetr(1)).has_value())
      << "deleted before its day was over";
  EXPECT_EQ(world.run(first).code, Code::OperationExpired);
  world.wait(kMsPerDay);
  EXPECT_FALSE(query_outcome(world.state, kA, uetr(1)).has_value());
  EXPECT_EQ(rows_of(world, Table::Retention), 0U);
}

TEST(Retention, An_id_used_again_after_its_retention_keeps_its_new_outcome) {
  World world;
  world.run(operation(kA, 1, PositionOpen{.account = kMerchant, .token = kAEur, .max_balance = {}},
                      quorum(kA, Role::Onboard, 1)));
  world.wait(2 * kHour +
             1'000);  // past valid_until and the retention, before the sweep of the next day
  ASSERT_TRUE(query_outcome(world.state, kA, uetr(1)).has_value());
  Signed again =
      operation(kA, 1, PositionOpen{.account = kBuyer, .token = kBUsd, .max_balance = {}},
                quorum(kA, Role::Onboard, 1), world.now);
  again.operation.valid_until = add_ms(world.now, 86'400'000);
  EXPECT_EQ(world.run(again).code, Code::HolderNotEligible)
      << "an outcome past its retention counts as absent";
  const std::int64_t to_midnight = kMsPerDay - world.now.value % kMsPerDay;
  world.wait(to_midnight);
  EXPECT_EQ(query_outcome(world.state, kA, uetr(1))->code, Code::HolderNotEligible)
      << "the first row took it along";
  world.wait(2 * kMsPerDay);
  EXPECT_FALSE(query_outcome(world.state, kA, uetr(1)).has_value());
  EXPECT_EQ(rows_of(world, Table::Retention), 0U);
}

TEST(Retention,
     Payments_holds_and_references_go_after_payment_retention_but_never_while_they_live) {
  World world;
  set_params(world, [](Params& p) { p.payment_retention_ms = 35ULL * 86'400'000; });
  Pay order = pay_order(1);
  attach_ticket(order);
  const Mint mint{.token = kAUsd,
                  .account = kBuyer,
                  .amount = cents("1.00"),
                  .kind = {},
                  .core_ref_commit = crypto::sha256(crypto::as_view("core"))};
  Pay patient = waiting(2, world.now, 5 * 86'400);
  world.block({pay(order), operation(kA, 3, mint, quorum(kA, Role::Issuer, 2)), pay(patient)});
  world.wait(5 * kMsPerDay);
  EXPECT_EQ(world.payment(kA, 2)->state, PaymentState::Expired);
  world.wait(30 * kMsPerDay);
  EXPECT_TRUE(world.payment(kA, 1).has_value()) << "the day of its end is not over";
  world.wait(kMsPerDay);
  EXPECT_FALSE(world.payment(kA, 1).has_value());
  EXPECT_TRUE(query_payments(world.state, uetr(1)).empty());
  EXPECT_EQ(rows_of(world, Table::MintReference), 0U);
  EXPECT_TRUE(world.payment(kA, 2).has_value()) << "it ended five days later";
  world.wait(6 * kMsPerDay);
  EXPECT_FALSE(world.payment(kA, 2).has_value());
  EXPECT_FALSE(query_hold(world.state, kA, uetr(2)).has_value());
  EXPECT_EQ(rows_of(world, Table::UetrIndex), 0U);
  EXPECT_EQ(rows_of(world, Table::Retention), 0U);
}

TEST(Retention, A_longer_retention_files_the_record_anew) {
  World world;
  set_params(world, [](Params& p) { p.payment_retention_ms = 35ULL * 86'400'000; });
  world.run(transfer(transfer_order(1, "1.00")));
  set_params(world, [](Params& p) { p.payment_retention_ms = 50ULL * 86'400'000; });
  world.wait(37 * kMsPerDay);
  EXPECT_TRUE(world.payment(kA, 1).has_value());
  EXPECT_EQ(rows_of(world, Table::Retention), 1U);
  world.wait(14 * kMsPerDay);
  EXPECT_FALSE(world.payment(kA, 1).has_value());
}

TEST(Retention, Deletes_at_most_sweep_delete_max_records_a_block) {
  World world;
  set_params(world, [](Params& p) { p.sweep_delete_max = 3; });
  std::vector<Signed> operations;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    operations.push_back(
        operation(kA, n, PositionOpen{.account = kMerchant, .token = kBUsd, .max_balance = {}},
                  quorum(kA, Role::Onboard, 1)));
  }
  world.block(operations);
  EXPECT_EQ(rows_of(world, Table::Outcome), 5U);
  world.wait(2 * kMsPerDay);
  EXPECT_EQ(rows_of(world, Table::Outcome), 2U);
  world.wait(1'000);
  EXPECT_EQ(rows_of(world, Table::Outcome), 0U);
}

}  // namespace
}  // namespace giro::ledger::demo
