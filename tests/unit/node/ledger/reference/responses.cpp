// Answers to a payment that waits, cancellation and return (ledger 5.5).
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

// What its payee bank may know of: not what was REJECTED at once.
static Paym* known_payment(State& state, InstId bank, const Uetr& uetr) {
  Paym* payment = look(state.payments, {bank, uetr});
  if (payment == nullptr) return nullptr;
  const bool at_once = payment->state == PaymentState::Rejected && payment->expires == 0;
  return at_once ? nullptr : payment;
}

static void waits(Findings& findings, const Paym& payment, Ms now) {
  const bool is_past = payment.state == PaymentState::Expired ||
                       (payment.state == PaymentState::Pending && payment.expires <= now);
  findings.at(8, Code::PaymentExpired, is_past);
  findings.at(8, Code::PaymentWrongState, !is_past && payment.state != PaymentState::Pending);
}

std::optional<Code> Rules::need(const PayRespond& answer) {
  const Paym* payment = known_payment(s_, answer.payer_bank, answer.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = payment->terms;
  spares_ = !answer.accept;
  need_.add(terms.payee_bank, Role::Compliance, 1);
  const Tok* token = look(s_.tokens, terms.token_to);
  if (answer.accept && token != nullptr && money(terms.amount) >= token->dual)
    need_quorum(terms.payee_bank, Role::Issuer);
  return std::nullopt;
}
void Rules::check(const PayRespond& answer) {
  const Paym& payment = s_.payments.at({answer.payer_bank, answer.uetr});
  const PaymentTerms& terms = payment.terms;
  waits(f_, payment, s_.now);
  if (!answer.accept) return;
  pay_status(terms);
  if (payment.state != PaymentState::Pending) return;
  pay_parties(terms);
  pay_corridor(terms);
  screening(answer.screening, effective(terms).checks);
  payee_evidence(terms, answer.travel_rule_ack, answer.cop_result);
  pay_settlement(terms, true);
}
void Rules::act(const PayRespond& answer) {
  const OwnedKey at(answer.payer_bank, answer.uetr);
  Paym& payment = s_.payments.at(at);
  payment.height = s_.height;
  payment.index = index_;
  if (answer.accept) {
    settle(payment.terms, payment.terms.payee_account, true);
    end_pending(s_, payment, at, PaymentState::Settled, Code::Ok, HoldStatus::Captured);
  } else {
    end_pending(s_, payment, at, PaymentState::Rejected, answer.reason, HoldStatus::Released);
  }
}

std::optional<Code> Rules::need(const PayCancel& order) {
  spares_ = true;
  const Paym* payment = look(s_.payments, {actor_, order.uetr});
  if (payment == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = payment->terms;
  const Tok* token = look(s_.tokens, terms.token_from);
  if (token == nullptr) return Code::PaymentNotFound;
  const AcctKey payer(token->issuer, terms.payer_account);
  if (!s_.accounts.contains(payer)) return Code::PaymentNotFound;
  need_of_debit(terms.token_from, payer, money(terms.amount));
  return std::nullopt;
}
void Rules::check(const PayCancel& order) {
  waits(f_, s_.payments.at({actor_, order.uetr}), s_.now);
}
void Rules::act(const PayCancel& order) {
  const OwnedKey at(actor_, order.uetr);
  Paym& payment = s_.payments.at(at);
  payment.height = s_.height;
  payment.index = index_;
  end_pending(s_, payment, at, PaymentState::Cancelled, Code::Ok, HoldStatus::Released);
}

// ---- RETURN ----

PaymentTerms Rules::return_terms(const ReturnPayment& order, bool refunds) const {
  const PaymentTerms& original = s_.payments.at({order.payer_bank, order.uetr}).terms;
  PaymentTerms terms;
  terms.uetr = op_.op_id;
  terms.payer_bank = original.payee_bank;
  terms.payer_account = original.payee_account;
  terms.payee_bank = original.payer_bank;
  terms.payee_account = original.payer_account;
  terms.token_from = original.token_to;
  terms.token_to = original.token_from;
  terms.settle_token = original.settle_token;
  terms.amount = order.amount;
  const Acct* account =
      look(s_.accounts, {s_.tokens.at(terms.token_to).issuer, terms.payee_account});
  if (refunds && (account == nullptr || account->closed || account->no_credit))
    terms.payee_account = internal_account(terms.token_to, AccountKind::Suspense);
  return terms;
}

std::optional<Code> Rules::need(const ReturnPayment& order) {
  spares_ = true;
  const Paym* payment = known_payment(s_, order.payer_bank, order.uetr);
  if (payment == nullptr) return Code::PaymentNotFound;
  const PaymentTerms& terms = payment->terms;
  const Tok* token = look(s_.tokens, terms.token_to);
  if (token == nullptr) return Code::TokenNotFound;
  const AcctKey payee(token->issuer, terms.payee_account);
  if (!s_.accounts.contains(payee)) return Code::DebtorAccountNotFound;
  if (order.by_bank) {
    need_quorum(payee.first, Role::Treasury);
    need_.add(payee.first, Role::Compliance, 1);
  } else {
    need_of_debit(terms.token_to, payee, money(order.amount));
  }
  return std::nullopt;
}

void Rules::check(const ReturnPayment& order) {
  const Paym& payment = s_.payments.at({order.payer_bank, order.uetr});
  const PaymentTerms terms = return_terms(order, true);
  const bool settled = payment.state == PaymentState::Settled;
  f_.at(8, Code::PaymentWrongState,
        payment.kind == PaymentKind::Fx || (!settled && payment.state != PaymentState::Returned));
  f_.at(8, Code::AlreadyReturned, payment.state == PaymentState::Returned);
  f_.at(8, Code::ReturnOfReturn, payment.kind == PaymentKind::Return);
  const Ms window = static_cast<Ms>(s_.params.return_window_ms);
  f_.at(8, Code::WindowClosed, payment.settled != 0 && payment.settled + window < s_.now);
  f_.at(8, Code::IdInUse, s_.payments.contains({actor_, op_.op_id}));
  f_.at(15, Code::ReturnExceedsOriginal,
        money(order.amount) > money(payment.terms.amount) - payment.returned);
  const AcctKey payer(s_.tokens.at(terms.token_from).issuer, terms.payer_account);
  const AcctKey payee(s_.tokens.at(terms.token_to).issuer, terms.payee_account);
  const Acct& account = s_.accounts.at(payer);
  f_.at(10, Code::DebtorAccountClosed, account.closed);
  f_.at(11, Code::DebtorBlocked, account.no_debit && !order.by_bank);
  denied(terms, payer, payee);
  funds({terms.token_from, terms.payer_account}, money(order.amount));
  if (terms.token_from == terms.token_to) return;
  f_.at(12, Code::NoSettlementPath, terms.settle_token == 0 || !path(terms).whole);
  if (terms.settle_token != 0) pay_settlement(terms, false);
}

void Rules::act(const ReturnPayment& order) {
  const PaymentTerms terms = return_terms(order, true);
  if (terms.token_from == terms.token_to) {
    debit({terms.token_from, terms.payer_account}, money(order.amount));
    credit({terms.token_to, terms.payee_account}, money(order.amount));
  } else {
    settle(terms, terms.payee_account, false);
  }
  Paym& payment = s_.payments.at({order.payer_bank, order.uetr});
  payment.returned += money(order.amount);
  payment.height = s_.height;
  payment.index = index_;
  if (payment.returned == money(payment.terms.amount)) {
    payment.state = PaymentState::Returned;
    payment.ended = s_.now;
    payment.reason = order.reason;
  }
  Paym& booked = book(PaymentKind::Return, terms, PaymentState::Settled, order.reason);
  booked.original = order.uetr;
  booked.original_bank = order.payer_bank;
}

}  // namespace giro::ledger::reference
