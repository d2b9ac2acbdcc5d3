// RETURN: money of a settled payment goes back (ledger 5.5).
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/settlement.h"

namespace giro::ledger {

Code check(const Operation& operation, const ReturnPayment& action) {
  const bool is_code = find_code(action.reason) != nullptr;
  return Lowest()
      .when(action.payer_bank == 0 || !is_code, Code::Malformed)
      .when(action.by_bank && action.reason != Code::Regulatory, Code::Malformed)
      .when(!is_valid(action.uetr), Code::BadId)
      .when(!is_uuid_version_4(operation.op_id), Code::BadUetr)
      .also(check_amount(action.amount))
      .code();
}

namespace {

// The original's payer, or the SUSPENSE account of its bank when it cannot take the money any
// longer.
Party refunded(Overlay& overlay, const PaymentTerms& original) {
  const Party payer = load_party(overlay, original.token_from, original.payer_account);
  if (payer.account == nullptr) return payer;
  const Account& account = payer.account->value;
  if (account.status == AccountStatus::Open && (account.blocks & kBlockCredit) == 0) return payer;
  return load_party(overlay, payer.servicer, original.token_from,
                    internal_account(original.token_from, AccountKind::Suspense));
}

// The original with its parties exchanged.
PaymentTerms terms_of_return(const Run& run, const ReturnPayment& action,
                             const PaymentTerms& original, const Party& creditor) {
  PaymentTerms terms;
  terms.uetr = run.operation.op_id();
  terms.payer_bank = original.payee_bank;
  terms.payer_account = original.payee_account;
  terms.payee_bank = original.payer_bank;
  terms.payee_account = creditor.account_id;
  terms.token_from = original.token_to;
  terms.token_to = original.token_from;
  terms.amount = action.amount;
  terms.settle_token = original.settle_token;
  terms.remittance_commit = original.remittance_commit;
  terms.e2e_commit = original.e2e_commit;
  return terms;
}

// Step 8.
Code check_original(Run& run, const Payment& original, const Uetr& uetr) {
  const bool is_settled = original.state == PaymentState::Settled;
  const bool is_returned = original.state == PaymentState::Returned;
  const InstId bank = original.terms.payee_bank;
  return Lowest()
      .when((!is_settled && !is_returned) || original.kind == PaymentKind::Fx,
            Code::PaymentWrongState)
      .when(is_returned, Code::AlreadyReturned)
      .when(original.kind == PaymentKind::Return, Code::ReturnOfReturn)
      .when(run.now() > add_ms(original.settled_at, run.params().return_window_ms),
            Code::WindowClosed)
      .when(find_payment(run.effects, bank, uetr) != nullptr, Code::IdInUse)
      .code();
}

// Steps 10 and 11.
Code check_sides(Run& run, const ReturnPayment& action, const PaymentTerms& terms,
                 const Party& debtor, const Party& creditor) {
  if (const Code code = Lowest()
                            .also(check_debtor(debtor, kAnyKind))
                            .also(check_creditor(creditor, kAnyKind))
                            .code();
      code != Code::Ok)
    return code;
  return Lowest()
      .when(!action.by_bank && is_debit_blocked(debtor), Code::DebtorBlocked)
      .when(is_denied(run.overlay(), terms, debtor, creditor), Code::Denylisted)
      .code();
}

// Step 15.
Code check_rest(const ReturnPayment& action, const Payment& original, const Party& debtor) {
  const Amount rest = subtract_or_zero(original.terms.amount, original.returned);
  return Lowest()
      .also(check_funds(debtor.position->value, action.amount))
      .when(action.amount > rest, Code::ReturnExceedsOriginal)
      .code();
}

// Step 16, and the way that the original took.
Code move_back(Run& run, const Settlement& settlement) {
  if (settlement.terms.settle_token != 0) {
    const Code code = check_settlement(run.effects, settlement);
    return code != Code::Ok ? code : settle(run.effects, settlement);
  }
  const PaymentTerms& terms = settlement.terms;
  const Journal::Reference entries = entries_of(terms);
  Journal journal(run.effects, entries);
  return first_of(
      {journal.debit(settlement.debtor, terms.amount, EntryType::Return, terms.payee_bank),
       journal.credit(settlement.creditor, terms.amount, EntryType::Return, terms.payer_bank)});
}

}  // namespace

// Of the account's own authority; by_bank: of the bank that services it.
Code require(Run& run, const ReturnPayment& action) {
  Overlay& overlay = run.overlay();
  const Cell<Payment>* original = find_shown_payment(run.effects, action.payer_bank, action.uetr);
  if (original == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = original->value.terms;
  const Party debtor = load_party(overlay, terms.token_to, terms.payee_account);
  if (debtor.account == nullptr) return Code::PaymentNotFound;
  if (action.by_bank) {
    run.requirements.add_quorum(overlay, debtor.servicer, Role::Treasury);
    run.requirements.add(debtor.servicer, Role::Compliance, 1);
  } else {
    run.requirements.add_debit(overlay, debtor.servicer, debtor.account->value, action.amount,
                               debtor.token->value);
  }
  return Code::Ok;
}

Verdict run(Run& run, const ReturnPayment& action) {
  Overlay& overlay = run.overlay();
  Cell<Payment>* cell = find_shown_payment(run.effects, action.payer_bank, action.uetr);
  if (cell == nullptr) return Code::PaymentNotFound;
  const Payment& original = cell->value;
  // Steps 7, 9 and 14 do not stop it: signing the payment was the mandate for its return.
  if (const Code code = check_original(run, original, run.operation.op_id()); code != Code::Ok)
    return code;
  const Party debtor = load_party(overlay, original.terms.token_to, original.terms.payee_account);
  const Party creditor = refunded(overlay, original.terms);
  const PaymentTerms terms = terms_of_return(run, action, original.terms, creditor);
  const bool crosses = terms.settle_token != 0 || original.kind == PaymentKind::CrossBank;
  if (const Code code = check_sides(run, action, terms, debtor, creditor); code != Code::Ok)
    return code;
  const SettlementPath path = crosses ? load_path(overlay, terms) : SettlementPath{};
  if (crosses && !path.is_complete) return Code::NoSettlementPath;
  if (const Code code = check_rest(action, original, debtor); code != Code::Ok) return code;

  if (action.by_bank) run.effects.seizures.push_back({.position = debtor.position->key});
  const Settlement settlement{terms, debtor, creditor, path, nullptr, EntryType::Return};
  if (const Code code = move_back(run, settlement); code != Code::Ok) return code;
  return record_return(run.effects, {*cell, terms, action.reason});
}

void reject(Run& run, const ReturnPayment& action, const Verdict& verdict) {
  const Cell<Payment>* original = find_shown_payment(run.effects, action.payer_bank, action.uetr);
  if (original == nullptr) return;
  const PaymentTerms& terms = original->value.terms;
  const Party payer = load_party(run.overlay(), terms.token_from, terms.payer_account);
  record_rejected(run.effects, PaymentKind::Return, terms_of_return(run, action, terms, payer),
                  verdict.code, &terms);
}

}  // namespace giro::ledger
