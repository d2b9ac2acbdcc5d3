#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

using enum Code;

const Keys kMaker = {&key(kA, Role::Maker)};
const Keys kMakerAndChecker = {&key(kA, Role::Maker), &key(kA, Role::Checker)};
const AccountId kFeeAccount = internal_account(kAUsd, AccountKind::Fee);

Given one_human() {
  return key_record(key(kA, Role::Checker), kA, [](auto& k) { k.operator_id = 112; });
}
Given joint_buyer() {
  return account(kA, kBuyer, [](auto& a) {
    a.auth_mode = AuthMode::Joint;
    a.policy = {.m = 1, .keys = {stranger().public_key()}};
  });
}
Given always_checked() {
  return token(kAUsd, [](auto& t) { t.checker_threshold = {}; });
}
Given broken_buyer() {
  return position(kAUsd, kBuyer, [](auto& p) { p.cr_total.lo += 1; });
}

HoldCreate hold_of(HoldKind kind) {
  HoldCreate order = escrow_order();
  order.kind = kind;
  order.beneficiary = {};
  order.captor = 0;
  if (kind == HoldKind::Legal) order.ttl_s = 0;
  return order;
}
// A hold beside the one of the samples.
Given hold(std::uint64_t n, const HoldCreate& order, Keys keys) {
  return [=](World& world) { world.run(operation(kA, n, order, keys, world.now)); };
}

void add_create_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "HOLD_CREATE";
  const auto order = [](std::function<void(HoldCreate&)> f) {
    return changed<HoldCreate>(kOp, std::move(f));
  };
  const auto signed_order = [](HoldCreate action, Keys keys) {
    return [=](World& world) { return operation(kA, 500, action, keys, world.now); };
  };
  const auto legal = signed_order(hold_of(HoldKind::Legal), {&key(kA, Role::Compliance)});
  const auto buyer = [](std::function<void(Account&)> f) {
    return account(kA, kBuyer, std::move(f));
  };
  HoldCreate large = escrow_order();
  large.amount = cents("2000000.01");
  HoldCreate most = escrow_order();
  most.amount = cents("1990000.01");
  HoldCreate of_fees = escrow_order();
  of_fees.account = kFeeAccount;
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "ESCROW", {}, as_sampled(kOp)},
          {kOp, Ok, "REDEEM", {}, signed_order(hold_of(HoldKind::Redeem), kMaker)},
          {kOp, Ok, "LEGAL, in spite of a DEBIT block",
           buyer([](auto& a) { a.blocks = kBlockDebit; }), legal},
          {kOp, Ok, "LEGAL, by a suspended bank", status(kA, InstitutionStatus::Suspended), legal},
          {kOp, Ok, "for the longest time", {}, order([](auto& h) { h.ttl_s = 180 * 86'400; })},
          {kOp, Malformed, "PAYMENT is no kind to order", {}, order([](auto& h) {
             h.kind = HoldKind::Payment;
           })},
          {kOp, Malformed, "no captor", {}, order([](auto& h) { h.captor = 0; })},
          {kOp, Malformed, "for the payer itself", {}, order([](auto& h) {
             h.beneficiary = h.account;
           })},
          {kOp, Malformed, "REDEEM with a beneficiary", {}, order([](auto& h) {
             h.kind = HoldKind::Redeem;
           })},
          {kOp, Malformed, "LEGAL with an end", {}, order([](auto& h) {
             h = hold_of(HoldKind::Legal), h.ttl_s = 1;
           })},
          {kOp, BadId, "no beneficiary", {}, order([](auto& h) { h.beneficiary = {}; })},
          {kOp, ZeroAmount, "nothing", {}, order([](auto& h) { h.amount = {}; })},
          {kOp, AmountOutOfRange, "19 digits", {}, order([](auto& h) {
             h.amount = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, NotAuthorisedForAccount, "the customer's own key is missing", joint_buyer(),
           as_sampled(kOp)},
          {kOp, QuorumNotMet, "no checker from the threshold on", always_checked(),
           as_sampled(kOp)},
          {kOp, SameOperator, "maker and checker are one human",
           both(always_checked(), one_human()), with_keys(kOp, kMakerAndChecker), false},
          {kOp, InstitutionNotFound, "nobody's captor", {}, order([](auto& h) { h.captor = 77; })},
          {kOp, AgentSuspended, "the captor leaves", status(kB, InstitutionStatus::Exiting),
           order([](auto& h) { h.captor = kB; })},
          {kOp, TokenNotFound, "nobody's token", {}, order([](auto& h) { h.token = 99; })},
          {kOp, DebtorAccountNotFound, "no such account", {}, order([](auto& h) {
             h.account = kSupplier;
           })},
          {kOp, CreditorAccountNotFound, "no such beneficiary", {}, order([](auto& h) {
             h.beneficiary = kSupplier;
           })},
          {kOp, DebtorAccountClosed, "closed",
           both(buyer([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(kOp)},
          {kOp, CreditorAccountClosed, "the beneficiary's is closed",
           account(kA, kMerchant, [](auto& a) { a.status = AccountStatus::Closed; }),
           as_sampled(kOp)},
          {kOp, DebtorPositionNotOpen, "holds no such token", {}, order([](auto& h) {
             h.token = kAEur, h.account = kMerchant, h.beneficiary = kBuyer;
           })},
          {kOp,
           CreditorPositionNotOpen,
           "the beneficiary holds no such token",
           {},
           order([](auto& h) { h.token = kAEur; })},
          {kOp,
           DebtorKindNotAllowed,
           "no escrow of the bank's fees",
           {},
           signed_order(of_fees, quorum(kA, Role::Treasury, 2))},
          {kOp, CreditorKindNotAllowed, "no escrow for the bank", {}, order([](auto& h) {
             h.beneficiary = kFeeAccount;
           })},
          {kOp, InsufficientFunds, "more than there is", {}, signed_order(large, kMakerAndChecker)},
          {kOp, FundsOnHold, "held already", hold(600, most, kMakerAndChecker), as_sampled(kOp)},
          {kOp, FundsFrozen, "frozen", frozen(kAUsd, kBuyer, "1990000.01"), as_sampled(kOp)},
          {kOp, DebtorBlocked, "DEBIT is blocked", buyer([](auto& a) { a.blocks = kBlockDebit; }),
           as_sampled(kOp)},
          {kOp, FeatureNotEnabled, "a token without escrow",
           token(kAUsd, [](auto& t) { t.features = kCanFreeze; }), as_sampled(kOp)},
          {kOp, FeatureNotEnabled, "a freeze is no seizure",
           token(kAUsd, [](auto& t) { t.features = kCanFreeze; }), legal},
          {kOp, IdInUse, "a payment had the id before",
           [](World& world) {
             world.run(transfer(transfer_order(500, "1.00"), world.now));
             world.wait(2 * 3'600'000 + 1);
           },
           as_sampled(kOp)},
          {kOp, TtlOutOfRange, "no end", {}, order([](auto& h) { h.ttl_s = 0; })},
          {kOp, TtlOutOfRange, "longer than the longest", {}, order([](auto& h) {
             h.ttl_s = 180 * 86'400 + 1;
           })},
          {kOp, InvariantViolation, "a position that does not add up", broken_buyer(),
           as_sampled(kOp), false},
      });
}

// What a capture and a release have in common: the hold must be there and ACTIVE.
void add_ending_rules(std::vector<Rule>& rules, std::string_view op,
                      std::function<std::function<Signed(World&)>(const HoldId&)> of_hold) {
  const auto ended_by = [](Action action) {
    return [action](World& world) { world.run(operation(kA, 600, action, kMaker, world.now)); };
  };
  const HoldCapture capture{.creator = kA, .hold_id = uetr(kReady), .amount = cents("1.00")};
  const HoldRelease release{.creator = kA, .hold_id = uetr(kReady)};
  rules.insert(
      rules.end(),
      {
          {op, Ok, "as ordered", {}, as_sampled(op)},
          {op,
           Malformed,
           "nobody's hold",
           {},
           [op](World& world) {
             Signed out = sample(op, world);
             if (op == "HOLD_CAPTURE")
               action_of<HoldCapture>(out).creator = 0;
             else
               action_of<HoldRelease>(out).creator = 0;
             return out;
           }},
          {op, BadId, "no hold", {}, of_hold({})},
          {op, HoldNotFound, "no such hold", {}, of_hold(uetr(9))},
          {op, QuorumNotMet, "no checker from the threshold on", always_checked(), as_sampled(op)},
          {op, SameOperator, "maker and checker are one human", both(always_checked(), one_human()),
           with_keys(op, kMakerAndChecker), false},
          {op, HoldAlreadyCaptured, "captured", ended_by(capture), as_sampled(op)},
          {op, HoldAlreadyReleased, "released", ended_by(release), as_sampled(op)},
          {op, Code::HoldExpired, "at its end", [](World& world) { world.wait(30 * kMsPerDay); },
           as_sampled(op)},
          {op, Code::HoldExpired, "at its end, which the sweep has not reached",
           [](World& world) {
             world.edit<Params>(params_key(), [](Params& p) { p.sweep_max = 0; });
             world.wait(30 * kMsPerDay);
           },
           as_sampled(op)},
          {op, HoldKindNotAllowed, "a payment's hold moves with the payment",
           [](World& world) {
             Pay order = pay_order(600, world.now);
             order.ttl_s = 3'600;
             world.run(pay(order, world.now));
           },
           of_hold(uetr(600))},
          {op, InvariantViolation, "a position that does not add up", broken_buyer(),
           as_sampled(op), false},
      });
}

}  // namespace

void add_hold_rules(std::vector<Rule>& rules) {
  add_create_rules(rules);
  const auto capture = [](std::function<void(HoldCapture&)> f) {
    return changed<HoldCapture>("HOLD_CAPTURE", std::move(f));
  };
  add_ending_rules(rules, "HOLD_CAPTURE", [capture](const HoldId& id) {
    return capture([id](auto& c) { c.hold_id = id; });
  });
  add_ending_rules(rules, "HOLD_RELEASE", [](const HoldId& id) {
    return changed<HoldRelease>("HOLD_RELEASE", [id](auto& r) { r.hold_id = id; });
  });
  const auto by = [](Action action, Keys keys) {
    return [=](World& world) { return operation(kA, 500, action, keys, world.now); };
  };
  const HoldCapture capture_other{.creator = kA, .hold_id = uetr(600), .amount = cents("6000.00")};
  const HoldRelease release_other{.creator = kA, .hold_id = uetr(600)};
  const Given legal = hold(600, hold_of(HoldKind::Legal), {&key(kA, Role::Compliance)});
  const Given redeem = hold(600, hold_of(HoldKind::Redeem), kMaker);
  HoldCreate for_b = escrow_order();
  for_b.captor = kB;
  HoldCreate with_payer = for_b;
  with_payer.payer_may_release = true;
  const Given blocked = account(kA, kBuyer, [](auto& a) { a.blocks = kBlockDebit; });
  static constexpr std::string_view kCapture = "HOLD_CAPTURE", kRelease = "HOLD_RELEASE";
  rules.insert(
      rules.end(),
      {
          {kCapture, ZeroAmount, "nothing", {}, capture([](auto& c) { c.amount = {}; })},
          {kCapture, AmountOutOfRange, "19 digits", {}, capture([](auto& c) {
             c.amount = {0, 1'000'000'000'000'000'000};
           })},
          {kCapture, Ok, "all of it, though the rest is frozen",
           frozen(kAUsd, kBuyer, "2000000.00"),
           capture([](auto& c) { c.amount = cents("10000.00"); })},
          {kCapture, Ok, "LEGAL, in spite of block and pause",
           both(legal, both(blocked, token(kAUsd, [](auto& t) { t.paused = 15; }))),
           by(capture_other, {&key(kA, Role::Legal), &key(kA, Role::Compliance)})},
          {kCapture, Ok, "REDEEM", redeem, by(capture_other, quorum(kA, Role::Treasury, 2))},
          {kCapture, QuorumNotMet, "REDEEM by half the treasury", redeem,
           by(capture_other, quorum(kA, Role::Treasury, 1))},
          {kCapture, RoleNotPermitted, "another's captor", hold(600, for_b, kMaker),
           [](World& world) {
             return operation(kA, 500,
                              HoldCapture{.creator = kA, .hold_id = uetr(600), .amount = {0, 1}},
                              Keys{&key(kB, Role::Maker)}, world.now);
           }},
          {kCapture, OperationPaused, "TRANSFER is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseTransfer; }), as_sampled(kCapture)},
          {kCapture, OperationPaused, "REDEEM is paused",
           both(redeem, token(kAUsd, [](auto& t) { t.paused = kPauseRedeem; })),
           by(capture_other, quorum(kA, Role::Treasury, 2))},
          {kCapture, DebtorBlocked, "DEBIT is blocked", blocked, as_sampled(kCapture)},
          {kCapture, CreditorBlocked, "CREDIT is blocked",
           account(kA, kMerchant, [](auto& a) { a.blocks = kBlockCredit; }), as_sampled(kCapture)},
          {kCapture, ExceedsHoldAmount, "more than is held", {}, capture([](auto& c) {
             c.amount = cents("10000.01");
           })},
          {kRelease, Ok, "a suspension does not stop it", status(kA, InstitutionStatus::Suspended),
           as_sampled(kRelease)},
          {kRelease, Ok, "REDEEM, by the payer", redeem, by(release_other, kMaker)},
          {kRelease, Ok, "REDEEM, by the bank", redeem,
           by(release_other, quorum(kA, Role::Treasury, 2))},
          {kRelease, Ok, "LEGAL, by two of compliance", legal,
           by(release_other, quorum(kA, Role::Compliance, 2))},
          {kRelease, QuorumNotMet, "LEGAL, by one", legal,
           by(release_other, quorum(kA, Role::Compliance, 1))},
          {kRelease, Ok, "the payer where it may", hold(600, with_payer, kMaker),
           by(release_other, kMaker)},
          {kRelease, UnknownKey, "the payer where it may not", hold(600, for_b, kMaker),
           by(release_other, kMaker)},
          {kRelease, NotAuthorisedForAccount, "the customer's own key is missing",
           both(hold(600, with_payer, kMaker), joint_buyer()), by(release_other, kMaker)},
      });
}

void add_clawback_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "CLAWBACK";
  const auto order = [](std::function<void(Clawback&)> f) {
    return changed<Clawback>(kOp, std::move(f));
  };
  const Keys authority = {&key(kA, Role::Legal), &key(kA, Role::Compliance)};
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "into legal custody", {}, as_sampled(kOp)},
          {kOp, Ok, "burnt", {}, order([](auto& c) { c.burn = true; })},
          {kOp, Ok, "blocked, frozen, paused and suspended",
           both(both(account(kA, kBuyer, [](auto& a) { a.blocks = kBlockDebit | kBlockCredit; }),
                     frozen(kAUsd, kBuyer, "2000000.00")),
                both(token(kAUsd, [](auto& t) { t.paused = 15; }),
                     status(kA, InstitutionStatus::Suspended))),
           as_sampled(kOp)},
          {kOp, Ok, "what there is", {}, order([](auto& c) {
             c.up_to = true, c.amount = cents("5000000.00");
           })},
          {kOp, Malformed, "no country", {}, order([](auto& c) {
             c.jurisdiction = CountryCode::from("us");
           })},
          {kOp, BadId, "no account", {}, order([](auto& c) { c.account = {}; })},
          {kOp, ZeroAmount, "nothing", {}, order([](auto& c) { c.amount = {}; })},
          {kOp, AmountOutOfRange, "19 digits", {}, order([](auto& c) {
             c.amount = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, QuorumNotMet, "LEGAL alone", {}, with_keys(kOp, {&key(kA, Role::Legal)})},
          {kOp, QuorumNotMet, "no ADMIN from the dual threshold on",
           token(kAUsd, [](auto& t) { t.dual_threshold = cents("5000.00"); }), as_sampled(kOp)},
          {kOp, Ok, "with ADMIN",
           token(kAUsd, [](auto& t) { t.dual_threshold = cents("5000.00"); }),
           with_keys(kOp, authority + key(kA, Role::Admin))},
          {kOp, SameOperator, "LEGAL and COMPLIANCE are one human",
           key_record(key(kA, Role::Compliance), kA, [](auto& k) { k.operator_id = 111; }),
           as_sampled(kOp), false},
          {kOp, TokenNotFound, "nobody's token", {}, order([](auto& c) { c.token = 99; })},
          {kOp, DebtorAccountNotFound, "no such account", {}, order([](auto& c) {
             c.account = kSupplier;
           })},
          {kOp, DebtorPositionNotOpen, "holds no such token", {}, order([](auto& c) {
             c.account = kMerchant, c.token = kAEur;
           })},
          {kOp, DebtorKindNotAllowed, "a correspondent's", {}, order([](auto& c) {
             c.account = nostro(kB, kAUsd);
           })},
          {kOp, InsufficientFunds, "more than there is", {}, order([](auto& c) {
             c.amount = cents("2000000.01");
           })},
          {kOp, InsufficientFunds, "what is held is not there",
           hold(
               600,
               [] {
                 HoldCreate most = escrow_order();
                 most.amount = cents("1995000.01");
                 return most;
               }(),
               kMakerAndChecker),
           as_sampled(kOp)},
          {kOp, InsufficientFunds, "up to nothing", {}, order([](auto& c) {
             c.account = kMerchant, c.up_to = true;
           })},
          {kOp, FeatureNotEnabled, "a token without clawback",
           token(kAUsd, [](auto& t) { t.features = kCanFreeze; }), as_sampled(kOp)},
          {kOp, LegalRefRequired, "no order", {}, order([](auto& c) {
             c.legal_order_commit = {};
           })},
          {kOp, InvariantViolation, "a position that does not add up", broken_buyer(),
           as_sampled(kOp), false},
      });
}

}  // namespace giro::ledger::demo
