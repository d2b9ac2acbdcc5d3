// SETTLE_ATOMIC: legs that all happen or none, alone or as the settlement of a payment
// (ledger 5.8).
#include "node/ledger/operations/batch_legs.h"
#include "node/ledger/operations/evidence.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/terms_check.h"

namespace giro::ledger {

namespace {

// What the payee gets before fees: rates are never computed, both amounts are signed.
Amount amount_to(const PaymentTerms& terms) {
  return terms.amount_to.is_zero() ? terms.amount : terms.amount_to;
}

Code check_batch_terms(const Operation& operation, const PaymentTerms& terms) {
  return Lowest()
      .when(terms.settle_token != 0, Code::Malformed)
      .when(terms.uetr != operation.op_id, Code::BadUetr)
      .also(check_optional_amount(terms.amount_to))
      .also(check_any_terms(operation, terms))
      .code();
}

}  // namespace

Code check(const Operation& operation, const SettleAtomic& action) {
  const std::size_t legs = action.legs.size();
  if (legs < kBatchLegsMin || legs > kBatchLegsMax) return Code::TooManyItems;
  const bool has_evidence = action.ticket || action.screening != Screening{};
  Lowest lowest;
  lowest.when(!action.payment && has_evidence, Code::Malformed);
  if (action.payment) lowest.also(check_batch_terms(operation, *action.payment));
  for (const Leg& leg : action.legs) lowest.also(check_leg(operation, leg));
  return lowest.code();
}

namespace {

// As PAY of these terms.
Code require_terms(Run& run, const PaymentTerms& terms) {
  const Party debtor = load_party(run.overlay(), terms.token_from, terms.payer_account);
  if (debtor.token == nullptr) return Code::TokenNotFound;
  if (debtor.account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(run.overlay(), debtor.servicer, debtor.account->value, terms.amount,
                             debtor.token->value);
  run.requirements.add(terms.payer_bank, Role::Compliance, 1);
  return Code::Ok;
}

}  // namespace

// All legs are of one step: of what is missing the lowest code counts, whatever leg it is of.
Code require(Run& run, const SettleAtomic& action) {
  Lowest missing;
  for (const Leg& leg : action.legs) missing.also(require_leg(run, leg));
  if (action.payment) missing.also(require_terms(run, *action.payment));
  return missing.code();
}

namespace {

// Without a payment customers' money stays inside one bank: all of it has one servicer, and what
// leaves a customer reaches one. A burn pays nobody but counts for the first.
bool stays_inside(const std::vector<CustomerMove>& moves) {
  bool is_debited = false;
  bool is_credited = false;
  for (const CustomerMove& move : moves) {
    if (move.servicer != moves.front().servicer) return false;
    is_debited = is_debited || (!move.debited.is_zero() && !move.is_burn);
    is_credited = is_credited || !move.credited.is_zero();
  }
  return !is_debited || is_credited;
}

// The legs do what the terms say: one customer is debited amount and fee, the fee goes to its FEE
// account, one customer is credited what arrives.
bool are_terms_met(const PaymentTerms& terms, const std::vector<CustomerMove>& moves) {
  const AccountId fee_account = internal_account(terms.token_from, AccountKind::Fee);
  Amount debited{}, fee{}, credited{};
  const auto add = [](Amount& sum, Amount amount) { sum = checked_add(sum, amount).value_or(sum); };
  for (const CustomerMove& move : moves) {
    const bool is_payer = move.token == terms.token_from && move.account == terms.payer_account;
    const bool is_payee = move.token == terms.token_to && move.account == terms.payee_account;
    if ((!move.debited.is_zero() && !is_payer) || (!move.credited.is_zero() && !is_payee))
      return false;
    add(debited, move.debited);
    add(credited, move.credited);
    if (move.to == fee_account) add(fee, move.debited);
  }
  return fee == terms.payer_fee && checked_add(terms.amount, terms.payer_fee) == debited &&
         checked_subtract(amount_to(terms), terms.payee_fee) == credited;
}

struct BatchPayment {
  const PaymentTerms& terms;
  Party debtor;
  Party creditor;
  EffectiveCorridor corridor{};
};

// Steps 7 to 9.
Code check_batch_banks(Run& run, const BatchPayment& pay) {
  Overlay& overlay = run.overlay();
  const PaymentTerms& terms = pay.terms;
  const Institution* payee_bank = find_institution(overlay, terms.payee_bank);
  const Code status =
      Lowest()
          .when(payee_bank == nullptr, Code::InstitutionNotFound)
          .when(is_suspended(overlay, terms.payer_bank), Code::AgentSuspended)
          .when(payee_bank != nullptr && is_suspended(*payee_bank), Code::CreditorAgentSuspended)
          .code();
  if (status != Code::Ok) return status;
  if (find_payment(run.effects, terms.payer_bank, terms.uetr) != nullptr) return Code::IdInUse;
  const Cell<Token>* to = overlay.find<Token>(token_key(terms.token_to));
  if (to == nullptr) return Code::TokenNotFound;
  const Token& from = pay.debtor.token->value;
  return Lowest()
      .when(((from.paused | to->value.paused) & kPauseXbank) != 0, Code::OperationPaused)
      .when(from.currency != to->value.currency && terms.amount_to.is_zero(), Code::TokenMismatch)
      .code();
}

// Steps 10 to 12.
Code check_batch_parties(Run& run, BatchPayment& pay) {
  constexpr AccountKinds kCustomer = kind_bit(AccountKind::Customer);
  const PaymentTerms& terms = pay.terms;
  const Code accounts = Lowest()
                            .also(check_debtor(pay.debtor, kCustomer))
                            .also(check_creditor(pay.creditor, kCustomer))
                            .code();
  if (accounts != Code::Ok) return accounts;
  const Code blocks =
      Lowest()
          .when(is_debit_blocked(pay.debtor), Code::DebtorBlocked)
          .when(is_credit_blocked(pay.creditor), Code::CreditorBlocked)
          .when(is_denied(run.overlay(), terms, pay.debtor, pay.creditor), Code::Denylisted)
          .code();
  if (blocks != Code::Ok) return blocks;
  pay.corridor = load_corridor(run.overlay(), terms.payer_bank, terms.payee_bank,
                               pay.debtor.token->value.currency);
  return Lowest()
      .when(pay.corridor.cell != nullptr && terms.amount > pay.corridor.max_tx,
            Code::CorridorTxLimit)
      .when(!pay.corridor.enabled, Code::CorridorDisabled)
      .code();
}

// Steps 7 to 14 of the payment as a whole.
Code check_batch_payment(Run& run, const SettleAtomic& action, BatchPayment& pay,
                         const std::vector<CustomerMove>& moves) {
  const PaymentTerms& terms = pay.terms;
  if (const Code code = check_batch_banks(run, pay); code != Code::Ok) return code;
  if (const Code code = check_batch_parties(run, pay); code != Code::Ok) return code;
  Lowest evidence;
  evidence.also(check_payer_evidence(run, terms, action.screening, pay.corridor))
      .when(is_kyc_expired(pay.debtor, run.now()), Code::KycExpired)
      .when(!action.ticket, Code::EvidenceMissing)
      .when(!are_terms_met(terms, moves), Code::TermsMismatch);
  if (action.ticket)
    evidence.also(
        check_ticket(run, terms, run.operation.ticket(0), pay.corridor, pay.creditor.token->value));
  if (evidence.code() != Code::Ok) return evidence.code();
  PaymentTerms limited = terms;  // the payee's fee is in the payee's currency
  limited.payee_fee = {};
  return Lowest()
      .also(check_limits(run.effects, limited, pay.debtor, pay.creditor))
      .when(terms.payee_fee > pay.creditor.token->value.fee_max, Code::FeeExceedsMax)
      .code();
}

// FX if the currencies differ. A token that is not there has none.
PaymentKind kind_of_batch(Overlay& overlay, const PaymentTerms& terms) {
  const Cell<Token>* from = overlay.find<Token>(token_key(terms.token_from));
  const Cell<Token>* to = overlay.find<Token>(token_key(terms.token_to));
  const bool is_fx = from != nullptr && to != nullptr && from->value.currency != to->value.currency;
  return is_fx ? PaymentKind::Fx : PaymentKind::CrossBank;
}

void tell_batch(Run& run, const SettleAtomic& action) {
  std::vector<InstId> signers;
  for (const Requirement& each : run.requirements.all()) signers.push_back(each.institution);
  const BatchEvent event{.legs = static_cast<std::uint32_t>(action.legs.size())};
  run.effects.emit_encoded(EventType::BatchSettled, encode(event), signers);
}

}  // namespace

Verdict run(Run& run, const SettleAtomic& action) {
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  const std::vector<CustomerMove> moves = customer_moves(run, action.legs);
  InstId payee_bank = 0;
  if (action.payment) {
    const PaymentTerms& terms = *action.payment;
    BatchPayment pay{
        terms, load_party(run.overlay(), terms.payer_bank, terms.token_from, terms.payer_account),
        load_party(run.overlay(), terms.payee_bank, terms.token_to, terms.payee_account)};
    const Code code = check_batch_payment(run, action, pay, moves);
    if (code != Code::Ok) return code;
    payee_bank = terms.payee_bank;
  } else if (!stays_inside(moves)) {
    return Code::EvidenceMissing;
  }
  for (std::size_t i = 0; i < action.legs.size(); ++i) {
    const Code code = run_leg(run, action.legs[i], payee_bank);
    if (code == Code::InvariantViolation) return code;
    if (code != Code::Ok) return {Code::LegFailed, i, code};
  }
  run.effects.balances_banks = false;  // legs do not add up one by one (ledger I9)
  if (action.payment)
    record_settled(run.effects, kind_of_batch(run.overlay(), *action.payment), *action.payment);
  tell_batch(run, action);
  return Code::Ok;
}

void reject(Run& run, const SettleAtomic& action, const Verdict& verdict) {
  if (!action.payment) return;
  const Code reason = verdict.code == Code::LegFailed ? verdict.inner : verdict.code;
  record_rejected(run.effects, kind_of_batch(run.overlay(), *action.payment), *action.payment,
                  reason);
}

}  // namespace giro::ledger
