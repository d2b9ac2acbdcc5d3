// TRANSFER: a payment inside one token (ledger 5.4); and the static bounds of payment terms.
#include <algorithm>

#include "node/ledger/operations/orders.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/settlement.h"
#include "node/ledger/operations/terms_check.h"

namespace giro::ledger {

bool is_purpose(const Purpose& purpose) {
  return purpose.is_absent() ||
         std::all_of(purpose.bytes.begin(), purpose.bytes.end(), [](std::byte b) {
           return (b >= std::byte{'A'} && b <= std::byte{'Z'}) ||
                  (b >= std::byte{'0'} && b <= std::byte{'9'});
         });
}

Code check_terms(const Operation& operation, const PaymentTerms& terms) {
  return Lowest()
      .when(!terms.amount_to.is_zero(), Code::Malformed)
      .when(terms.uetr != operation.op_id, Code::BadUetr)
      .also(check_any_terms(operation, terms))
      .code();
}

Code check_any_terms(const Operation& operation, const PaymentTerms& terms) {
  const bool breaks_charge_bearer =
      (terms.charge_bearer == ChargeBearer::Debt && !terms.payee_fee.is_zero()) ||
      (terms.charge_bearer == ChargeBearer::Cred && !terms.payer_fee.is_zero());
  return Lowest()
      .when(terms.payer_bank != operation.actor || terms.payee_bank == 0, Code::Malformed)
      .when(breaks_charge_bearer, Code::Malformed)
      .when(!is_purpose(terms.purpose) || !is_purpose(terms.category_purpose), Code::Malformed)
      .when(!is_valid(terms.payer_account) || !is_valid(terms.payee_account), Code::BadId)
      .when(!is_uuid_version_4(terms.uetr), Code::BadUetr)
      .also(check_amount(terms.amount))
      .also(check_optional_amount(terms.payer_fee))
      .also(check_optional_amount(terms.payee_fee))
      .when(terms.payer_account == terms.payee_account && terms.payer_bank == terms.payee_bank,
            Code::SameAccount)
      .code();
}

Code check(const Operation& operation, const Transfer& action) {
  const PaymentTerms& terms = action.terms;
  return Lowest()
      .when(terms.settle_token != 0, Code::Malformed)
      .also(check_terms(operation, terms))
      .when(terms.payer_account == terms.payee_account, Code::SameAccount)
      .code();
}

Code require(Run& run, const Transfer& action) {
  Overlay& overlay = run.overlay();
  const Cell<Token>* token = overlay.find<Token>(token_key(action.terms.token_from));
  if (token == nullptr) return Code::TokenNotFound;
  const InstId issuer = token->value.issuer;
  const Cell<Account>* account =
      overlay.find<Account>(account_key(issuer, action.terms.payer_account));
  if (account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(overlay, issuer, account->value, action.terms.amount, token->value);
  return Code::Ok;
}

namespace {

// Whom an account may pay inside its token (ledger 5.4).
AccountKinds payees_of(AccountKind payer) {
  switch (payer) {
    case AccountKind::Customer:
      return kind_bit(AccountKind::Customer) | kind_bit(AccountKind::Fee);
    case AccountKind::Nostro:
      return kind_bit(AccountKind::Nostro);
    default:
      return kind_bit(AccountKind::Customer) | kind_bit(AccountKind::Nostro) |
             kind_bit(AccountKind::Fee);
  }
}

Code check_banks(Run& run, const PaymentTerms& terms) {
  const Institution* payee_bank = find_institution(run.overlay(), terms.payee_bank);
  return Lowest()
      .when(payee_bank == nullptr, Code::InstitutionNotFound)
      .when(has_suspended_signer(run) || is_suspended(run.overlay(), terms.payer_bank),
            Code::AgentSuspended)
      .when(payee_bank != nullptr && is_suspended(*payee_bank), Code::CreditorAgentSuspended)
      .code();
}

Code check_transfer(Run& run, const PaymentTerms& terms, const Party& debtor,
                    const Party& creditor) {
  Overlay& overlay = run.overlay();
  if (const Code code = check_banks(run, terms); code != Code::Ok) return code;
  // step 8
  if (find_payment(run.effects, terms.payer_bank, terms.uetr) != nullptr) return Code::IdInUse;
  // step 9
  const Code tokens =
      Lowest()
          .when(overlay.find<Token>(token_key(terms.token_to)) == nullptr, Code::TokenNotFound)
          .when((debtor.token->value.paused & kPauseTransfer) != 0, Code::OperationPaused)
          .when(terms.token_to != terms.token_from, Code::TokenMismatch)
          .code();
  if (tokens != Code::Ok) return tokens;
  // step 10
  const bool is_there = creditor.account != nullptr && bank_of(creditor) == terms.payee_bank;
  const Code accounts = Lowest()
                            .also(check_debtor(debtor, kAnyKind))
                            .when(!is_there, Code::CreditorAccountNotFound)
                            .also(check_creditor(creditor, payees_of(debtor.kind())))
                            .code();
  if (accounts != Code::Ok) return accounts;
  // step 11
  const Code blocks = Lowest()
                          .when(is_debit_blocked(debtor), Code::DebtorBlocked)
                          .when(is_credit_blocked(creditor), Code::CreditorBlocked)
                          .when(is_denied(overlay, terms, debtor, creditor), Code::Denylisted)
                          .code();
  if (blocks != Code::Ok) return blocks;
  // steps 13 to 16
  if (is_kyc_expired(debtor, run.now())) return Code::KycExpired;
  if (const Code code = check_limits(run.effects, terms, debtor, creditor); code != Code::Ok)
    return code;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  if (const Code code = check_funds(debtor.position->value, *total); code != Code::Ok) return code;
  const Amount net = subtract_or_zero(terms.amount, terms.payee_fee);
  return exceeds_max_balance(creditor, net) ? Code::ExposureLimit : Code::Ok;
}

}  // namespace

Code transfer(Run& run, const PaymentTerms& terms) {
  Overlay& overlay = run.overlay();
  const InstId issuer = overlay.find<Token>(token_key(terms.token_from))->value.issuer;
  const Party debtor = load_party(overlay, issuer, terms.token_from, terms.payer_account);
  const Party creditor = load_party(overlay, issuer, terms.token_from, terms.payee_account);
  if (const Code code = check_transfer(run, terms, debtor, creditor); code != Code::Ok) return code;

  const auto total = checked_add(terms.amount, terms.payer_fee);
  const auto fees = checked_add(terms.payer_fee, terms.payee_fee);
  if (!total || !fees) return Code::ArithmeticOverflow;
  const Journal::Reference entries = entries_of(terms);
  Journal journal(run.effects, entries);
  const Code code =
      first_of({journal.debit(debtor, *total, EntryType::Payment, terms.payee_bank),
                journal.credit(creditor, subtract_or_zero(terms.amount, terms.payee_fee),
                               EntryType::Payment, terms.payer_bank),
                credit_fee(run.effects, journal, *debtor.token, *fees, terms.payer_bank)});
  if (code != Code::Ok) return code;
  use_limits(run.effects, debtor, *total);
  record_settled(run.effects, PaymentKind::OnUs, terms);
  return Code::Ok;
}

Verdict run(Run& run, const Transfer& action) {
  return transfer(run, action.terms);
}

void reject(Run& run, const Transfer& action, const Verdict& verdict) {
  record_rejected(run.effects, PaymentKind::OnUs, action.terms, verdict.code);
}

}  // namespace giro::ledger
