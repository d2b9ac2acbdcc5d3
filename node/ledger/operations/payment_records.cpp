#include "node/ledger/operations/payment_records.h"

#include "node/ledger/operations/hold_records.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/retention.h"

namespace giro::ledger {

Cell<Payment>* find_payment(Effects& effects, InstId payer_bank, const Uetr& uetr) {
  Cell<Payment>* cell = effects.overlay.find<Payment>(payment_key(payer_bank, uetr));
  if (cell == nullptr || is_past_retention(effects.params, cell->value, effects.block.time))
    return nullptr;
  return cell;
}

Cell<Payment>* find_shown_payment(Effects& effects, InstId payer_bank, const Uetr& uetr) {
  Cell<Payment>* cell = find_payment(effects, payer_bank, uetr);
  const bool is_hidden = cell != nullptr && cell->value.state == PaymentState::Rejected &&
                         cell->value.expires_at == TimeMs{};
  return is_hidden ? nullptr : cell;
}

Code check_pending(const Payment& payment, TimeMs now) {
  if (payment.state == PaymentState::Expired) return Code::PaymentExpired;
  if (payment.state != PaymentState::Pending) return Code::PaymentWrongState;
  return now >= payment.expires_at ? Code::PaymentExpired : Code::Ok;
}

namespace {

PaymentEvent event_of(const Payment& payment) {
  return {.kind = payment.kind,
          .terms = payment.terms,
          .state = payment.state,
          .code = payment.reason,
          .expires_at = payment.expires_at,
          .returned = payment.returned,
          .original = payment.original,
          .original_payer_bank = payment.original_payer_bank};
}

// A new record and its row in the UETR index. One that is past its retention is replaced.
Cell<Payment>& create_payment(Effects& effects, PaymentKind kind, const PaymentTerms& terms) {
  const Key key = payment_key(terms.payer_bank, terms.uetr);
  if (effects.overlay.find<Payment>(key) == nullptr) {
    effects.overlay.rows().put(uetr_index_key(terms.uetr, terms.payer_bank));
  }
  Cell<Payment>& cell = effects.overlay.create<Payment>(key);
  Payment& payment = cell.value;
  payment.kind = kind;
  payment.terms = terms;
  payment.created_at = effects.block.time;
  payment.last_height = effects.block.height;
  payment.last_index = effects.index;
  return cell;
}

void end_payment(Effects& effects, Cell<Payment>& cell, PaymentState state, Code reason) {
  Payment& payment = effects.overlay.edit(cell);
  payment.state = state;
  payment.reason = reason;
  payment.ended_at = effects.block.time;
  payment.last_height = effects.block.height;
  payment.last_index = effects.index;
  keep_for_retention(effects, RetentionKind::Payment, cell.key,
                     add_ms(payment.ended_at, effects.params.payment_retention_ms));
}

struct HeldParties {
  Party debtor;
  Party creditor;
};
// The parties of a PENDING payment: the debtor's bank issues token_from, the creditor's bank
// token_to.
HeldParties parties_of(Overlay& overlay, const PaymentTerms& terms) {
  return {load_party(overlay, terms.token_from, terms.payer_account),
          load_party(overlay, terms.token_to, terms.payee_account)};
}

}  // namespace

void record_settled(Effects& effects, PaymentKind kind, const PaymentTerms& terms) {
  Cell<Payment>& cell = create_payment(effects, kind, terms);
  cell.value.settled_at = effects.block.time;
  end_payment(effects, cell, PaymentState::Settled, Code::Ok);
  effects.emit(EventType::PaymentSettled, event_of(cell.value),
               {terms.payer_bank, terms.payee_bank});
}

void record_rejected(Effects& effects, PaymentKind kind, const PaymentTerms& terms, Code reason,
                     const PaymentTerms* original) {
  if (find_payment(effects, terms.payer_bank, terms.uetr) != nullptr) return;
  Cell<Payment>& cell = create_payment(effects, kind, terms);
  if (original != nullptr) {
    cell.value.original = original->uetr;
    cell.value.original_payer_bank = original->payer_bank;
  }
  end_payment(effects, cell, PaymentState::Rejected, reason);
  effects.emit(EventType::PaymentRejected, event_of(cell.value), {terms.payer_bank});
}

Code record_return(Effects& effects, const Returned& returned) {
  const PaymentTerms& terms = returned.terms;
  Payment& original = effects.overlay.edit(returned.original);
  const auto sum = checked_add(original.returned, terms.amount);
  if (!sum) return Code::ArithmeticOverflow;
  original.returned = *sum;
  original.last_height = effects.block.height;
  original.last_index = effects.index;
  if (*sum == original.terms.amount)
    end_payment(effects, returned.original, PaymentState::Returned, returned.reason);

  Cell<Payment>& cell = create_payment(effects, PaymentKind::Return, terms);
  cell.value.original = original.terms.uetr;
  cell.value.original_payer_bank = original.terms.payer_bank;
  cell.value.settled_at = effects.block.time;
  end_payment(effects, cell, PaymentState::Settled, returned.reason);
  effects.emit(EventType::PaymentSettled, event_of(cell.value),
               {terms.payer_bank, terms.payee_bank});
  effects.emit(EventType::PaymentReturned, event_of(original),
               {terms.payer_bank, terms.payee_bank});
  return Code::Ok;
}

Code record_pending(Effects& effects, const PaymentTerms& terms, const Party& debtor,
                    const Party& creditor, TimeMs expires_at) {
  Overlay& overlay = effects.overlay;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  if (!total) return Code::ArithmeticOverflow;
  const Hold hold{.token = terms.token_from,
                  .account = terms.payer_account,
                  .amount = *total,
                  .kind = HoldKind::Payment,
                  .expires_at = expires_at};
  if (const Code code = open_hold(effects, debtor, terms.payer_bank, terms.uetr, hold);
      code != Code::Ok)
    return code;
  use_limits(effects, debtor, *total);
  change_open_items(overlay, debtor, true);
  change_open_items(overlay, creditor, true);

  Cell<Payment>& payment = create_payment(effects, PaymentKind::CrossBank, terms);
  payment.value.state = PaymentState::Pending;
  payment.value.has_hold = true;
  payment.value.expires_at = expires_at;
  overlay.rows().put(deadline_key(expires_at, DeadlineKind::Payment, payment.key));
  effects.emit(EventType::PaymentPending, event_of(payment.value),
               {terms.payer_bank, terms.payee_bank});
  return Code::Ok;
}

namespace {

// What every end of a PENDING payment has in common: its hold ends, nobody waits any longer.
Code stop_waiting(Effects& effects, Cell<Payment>& payment, HoldStatus status, Amount captured) {
  Overlay& overlay = effects.overlay;
  const PaymentTerms& terms = payment.value.terms;
  const auto [debtor, creditor] = parties_of(overlay, terms);
  Cell<Hold>* hold = overlay.find<Hold>(hold_key(terms.payer_bank, terms.uetr));
  if (payment.value.state != PaymentState::Pending || hold == nullptr)
    return Code::InvariantViolation;
  if (debtor.position == nullptr || creditor.account == nullptr) return Code::InvariantViolation;
  if (const Code code = end_hold(effects, *hold, status, captured); code != Code::Ok) return code;
  if (status != HoldStatus::Captured)
    give_back_limits(effects, debtor, hold->value.amount, payment.value.created_at);
  change_open_items(overlay, debtor, false);
  change_open_items(overlay, creditor, false);
  overlay.rows().erase(deadline_key(payment.value.expires_at, DeadlineKind::Payment, payment.key));
  overlay.edit(payment).has_hold = false;
  return Code::Ok;
}

}  // namespace

Code end_pending(Effects& effects, Cell<Payment>& payment, PaymentState state, Code reason,
                 HoldStatus hold) {
  if (const Code code = stop_waiting(effects, payment, hold, {}); code != Code::Ok) return code;
  end_payment(effects, payment, state, reason);
  const EventType type = state == PaymentState::Expired     ? EventType::PaymentExpired
                         : state == PaymentState::Cancelled ? EventType::PaymentCancelled
                                                            : EventType::PaymentRejected;
  const PaymentTerms& terms = payment.value.terms;
  effects.emit(type, event_of(payment.value), {terms.payer_bank, terms.payee_bank});
  return Code::Ok;
}

Code capture_pending(Effects& effects, Cell<Payment>& payment) {
  const PaymentTerms& terms = payment.value.terms;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  return total ? stop_waiting(effects, payment, HoldStatus::Captured, *total)
               : Code::ArithmeticOverflow;
}

void record_accepted(Effects& effects, Cell<Payment>& payment) {
  end_payment(effects, payment, PaymentState::Settled, Code::Ok);
  effects.overlay.edit(payment).settled_at = effects.block.time;
  const PaymentTerms& terms = payment.value.terms;
  effects.emit(EventType::PaymentSettled, event_of(payment.value),
               {terms.payer_bank, terms.payee_bank});
}

}  // namespace giro::ledger
