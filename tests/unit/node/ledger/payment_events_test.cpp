// What the acceptance scenarios (tests/acceptance) do not tell of a payment: events, who may read
// them, open items, the exact moment of expiry.
#include <gtest/gtest.h>

#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

std::vector<EventType> types(const std::vector<Event>& events) {
  std::vector<EventType> out;
  for (const Event& event : events) out.push_back(static_cast<EventType>(event.type));
  return out;
}

TEST(PaymentEvents, The_demo_genesis_has_the_balances_of_its_table) {
  World world;
  EXPECT_EQ(world.outstanding(kAUsd), "2000000.00");
  EXPECT_EQ(world.outstanding(kAEur), "1000.00");
  EXPECT_EQ(world.outstanding(kBUsd), "410000.00");
  EXPECT_EQ(world.outstanding(kSUsd), "7000000.00");
  EXPECT_EQ(world.outstanding(kSEur), "3150000.00");
  world.block({});
}

TEST(PaymentEvents, A_payment_with_ticket_settles_in_one_operation) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  const Outcome outcome = world.run(pay(order));
  EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_TRUE(outcome.recorded);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Settled);
  using enum EventType;
  EXPECT_EQ(types(outcome.events),
            (std::vector{Entry, Entry, Entry, Entry, Entry, Entry, PaymentSettled}));
  EXPECT_EQ(outcome.events.back().scope, (std::vector<std::uint32_t>{kA, kB}));
  EXPECT_EQ(query_payments(world.state, uetr(1)).size(), 1U);
  EXPECT_EQ(query_outcome(world.state, kA, uetr(1))->code, Code::Ok);
}

TEST(PaymentEvents, The_same_payment_without_ticket_waits_with_its_money_held) {
  World world;
  const Outcome outcome = world.run(pay(pay_order(1)));
  EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Pending);
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).held, 2), "125025.00");
  EXPECT_EQ(world.available(kAUsd, kBuyer), "1874975.00");
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "2000000.00");
  EXPECT_EQ(query_holds(world.state, kAUsd, kBuyer, 10).size(), 1U);
  EXPECT_EQ(query_account(world.state, kA, kBuyer)->record.open_items, 1U);
  EXPECT_EQ(query_account(world.state, kB, kSupplier)->record.open_items, 1U);
  using enum EventType;
  EXPECT_EQ(types(outcome.events), (std::vector{HoldCreated, PaymentPending}));
}

TEST(PaymentEvents, A_waiting_payment_expires_exactly_at_its_time) {
  World world;
  Pay order = pay_order(1);
  order.ttl_s = 300;
  world.run(pay(order));
  world.wait(299'999);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Pending);
  world.wait(1);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Expired);
  EXPECT_EQ(world.payment(kA, 1)->reason, Code::PaymentExpired);
  EXPECT_EQ(iso_reason(world.payment(kA, 1)->reason), "AB05");
  EXPECT_TRUE(world.position(kAUsd, kBuyer).held.is_zero());
  EXPECT_EQ(world.available(kAUsd, kBuyer), "2000000.00");
  EXPECT_TRUE(world.position(kAUsd, kBuyer).day_used.is_zero());
  EXPECT_EQ(world.position(kAUsd, kBuyer).day_ops, 0U);
  EXPECT_EQ(query_account(world.state, kA, kBuyer)->record.open_items, 0U);
  EXPECT_EQ(query_account(world.state, kB, kSupplier)->record.open_items, 0U);
  EXPECT_TRUE(query_holds(world.state, kAUsd, kBuyer, 10).empty());
  using enum EventType;
  EXPECT_EQ(types(world.sweep_events), (std::vector{HoldReleased, PaymentExpired}));
}

}  // namespace
}  // namespace giro::ledger::demo
