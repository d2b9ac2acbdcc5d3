#include "crypto/digest.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

using enum Code;

// The payee of the sample, and where it is.
struct Payee {
  InstId servicer;
  TokenId token;
  AccountId account;
};
Payee payee_of(std::string_view operation) {
  return operation == "PAY" ? Payee{kB, kBUsd, kSupplier} : Payee{kA, kAUsd, kMerchant};
}

}  // namespace

void add_payment_rules(std::vector<Rule>& rules, std::string_view op) {
  const Payee payee = payee_of(op);
  const auto terms = [op](std::function<void(PaymentTerms&)> f) {
    return with_terms(op, std::move(f));
  };
  const auto limits = [](std::function<void(PositionLimits&)> f) {
    return position(kAUsd, kBuyer, [f](auto& p) { f(p.limits); });
  };
  const auto amount = [terms](std::string_view text) {
    return terms([text](auto& t) { t.amount = cents(text); });
  };
  const auto payer = [](std::function<void(Account&)> f) {
    return account(kA, kBuyer, std::move(f));
  };
  const auto payees = [payee](std::function<void(Account&)> f) {
    return account(payee.servicer, payee.account, std::move(f));
  };
  rules.insert(
      rules.end(),
      {
          {op, Ok, "as ordered", {}, as_sampled(op)},
          {op, Malformed, "DEBT with a fee of the payee", {}, terms([](auto& t) {
             t.charge_bearer = ChargeBearer::Debt, t.payee_fee = cents("0.01");
           })},
          {op, Malformed, "CRED with a fee of the payer", {}, terms([](auto& t) {
             t.charge_bearer = ChargeBearer::Cred;
           })},
          {op, Malformed, "a purpose in lower case", {}, terms([](auto& t) {
             t.purpose = Purpose::from("supp");
           })},
          {op, Malformed, "amount_to belongs to FX", {}, terms([](auto& t) {
             t.amount_to = cents("1.00");
           })},
          {op, Malformed, "another bank's order", {}, terms([](auto& t) { t.payer_bank = kC; })},
          {op, BadId, "no payee account", {}, terms([](auto& t) { t.payee_account = {}; })},
          {op,
           BadUetr,
           "not a version 4 UUID",
           {},
           [op](World& world) {
             Signed order = sample(op, world);
             order.operation.op_id = terms_of(order).uetr = account_id("no uuid");
             order.operation.op_id.bytes[6] = terms_of(order).uetr.bytes[6] = std::byte{0x11};
             renew_ticket(order, world);
             return order;
           }},
          {op, BadUetr, "the op_id is another", {}, terms([](auto& t) { t.uetr = uetr(9); })},
          {op, ZeroAmount, "nothing", {}, terms([](auto& t) { t.amount = {}; })},
          {op, AmountOutOfRange, "19 digits", {}, terms([](auto& t) {
             t.amount = {0, 1'000'000'000'000'000'000};
           })},
          {op, AmountOutOfRange, "a fee of 19 digits", {}, terms([](auto& t) {
             t.payer_fee = {1, 0};
           })},
          {op, SameAccount, "to itself", {}, terms([](auto& t) {
             t.payee_account = t.payer_account, t.payee_bank = t.payer_bank;
           })},
          {op, NotAuthorisedForAccount, "the customer's own key is missing", payer([](auto& a) {
             a.auth_mode = AuthMode::Joint;
             a.policy = {.m = 1, .keys = {stranger().public_key()}};
           }),
           as_sampled(op)},
          {op, InstitutionNotFound, "nobody's bank", {}, terms([](auto& t) { t.payee_bank = 77; })},
          {op, AgentSuspended, "the payer's bank is suspended",
           status(kA, InstitutionStatus::Suspended), as_sampled(op)},
          {op, TokenNotFound, "nobody's token, on the debit side", {}, terms([](auto& t) {
             t.token_from = 99;
           })},
          {op, TokenNotFound, "nobody's token, on the credit side", {}, terms([](auto& t) {
             t.token_to = 99;
           })},
          {op, DebtorAccountNotFound, "no such payer", {}, terms([](auto& t) {
             t.payer_account = account_id("x");
           })},
          {op, CreditorAccountNotFound, "no such payee", {}, terms([](auto& t) {
             t.payee_account = account_id("x");
           })},
          {op, DebtorAccountClosed, "the payer's account is closed",
           both(payer([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(op)},
          {op, CreditorAccountClosed, "the payee's account is closed",
           both(payees([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(op)},
          {op, DebtorPositionNotOpen, "the payer holds no such token", no_position(kAUsd, kBuyer),
           as_sampled(op)},
          {op, CreditorPositionNotOpen, "the payee holds no such token",
           no_position(payee.token, payee.account), as_sampled(op)},
          {op, IdInUse, "the UETR had its payment before",
           [op](World& world) {
             // The outcome is forgotten an hour after valid_until, the payment after 400 days.
             Signed first = sample(op, world);
             world.run(first);
             world.wait(first.operation.valid_until.value - world.now.value + 3'600'001);
           },
           as_sampled(op)},
          {op, FundsFrozen, "available does not cover amount and fee",
           frozen(kAUsd, kBuyer, "1999990.00"), as_sampled(op)},
          {op, TxLimitAccount, "one cent above the account's limit, the fee included",
           limits([](auto& l) { l.max_tx = cents("10.49"); }), as_sampled(op)},
          {op, DailyAmountLimit, "one cent above the day's limit",
           limits([](auto& l) { l.day_amount = cents("10.49"); }), as_sampled(op)},
          {op, DailyCountLimit, "one payment too many",
           [](World& world) {
             world.edit<Position>(position_key(kAUsd, kBuyer),
                                  [](Position& p) { p.limits.day_count = 1; });
             world.run(transfer(transfer_order(9, "1.00"), world.now));
           },
           as_sampled(op)},
          {op, TxLimitToken, "above the token's limit",
           token(kAUsd, [](auto& t) { t.max_tx = cents("10.49"); }), as_sampled(op)},
          {op, BelowMinimum, "below the token's minimum",
           token(kAUsd, [](auto& t) { t.min_tx = cents("200000.00"); }), as_sampled(op)},
          {op, ArithmeticOverflow, "a fee above the amount", {}, terms([](auto& t) {
             t.amount = cents("0.01"), t.payee_fee = cents("0.02");
           })},
          {op, FeeExceedsMax, "a fee of the payer above the token's bound", {}, terms([](auto& t) {
             t.payer_fee = cents("100.01");
           })},
          {op, FeeExceedsMax, "a fee of the payee above the token's bound", {}, terms([](auto& t) {
             t.amount = cents("200.00"), t.payee_fee = cents("100.01");
           })},
          {op, DebtorBlocked, "DEBIT is blocked", payer([](auto& a) { a.blocks = kBlockDebit; }),
           as_sampled(op)},
          {op, CreditorBlocked, "CREDIT is blocked",
           payees([](auto& a) { a.blocks = kBlockCredit; }), as_sampled(op)},
          {op, Denylisted, "the payer bank denies the payee",
           denies(kA, deny_account_key(kA, payee.servicer, payee.account)), as_sampled(op)},
          {op, Denylisted, "the payer bank denies the payee's country",
           denies(kA, deny_country_key(kA, CountryCode::from(op == "PAY" ? "HK" : "US"))),
           as_sampled(op)},
          {op, KycExpired, "the payer must be known",
           payer([](auto& a) { a.kyc_valid_until = {1}; }), as_sampled(op)},
          {op, PayeeBankNotAllowed, "only to C",
           limits([](auto& l) { l.allowed_payee_banks = {kC}; }), as_sampled(op)},
          {op, ExposureLimit, "above the payee's max_balance",
           position(payee.token, payee.account,
                    [](auto& p) { p.limits.max_balance = cents("9.99"); }),
           as_sampled(op)},
          {op, InvariantViolation, "a position that does not add up",
           position(kAUsd, kBuyer, [](auto& p) { p.cr_total.lo += 1; }), as_sampled(op), false},
      });
  rules.push_back({op, InsufficientFunds, "posted does not cover amount and fee",
                   [](World& world) {
                     world.edit<Position>(position_key(kAUsd, kBuyer),
                                          [](Position& p) { p.limits = {}; });
                     world.run(transfer(transfer_order(9, "1950000.00"), world.now));
                   },
                   op == "PAY" ? as_sampled(op) : amount("49999.51")});
  // Whoever holds most of the money for a payment that waits has only the rest for this one.
  rules.push_back({op, FundsOnHold, "the rest is held for a payment",
                   [](World& world) {
                     world.edit<Position>(position_key(kAUsd, kBuyer),
                                          [](Position& p) { p.limits = {}; });
                     for (std::uint64_t n = 8; n <= 9; ++n) {
                       Pay order = pay_order(n, world.now);
                       order.terms.amount = cents("999964.00");
                       world.run(pay(order, world.now));
                     }
                   },
                   op == "PAY" ? as_sampled(op) : amount("22.00")});
}

void add_transfer_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "TRANSFER";
  add_payment_rules(rules, kOp);
  const auto terms = [](std::function<void(PaymentTerms&)> f) {
    return with_terms(kOp, std::move(f));
  };
  const auto between_banks = [](InstId owner, std::string_view text) {
    return [owner, text](World& world) {
      Transfer order = transfer_order(500, text);
      order.terms.payer_account = nostro(kA, kSUsd);
      order.terms.payee_account = nostro(owner, kSUsd);
      order.terms.payee_bank = owner;
      order.terms.token_from = order.terms.token_to = kSUsd;
      Signed out = transfer(order, world.now);
      out.keys = quorum(kA, Role::Treasury, 2);
      return out;
    };
  };
  const AccountId fee = internal_account(kAUsd, AccountKind::Fee);
  const AccountId suspense = internal_account(kAUsd, AccountKind::Suspense);
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "settlement money between two banks", {}, between_banks(kB, "1000000.00")},
          {kOp, Ok, "a customer pays the bank", {}, terms([fee](auto& t) {
             t.payee_account = fee;
           })},
          {kOp, Malformed, "a settle token", {}, terms([](auto& t) { t.settle_token = kSUsd; })},
          {kOp, SameAccount, "the same account under another bank's name", {}, terms([](auto& t) {
             t.payee_account = t.payer_account, t.payee_bank = kB;
           })},
          {kOp,
           QuorumNotMet,
           "no checker from the threshold on",
           {},
           [](World& world) {
             Signed out = transfer(transfer_order(500, "100000.00"), world.now);
             out.keys = {&key(kA, Role::Maker)};
             return out;
           }},
          {kOp,
           Ok,
           "no checker below it",
           {},
           [](World& world) {
             Signed out = transfer(transfer_order(500, "99999.99"), world.now);
             out.keys = {&key(kA, Role::Maker)};
             return out;
           }},
          {kOp, SameOperator, "maker and checker are one human",
           key_record(key(kA, Role::Checker), kA, [](auto& k) { k.operator_id = 112; }),
           [](World& world) { return transfer(transfer_order(500, "100000.00"), world.now); },
           false},
          {kOp,
           RoleNotPermitted,
           "a customer of another bank",
           {},
           [](World& world) {
             Signed out = transfer(transfer_order(500, "1.00"), world.now);
             out.operation.actor = kB;
             terms_of(out).payer_bank = kB;
             return out;
           }},
          {kOp, CreditorAgentSuspended, "the owner of the credited account is suspended",
           status(kB, InstitutionStatus::Suspended), between_banks(kB, "1.00")},
          {kOp, OperationPaused, "TRANSFER is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseTransfer; }), as_sampled(kOp)},
          {kOp, Ok, "XBANK is another matter",
           token(kAUsd, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, TokenMismatch, "two tokens", {}, terms([](auto& t) { t.token_to = kAEur; })},
          {kOp,
           CreditorAccountNotFound,
           "the account is there, but at another bank",
           {},
           terms([](auto& t) { t.payee_bank = kC; })},
          {kOp, CreditorKindNotAllowed, "a customer pays no correspondent", {}, terms([](auto& t) {
             t.payee_account = nostro(kB, kAUsd), t.payee_bank = kB;
           })},
          {kOp, CreditorKindNotAllowed, "nobody pays into SUSPENSE", {}, terms([suspense](auto& t) {
             t.payee_account = suspense;
           })},
          {kOp, ExposureLimit, "above the owner's limit",
           position(kSUsd, nostro(kB, kSUsd),
                    [](auto& p) { p.limits.max_balance = cents("1000000.00"); }),
           between_banks(kB, "0.01")},
          {kOp,
           InsufficientFunds,
           "a bank spends what it has",
           {},
           between_banks(kB, "5000000.01")},
      });
}

void add_pay_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "PAY";
  add_payment_rules(rules, kOp);
  const auto terms = [](std::function<void(PaymentTerms&)> f) {
    return with_terms(kOp, std::move(f));
  };
  const auto order = [](std::function<void(Pay&)> f) { return changed<Pay>(kOp, std::move(f)); };
  // The sample with another ticket.
  const auto ticket = [](std::function<void(TicketBody&)> f, Keys keys) {
    return [f, keys](World& world) {
      Signed out = sample(kOp, world);
      Pay& pay = action_of<Pay>(out);
      TicketBody body = ticket_body(pay.terms, world.now);
      f(body);
      attach(pay, body, keys);
      return out;
    };
  };
  const Keys payee = {&key(kB, Role::Compliance)};
  const auto good_ticket = [](TicketBody&) {};
  const auto halves = [](std::function<void(CorridorHalf&)> f) {
    return corridor(kA, kB, [f](auto& c) { f(c.payee); });
  };
  const TimeMs old = add_ms(kGenesisTime, 1);

  rules.insert(
      rules.end(),
      {
          {kOp, Malformed, "no settle token", {}, terms([](auto& t) { t.settle_token = 0; })},
          {kOp,
           QuorumNotMet,
           "no checker from the threshold on",
           {},
           with_keys(kOp, {&key(kA, Role::Maker), &key(kA, Role::Compliance)})},
          {kOp,
           QuorumNotMet,
           "no compliance",
           {},
           with_keys(kOp, {&key(kA, Role::Maker), &key(kA, Role::Checker)})},
          {kOp, SameOperator, "maker and compliance are one human",
           key_record(key(kA, Role::Compliance), kA, [](auto& k) { k.operator_id = 112; }),
           as_sampled(kOp)},
          {kOp, CreditorAgentSuspended, "the payee's bank is suspended",
           status(kB, InstitutionStatus::Suspended), as_sampled(kOp)},
          {kOp, IssuerExiting, "no mint at a bank that leaves",
           status(kB, InstitutionStatus::Exiting), as_sampled(kOp)},
          {kOp, Ok, "but its prefunded money can still be spent",
           status(kB, InstitutionStatus::Exiting), terms([](auto& t) { t.settle_token = kBUsd; })},
          {kOp, SameBank, "use TRANSFER", {}, terms([](auto& t) {
             t.payee_bank = kA, t.payee_account = kMerchant, t.token_to = kAUsd;
           })},
          {kOp, TtlOutOfRange, "longer than the longest", {}, order([](auto& p) {
             p.ttl_s = 5 * 86'400 + 1;
           })},
          {kOp, TokenNotFound, "nobody's settle token", {}, terms([](auto& t) {
             t.settle_token = 99;
           })},
          {kOp, OperationPaused, "XBANK is paused at the payer",
           token(kAUsd, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, OperationPaused, "XBANK is paused at the payee",
           token(kBUsd, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, OperationPaused, "the settle token does not move",
           token(kSUsd, [](auto& t) { t.paused = kPauseTransfer; }), as_sampled(kOp)},
          {kOp, TokenMismatch, "dollars for euros", {}, terms([](auto& t) { t.token_to = kBEur; })},
          {kOp, TokenMismatch, "settled in euros", {}, terms([](auto& t) {
             t.settle_token = kSEur;
           })},
          {kOp, DebtorKindNotAllowed, "a correspondent orders no payment",
           [](World& world) {
             world.edit<Account>(account_key(kA, nostro(kB, kAUsd)),
                                 [](Account& a) { a.owner = kA; });
           },
           [](World& world) {
             Signed out = sample(kOp, world);
             terms_of(out).payer_account = nostro(kB, kAUsd);
             renew_ticket(out, world);
             out.keys = out.keys + quorum(kA, Role::Treasury, 2);
             return out;
           }},
          {kOp, DebtorPositionNotOpen, "another bank's token", {}, terms([](auto& t) {
             t.token_from = kDUsd;
           })},
          {kOp, CreditorKindNotAllowed, "a correspondent gets no payment", {}, terms([](auto& t) {
             t.payee_account = nostro(kA, kBUsd);
           })},
          {kOp, Denylisted, "the payee bank denies the payer",
           denies(kB, deny_account_key(kB, kA, kBuyer)), as_sampled(kOp)},
          {kOp, Denylisted, "the payee bank denies the payer's bank",
           denies(kB, deny_institution_key(kB, kA)), as_sampled(kOp)},
          {kOp, CorridorTxLimit, "one cent above the corridor", {}, terms([](auto& t) {
             t.amount = cents("1000000.01");
           })},
          {kOp, CorridorDisabled, "one half is off", halves([](auto& h) { h.enabled = false; }),
           as_sampled(kOp)},
          {kOp, CorridorDisabled, "there is none",
           [](World& world) {
             world.state.rows.erase(corridor_key(kA, kB, Currency::from("USD")).to_bytes());
             world.forget();
           },
           as_sampled(kOp)},
          {kOp, NoSettlementPath, "the payee has no account in the settle token",
           [](World& world) {
             world.state.rows.erase(own_account_key(kB, kSUsd).to_bytes());
             world.forget();
           },
           as_sampled(kOp)},
          {kOp, NoSettlementPath, "the payer's own account is blocked",
           account(kS, nostro(kA, kSUsd), [](auto& a) { a.blocks = kBlockDebit; }),
           as_sampled(kOp)},
          {kOp, SettleTokenNotAgreed, "not in the payee's list",
           halves([](auto& h) { h.settle_tokens = {kBUsd}; }), as_sampled(kOp)},
          {kOp, EvidenceMissing, "no screening", {}, order([](auto& p) {
             p.screening.aml_fraud = Check::NotDone;
           })},
          {kOp, EvidenceMissing, "a check that the payee bank requires",
           halves([](auto& h) { h.required_checks |= kCheckOther; }), as_sampled(kOp)},
          {kOp, EvidenceMissing, "a ticket for other terms", {}, order([](auto& p) {
             p.terms.payee_fee = cents("9.99");
           })},
          {kOp,
           EvidenceMissing,
           "a ticket of another bank",
           {},
           ticket([](auto& b) { b.payee_bank = kC; }, payee)},
          {kOp,
           EvidenceMissing,
           "a ticket signed by the payer",
           {},
           ticket(good_ticket, {&key(kA, Role::Compliance)})},
          {kOp,
           EvidenceMissing,
           "a ticket signed by an auditor",
           {},
           ticket(good_ticket, {&key(kB, Role::Auditor)})},
          {kOp, EvidenceMissing, "a ticket of a revoked key",
           key_record(key(kB, Role::Compliance), kB,
                      [](auto& k) { k.status = KeyStatus::Revoked; }),
           as_sampled(kOp)},
          {kOp, EvidenceMissing, "no issuer from the dual threshold on",
           token(kBUsd, [](auto& t) { t.dual_threshold = cents("125000.00"); }), as_sampled(kOp)},
          {kOp, Ok, "with its issuers",
           token(kBUsd, [](auto& t) { t.dual_threshold = cents("125000.00"); }),
           ticket(good_ticket, payee + quorum(kB, Role::Issuer, 2))},
          {kOp,
           EvidenceMissing,
           "a ticket without screening",
           {},
           ticket([](auto& b) { b.screening.sanctions = Check::NotDone; }, payee)},
          {kOp, ScreeningFailed, "the payer's bank found something", {}, order([](auto& p) {
             p.screening.sanctions = Check::Fail;
           })},
          {kOp, ScreeningFailed, "a failed check that nobody required", {}, order([](auto& p) {
             p.screening.other = Check::Fail;
           })},
          {kOp,
           ScreeningFailed,
           "the payee's bank found something",
           {},
           ticket([](auto& b) { b.screening.aml_fraud = Check::Fail; }, payee)},
          {kOp, EvidenceStale, "screened 15 minutes and a moment ago",
           [](World& world) { world.wait(15 * 60'000); },
           order([old](auto& p) { p.screening.screened_at = old; })},
          {kOp, EvidenceStale, "screened in the future", {}, order([](auto& p) {
             p.screening.screened_at = add_ms(kGenesisTime, 61'001);
           })},
          {kOp, Ok, "screened a minute ahead", {}, order([](auto& p) {
             p.screening.screened_at = add_ms(kGenesisTime, 61'000);
           })},
          {kOp,
           EvidenceStale,
           "a ticket at its end",
           {},
           ticket([](auto& b) { b.expires_at = add_ms(kGenesisTime, 1'000); }, payee)},
          {kOp, EvidenceStale, "a ticket screened long ago",
           [](World& world) { world.wait(15 * 60'000); },
           ticket([old](auto& b) { b.screening.screened_at = old; }, payee)},
          {kOp, TravelRuleMissing, "no party data", {}, terms([](auto& t) {
             t.travel_rule_commit = {};
           })},
          {kOp,
           TravelRuleNotAcked,
           "not received",
           {},
           ticket([](auto& b) { b.travel_rule_ack = false; }, payee)},
          {kOp, CopNoMatch, "the name is another's", {}, terms([](auto& t) {
             t.cop_result = CopResult::NoMatch;
           })},
          {kOp, CopNoMatch, "close is not enough", {}, terms([](auto& t) {
             t.cop_result = CopResult::Close;
           })},
          {kOp, Ok, "close, and the customer insists", {}, terms([](auto& t) {
             t.cop_result = CopResult::Close, t.cop_override = true;
           })},
          {kOp, PurposeRequired, "a purpose is required",
           halves([](auto& h) { h.purpose_required = true; }),
           terms([](auto& t) { t.purpose = {}; })},
          {kOp, IssuanceCapExceeded, "the payee bank's cap",
           token(kBUsd, [](auto& t) { t.issuance_cap = cents("500000.00"); }), as_sampled(kOp)},
          {kOp, CorridorDailyCap, "the day is used up",
           corridor(kA, kB,
                    [](auto& c) {
                      c.day = day_of(kGenesisTime);
                      c.day_used = cents("4875000.01");
                    }),
           as_sampled(kOp)},
          {kOp, Ok, "yesterday's use is gone",
           corridor(kA, kB,
                    [](auto& c) {
                      c.day = day_of(kGenesisTime) - 1;
                      c.day_used = cents("5000000.00");
                    }),
           as_sampled(kOp)},
          {kOp, SettlementFundsInsufficient, "more than A holds of S.USD",
           frozen(kSUsd, nostro(kA, kSUsd), "4875000.01"), as_sampled(kOp)},
          {kOp, ExposureLimit, "more than B wants to hold",
           position(kSUsd, nostro(kB, kSUsd),
                    [](auto& p) { p.limits.max_balance = cents("1124999.99"); }),
           as_sampled(kOp)},
      });
}

}  // namespace giro::ledger::demo
