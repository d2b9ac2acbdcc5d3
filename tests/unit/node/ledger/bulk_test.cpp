// BULK_PAY (ledger 5.7), with the acceptance scenarios 18 to 20.
#include <gtest/gtest.h>

#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

BulkEvent done_of(const Event& event) {
  BulkEvent done;
  EXPECT_EQ(static_cast<EventType>(event.type), EventType::BulkProcessed);
  EXPECT_EQ(wire::decode(event.body, done), wire::Fault::None);
  return done;
}

// 1,000 x 500.00 to the supplier by S.USD; item 500 to an unknown account.
Signed thousand(std::uint64_t op, std::uint64_t first, bool all_or_nothing, TimeMs now) {
  BulkPay bulk;
  bulk.all_or_nothing = all_or_nothing;
  Pay order = pay_order(first, now);
  order.terms.amount = cents("500.00");
  order.terms.payer_fee = order.terms.payee_fee = {};
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    PaymentTerms item = order.terms;
    item.uetr = uetr(first + i);
    if (i == 500) item.payee_account = account_id("unknown");
    bulk.items.push_back(item);
  }
  bulk.control_sum = cents("500000.00");
  bulk.screening = order.screening;
  return operation(kA, op, bulk, pay_keys(), now);
}

TEST(Scenario, S18_an_independent_bulk_settles_what_it_can) {
  World world;
  const Signed bulk = thousand(1, 1'000, false, world.now);
  EXPECT_GT(bulk.bytes().size(), kOperationBytesMax);
  EXPECT_LT(bulk.bytes().size(), kBulkBytesMax);
  const Outcome outcome = world.run(bulk);
  EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_EQ(outcome.index, 999U);
  EXPECT_EQ(query_outcome(world.state, kA, uetr(1))->detail_index, 999U);
  EXPECT_EQ(world.payment(kA, 1'499)->state, PaymentState::Settled);
  EXPECT_EQ(world.payment(kA, 1'500)->state, PaymentState::Rejected);
  EXPECT_EQ(world.payment(kA, 1'500)->reason, Code::CreditorAccountNotFound);
  EXPECT_EQ(world.payment(kA, 1'999)->state, PaymentState::Settled);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1500500.00");
  EXPECT_EQ(world.posted(kBUsd, kSupplier), "509500.00");
  EXPECT_EQ(world.posted(kSUsd, nostro(kA, kSUsd)), "4500500.00");
  EXPECT_EQ(world.posted(kSUsd, nostro(kB, kSUsd)), "1499500.00");
  const auto done = done_of(outcome.events.back());
  EXPECT_EQ(static_cast<EventType>(outcome.events.back().type), EventType::BulkProcessed);
  EXPECT_EQ(done.settled, 999U);
  EXPECT_EQ(done.rejected, 1U);
  EXPECT_EQ(to_decimal(done.settled_amount, 2), "499500.00");
  EXPECT_EQ(to_decimal(done.rejected_amount, 2), "500.00");

  // S20
  EXPECT_EQ(world.run(bulk).code, Code::Duplicate);
  Pay again = pay_order(1'003, world.now);
  attach_ticket(again, world.now);
  EXPECT_EQ(world.run(pay(again, world.now)).code, Code::IdInUse);
  EXPECT_EQ(to_decimal(world.payment(kA, 1'003)->terms.amount, 2), "500.00");
  Signed wrong = thousand(2, 3'000, false, world.now);
  std::get<BulkPay>(wrong.operation.action).control_sum = cents("500000.01");
  const Outcome refused = world.run(wrong);
  EXPECT_EQ(refused.code, Code::ControlSumMismatch);
  EXPECT_FALSE(refused.recorded);
  EXPECT_EQ(world.run(thousand(2, 3'000, false, world.now)).code, Code::Ok);
}

TEST(Scenario, S19_a_bulk_of_all_or_nothing_moves_nothing) {
  World world;
  const Outcome outcome = world.run(thousand(1, 1'000, true, world.now));
  EXPECT_EQ(outcome.code, Code::LegFailed);
  EXPECT_EQ(outcome.index, 500U);
  EXPECT_EQ(outcome.inner, Code::CreditorAccountNotFound);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "2000000.00");
  EXPECT_EQ(world.posted(kSUsd, nostro(kA, kSUsd)), "5000000.00");
  for (std::uint64_t n = 1'000; n < 2'000; ++n) {
    const auto payment = world.payment(kA, n);
    ASSERT_TRUE(payment.has_value()) << n;
    EXPECT_EQ(payment->state, PaymentState::Rejected);
    EXPECT_EQ(payment->reason, n == 1'500 ? Code::CreditorAccountNotFound : Code::LinkedFailed);
  }
  EXPECT_EQ(done_of(outcome.events.back()).rejected, 1'000U);
}

TEST(Bulk, An_item_may_wait_unless_all_must_settle) {
  for (const bool all_or_nothing : {false, true}) {
    World world;
    BulkPay bulk;
    bulk.all_or_nothing = all_or_nothing;
    Pay order = pay_order(11);
    order.terms.amount = cents("1000.00");
    bulk.items = {transfer_order(10, "5.00").terms, order.terms};
    bulk.control_sum = cents("1005.00");
    bulk.screening = order.screening;
    const Outcome outcome = world.run(operation(kA, 1, bulk, pay_keys()));
    if (all_or_nothing) {
      EXPECT_EQ(outcome.code, Code::LegFailed);
      EXPECT_EQ(outcome.index, 1U);
      EXPECT_EQ(outcome.inner, Code::AcceptanceRequired);
      EXPECT_EQ(world.payment(kA, 10)->reason, Code::LinkedFailed);
      EXPECT_EQ(world.posted(kAUsd, kMerchant), "0.00");
    } else {
      EXPECT_EQ(outcome.code, Code::Ok);
      EXPECT_EQ(outcome.index, 2U);
      EXPECT_EQ(world.payment(kA, 11)->state, PaymentState::Pending);
      EXPECT_EQ(done_of(outcome.events.back()).pending, 1U);
    }
  }
}

TEST(Bulk, One_ticket_is_for_all_payments_to_its_bank_in_order) {
  for (const bool in_order : {true, false}) {
    World world;
    BulkPay bulk;
    bulk.all_or_nothing = true;
    const PaymentTerms terms[] = {pay_order(10).terms, pay_order(11).terms};
    bulk.items = {terms[in_order ? 0 : 1], transfer_order(12, "5.00").terms,
                  terms[in_order ? 1 : 0]};
    bulk.control_sum = cents("250005.00");
    bulk.screening = pay_order(10).screening;
    TicketBody body = ticket_body(terms[0]);
    body.terms_hash = terms_hash(terms);
    bulk.tickets = {
        make_ticket(encode_ticket_body(body), filler_signatures({&key(kB, Role::Compliance)}))};
    const Outcome outcome = world.run(operation(kA, 1, bulk, pay_keys()));
    EXPECT_EQ(outcome.code, in_order ? Code::Ok : Code::LegFailed);
    EXPECT_EQ(outcome.inner, in_order ? Code::Ok : Code::EvidenceMissing);
  }
}

TEST(Bulk, What_fails_for_the_debtor_alone_writes_no_payment) {
  World world;
  world.edit<Account>(account_key(kA, kBuyer), [](Account& a) { a.blocks = kBlockDebit; });
  EXPECT_EQ(world.run(thousand(1, 1'000, false, world.now)).code, Code::DebtorBlocked);
  EXPECT_FALSE(world.payment(kA, 1'000).has_value());
}

TEST(Bulk, An_item_with_a_used_uetr_is_refused_and_leaves_what_is_there) {
  World world;
  world.run(transfer(transfer_order(10, "1.00")));
  BulkPay bulk;
  bulk.items = {transfer_order(10, "2.00").terms, transfer_order(11, "3.00").terms,
                transfer_order(11, "3.00").terms};
  bulk.control_sum = cents("8.00");
  const Outcome outcome = world.run(operation(kA, 1, bulk, pay_keys()));
  EXPECT_EQ(outcome.index, 1U);
  EXPECT_EQ(to_decimal(world.payment(kA, 10)->terms.amount, 2), "1.00");
  EXPECT_EQ(world.payment(kA, 11)->state, PaymentState::Settled);
  EXPECT_EQ(world.posted(kAUsd, kMerchant), "4.00");
}

}  // namespace
}  // namespace giro::ledger::demo
