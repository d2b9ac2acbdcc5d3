#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

using enum Code;

Keys plus_checker() {
  return {&key(kA, Role::Maker), &key(kA, Role::Checker), &key(kA, Role::Compliance)};
}
Given broken(TokenId id, const AccountId& holder) {
  return position(id, holder, [](auto& p) { p.cr_total.lo += 1; });
}

}  // namespace

void add_bulk_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "BULK_PAY";
  const auto order = [](std::function<void(BulkPay&)> f) {
    return changed<BulkPay>(kOp, std::move(f));
  };
  const auto items = [order](std::function<void(PaymentTerms&)> f) {
    return order([f](BulkPay& b) {
      for (PaymentTerms& item : b.items) f(item);
    });
  };
  const auto buyer = [](std::function<void(Account&)> f) {
    return account(kA, kBuyer, std::move(f));
  };
  const Given always_checked = token(kAUsd, [](auto& t) { t.checker_threshold = cents("510.00"); });
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "a payment and a transfer", {}, as_sampled(kOp)},
          {kOp, Ok, "an item may fail alone", {}, order([](auto& b) {
             b.items[1].payee_account = account_id("x");
           })},
          {kOp, Malformed, "two debtors", {}, order([](auto& b) {
             b.items[1].payer_account = kMerchant, b.items[1].payee_account = kBuyer;
           })},
          {kOp, Malformed, "two tokens of the debtor", {}, order([](auto& b) {
             b.items[1].token_from = b.items[1].token_to = kAEur;
           })},
          {kOp, Malformed, "amount_to belongs to FX", {}, order([](auto& b) {
             b.items[0].amount_to = cents("1.00");
           })},
          {kOp, Malformed, "a ticket for nobody's payments", {}, order([](auto& b) {
             TicketBody body = ticket_body(b.items[0]);
             body.payee_bank = kC;
             b.tickets.push_back(make_ticket(encode_ticket_body(body),
                                             filler_signatures({&key(kC, Role::Compliance)})));
           })},
          {kOp, NonCanonicalEncoding, "two tickets of one bank", {}, order([](auto& b) {
             const Ticket ticket = make_ticket(encode_ticket_body(ticket_body(b.items[0])),
                                               filler_signatures({&key(kB, Role::Compliance)}));
             b.tickets = {ticket, ticket};
           })},
          {kOp, BadUetr, "an item without a UUID", {}, order([](auto& b) {
             b.items[1].uetr.bytes[6] = std::byte{0x11};
           })},
          {kOp, ZeroAmount, "an item of nothing", {}, order([](auto& b) {
             b.items[1].amount = {}, b.control_sum = b.items[0].amount;
           })},
          {kOp, AmountOutOfRange, "an item of 19 digits", {}, order([](auto& b) {
             b.items[1].amount = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, SameAccount, "to itself", {}, order([](auto& b) {
             b.items[1].payee_account = kBuyer;
           })},
          {kOp, TooManyItems, "none", {}, order([](auto& b) { b.items = {}; })},
          {kOp, TooManyItems, "1,001", {}, order([](auto& b) {
             while (b.items.size() < 1'001) b.items.push_back(PaymentTerms(b.items[0]));
           })},
          {kOp, ControlSumMismatch, "a cent too much", {}, order([](auto& b) {
             b.control_sum = cents("510.01");
           })},
          {kOp, QuorumNotMet, "the sum needs a checker", always_checked, as_sampled(kOp)},
          {kOp, Ok, "with a checker", always_checked, with_keys(kOp, plus_checker())},
          {kOp, QuorumNotMet, "no compliance", {}, with_keys(kOp, {&key(kA, Role::Maker)})},
          {kOp, SameOperator, "maker and compliance are one human",
           key_record(key(kA, Role::Compliance), kA, [](auto& k) { k.operator_id = 112; }),
           as_sampled(kOp)},
          {kOp, NotAuthorisedForAccount, "the customer's own key is missing", buyer([](auto& a) {
             a.auth_mode = AuthMode::Joint;
             a.policy = {.m = 1, .keys = {stranger().public_key()}};
           }),
           as_sampled(kOp)},
          {kOp, TokenNotFound, "nobody's token", {}, items([](auto& t) { t.token_from = 99; })},
          {kOp, OperationPaused, "XBANK is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, OperationPaused, "TRANSFER is paused",
           token(kAUsd, [](auto& t) { t.paused = kPauseTransfer; }), as_sampled(kOp)},
          {kOp, DebtorAccountNotFound, "no such account", {}, items([](auto& t) {
             t.payer_account = kSupplier, t.payee_account = kMerchant;
           })},
          {kOp, DebtorAccountClosed, "closed",
           both(buyer([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(kOp)},
          {kOp, DebtorPositionNotOpen, "holds no such token", no_position(kAUsd, kBuyer),
           as_sampled(kOp)},
          {kOp,
           DebtorKindNotAllowed,
           "the bank's own account orders no payment",
           {},
           [](World& world) {
             Signed out = sample(kOp, world);
             for (PaymentTerms& item : action_of<BulkPay>(out).items)
               item.payer_account = internal_account(kAUsd, AccountKind::Fee);
             out.keys = out.keys + quorum(kA, Role::Treasury, 2);
             return out;
           }},
          {kOp, DebtorBlocked, "DEBIT is blocked", buyer([](auto& a) { a.blocks = kBlockDebit; }),
           as_sampled(kOp)},
          {kOp, KycExpired, "the payer must be known",
           buyer([](auto& a) { a.kyc_valid_until = {1}; }), as_sampled(kOp)},
          {kOp, ScreeningFailed, "the one screening failed", {}, order([](auto& b) {
             b.screening.sanctions = Check::Fail;
           })},
          {kOp, EvidenceStale, "the one screening is of the future", {}, order([](auto& b) {
             b.screening.screened_at = add_ms(b.screening.screened_at, 61'001);
           })},
          {kOp, TtlOutOfRange, "longer than the longest", {}, order([](auto& b) {
             b.ttl_s = 5 * 86'400 + 1;
           })},
          {kOp, LegFailed, "one item fails all", {}, order([](auto& b) {
             b.all_or_nothing = true, b.items[1].payee_account = account_id("x");
           })},
          {kOp, InvariantViolation, "a position that does not add up", broken(kAUsd, kBuyer),
           as_sampled(kOp), false},
      });
}

void add_batch_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "SETTLE_ATOMIC";
  const auto batch = [](std::function<void(SettleAtomic&)> f) {
    return changed<SettleAtomic>(kOp, std::move(f));
  };
  // The terms changed, with a ticket for them.
  const auto terms = [](std::function<void(PaymentTerms&)> f) {
    return [f](World& world) {
      Signed out = sample(kOp, world);
      SettleAtomic& action = action_of<SettleAtomic>(out);
      f(*action.payment);
      action.ticket = make_ticket(encode_ticket_body(ticket_body(*action.payment, world.now)),
                                  filler_signatures({&key(kB, Role::Compliance)}));
      return out;
    };
  };
  const auto buyer = [](std::function<void(Account&)> f) {
    return account(kA, kBuyer, std::move(f));
  };
  const auto supplier = [](std::function<void(Account&)> f) {
    return account(kB, kSupplier, std::move(f));
  };
  const auto limits = [](std::function<void(PositionLimits&)> f) {
    return position(kAUsd, kBuyer, [f](auto& p) { f(p.limits); });
  };
  const auto lane = [](std::function<void(CorridorHalf&)> f) {
    return corridor(kA, kB, [f](auto& c) { f(c.payee); });
  };
  const auto unpaid = [batch](std::function<void(SettleAtomic&)> f) {
    return batch([f](SettleAtomic& b) {
      b.payment.reset(), b.ticket.reset(), b.screening = {};
      f(b);
    });
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Ok, "dollars for euros", {}, as_sampled(kOp)},
          {kOp, Ok, "inside one bank nobody needs a payment", {}, unpaid([](auto& b) {
             b.legs[0].xfer->to = kMerchant;
             b.legs = {b.legs[0], b.legs[3]};
           })},
          {kOp, EvidenceMissing, "a customer's money that reaches no customer", {},
           unpaid([](auto& b) { b.legs = {b.legs[0], b.legs[3]}; })},
          {kOp, EvidenceMissing, "customers of two banks", {}, unpaid([](auto&) {})},
          {kOp,
           EvidenceMissing,
           "a burn here and a mint there",
           {},
           [unpaid](World& world) {
             Signed out = unpaid([](auto& b) {
               Leg burn;
               burn.burn = Redeem{.token = kAUsd, .account = kBuyer, .amount = {0, 1}};
               b.legs = {burn, b.legs[2]};
             })(world);
             out.keys = out.keys + quorum(kA, Role::Treasury, 2);
             return out;
           }},
          {kOp, Malformed, "a settle token", {}, terms([](auto& t) { t.settle_token = kSUsd; })},
          {kOp, Malformed, "evidence of no payment", {}, batch([](auto& b) {
             b.payment.reset();
             b.ticket.reset();
           })},
          {kOp, Malformed, "two in one leg", {}, batch([](auto& b) {
             b.legs[0].mint = b.legs[2].mint;
           })},
          {kOp, Malformed, "a leg of nothing", {}, batch([](auto& b) { b.legs[0] = {}; })},
          {kOp, Malformed, "a leg that rejects", {}, batch([](auto& b) {
             b.legs[0] = {};
             b.legs[0].accept =
                 PayRespond{.payer_bank = kB, .uetr = uetr(1), .reason = Regulatory, .screening = {}};
           })},
          {kOp, BadId, "a leg from nowhere", {}, batch([](auto& b) { b.legs[0].xfer->from = {}; })},
          {kOp, BadUetr, "the op_id is another", {}, terms([](auto& t) { t.uetr = uetr(9); })},
          {kOp, ZeroAmount, "a leg of zero", {}, batch([](auto& b) {
             b.legs[0].xfer->amount = {};
           })},
          {kOp, AmountOutOfRange, "19 digits", {}, terms([](auto& t) {
             t.amount_to = {0, 1'000'000'000'000'000'000};
           })},
          {kOp, SameAccount, "a leg to itself", {}, batch([](auto& b) {
             b.legs[0].xfer->to = kBuyer;
           })},
          {kOp, TooManyItems, "one leg", {}, batch([](auto& b) { b.legs = {b.legs[0]}; })},
          {kOp, TooManyItems, "17 legs", {}, batch([](auto& b) {
             while (b.legs.size() < 17) b.legs.push_back(Leg(b.legs[0]));
           })},
          {kOp, QuorumNotMet, "no issuer at B", {},
           with_keys(kOp, pay_keys() + quorum(kD, Role::Treasury, 2) + quorum(kB, Role::Issuer, 1))},
          {kOp, SameOperator, "D's treasury is one human",
           key_record(key(kD, Role::Treasury, 2), kD, [](auto& k) { k.operator_id = 107; }),
           as_sampled(kOp)},
          {kOp, NotAuthorisedForAccount, "the customer's own key is missing", buyer([](auto& a) {
             a.auth_mode = AuthMode::Joint;
             a.policy = {.m = 1, .keys = {stranger().public_key()}};
           }),
           as_sampled(kOp)},
          {kOp, InstitutionNotFound, "nobody's bank", {}, terms([](auto& t) {
             t.payee_bank = 77;
           })},
          {kOp, AgentSuspended, "D must sign, and is suspended",
           status(kD, InstitutionStatus::Suspended), as_sampled(kOp)},
          {kOp, CreditorAgentSuspended, "the payee's bank, which signs nothing, is suspended",
           status(kB, InstitutionStatus::Suspended),
           batch([](auto& b) { b.legs = {b.legs[0], b.legs[3]}; })},
          {kOp, TokenNotFound, "nobody's token", {}, terms([](auto& t) { t.token_to = 99; })},
          {kOp, OperationPaused, "XBANK is paused",
           token(kBEur, [](auto& t) { t.paused = kPauseXbank; }), as_sampled(kOp)},
          {kOp, DebtorAccountNotFound, "no such payer", {}, terms([](auto& t) {
             t.payer_account = account_id("x");
           })},
          {kOp, CreditorAccountNotFound, "no such payee", {}, terms([](auto& t) {
             t.payee_account = account_id("x");
           })},
          {kOp, DebtorAccountClosed, "the payer's account is closed",
           both(buyer([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(kOp)},
          {kOp, CreditorAccountClosed, "the payee's account is closed",
           both(supplier([](auto& a) { a.status = AccountStatus::Closed; }),
                [](World& w) { w.expect_sound(false); }),
           as_sampled(kOp)},
          {kOp, DebtorPositionNotOpen, "the payer holds no such token", no_position(kAUsd, kBuyer),
           as_sampled(kOp)},
          {kOp, CreditorPositionNotOpen, "the payee holds no such token",
           no_position(kBEur, kSupplier), as_sampled(kOp)},
          {kOp,
           DebtorKindNotAllowed,
           "the bank's own account orders no payment",
           {},
           [terms](World& world) {
             Signed out = terms([](auto& t) {
               t.payer_account = internal_account(kAUsd, AccountKind::Fee);
             })(world);
             out.keys = out.keys + quorum(kA, Role::Treasury, 2);
             return out;
           }},
          {kOp, CreditorKindNotAllowed, "a bank's account gets no payment", {}, terms([](auto& t) {
             t.payee_account = internal_account(kBEur, AccountKind::Fee);
           })},
          {kOp, TokenMismatch, "other currencies without amount_to", {}, terms([](auto& t) {
             t.amount_to = {};
           })},
          {kOp, TxLimitAccount, "above the account's limit, the fee included",
           limits([](auto& l) { l.max_tx = cents("108539.99"); }), as_sampled(kOp)},
          {kOp, DailyAmountLimit, "above the day's limit",
           limits([](auto& l) { l.day_amount = cents("108539.99"); }), as_sampled(kOp)},
          {kOp, DailyCountLimit, "one payment too many",
           [](World& world) {
             world.edit<Position>(position_key(kAUsd, kBuyer),
                                  [](Position& p) { p.limits.day_count = 1; });
             world.run(transfer(transfer_order(9, "1.00"), world.now));
           },
           as_sampled(kOp)},
          {kOp, TxLimitToken, "above the token's limit",
           token(kAUsd, [](auto& t) { t.max_tx = cents("108539.99"); }), as_sampled(kOp)},
          {kOp, BelowMinimum, "below the token's minimum",
           token(kAUsd, [](auto& t) { t.min_tx = cents("108500.01"); }), as_sampled(kOp)},
          {kOp, FeeExceedsMax, "above the token's bound",
           token(kAUsd, [](auto& t) { t.fee_max = cents("39.99"); }), as_sampled(kOp)},
          {kOp, PayeeBankNotAllowed, "only to C",
           limits([](auto& l) { l.allowed_payee_banks = {kC}; }), as_sampled(kOp)},
          {kOp, Ok, "to B, though the money goes by way of D",
           limits([](auto& l) { l.allowed_payee_banks = {kB}; }), as_sampled(kOp)},
          {kOp, CorridorTxLimit, "above the corridor",
           lane([](auto& h) { h.max_tx = cents("108499.99"); }), as_sampled(kOp)},
          {kOp, CorridorDisabled, "one half is off", lane([](auto& h) { h.enabled = false; }),
           as_sampled(kOp)},
          {kOp, DebtorBlocked, "DEBIT is blocked", buyer([](auto& a) { a.blocks = kBlockDebit; }),
           as_sampled(kOp)},
          {kOp, CreditorBlocked, "CREDIT is blocked",
           supplier([](auto& a) { a.blocks = kBlockCredit; }), as_sampled(kOp)},
          {kOp, Denylisted, "B denies the payer's bank", denies(kB, deny_institution_key(kB, kA)),
           as_sampled(kOp)},
          {kOp, EvidenceMissing, "no ticket", {}, batch([](auto& b) { b.ticket.reset(); })},
          {kOp, ScreeningFailed, "the screening failed", {}, batch([](auto& b) {
             b.screening.other = Check::Fail;
           })},
          {kOp, EvidenceStale, "screened in the future", {}, batch([](auto& b) {
             b.screening.screened_at = add_ms(b.screening.screened_at, 61'001);
           })},
          {kOp, TravelRuleMissing, "no party data", {}, terms([](auto& t) {
             t.travel_rule_commit = {};
           })},
          {kOp,
           TravelRuleNotAcked,
           "not received",
           {},
           [](World& world) {
             Signed out = sample(kOp, world);
             SettleAtomic& action = action_of<SettleAtomic>(out);
             TicketBody body = ticket_body(*action.payment, world.now);
             body.travel_rule_ack = false;
             action.ticket = make_ticket(encode_ticket_body(body),
                                         filler_signatures({&key(kB, Role::Compliance)}));
             return out;
           }},
          {kOp, CopNoMatch, "the name is another's", {}, terms([](auto& t) {
             t.cop_result = CopResult::NoMatch;
           })},
          {kOp, PurposeRequired, "a purpose is required",
           lane([](auto& h) { h.purpose_required = true; }),
           terms([](auto& t) { t.purpose = {}; })},
          {kOp, KycExpired, "the payer must be known",
           buyer([](auto& a) { a.kyc_valid_until = {1}; }), as_sampled(kOp)},
          {kOp, IdInUse, "the UETR had its payment before",
           [](World& world) {
             world.run(transfer(transfer_order(500, "1.00"), world.now));
             world.wait(2 * 3'600'000 + 1);
           },
           as_sampled(kOp)},
          {kOp, LegFailed, "a leg does not come through",
           position(kSEur, nostro(kB, kSEur),
                    [](auto& p) { p.limits.max_balance = cents("599999.99"); }),
           as_sampled(kOp)},
          {kOp, TermsMismatch, "a cent too much for the payee", {}, batch([](auto& b) {
             b.legs[2].mint->amount = cents("100000.01");
           })},
          {kOp, TermsMismatch, "the fee goes to a customer", {}, batch([](auto& b) {
             b.legs[3].xfer->to = kMerchant;
           })},
          {kOp, TermsMismatch, "the fee goes elsewhere", {}, batch([](auto& b) {
             b.legs[3].xfer->to = nostro(kD, kAUsd);
           })},
          {kOp, InvariantViolation, "a position that does not add up", broken(kAUsd, kBuyer),
           as_sampled(kOp), false},
      });
}

}  // namespace giro::ledger::demo
