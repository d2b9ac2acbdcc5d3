// PAY_RESPOND and PAY_CANCEL: what ends a PENDING payment before its time (ledger 5.5).
#include "node/ledger/operations/evidence.h"
#include "node/ledger/operations/orders.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"

namespace giro::ledger {

// ---- PAY_RESPOND ----

Code check(const Operation&, const PayRespond& action) {
  const bool says_more = action.screening != Screening{} ||
                         action.cop_result != CopResult::NotChecked || action.travel_rule_ack;
  const bool has_reason = action.reason != Code::Ok;
  return Lowest()
      .when(action.payer_bank == 0 || action.accept == has_reason, Code::Malformed)
      .when(has_reason && find_code(action.reason) == nullptr, Code::Malformed)
      .when(!action.accept && says_more, Code::Malformed)
      .when(!is_valid(action.uetr), Code::BadId)
      .code();
}

Code require(Run& run, const PayRespond& action) {
  Overlay& overlay = run.overlay();
  const Cell<Payment>* payment = find_shown_payment(run.effects, action.payer_bank, action.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = payment->value.terms;
  run.requirements.add(terms.payee_bank, Role::Compliance, 1);
  const Cell<Token>* minted = overlay.find<Token>(token_key(terms.token_to));
  if (action.accept && minted != nullptr && terms.amount >= minted->value.dual_threshold)
    run.requirements.add_quorum(overlay, terms.payee_bank, Role::Issuer);
  return Code::Ok;
}

namespace {

// Steps 7 to 13 and 16 once more, with the payee bank's own evidence; the funds are those held.
Code accept_payment(Run& run, const PayRespond& action, Cell<Payment>& payment) {
  Effects& effects = run.effects;
  const PaymentTerms& terms = payment.value.terms;
  CrossBank pay = load_cross_bank(run.overlay(), terms);
  if (const Code code = check_pay_banks(run, pay); code != Code::Ok) return code;
  if (const Code code = check_pending(payment.value, run.now()); code != Code::Ok) return code;
  if (const Code code = check_pay_tokens(run, terms); code != Code::Ok) return code;
  if (const Code code = check_pay_parties(run, pay); code != Code::Ok) return code;
  if (const Code code = check_pay_path(run, pay); code != Code::Ok) return code;
  const PayeeEvidence evidence{action.screening, action.cop_result, action.travel_rule_ack};
  if (const Code code = check_payee_evidence(run, terms, evidence, pay.corridor); code != Code::Ok)
    return code;
  const Settlement settlement{terms, pay.debtor, pay.creditor, pay.path, &pay.corridor};
  if (const Code code = check_settlement(effects, settlement); code != Code::Ok) return code;

  if (const Code code = capture_pending(effects, payment); code != Code::Ok) return code;
  if (const Code code = settle(effects, settlement); code != Code::Ok) return code;
  record_accepted(effects, payment);
  return Code::Ok;
}

}  // namespace

Verdict run(Run& run, const PayRespond& action) {
  Cell<Payment>* payment = find_shown_payment(run.effects, action.payer_bank, action.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  if (action.accept) return accept_payment(run, action, *payment);
  // Step 7 does not stop it: the payer gets the money back.
  if (const Code code = check_pending(payment->value, run.now()); code != Code::Ok) return code;
  return end_pending(run.effects, *payment, PaymentState::Rejected, action.reason);
}

// ---- PAY_CANCEL ----

Code check(const Operation&, const PayCancel& action) {
  return is_valid(action.uetr) ? Code::Ok : Code::BadId;
}

Code require(Run& run, const PayCancel& action) {
  Overlay& overlay = run.overlay();
  const Cell<Payment>* payment = find_payment(run.effects, run.actor(), action.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = payment->value.terms;
  const Cell<Token>* token = overlay.find<Token>(token_key(terms.token_from));
  if (token == nullptr) return Code::PaymentNotFound;
  const InstId issuer = token->value.issuer;
  const Cell<Account>* account = overlay.find<Account>(account_key(issuer, terms.payer_account));
  if (account == nullptr) return Code::PaymentNotFound;
  run.requirements.add_debit(overlay, issuer, account->value, terms.amount, token->value);
  return Code::Ok;
}

Verdict run(Run& run, const PayCancel& action) {
  Cell<Payment>* payment = find_payment(run.effects, run.actor(), action.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  if (const Code code = check_pending(payment->value, run.now()); code != Code::Ok) return code;
  return end_pending(run.effects, *payment, PaymentState::Cancelled, Code::Ok);
}

}  // namespace giro::ledger
