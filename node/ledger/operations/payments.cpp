// PAY: a payment between customers of two banks (ledger 5.5).
#include "node/ledger/operations/evidence.h"
#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/orders.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/terms_check.h"

namespace giro::ledger {

Code check(const Operation& operation, const Pay& action) {
  return Lowest()
      .when(action.terms.settle_token == 0, Code::Malformed)
      .also(check_terms(operation, action.terms))
      .code();
}

Code require(Run& run, const Pay& action) {
  Overlay& overlay = run.overlay();
  const PaymentTerms& terms = action.terms;
  const Cell<Token>* token = overlay.find<Token>(token_key(terms.token_from));
  if (token == nullptr) return Code::TokenNotFound;
  const Cell<Account>* account =
      overlay.find<Account>(account_key(terms.payer_bank, terms.payer_account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(overlay, terms.payer_bank, account->value, terms.amount, token->value);
  run.requirements.add(terms.payer_bank, Role::Compliance, 1);
  return Code::Ok;
}

std::optional<std::uint64_t> payment_ttl_ms(const Params& params, std::uint32_t ttl_s) {
  if (ttl_s == 0) return params.payment_ttl_ms;
  const std::uint64_t ms = std::uint64_t{ttl_s} * 1000;
  return ms > params.payment_ttl_max_ms ? std::nullopt : std::optional(ms);
}

CrossBank load_cross_bank(Overlay& overlay, const PaymentTerms& terms) {
  return {.terms = terms,
          .debtor = load_party(overlay, terms.payer_bank, terms.token_from, terms.payer_account),
          .creditor = load_party(overlay, terms.payee_bank, terms.token_to, terms.payee_account)};
}

Code check_pay_banks(Run& run, const CrossBank& pay) {
  const Institution* payee_bank = find_institution(run.overlay(), pay.terms.payee_bank);
  const bool mints = pay.terms.settle_token != pay.terms.token_to;
  return Lowest()
      .when(payee_bank == nullptr, Code::InstitutionNotFound)
      .when(has_suspended_signer(run) || is_suspended(run.overlay(), pay.terms.payer_bank),
            Code::AgentSuspended)
      .when(payee_bank != nullptr && is_suspended(*payee_bank), Code::CreditorAgentSuspended)
      .when(payee_bank != nullptr && payee_bank->status == InstitutionStatus::Exiting && mints,
            Code::IssuerExiting)
      .code();
}

Code check_pay_tokens(Run& run, const PaymentTerms& terms) {
  Overlay& overlay = run.overlay();
  const Cell<Token>* from = overlay.find<Token>(token_key(terms.token_from));
  const Cell<Token>* to = overlay.find<Token>(token_key(terms.token_to));
  const Cell<Token>* settle = overlay.find<Token>(token_key(terms.settle_token));
  if (to == nullptr || settle == nullptr) return Code::TokenNotFound;
  return Lowest()
      .when(((from->value.paused | to->value.paused) & kPauseXbank) != 0, Code::OperationPaused)
      .when((settle->value.paused & kPauseTransfer) != 0, Code::OperationPaused)
      .when(from->value.currency != to->value.currency ||
                from->value.currency != settle->value.currency,
            Code::TokenMismatch)
      .code();
}

Code check_pay_parties(Run& run, const CrossBank& pay) {
  constexpr AccountKinds kCustomer = kind_bit(AccountKind::Customer);
  const Code accounts = Lowest()
                            .also(check_debtor(pay.debtor, kCustomer))
                            .also(check_creditor(pay.creditor, kCustomer))
                            .code();
  if (accounts != Code::Ok) return accounts;
  return Lowest()
      .when(is_debit_blocked(pay.debtor), Code::DebtorBlocked)
      .when(is_credit_blocked(pay.creditor), Code::CreditorBlocked)
      .when(is_denied(run.overlay(), pay.terms, pay.debtor, pay.creditor), Code::Denylisted)
      .code();
}

// Without a corridor nothing has a cap that could be exceeded: it is disabled.
Code check_pay_path(Run& run, CrossBank& pay) {
  const PaymentTerms& terms = pay.terms;
  pay.path = load_path(run.overlay(), terms);
  pay.corridor = load_corridor(run.overlay(), terms.payer_bank, terms.payee_bank,
                               pay.debtor.token->value.currency);
  const EffectiveCorridor& corridor = pay.corridor;
  return Lowest()
      .when(corridor.cell != nullptr && terms.amount > corridor.max_tx, Code::CorridorTxLimit)
      .when(!corridor.enabled, Code::CorridorDisabled)
      .when(!pay.path.is_complete, Code::NoSettlementPath)
      .when(!corridor.allows(terms.settle_token), Code::SettleTokenNotAgreed)
      .code();
}

namespace {

// Step 8. One that may have to wait must not replace an older hold of that id, of HOLD_CREATE.
Code check_pay_ids(Run& run, const PayOrder& order) {
  const PaymentTerms& terms = order.terms;
  const bool is_used =
      find_payment(run.effects, terms.payer_bank, terms.uetr) != nullptr ||
      (!order.ticket && find_hold(run.effects, terms.payer_bank, terms.uetr) != nullptr);
  return Lowest()
      .when(terms.payer_bank == terms.payee_bank, Code::SameBank)
      .when(is_used, Code::IdInUse)
      .when(!payment_ttl_ms(run.params(), order.ttl_s), Code::TtlOutOfRange)
      .code();
}

// Step 13. `settles` says whether it settles now or waits.
Code check_pay_evidence(Run& run, const PayOrder& order, const CrossBank& pay, bool& settles) {
  const Token& minted = pay.creditor.token->value;
  settles = order.ticket || has_standing_acceptance(order.terms, pay.corridor, minted);
  Lowest lowest;
  lowest.also(check_payer_evidence(run, order.terms, order.screening, pay.corridor))
      .when(is_kyc_expired(pay.debtor, run.now()), Code::KycExpired)
      .when(order.must_settle && !settles, Code::AcceptanceRequired);
  if (order.ticket)
    lowest.also(check_ticket(run, order.terms, *order.ticket, pay.corridor, minted));
  return lowest.code();
}

// Steps 7 to 15: what a payment must pass whether it settles now or waits.
Code check_pay_order(Run& run, const PayOrder& order, CrossBank& pay, bool& settles) {
  const PaymentTerms& terms = order.terms;
  if (const Code code = check_pay_banks(run, pay); code != Code::Ok) return code;
  if (const Code code = check_pay_ids(run, order); code != Code::Ok) return code;
  if (const Code code = check_pay_tokens(run, terms); code != Code::Ok) return code;
  if (const Code code = check_pay_parties(run, pay); code != Code::Ok) return code;
  if (const Code code = check_pay_path(run, pay); code != Code::Ok) return code;
  if (const Code code = check_pay_evidence(run, order, pay, settles); code != Code::Ok) return code;
  if (const Code code = check_limits(run.effects, terms, pay.debtor, pay.creditor);
      code != Code::Ok)
    return code;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  return total ? check_funds(pay.debtor.position->value, *total) : Code::ArithmeticOverflow;
}

}  // namespace

Code pay(Run& run, const PayOrder& order) {
  const PaymentTerms& terms = order.terms;
  CrossBank pay = load_cross_bank(run.overlay(), terms);
  bool settles = false;
  if (const Code code = check_pay_order(run, order, pay, settles); code != Code::Ok) return code;
  if (!settles) {
    const std::uint64_t ttl = payment_ttl_ms(run.params(), order.ttl_s).value_or(0);
    return record_pending(run.effects, terms, pay.debtor, pay.creditor, add_ms(run.now(), ttl));
  }
  const Settlement settlement{terms, pay.debtor, pay.creditor, pay.path, &pay.corridor};
  if (const Code code = check_settlement(run.effects, settlement); code != Code::Ok) return code;
  if (const Code code = settle(run.effects, settlement); code != Code::Ok) return code;
  use_limits(run.effects, pay.debtor,
             checked_add(terms.amount, terms.payer_fee).value_or(terms.amount));
  record_settled(run.effects, PaymentKind::CrossBank, terms);
  return Code::Ok;
}

Verdict run(Run& run, const Pay& action) {
  PayOrder order{.terms = action.terms,
                 .screening = action.screening,
                 .ticket = std::nullopt,
                 .ttl_s = action.ttl_s};
  if (run.operation.ticket_count() > 0) order.ticket.emplace(run.operation.ticket(0));
  return pay(run, order);
}

void reject(Run& run, const Pay& action, const Verdict& verdict) {
  record_rejected(run.effects, PaymentKind::CrossBank, action.terms, verdict.code);
}

}  // namespace giro::ledger
