// PAY: a payment between customers of two banks (ledger 5.5).
#include "node/ledger/operations/evidence.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/settlement.h"
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

namespace {

// Everything that the steps of one PAY look at.
struct Payable {
  const Pay& action;
  const PaymentTerms& terms;
  Party debtor;
  Party creditor;
  SettlementPath path{};
  EffectiveCorridor corridor{};
};

Code check_banks(Run& run, const Payable& pay) {
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

// ttl_s as milliseconds; nullopt: above payment_ttl_max.
std::optional<std::uint64_t> ttl_ms(const Params& params, std::uint32_t ttl_s) {
  if (ttl_s == 0) return params.payment_ttl_ms;
  const std::uint64_t ms = std::uint64_t{ttl_s} * 1000;
  return ms > params.payment_ttl_max_ms ? std::nullopt : std::optional(ms);
}

Code check_tokens(Run& run, const PaymentTerms& terms) {
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

Code check_parties(Run& run, const Payable& pay) {
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

// Step 12. Without a corridor nothing has a cap that could be exceeded: it is disabled.
Code check_corridor(const Payable& pay) {
  const EffectiveCorridor& corridor = pay.corridor;
  return Lowest()
      .when(corridor.cell != nullptr && pay.terms.amount > corridor.max_tx, Code::CorridorTxLimit)
      .when(!corridor.enabled, Code::CorridorDisabled)
      .when(!pay.path.is_complete, Code::NoSettlementPath)
      .when(!corridor.allows(pay.terms.settle_token), Code::SettleTokenNotAgreed)
      .code();
}

// Step 13.
Code check_evidence(Run& run, const Payable& pay) {
  Lowest lowest;
  lowest.also(check_payer_evidence(run, pay.action, pay.corridor))
      .when(is_kyc_expired(pay.debtor, run.now()), Code::KycExpired);
  if (run.operation.ticket_count() > 0) {
    lowest.also(check_ticket(run, pay.terms, run.operation.ticket(0), pay.corridor,
                             pay.creditor.token->value));
  }
  return lowest.code();
}

// Steps 7 to 15: what a payment must pass whether it settles now or waits. Loads the path and the
// corridor on the way.
Code check_order(Run& run, Payable& pay) {
  const PaymentTerms& terms = pay.terms;
  if (const Code code = check_banks(run, pay); code != Code::Ok) return code;
  const Code ids =
      Lowest()
          .when(terms.payer_bank == terms.payee_bank, Code::SameBank)
          .when(find_payment(run.effects, terms.payer_bank, terms.uetr) != nullptr, Code::IdInUse)
          .when(!ttl_ms(run.params(), pay.action.ttl_s), Code::TtlOutOfRange)
          .code();
  if (ids != Code::Ok) return ids;
  if (const Code code = check_tokens(run, terms); code != Code::Ok) return code;
  if (const Code code = check_parties(run, pay); code != Code::Ok) return code;
  pay.path = load_path(run.overlay(), terms);
  pay.corridor = load_corridor(run.overlay(), terms.payer_bank, terms.payee_bank,
                               pay.debtor.token->value.currency);
  if (const Code code = check_corridor(pay); code != Code::Ok) return code;
  if (const Code code = check_evidence(run, pay); code != Code::Ok) return code;
  if (const Code code = check_limits(run.effects, terms, pay.debtor, pay.creditor);
      code != Code::Ok)
    return code;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  return total ? check_funds(pay.debtor.position->value, *total) : Code::ArithmeticOverflow;
}

}  // namespace

Verdict run(Run& run, const Pay& action) {
  const PaymentTerms& terms = action.terms;
  Payable pay{
      .action = action,
      .terms = terms,
      .debtor = load_party(run.overlay(), terms.payer_bank, terms.token_from, terms.payer_account),
      .creditor = load_party(run.overlay(), terms.payee_bank, terms.token_to, terms.payee_account)};
  if (const Code code = check_order(run, pay); code != Code::Ok) return code;

  const bool settles_now = run.operation.ticket_count() > 0 ||
                           has_standing_acceptance(terms, pay.corridor, pay.creditor.token->value);
  if (!settles_now) {
    const std::uint64_t ttl = ttl_ms(run.params(), action.ttl_s).value_or(0);
    return record_pending(run.effects, terms, pay.debtor, pay.creditor, add_ms(run.now(), ttl));
  }
  const Settlement settlement{terms, pay.debtor, pay.creditor, pay.path, pay.corridor};
  if (const Code code = check_settlement(run.effects, settlement); code != Code::Ok) return code;
  if (const Code code = settle(run.effects, settlement); code != Code::Ok) return code;
  use_limits(run.effects, pay.debtor,
             checked_add(terms.amount, terms.payer_fee).value_or(terms.amount));
  record_settled(run.effects, PaymentKind::CrossBank, terms);
  return Code::Ok;
}

}  // namespace giro::ledger
