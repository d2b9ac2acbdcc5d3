// The acceptance scenarios of ledger 15 of TRANSFER, PAY, MINT and REDEEM.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

std::vector<EventType> types(const std::vector<Event>& events) {
  std::vector<EventType> out;
  for (const Event& event : events) out.push_back(static_cast<EventType>(event.type));
  return out;
}

Pay with_ticket(std::uint64_t n, std::string_view amount, TokenId settle_token, TimeMs now) {
  Pay order = pay_order(n, now);
  order.terms.amount = cents(amount);
  order.terms.settle_token = settle_token;
  order.terms.payer_fee = order.terms.payee_fee = {};
  attach_ticket(order, now);
  return order;
}

TEST(Scenario, The_demo_genesis_has_the_balances_of_its_table) {
  World world;
  EXPECT_EQ(world.outstanding(kAUsd), "2000000.00");
  EXPECT_EQ(world.outstanding(kAEur), "1000.00");
  EXPECT_EQ(world.outstanding(kBUsd), "410000.00");
  EXPECT_EQ(world.outstanding(kSUsd), "7000000.00");
  EXPECT_EQ(world.outstanding(kSEur), "3150000.00");
  world.block({});
}

TEST(Scenario, S1_a_payment_with_ticket_settles_in_one_operation) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  const Outcome outcome = world.run(pay(order));
  EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_TRUE(outcome.recorded);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Settled);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1874975.00");
  EXPECT_EQ(world.posted(kBUsd, kSupplier), "134990.00");
  EXPECT_EQ(world.fee(kAUsd), "25.00");
  EXPECT_EQ(world.fee(kBUsd), "10.00");
  EXPECT_EQ(world.posted(kSUsd, nostro(kA, kSUsd)), "4875000.00");
  EXPECT_EQ(world.posted(kSUsd, nostro(kB, kSUsd)), "1125000.00");
  EXPECT_EQ(world.outstanding(kAUsd), "1875000.00");
  EXPECT_EQ(world.outstanding(kBUsd), "535000.00");
  using enum EventType;
  EXPECT_EQ(types(outcome.events),
            (std::vector{Entry, Entry, Entry, Entry, Entry, Entry, PaymentSettled}));
  EXPECT_EQ(outcome.events.back().scope, (std::vector<std::uint32_t>{kA, kB}));
  EXPECT_EQ(query_payments(world.state, uetr(1)).size(), 1U);
  EXPECT_EQ(query_outcome(world.state, kA, uetr(1))->code, Code::Ok);
}

TEST(Scenario, S2_the_same_payment_without_ticket_waits_with_its_money_held) {
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

TEST(Scenario, S3_a_waiting_payment_expires_exactly_at_its_time) {
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

TEST(Scenario, S4_settlement_money_that_ran_out_moves_nothing_until_the_agent_mints) {
  World world;
  Transfer drain = transfer_order(90, "4900000.00");
  drain.terms.payer_account = nostro(kA, kSUsd);
  drain.terms.payee_account = nostro(kB, kSUsd);
  drain.terms.payee_bank = kB;
  drain.terms.token_from = drain.terms.token_to = kSUsd;
  Signed drained = transfer(drain);
  drained.keys = quorum(kA, Role::Treasury, 2);
  EXPECT_EQ(world.run(drained).code, Code::Ok);

  EXPECT_EQ(world.run(pay(with_ticket(1, "125000.00", kSUsd, world.now))).code,
            Code::SettlementFundsInsufficient);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "2000000.00");
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Rejected);
  const Mint mint{.token = kSUsd,
                  .account = nostro(kA, kSUsd),
                  .amount = cents("25000.00"),
                  .kind = {},
                  .core_ref_commit = crypto::sha256(crypto::as_view("core"))};
  EXPECT_EQ(world.run(operation(kS, 91, mint, quorum(kS, Role::Issuer, 2))).code, Code::Ok);
  EXPECT_EQ(world.run(pay(with_ticket(2, "125000.00", kSUsd, world.now))).code, Code::Ok);
  EXPECT_EQ(world.posted(kSUsd, nostro(kA, kSUsd)), "0.00");
}

TEST(Scenario, S5_settling_in_the_payers_token_is_a_claim_up_to_the_exposure_limit) {
  World world;
  EXPECT_EQ(world.run(pay(with_ticket(1, "200000.00", kAUsd, world.now))).code, Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, nostro(kB, kAUsd)), "200000.00");
  EXPECT_EQ(world.outstanding(kAUsd), "2000000.00");
  EXPECT_EQ(world.outstanding(kBUsd), "610000.00");
  EXPECT_EQ(world.run(pay(with_ticket(2, "100000.01", kAUsd, world.now))).code,
            Code::ExposureLimit);
  EXPECT_EQ(world.run(pay(with_ticket(3, "100000.00", kAUsd, world.now))).code, Code::Ok);
}

TEST(Scenario, S5_settling_in_the_payees_token_spends_the_prefunded_account) {
  World world;
  EXPECT_EQ(world.run(pay(with_ticket(1, "400000.00", kBUsd, world.now))).code, Code::Ok);
  EXPECT_EQ(world.posted(kBUsd, nostro(kA, kBUsd)), "0.00");
  EXPECT_EQ(world.outstanding(kBUsd), "410000.00");
  EXPECT_EQ(world.outstanding(kAUsd), "1600000.00");
  EXPECT_EQ(world.run(pay(with_ticket(2, "0.01", kBUsd, world.now))).code,
            Code::SettlementFundsInsufficient);
}

TEST(Scenario, S7_the_same_bytes_again_are_answered_and_write_nothing) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  const Signed signed_order = pay(order);
  world.run(signed_order);
  const Outcome again = world.run(signed_order);
  EXPECT_EQ(again.code, Code::Duplicate);
  EXPECT_EQ(again.inner, Code::Ok);
  EXPECT_FALSE(again.recorded);
  ASSERT_EQ(world.last_writes.size(), 1U) << "the meta row alone";
  EXPECT_EQ(world.last_writes[0].key, meta_key().to_bytes());

  Pay other = order;
  other.terms.amount = cents("125000.01");
  attach_ticket(other);
  EXPECT_EQ(world.run(pay(other)).code, Code::IdempotencyConflict);
  EXPECT_EQ(world.last_writes.size(), 1U);
}

TEST(Scenario, S7_a_stripped_signature_voids_and_the_full_operation_still_settles) {
  World world;
  const Mint mint{.token = kAUsd,
                  .account = kBuyer,
                  .amount = cents("1000.00"),
                  .kind = {},
                  .core_ref_commit = crypto::sha256(crypto::as_view("core"))};
  const Signed full = operation(kA, 1, mint, quorum(kA, Role::Issuer, 2));
  Signed stripped = full;
  stripped.keys.pop_back();
  const Outcome outcome = world.run(stripped);
  EXPECT_EQ(outcome.code, Code::QuorumNotMet);
  EXPECT_FALSE(outcome.recorded);
  EXPECT_EQ(world.run(full).code, Code::Ok);
  EXPECT_EQ(world.outstanding(kAUsd), "2001000.00");
}

TEST(Scenario, S11_two_keys_of_one_operator_are_one_and_the_cap_holds) {
  World world;
  const auto second = key_key(kA, crypto::key_id(key(kA, Role::Issuer, 2).public_key()));
  world.edit<InstitutionKey>(second, [](InstitutionKey& record) {
    record.operator_id = 104;  // that of ISSUER 1
  });
  Mint mint{.token = kAUsd,
            .account = kBuyer,
            .amount = cents("1000.00"),
            .kind = {},
            .core_ref_commit = crypto::sha256(crypto::as_view("core"))};
  EXPECT_EQ(world.run(operation(kA, 1, mint, quorum(kA, Role::Issuer, 2))).code,
            Code::SameOperator);
  EXPECT_EQ(
      world.run(operation(kA, 1, mint, {&key(kA, Role::Issuer, 1), &key(kA, Role::Issuer, 3)}))
          .code,
      Code::Ok);
  EXPECT_EQ(world.outstanding(kAUsd), "2001000.00");
  mint.amount = cents("997999000.01");
  mint.core_ref_commit = crypto::sha256(crypto::as_view("another"));
  world.edit<InstitutionKey>(second, [](InstitutionKey& record) { record.operator_id = 105; });
  EXPECT_EQ(world.run(operation(kA, 2, mint, quorum(kA, Role::Issuer, 3))).code,
            Code::IssuanceCapExceeded);
}

TEST(Scenario, S15_the_daily_limit_opens_again_on_the_next_utc_day) {
  World world;
  EXPECT_EQ(world.run(transfer(transfer_order(1, "1000000.00"))).code, Code::Ok);
  EXPECT_EQ(world.run(transfer(transfer_order(2, "500000.00"))).code, Code::Ok);
  EXPECT_EQ(world.run(transfer(transfer_order(3, "0.01"))).code, Code::DailyAmountLimit);
  const std::int64_t to_midnight = kMsPerDay - world.now.value % kMsPerDay;
  world.wait(to_midnight - 1);
  EXPECT_EQ(world.block({transfer(transfer_order(4, "0.01"), world.now)}, 1).front().code,
            Code::Ok);
}

}  // namespace
}  // namespace giro::ledger::demo
