#include "node/ledger/operations/payment_records.h"

#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/retention.h"

namespace giro::ledger {

Cell<Payment>* find_payment(Effects& effects, InstId payer_bank, const Uetr& uetr) {
  Cell<Payment>* cell = effects.overlay.find<Payment>(payment_key(payer_bank, uetr));
  if (cell == nullptr || is_past_retention(effects.params, cell->value, effects.block.time))
    return nullptr;
  return cell;
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

HoldEvent event_of(InstId creator, const HoldId& id, const Hold& hold) {
  return {.creator = creator,
          .hold_id = id,
          .token = hold.token,
          .account = hold.account,
          .amount = hold.amount,
          .captured = hold.captured,
          .kind = hold.kind};
}

struct HeldParties {
  Party debtor;
  Party creditor;
};
// The parties of a PENDING payment: the debtor's bank issues token_from, the creditor's bank
// token_to.
HeldParties parties_of(Overlay& overlay, const PaymentTerms& terms) {
  return {load_party(overlay, terms.payer_bank, terms.token_from, terms.payer_account),
          load_party(overlay, terms.payee_bank, terms.token_to, terms.payee_account)};
}

void change_open_items(Overlay& overlay, const Party& party, bool opened) {
  std::uint64_t& items = overlay.edit(*party.account).open_items;
  if (opened) {
    ++items;
  } else if (items > 0) {
    --items;
  }
}

}  // namespace

void record_settled(Effects& effects, PaymentKind kind, const PaymentTerms& terms) {
  Cell<Payment>& cell = create_payment(effects, kind, terms);
  cell.value.settled_at = effects.block.time;
  end_payment(effects, cell, PaymentState::Settled, Code::Ok);
  effects.emit(EventType::PaymentSettled, event_of(cell.value),
               {terms.payer_bank, terms.payee_bank});
}

void record_rejected(Effects& effects, PaymentKind kind, const PaymentTerms& terms, Code reason) {
  Cell<Payment>& cell = create_payment(effects, kind, terms);
  end_payment(effects, cell, PaymentState::Rejected, reason);
  effects.emit(EventType::PaymentRejected, event_of(cell.value), {terms.payer_bank});
}

Code record_pending(Effects& effects, const PaymentTerms& terms, const Party& debtor,
                    const Party& creditor, TimeMs expires_at) {
  Overlay& overlay = effects.overlay;
  const auto total = checked_add(terms.amount, terms.payer_fee);
  if (!total) return Code::ArithmeticOverflow;
  Position& position = overlay.edit(*debtor.position);
  Token& token = overlay.edit(*debtor.token);
  const auto held = checked_add(position.held, *total);
  const auto token_held = checked_add(token.held, *total);
  if (!held || !token_held) return Code::ArithmeticOverflow;
  position.held = *held;
  token.held = *token_held;
  position.last_height = effects.block.height;
  use_limits(effects, debtor, *total);
  change_open_items(overlay, debtor, true);
  change_open_items(overlay, creditor, true);

  const InstId creator = terms.payer_bank;
  Hold& hold = overlay.create<Hold>(hold_key(creator, terms.uetr)).value;
  hold = {.token = terms.token_from,
          .account = terms.payer_account,
          .amount = *total,
          .kind = HoldKind::Payment,
          .created_at = effects.block.time,
          .expires_at = expires_at,
          .created_height = effects.block.height};
  overlay.rows().put(hold_of_position_key(terms.token_from, terms.payer_account,
                                          hold.created_height, creator, terms.uetr));
  effects.emit(EventType::HoldCreated, event_of(creator, terms.uetr, hold), {debtor.servicer});

  Cell<Payment>& payment = create_payment(effects, PaymentKind::CrossBank, terms);
  payment.value.state = PaymentState::Pending;
  payment.value.has_hold = true;
  payment.value.expires_at = expires_at;
  overlay.rows().put(deadline_key(expires_at, DeadlineKind::Payment, payment.key));
  effects.emit(EventType::PaymentPending, event_of(payment.value),
               {terms.payer_bank, terms.payee_bank});
  return Code::Ok;
}

Code end_pending(Effects& effects, Cell<Payment>& payment, PaymentState state, Code reason) {
  Overlay& overlay = effects.overlay;
  const PaymentTerms terms = payment.value.terms;
  const auto [debtor, creditor] = parties_of(overlay, terms);
  const Key hold_id = hold_key(terms.payer_bank, terms.uetr);
  Cell<Hold>* hold = overlay.find<Hold>(hold_id);
  if (hold == nullptr || hold->value.status != HoldStatus::Active) return Code::InvariantViolation;
  if (debtor.position == nullptr || creditor.account == nullptr) return Code::InvariantViolation;

  Position& position = overlay.edit(*debtor.position);
  Token& token = overlay.edit(*debtor.token);
  const auto held = checked_subtract(position.held, hold->value.amount);
  const auto token_held = checked_subtract(token.held, hold->value.amount);
  if (!held || !token_held) return Code::InvariantViolation;
  position.held = *held;
  token.held = *token_held;
  position.last_height = effects.block.height;
  give_back_limits(effects, debtor, hold->value.amount, payment.value.created_at);
  change_open_items(overlay, debtor, false);
  change_open_items(overlay, creditor, false);

  Hold& released = overlay.edit(*hold);
  released.status = HoldStatus::Released;
  released.ended_at = effects.block.time;
  overlay.rows().erase(hold_of_position_key(released.token, released.account,
                                            released.created_height, terms.payer_bank, terms.uetr));
  keep_for_retention(effects, RetentionKind::Hold, hold_id,
                     add_ms(released.ended_at, effects.params.payment_retention_ms));
  effects.emit(EventType::HoldReleased, event_of(terms.payer_bank, terms.uetr, released),
               {debtor.servicer});

  overlay.rows().erase(deadline_key(payment.value.expires_at, DeadlineKind::Payment, payment.key));
  end_payment(effects, payment, state, reason);
  overlay.edit(payment).has_hold = false;
  const EventType type = state == PaymentState::Expired     ? EventType::PaymentExpired
                         : state == PaymentState::Cancelled ? EventType::PaymentCancelled
                                                            : EventType::PaymentRejected;
  effects.emit(type, event_of(payment.value), {terms.payer_bank, terms.payee_bank});
  return Code::Ok;
}

}  // namespace giro::ledger
