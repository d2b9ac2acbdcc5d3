// BULK_PAY: many payments of one account in one operation (ledger 5.7).
#include "node/ledger/operations/evidence.h"
#include "node/ledger/operations/orders.h"
#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/payment_records.h"
#include "node/ledger/operations/terms_check.h"

namespace giro::ledger {

namespace {

bool is_transfer(const PaymentTerms& item) {
  return item.settle_token == 0;
}
PaymentKind kind_of(const PaymentTerms& item) {
  return is_transfer(item) ? PaymentKind::OnUs : PaymentKind::CrossBank;
}

}  // namespace

Code check(const Operation& operation, const BulkPay& action) {
  if (action.items.empty() || action.items.is_over()) return Code::TooManyItems;
  const PaymentTerms& first = action.items[0];
  Lowest lowest;
  Amount sum{};
  for (const PaymentTerms& item : action.items) {
    const bool is_of_one =
        item.payer_account == first.payer_account && item.token_from == first.token_from;
    lowest.when(!is_of_one || !item.amount_to.is_zero(), Code::Malformed)
        .also(check_any_terms(operation, item))
        .when(is_transfer(item) && item.payer_account == item.payee_account, Code::SameAccount);
    sum = checked_add(sum, item.amount).value_or(sum);
  }
  return lowest.when(sum != action.control_sum, Code::ControlSumMismatch).code();
}

Code require(Run& run, const BulkPay& action) {
  const PaymentTerms& first = action.items[0];
  const Party debtor = load_party(run.overlay(), first.token_from, first.payer_account);
  if (debtor.token == nullptr) return Code::TokenNotFound;
  if (debtor.account == nullptr) return Code::DebtorAccountNotFound;
  run.requirements.add_debit(run.overlay(), debtor.servicer, debtor.account->value,
                             action.control_sum, debtor.token->value);
  // Of the debtor's bank: an actor that is another has no part in it (203).
  run.requirements.add(bank_of(debtor), Role::Compliance, 1);
  return Code::Ok;
}

namespace {

// What concerns the debtor alone fails the whole operation and writes no payment.
Code check_bulk_debtor(Run& run, const BulkPay& action, const Party& debtor) {
  const bool has_transfer = std::any_of(action.items.begin(), action.items.end(), is_transfer);
  const bool has_pay = !std::all_of(action.items.begin(), action.items.end(), is_transfer);
  const unsigned pausing =
      (has_transfer ? unsigned{kPauseTransfer} : 0U) | (has_pay ? unsigned{kPauseXbank} : 0U);
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  if (!payment_ttl_ms(run.params(), action.ttl_s)) return Code::TtlOutOfRange;
  if ((debtor.token->value.paused & pausing) != 0) return Code::OperationPaused;
  const AccountKinds kinds = has_pay ? kind_bit(AccountKind::Customer) : kAnyKind;
  if (const Code code = check_debtor(debtor, kinds); code != Code::Ok) return code;
  if (is_debit_blocked(debtor)) return Code::DebtorBlocked;
  // Which checks must be done depends on the corridor: that is the item's.
  const Code screening =
      has_pay ? check_screening(run.params(), action.screening, 0, run.now()) : Code::Ok;
  return Lowest().also(screening).when(is_kyc_expired(debtor, run.now()), Code::KycExpired).code();
}

std::optional<Verified::TicketView> ticket_for(const Verified& operation, InstId payee_bank) {
  for (std::size_t i = 0; i < operation.ticket_count(); ++i) {
    if (operation.ticket(i).body.payee_bank == payee_bank) return operation.ticket(i);
  }
  return std::nullopt;
}

// On its own overlay: what fails leaves nothing.
Code run_item(Run& run, const BulkPay& action, const PaymentTerms& item) {
  Effects::Mark mark = run.effects.mark();
  const Overlay::Savepoint savepoint = run.overlay().begin();
  const Code code = is_transfer(item)
                        ? transfer(run, item)
                        : pay(run, {.terms = item,
                                    .screening = action.screening,
                                    .ticket = ticket_for(run.operation, item.payee_bank),
                                    .ttl_s = action.ttl_s,
                                    .must_settle = action.all_or_nothing});
  if (code == Code::Ok) {
    run.overlay().release(savepoint);
  } else {
    run.overlay().rollback(savepoint);
    run.effects.rollback(std::move(mark));
  }
  return code;
}

void count_item(std::uint32_t& items, Amount& sum, const PaymentTerms& item) {
  ++items;
  sum = checked_add(sum, item.amount).value_or(sum);
}

}  // namespace

Verdict run(Run& run, const BulkPay& action) {
  const PaymentTerms& first = action.items[0];
  const Party debtor = load_party(run.overlay(), first.token_from, first.payer_account);
  if (const Code code = check_bulk_debtor(run, action, debtor); code != Code::Ok) return code;
  BulkEvent done;
  for (std::size_t i = 0; i < action.items.size(); ++i) {
    const PaymentTerms& item = action.items[i];
    const Code code = run_item(run, action, item);
    if (code == Code::InvariantViolation) return code;
    if (code != Code::Ok && action.all_or_nothing) return {Code::LegFailed, i, code};
    if (code != Code::Ok) {
      count_item(done.rejected, done.rejected_amount, item);
      if (code != Code::IdInUse) record_rejected(run.effects, kind_of(item), item, code);
      continue;
    }
    const Cell<Payment>* payment = find_payment(run.effects, item.payer_bank, item.uetr);
    if (payment != nullptr && payment->value.state == PaymentState::Pending) {
      count_item(done.pending, done.pending_amount, item);
    } else {
      count_item(done.settled, done.settled_amount, item);
    }
  }
  run.effects.emit(EventType::BulkProcessed, done, {run.actor()});
  return {Code::Ok, done.settled + done.pending, Code::Ok};
}

void reject(Run& run, const BulkPay& action, const Verdict& verdict) {
  if (verdict.code != Code::LegFailed) return;
  BulkEvent done;
  for (std::size_t i = 0; i < action.items.size(); ++i) {
    const PaymentTerms& item = action.items[i];
    const Code reason = i == verdict.index ? verdict.inner : Code::LinkedFailed;
    count_item(done.rejected, done.rejected_amount, item);
    if (reason != Code::IdInUse) record_rejected(run.effects, kind_of(item), item, reason);
  }
  run.effects.emit(EventType::BulkProcessed, done, {run.actor()});
}

}  // namespace giro::ledger
