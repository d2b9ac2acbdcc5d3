#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

using enum Code;

const Keys kCompliance = {&key(kA, Role::Compliance)};

void add_respond_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "PAY_RESPOND";
  const auto answer = [](std::function<void(PayRespond&)> f) {
    return changed<PayRespond>(kOp, std::move(f));
  };
  const auto lane = [](std::function<void(Corridor&)> f) { return corridor(kB, kA, std::move(f)); };
  const auto rejection = [answer](Code reason) {
    return answer([reason](auto& a) {
      a = {.payer_bank = kB, .uetr = uetr(kReady), .reason = reason, .screening = {}};
    });
  };
  const auto dual = token(kAUsd, [](auto& t) { t.dual_threshold = cents("5000.00"); });
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "accepted", {}, as_sampled(kOp)},
          {kOp, Ok, "rejected", {}, rejection(ScreeningFailed)},
          {kOp, Ok, "a suspended bank may still reject", status(kA, InstitutionStatus::Suspended),
           rejection(Regulatory)},
          {kOp, Ok, "with its issuers from the dual threshold on", dual,
           with_keys(kOp, kCompliance + quorum(kA, Role::Issuer, 2))},
          {kOp, Malformed, "accepted with a reason", {}, answer([](auto& a) {
             a.reason = Regulatory;
           })},
          {kOp, Malformed, "rejected without one", {}, rejection(Ok)},
          {kOp, Malformed, "the reason is no code", {}, rejection(static_cast<Code>(103))},
          {kOp, Malformed, "rejected with evidence", {}, answer([](auto& a) {
             a.accept = false, a.reason = Regulatory;
           })},
          {kOp, Malformed, "nobody's payment", {}, answer([](auto& a) { a.payer_bank = 0; })},
          {kOp, BadId, "no UETR", {}, answer([](auto& a) { a.uetr = {}; })},
          {kOp, QuorumNotMet, "no issuer from the dual threshold on", dual, as_sampled(kOp)},
          {kOp, SameOperator, "compliance and issuer are one human",
           both(dual,
                key_record(key(kA, Role::Compliance), kA, [](auto& k) { k.operator_id = 104; })),
           with_keys(kOp, kCompliance + quorum(kA, Role::Issuer, 2)), false},
          {kOp,
           RoleNotPermitted,
           "the payer bank does not accept for the payee's",
           {},
           [](World& world) {
             Signed out = sample(kOp, world);
             out.operation.actor = kB;
             return out;
           }},
          {kOp, AgentSuspended, "the payer's bank is suspended",
           status(kB, InstitutionStatus::Suspended), as_sampled(kOp)},
          {kOp, OperationPaused, "XBANK is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, IssuerExiting, "no mint at a bank that leaves",
           status(kA, InstitutionStatus::Exiting), as_sampled(kOp)},
          {kOp, IssuanceCapExceeded, "the payee bank's cap",
           token(kAUsd, [](auto& t) { t.issuance_cap = cents("2004999.99"); }), as_sampled(kOp)},
          {kOp, CorridorTxLimit, "the corridor was narrowed since",
           lane([](auto& c) { c.payee.max_tx = cents("4999.99"); }), as_sampled(kOp)},
          {kOp, CorridorDailyCap, "the day is used up",
           lane([](auto& c) { c.day = day_of(kGenesisTime), c.day_used = cents("4995000.01"); }),
           as_sampled(kOp)},
          {kOp, SettlementFundsInsufficient, "more than B holds of S.USD",
           frozen(kSUsd, nostro(kB, kSUsd), "995000.01"), as_sampled(kOp)},
          {kOp, ExposureLimit, "above the payee's max_balance",
           position(kAUsd, kMerchant, [](auto& p) { p.limits.max_balance = cents("4999.99"); }),
           as_sampled(kOp)},
          {kOp, DebtorBlocked, "DEBIT is blocked",
           account(kB, kSupplier, [](auto& a) { a.blocks = kBlockDebit; }), as_sampled(kOp)},
          {kOp, CreditorBlocked, "CREDIT is blocked",
           account(kA, kMerchant, [](auto& a) { a.blocks = kBlockCredit; }), as_sampled(kOp)},
          {kOp, Denylisted, "the payee bank denies the payer's",
           denies(kA, deny_institution_key(kA, kB)), as_sampled(kOp)},
          {kOp, CorridorDisabled, "one half is off", lane([](auto& c) { c.payer.enabled = false; }),
           as_sampled(kOp)},
          {kOp, EvidenceMissing, "no screening", {}, answer([](auto& a) {
             a.screening.sanctions = Check::NotDone;
           })},
          {kOp, ScreeningFailed, "the screening failed", {}, answer([](auto& a) {
             a.screening.other = Check::Fail;
           })},
          {kOp, EvidenceStale, "screened in the future", {}, answer([](auto& a) {
             a.screening.screened_at = add_ms(a.screening.screened_at, 61'001);
           })},
          {kOp, TravelRuleNotAcked, "not received", {}, answer([](auto& a) {
             a.travel_rule_ack = false;
           })},
          {kOp, CopNoMatch, "the name is another's", {}, answer([](auto& a) {
             a.cop_result = CopResult::NoMatch;
           })},
          {kOp, CopNoMatch, "close, and nobody insists", {}, answer([](auto& a) {
             a.cop_result = CopResult::Close;
           })},
          {kOp, PaymentNotFound, "no such payment", {}, answer([](auto& a) { a.uetr = uetr(9); })},
          {kOp, PaymentNotFound, "one that was rejected at once is not shown",
           [](World& world) {
             Pay order = pay_to_a(9, world.now);
             order.terms.amount = cents("50000.00");
             world.run(pay_by_b(order, world.now));
           },
           answer([](auto& a) { a.uetr = uetr(9); })},
          {kOp, PaymentWrongState, "settled already",
           [](World& world) {
             world.run(
                 operation(kA, 600, acceptance(kB, kReady, world.now), kCompliance, world.now));
           },
           as_sampled(kOp)},
          {kOp, Code::PaymentExpired, "at its end", [](World& world) { world.wait(300'000); },
           as_sampled(kOp)},
          {kOp, Code::PaymentExpired, "at its end, which the sweep has not reached",
           [](World& world) {
             world.edit<Params>(params_key(), [](Params& p) { p.sweep_max = 0; });
             world.wait(300'000);
           },
           rejection(Regulatory)},
          {kOp, NoSettlementPath, "B's own account is gone",
           [](World& world) {
             world.state.rows.erase(own_account_key(kB, kSUsd).to_bytes());
             world.forget();
           },
           as_sampled(kOp)},
          {kOp, SettleTokenNotAgreed, "not in the list any longer",
           lane([](auto& c) { c.payee.settle_tokens = {kBUsd}; }), as_sampled(kOp)},
          {kOp, InvariantViolation, "a position that does not add up",
           position(kBUsd, kSupplier, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(kOp), false},
      });
}

void add_cancel_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "PAY_CANCEL";
  const auto uetr_is = [](const Uetr& id) {
    return changed<PayCancel>(kOp, [id](auto& c) { c.uetr = id; });
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "before anybody answered", {}, as_sampled(kOp)},
          {kOp, Ok, "a suspension does not stop it", status(kA, InstitutionStatus::Suspended),
           as_sampled(kOp)},
          {kOp, BadId, "no UETR", {}, uetr_is({})},
          {kOp, QuorumNotMet, "no checker", {}, with_keys(kOp, {&key(kA, Role::Maker)})},
          {kOp, SameOperator, "maker and checker are one human",
           key_record(key(kA, Role::Checker), kA, [](auto& k) { k.operator_id = 112; }),
           as_sampled(kOp), false},
          {kOp, NotAuthorisedForAccount, "the customer's own key is missing",
           account(kA, kBuyer,
                   [](auto& a) {
                     a.auth_mode = AuthMode::Joint;
                     a.policy = {.m = 1, .keys = {stranger().public_key()}};
                   }),
           as_sampled(kOp)},
          {kOp, PaymentNotFound, "no such payment", {}, uetr_is(uetr(9))},
          {kOp, PaymentWrongState, "cancelled already",
           [](World& world) {
             Signed first = sample(kOp, world);
             first.operation.op_id = uetr(600);
             world.run(first);
           },
           as_sampled(kOp)},
          {kOp, Code::PaymentExpired, "at its end", [](World& world) { world.wait(300'000); },
           as_sampled(kOp)},
          {kOp, InvariantViolation, "a position that does not add up",
           position(kAUsd, kBuyer, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(kOp), false},
      });
}

}  // namespace

void add_response_rules(std::vector<Rule>& rules) {
  add_respond_rules(rules);
  add_cancel_rules(rules);
}

void add_return_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "RETURN";
  const auto order = [](std::function<void(ReturnPayment&)> f) {
    return changed<ReturnPayment>(kOp, std::move(f));
  };
  const auto by_bank = [](Keys keys) {
    return [keys](World& world) {
      Signed out = sample(kOp, world);
      auto& action = action_of<ReturnPayment>(out);
      action.by_bank = true, action.reason = Regulatory;
      out.keys = keys;
      return out;
    };
  };
  const Keys bank = quorum(kA, Role::Treasury, 2) + kCompliance;
  const auto merchant = [](std::function<void(Account&)> f) {
    return account(kA, kMerchant, std::move(f));
  };
  const auto blocked = merchant([](auto& a) { a.blocks = kBlockDebit; });
  const auto move = [](const AccountId& from, const AccountId& to, std::string_view amount) {
    return [from, to, amount](World& world) {
      Transfer moved = transfer_order(9, amount);
      moved.terms.payer_account = from, moved.terms.payee_account = to;
      world.run(transfer(moved, world.now));
    };
  };
  const auto earlier = [](std::string_view amount) {
    return [amount](World& world) {
      Signed first = sample(kOp, world);
      first.operation.op_id = uetr(600);
      action_of<ReturnPayment>(first).amount = cents(amount);
      world.run(first);
    };
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "a part", {}, as_sampled(kOp)},
          {kOp, Ok, "by the bank, in spite of the block", blocked, by_bank(bank)},
          {kOp, Ok, "a suspension does not stop it", status(kA, InstitutionStatus::Suspended),
           as_sampled(kOp)},
          {kOp, Ok, "nor a pause or a corridor",
           both(token(kAUsd, [](auto& t) { t.paused = kPauseXbank | kPauseTransfer; }),
                corridor(kB, kA, [](auto& c) { c.payer.enabled = false; })),
           as_sampled(kOp)},
          {kOp, Malformed, "by the bank for another reason", {}, order([](auto& r) {
             r.by_bank = true;
           })},
          {kOp, Malformed, "the reason is no code", {}, order([](auto& r) {
             r.reason = static_cast<Code>(103);
           })},
          {kOp, BadId, "no original", {}, order([](auto& r) { r.uetr = {}; })},
          {kOp,
           BadUetr,
           "the op_id is no UUID",
           {},
           [](World& world) {
             Signed out = sample(kOp, world);
             out.operation.op_id.bytes[6] = std::byte{0x11};
             return out;
           }},
          {kOp, ZeroAmount, "nothing", {}, order([](auto& r) { r.amount = {}; })},
          {kOp, AmountOutOfRange, "19 digits", {}, order([](auto& r) {
             r.amount = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, NotAuthorisedForAccount, "the customer's own key is missing", merchant([](auto& a) {
             a.auth_mode = AuthMode::Joint;
             a.policy = {.m = 1, .keys = {stranger().public_key()}};
           }),
           as_sampled(kOp)},
          {kOp,
           QuorumNotMet,
           "by the bank without compliance",
           {},
           by_bank(quorum(kA, Role::Treasury, 2))},
          {kOp, SameOperator, "the treasury is one human",
           key_record(key(kA, Role::Treasury, 2), kA, [](auto& k) { k.operator_id = 107; }),
           by_bank(bank)},
          {kOp, DebtorAccountClosed, "the payee's account is closed",
           both(merchant([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(kOp)},
          {kOp, InsufficientFunds, "spent", move(kMerchant, kBuyer, "4000.01"), as_sampled(kOp)},
          {kOp, FundsOnHold, "held for a payment",
           [](World& world) {
             Pay other = pay_order(9, world.now);
             other.terms.payer_account = kMerchant;
             other.terms.amount = cents("4000.01");
             other.terms.payer_fee = {};
             world.run(pay(other, world.now));
           },
           as_sampled(kOp)},
          {kOp, FundsFrozen, "frozen", frozen(kAUsd, kMerchant, "4000.01"), as_sampled(kOp)},
          {kOp, IssuanceCapExceeded, "the cap of the bank that mints it again",
           token(kBUsd, [](auto& t) { t.issuance_cap = cents("405999.99"); }), as_sampled(kOp)},
          {kOp, SettlementFundsInsufficient, "A has no settlement money left",
           frozen(kSUsd, nostro(kA, kSUsd), "5004000.01"), as_sampled(kOp)},
          {kOp, DebtorBlocked, "DEBIT is blocked", blocked, as_sampled(kOp)},
          {kOp, Denylisted, "A denies the original payer",
           denies(kA, deny_account_key(kA, kB, kSupplier)), as_sampled(kOp)},
          {kOp, PaymentNotFound, "no such payment", {}, order([](auto& r) { r.uetr = uetr(9); })},
          {kOp, PaymentWrongState, "it still waits",
           [](World& world) {
             Pay other = pay_to_a(9, world.now);
             other.terms.amount = cents("2000.00");
             world.run(pay_by_b(other, world.now));
           },
           order([](auto& r) { r.uetr = uetr(9); })},
          {kOp, ReturnExceedsOriginal, "more than was paid", move(kBuyer, kMerchant, "1000.00"),
           order([](auto& r) { r.amount = cents("5000.01"); })},
          {kOp, ReturnExceedsOriginal, "more than is left of it", earlier("4000.01"),
           [move](World& world) {
             move(kBuyer, kMerchant, "1000.00")(world);
             return sample(kOp, world);
           }},
          {kOp, AlreadyReturned, "all of it is back", earlier("5000.00"), as_sampled(kOp)},
          {kOp, ReturnOfReturn, "a return", earlier("1000.00"),
           [](World& world) {
             Signed out = sample(kOp, world);
             auto& action = action_of<ReturnPayment>(out);
             action.payer_bank = kA, action.uetr = uetr(600);
             out.operation.actor = kB;
             out.keys = {&key(kB, Role::Maker)};
             return out;
           }},
          {kOp, WindowClosed, "too long ago",
           [](World& world) {
             world.edit<Params>(params_key(), [](Params& p) { p.return_window_ms = 999; });
           },
           as_sampled(kOp)},
          {kOp, IdInUse, "the UETR had its payment before",
           [](World& world) {
             world.run(transfer(transfer_order(500, "1.00"), world.now));
             world.wait(2 * 3'600'000 + 1);
           },
           as_sampled(kOp)},
          {kOp, NoSettlementPath, "A's own account is gone",
           [](World& world) {
             world.state.rows.erase(own_account_key(kA, kSUsd).to_bytes());
             world.forget();
           },
           as_sampled(kOp)},
          {kOp, InvariantViolation, "a position that does not add up",
           position(kAUsd, kMerchant, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(kOp), false},
      });
}

}  // namespace giro::ledger::demo
