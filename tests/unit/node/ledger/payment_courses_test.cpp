// Answers, returns, holds, clawback and batches beyond the acceptance scenarios (tests/acceptance):
// events, open items, what is voided, where money goes instead.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

const Keys kComplianceOfB = {&key(kB, Role::Compliance)};
const Keys kMakerOfA = {&key(kA, Role::Maker)};

std::vector<EventType> kinds(const std::vector<Event>& events) {
  std::vector<EventType> out;
  for (const Event& event : events) out.push_back(static_cast<EventType>(event.type));
  return out;
}
template <class Body>
Body body_of(const Event& event) {
  Body body{};
  EXPECT_EQ(wire::decode(event.body, body), wire::Fault::None);
  return body;
}

// Scenario 1.
Pay settled(World& world, std::uint64_t n) {
  Pay order = pay_order(n, world.now);
  attach_ticket(order, world.now);
  EXPECT_EQ(world.run(pay(order, world.now)).code, Code::Ok);
  return order;
}

Signed answer(std::uint64_t n, std::function<void(PayRespond&)> change, TimeMs now) {
  PayRespond response = acceptance(kA, 1, now);
  change(response);
  return operation(kB, n, response, kComplianceOfB, now);
}

TEST(PaymentCourse, The_payee_bank_answers_until_its_evidence_is_complete) {
  World world;
  world.run(pay(pay_order(1)));
  EXPECT_EQ(world.run(answer(
                          10, [](auto& r) { r.travel_rule_ack = false; }, world.now))
                .code,
            Code::TravelRuleNotAcked);
  EXPECT_EQ(world.run(answer(
                          11, [](auto& r) { r.cop_result = CopResult::NoMatch; }, world.now))
                .code,
            Code::CopNoMatch);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Pending);
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).held, 2), "125025.00");

  const Outcome accepted = world.run(answer(12, [](auto&) {}, world.now));
  EXPECT_EQ(accepted.code, Code::Ok);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Settled);
  EXPECT_EQ(world.payment(kA, 1)->settled_at, world.now);
  EXPECT_EQ(query_account(world.state, kA, kBuyer)->record.open_items, 0U);
  EXPECT_EQ(query_account(world.state, kB, kSupplier)->record.open_items, 0U);
  EXPECT_EQ(query_hold(world.state, kA, uetr(1))->status, HoldStatus::Captured);
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).day_used, 2), "125025.00")
      << "what settled stays counted";
  using enum EventType;
  EXPECT_EQ(kinds(accepted.events),
            (std::vector{HoldCaptured, Entry, Entry, Entry, Entry, Entry, Entry, PaymentSettled}));
  EXPECT_EQ(accepted.events.back().scope, (std::vector<std::uint32_t>{kA, kB}));
}

TEST(PaymentCourse, A_rejected_or_cancelled_payment_gives_back_money_and_limits) {
  for (const bool by_payer : {false, true}) {
    World world;
    world.run(pay(pay_order(1)));
    const Signed end = by_payer ? operation(kA, 10, PayCancel{.uetr = uetr(1)},
                                            kMakerOfA + key(kA, Role::Checker), world.now)
                                : answer(
                                      10,
                                      [](auto& r) {
                                        r = {.payer_bank = kA,
                                             .uetr = uetr(1),
                                             .reason = Code::Regulatory,
                                             .screening = {}};
                                      },
                                      world.now);
    const Outcome outcome = world.run(end);
    EXPECT_EQ(outcome.code, Code::Ok);
    const auto payment = world.payment(kA, 1);
    EXPECT_EQ(payment->state, by_payer ? PaymentState::Cancelled : PaymentState::Rejected);
    EXPECT_EQ(payment->reason, by_payer ? Code::Ok : Code::Regulatory);
    EXPECT_EQ(world.available(kAUsd, kBuyer), "2000000.00");
    EXPECT_TRUE(world.position(kAUsd, kBuyer).day_used.is_zero());
    EXPECT_EQ(query_account(world.state, kB, kSupplier)->record.open_items, 0U);
    EXPECT_EQ(outcome.events.back().scope, (std::vector<std::uint32_t>{kA, kB}))
        << "one that waited is shown to both";
    world.wait(300'000);
    EXPECT_EQ(world.payment(kA, 1)->state, payment->state) << "its deadline is gone";
  }
}

TEST(PaymentCourse, A_batch_with_terms_changes_dollars_into_euros) {
  World world;
  const Outcome outcome = world.run(settle(fx_batch(1), 1));
  EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1891460.00");
  EXPECT_EQ(world.posted(kAUsd, nostro(kD, kAUsd)), "108500.00");
  EXPECT_EQ(world.posted(kSEur, nostro(kD, kSEur)), "50000.00");
  EXPECT_EQ(world.posted(kSEur, nostro(kB, kSEur)), "600000.00");
  EXPECT_EQ(world.posted(kBEur, kSupplier), "100000.00");
  EXPECT_EQ(world.fee(kAUsd), "40.00");
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Settled);
  EXPECT_EQ(world.payment(kA, 1)->kind, PaymentKind::Fx);
  EXPECT_EQ(static_cast<EventType>(outcome.events.back().type), EventType::BatchSettled);
  EXPECT_EQ(outcome.events.back().scope, (std::vector<std::uint32_t>{kA, kB, kD}));
  EXPECT_EQ(body_of<BatchEvent>(outcome.events.back()).legs, 4U);

  const Outcome again = world.run(settle(fx_batch(2, world.now), 2, world.now));
  EXPECT_EQ(again.code, Code::LegFailed);
  EXPECT_EQ(again.index, 1U);
  EXPECT_EQ(again.inner, Code::InsufficientFunds);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1891460.00") << "leg 0 moved alone";
  EXPECT_EQ(world.payment(kA, 2)->state, PaymentState::Rejected);
  EXPECT_EQ(query_outcome(world.state, kA, uetr(2))->detail_inner, Code::InsufficientFunds);

  SettleAtomic bare = fx_batch(3, world.now);
  bare.ticket.reset();
  EXPECT_EQ(world.run(settle(bare, 3, world.now)).code, Code::EvidenceMissing);

  const ReturnPayment back{.payer_bank = kA, .uetr = uetr(1), .amount = {0, 1}};
  EXPECT_EQ(world.run(operation(kB, 4, back, {&key(kB, Role::Maker)}, world.now)).code,
            Code::PaymentWrongState)
      << "FX is not returned";
}

TEST(Batch, Takes_captures_burns_and_acceptances_as_legs) {
  World world;
  HoldCreate escrow = escrow_order();
  world.block({pay_by_b(pay_to_a(1)), operation(kA, 2, escrow, kMakerOfA)});
  SettleAtomic batch;
  Leg accept, capture, burn;
  accept.accept = acceptance(kB, 1, world.now);
  capture.capture = HoldCapture{.creator = kA, .hold_id = uetr(2), .amount = cents("6000.00")};
  burn.burn = Redeem{.token = kAUsd, .account = kMerchant, .amount = cents("11000.00")};
  batch.legs = {accept, capture, burn};
  const Outcome outcome = world.run(
      operation(kA, 3, batch, kMakerOfA + key(kA, Role::Compliance) + quorum(kA, Role::Treasury, 2),
                world.now));
  EXPECT_EQ(outcome.code, Code::Ok) << code_name(outcome.inner);
  EXPECT_EQ(world.payment(kB, 1)->state, PaymentState::Settled);
  EXPECT_EQ(world.posted(kAUsd, kMerchant), "0.00");
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1994000.00");
}

ReturnPayment part_of(InstId bank, std::uint64_t n, std::string_view amount) {
  return {.payer_bank = bank, .uetr = uetr(n), .amount = cents(amount)};
}
Signed returned(std::uint64_t n, const ReturnPayment& action, TimeMs now) {
  return operation(kB, n, action, {&key(kB, Role::Maker), &key(kB, Role::Checker)}, now);
}

// The legs are no steps: 600 of the second is told before 603 of the first (ledger 4.4).
TEST(Batch, Misses_the_record_with_the_lowest_code_whatever_leg_it_is_of) {
  World world;
  SettleAtomic batch;
  Leg capture, accept;
  capture.capture = HoldCapture{.creator = kA, .hold_id = uetr(8), .amount = {0, 1}};
  accept.accept = acceptance(kA, 9);
  batch.legs = {capture, accept};
  EXPECT_EQ(world.run(operation(kB, 1, batch, {&key(kB, Role::Compliance)})).code,
            Code::PaymentNotFound);
}

TEST(Return, Goes_by_the_settle_token_of_the_original) {
  for (const TokenId settle_token : {kAUsd, kBUsd}) {
    World world;
    Pay order = pay_order(1);
    order.terms.settle_token = settle_token;
    order.terms.payee_fee = {};
    attach_ticket(order);
    ASSERT_EQ(world.run(pay(order)).code, Code::Ok);
    EXPECT_EQ(world.run(returned(11, part_of(kA, 1, "125000.00"), world.now)).code, Code::Ok);
    EXPECT_EQ(world.posted(kAUsd, nostro(kB, kAUsd)), "0.00");
    EXPECT_EQ(world.posted(kBUsd, nostro(kA, kBUsd)), "400000.00");
    EXPECT_EQ(world.outstanding(kAUsd), "2000000.00");
    EXPECT_EQ(world.outstanding(kBUsd), "410000.00");
    EXPECT_EQ(world.posted(kAUsd, kBuyer), "1999975.00") << "the fee stays";
  }
}

TEST(Return, Of_a_payer_who_cannot_take_it_goes_to_the_suspense_of_its_bank) {
  World world;
  settled(world, 1);
  world.edit<Account>(account_key(kA, kBuyer), [](Account& a) { a.blocks = kBlockCredit; });
  EXPECT_EQ(world.run(returned(11, part_of(kA, 1, "25000.00"), world.now)).code, Code::Ok);
  const AccountId suspense = internal_account(kAUsd, AccountKind::Suspense);
  EXPECT_EQ(world.posted(kAUsd, suspense), "25000.00");
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1874975.00");
  EXPECT_EQ(world.payment(kB, 11)->terms.payee_account, suspense);
}

TEST(Return, Of_a_transfer_stays_inside_its_token) {
  World world;
  world.run(transfer(transfer_order(1, "100.00")));
  EXPECT_EQ(world.run(operation(kA, 11, part_of(kA, 1, "40.00"), kMakerOfA, world.now)).code,
            Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, kMerchant), "60.00");
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1999940.00");
}

Clawback clawback(const AccountId& account, TokenId token, std::string_view amount) {
  Clawback order;
  order.token = token;
  order.account = account;
  order.amount = cents(amount);
  order.legal_order_commit = crypto::sha256(crypto::as_view("order"));
  return order;
}

// The record once said only that a RETURN failed, not of what (ledger 3).
TEST(Return, That_is_rejected_names_its_original) {
  World world;
  Pay order = pay_order(1);
  attach_ticket(order);
  ASSERT_EQ(world.run(pay(order)).code, Code::Ok);
  EXPECT_EQ(world.run(returned(2, part_of(kA, 1, "125000.01"), world.now)).code,
            Code::ReturnExceedsOriginal);
  const auto record = world.payment(kB, 2);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->state, PaymentState::Rejected);
  EXPECT_EQ(record->original, uetr(1));
  EXPECT_EQ(record->original_payer_bank, kA);
}

TEST(Clawback, Voids_holds_oldest_first_until_the_amount_is_free) {
  World world;
  HoldCreate half = escrow_order();
  half.amount = cents("900000.00");
  const Keys keys = kMakerOfA + key(kA, Role::Checker);
  world.run(pay(pay_order(1)));             // holds 125,025.00, the oldest
  world.run(operation(kA, 2, half, keys));  // then this
  // And one of the same block, so far in no state.
  Clawback order = clawback(kBuyer, kAUsd, "1000000.00");
  order.include_holds = true;
  const Keys authority = {&key(kA, Role::Legal), &key(kA, Role::Compliance)};
  half.amount = cents("950000.00");
  const auto outcomes = world.block(
      {operation(kA, 3, half, keys, world.now), operation(kA, 4, order, authority, world.now)});
  EXPECT_EQ(outcomes[0].code, Code::Ok);
  EXPECT_EQ(outcomes[1].code, Code::Ok);
  EXPECT_EQ(world.payment(kA, 1)->state, PaymentState::Rejected);
  EXPECT_EQ(world.payment(kA, 1)->reason, Code::Regulatory);
  EXPECT_EQ(query_hold(world.state, kA, uetr(1))->status, HoldStatus::Voided);
  EXPECT_EQ(query_hold(world.state, kA, uetr(2))->status, HoldStatus::Voided);
  EXPECT_EQ(query_hold(world.state, kA, uetr(3))->status, HoldStatus::Active);
  EXPECT_EQ(body_of<MovementEvent>(outcomes[1].events.back()).voided_holds, 2U);
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1000000.00");
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).held, 2), "950000.00");
  EXPECT_EQ(world.run(operation(kA, 5, order, authority, world.now)).code, Code::Ok)
      << "the hold of that block was the next";
  EXPECT_EQ(query_hold(world.state, kA, uetr(3))->status, HoldStatus::Voided);
}

TEST(Clawback, Voids_a_hold_of_its_own_block_and_leaves_ended_ones_alone) {
  World world;
  HoldCreate all = escrow_order();
  all.amount = cents("2000000.00");
  const Keys keys = kMakerOfA + key(kA, Role::Checker);
  world.run(operation(kA, 1, all, keys));
  Clawback order = clawback(kBuyer, kAUsd, "1.00");
  order.include_holds = order.burn = true;
  const auto outcomes = world.block(
      {operation(kA, 2, HoldRelease{.creator = kA, .hold_id = uetr(1)}, keys, world.now),
       operation(kA, 3, all, keys, world.now),
       operation(kA, 4, order, {&key(kA, Role::Legal), &key(kA, Role::Compliance)}, world.now)});
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.code, Code::Ok);
  EXPECT_EQ(query_hold(world.state, kA, uetr(1))->status, HoldStatus::Released);
  EXPECT_EQ(query_hold(world.state, kA, uetr(3))->status, HoldStatus::Voided);
  EXPECT_EQ(world.outstanding(kAUsd), "1999999.00");
}

TEST(PaymentCourse, An_escrow_is_captured_once_and_before_its_end) {
  World world;
  world.run(operation(kA, 1, escrow_order(), kMakerOfA));
  EXPECT_EQ(to_decimal(world.position(kAUsd, kBuyer).held, 2), "10000.00");
  EXPECT_EQ(query_account(world.state, kA, kMerchant)->record.open_items, 1U);
  world.wait(29 * kMsPerDay);
  const HoldCapture capture{.creator = kA, .hold_id = uetr(1), .amount = cents("6000.00")};
  const Outcome captured = world.run(operation(kA, 2, capture, kMakerOfA, world.now));
  EXPECT_EQ(captured.code, Code::Ok);
  EXPECT_EQ(world.posted(kAUsd, kMerchant), "6000.00");
  EXPECT_EQ(world.posted(kAUsd, kBuyer), "1994000.00");
  EXPECT_TRUE(world.position(kAUsd, kBuyer).held.is_zero());
  EXPECT_EQ(query_account(world.state, kA, kMerchant)->record.open_items, 0U);
  using enum EventType;
  EXPECT_EQ(kinds(captured.events), (std::vector{HoldCaptured, Entry, Entry}));
  EXPECT_EQ(world.run(operation(kA, 3, capture, kMakerOfA, world.now)).code,
            Code::HoldAlreadyCaptured);

  world.run(operation(kA, 4, escrow_order(), kMakerOfA, world.now));
  const TimeMs end = query_hold(world.state, kA, uetr(4))->expires_at;
  EXPECT_EQ(end.value, world.now.value + 30 * kMsPerDay);
  HoldCapture late = capture;
  late.hold_id = uetr(4);
  EXPECT_EQ(world.block({operation(kA, 5, late, kMakerOfA, end)}, end.value - world.now.value)
                .front()
                .code,
            Code::HoldExpired);
  EXPECT_EQ(kinds(world.sweep_events), (std::vector{HoldExpired}));
  EXPECT_EQ(query_hold(world.state, kA, uetr(4))->status, HoldStatus::Expired);
  EXPECT_TRUE(world.position(kAUsd, kBuyer).held.is_zero());
  EXPECT_EQ(query_account(world.state, kA, kBuyer)->record.open_items, 0U);
}

TEST(Hold, An_ended_hold_goes_after_payment_retention_and_a_living_one_stays) {
  World world;
  world.edit<Params>(params_key(), [](Params& p) { p.payment_retention_ms = 35ULL * 86'400'000; });
  HoldCreate legal = escrow_order();
  legal.kind = HoldKind::Legal;
  legal.beneficiary = {}, legal.captor = 0, legal.ttl_s = 0;
  world.block({operation(kA, 1, escrow_order(), kMakerOfA),
               operation(kA, 2, legal, {&key(kA, Role::Compliance)})});
  world.wait(30 * kMsPerDay);
  EXPECT_EQ(query_hold(world.state, kA, uetr(1))->status, HoldStatus::Expired);
  world.wait(36 * kMsPerDay);
  EXPECT_FALSE(query_hold(world.state, kA, uetr(1)).has_value());
  EXPECT_EQ(query_hold(world.state, kA, uetr(2))->status, HoldStatus::Active) << "LEGAL has no end";
  EXPECT_EQ(query_holds(world.state, kAUsd, kBuyer, 10).size(), 1U);
}

TEST(Pay, Does_not_replace_a_hold_that_has_its_id) {
  World world;
  HoldCreate order = escrow_order();
  world.run(operation(kA, 1, order, kMakerOfA));
  world.wait(2 * 3'600'000 + 1);  // the outcome is forgotten, the hold is not
  EXPECT_EQ(world.run(pay(pay_order(1, world.now), world.now)).code, Code::IdInUse);
  EXPECT_EQ(query_hold(world.state, kA, uetr(1))->kind, HoldKind::Escrow);
}

}  // namespace
}  // namespace giro::ledger::demo
