// The samples of payments, their answers and returns, holds, clawback, bulk and batch.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

constexpr std::uint64_t kSampleId = 500;  // of the op_id of a sample

void order_waiting_payment_to_a(World& world) {
  EXPECT_EQ(world.run(pay_by_b(pay_to_a(kReady, world.now), world.now)).code, Code::Ok);
}
void order_settled_payment_to_a(World& world) {
  Pay order = pay_to_a(kReady, world.now);
  attach_ticket_of_a(order, world.now);
  EXPECT_EQ(world.run(pay_by_b(order, world.now)).code, Code::Ok);
}
void order_waiting_payment(World& world) {
  EXPECT_EQ(world.run(pay(pay_order(kReady, world.now), world.now)).code, Code::Ok);
}
void order_escrow(World& world) {
  EXPECT_EQ(
      world.run(operation(kA, kReady, escrow_order(), {&key(kA, Role::Maker)}, world.now)).code,
      Code::Ok);
}

Signed respond(const World& world) {
  return operation(kA, kSampleId, acceptance(kB, kReady, world.now), {&key(kA, Role::Compliance)},
                   world.now);
}
Signed cancel(const World& world) {
  return operation(kA, kSampleId, PayCancel{.uetr = uetr(kReady)},
                   {&key(kA, Role::Maker), &key(kA, Role::Checker)}, world.now);
}
Signed give_back(const World& world) {
  const ReturnPayment order{.payer_bank = kB,
                            .uetr = uetr(kReady),
                            .amount = cents("1000.00"),
                            .reason = {},
                            .by_bank = false};
  return operation(kA, kSampleId, order, {&key(kA, Role::Maker)}, world.now);
}
Signed claw_back(const World& world) {
  Clawback order;
  order.token = kAUsd;
  order.account = kBuyer;
  order.amount = cents("5000.00");
  order.legal_order_commit = crypto::sha256(crypto::as_view("order"));
  order.jurisdiction = CountryCode::from("US");
  return operation(kA, kSampleId, order, {&key(kA, Role::Legal), &key(kA, Role::Compliance)},
                   world.now);
}
// One payment that settles by standing acceptance, one transfer.
Signed bulk(const World& world) {
  Pay order = pay_order(501, world.now);
  order.terms.amount = cents("500.00");
  order.terms.payer_fee = order.terms.payee_fee = {};
  BulkPay action;
  action.items = {order.terms, transfer_order(502, "10.00").terms};
  action.control_sum = cents("510.00");
  action.screening = order.screening;
  return operation(kA, kSampleId, action, {&key(kA, Role::Maker), &key(kA, Role::Compliance)},
                   world.now);
}
Signed batch(const World& world) {
  return settle(fx_batch(kSampleId, world.now), kSampleId, world.now);
}
Signed create_hold(const World& world) {
  return operation(kA, kSampleId, escrow_order(), {&key(kA, Role::Maker)}, world.now);
}
Signed capture_hold(const World& world) {
  const HoldCapture order{.creator = kA, .hold_id = uetr(kReady), .amount = cents("6000.00")};
  return operation(kA, kSampleId, order, {&key(kA, Role::Maker)}, world.now);
}
Signed release_hold(const World& world) {
  return operation(kA, kSampleId, HoldRelease{.creator = kA, .hold_id = uetr(kReady)},
                   {&key(kA, Role::Maker)}, world.now);
}

constexpr SampleRow kSamples[] = {
    {"CLAWBACK", nullptr, claw_back},
    {"PAY_RESPOND", order_waiting_payment_to_a, respond},
    {"PAY_CANCEL", order_waiting_payment, cancel},
    {"RETURN", order_settled_payment_to_a, give_back},
    {"BULK_PAY", nullptr, bulk},
    {"SETTLE_ATOMIC", nullptr, batch},
    {"HOLD_CREATE", nullptr, create_hold},
    {"HOLD_CAPTURE", order_escrow, capture_hold},
    {"HOLD_RELEASE", order_escrow, release_hold},
};

}  // namespace

std::span<const SampleRow> payment_samples() {
  return kSamples;
}

}  // namespace giro::ledger::demo
