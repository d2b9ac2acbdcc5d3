// What operations share: the parties of a movement, limits, postings.
#include <algorithm>

#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

Money State::held(const PosKey& at) const {
  Money sum = 0;
  for (const auto& [key, hold] : holds) {
    if (hold.status == HoldStatus::Active && hold.token == at.first && hold.account == at.second)
      sum += hold.amount;
  }
  return sum;
}

Money State::available(const PosKey& at) const {
  const Pos& position = positions.at(at);
  const Money bound = held(at) + position.frozen;
  return position.posted > bound ? position.posted - bound : 0;
}

std::uint64_t State::open_items(const AcctKey& at) const {
  std::uint64_t count = 0;
  for (const auto& [key, hold] : holds) {
    if (hold.status != HoldStatus::Active || hold.kind == HoldKind::Payment) continue;
    if (tokens.at(hold.token).issuer != at.first) continue;
    count += hold.account == at.second ? 1 : 0;
    count += hold.kind == HoldKind::Escrow && hold.beneficiary == at.second ? 1 : 0;
  }
  for (const auto& [key, payment] : payments) {
    if (payment.state != PaymentState::Pending) continue;
    const PaymentTerms& terms = payment.terms;
    count += AcctKey(terms.payer_bank, terms.payer_account) == at ? 1 : 0;
    count += AcctKey(terms.payee_bank, terms.payee_account) == at ? 1 : 0;
  }
  return count;
}

bool Rules::is_paused(TokenId token, unsigned flag) const {
  const Tok* known = look(s_.tokens, token);
  return known != nullptr && (known->paused & flag) != 0;
}

// Ids are unique per servicer: the position is that of the token's issuer.
bool Rules::has_position(const AcctKey& at, TokenId token) const {
  const Tok* known = look(s_.tokens, token);
  return known != nullptr && known->issuer == at.first && s_.positions.contains({token, at.second});
}

void Rules::signer_status() {
  if (spares_) return;
  for (const auto& [inst, roles] : need_.roles) {
    const Inst* known = look(s_.insts, inst);
    f_.at(7, Code::AgentSuspended, known != nullptr && known->is_out());
  }
}

void Rules::debtor(const AcctKey& at, TokenId token, bool kind_allowed) {
  const Acct* account = look(s_.accounts, at);
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  if (account == nullptr) return;
  f_.at(10, Code::DebtorAccountClosed, account->closed);
  f_.at(10, Code::DebtorPositionNotOpen, !has_position(at, token));
  f_.at(10, Code::DebtorKindNotAllowed, !kind_allowed);
  f_.at(11, Code::DebtorBlocked, account->no_debit);
}

void Rules::creditor(const AcctKey& at, TokenId token, bool kind_allowed) {
  const Acct* account = look(s_.accounts, at);
  f_.at(10, Code::CreditorAccountNotFound, account == nullptr);
  if (account == nullptr) return;
  f_.at(10, Code::CreditorAccountClosed, account->closed);
  f_.at(10, Code::CreditorPositionNotOpen, !has_position(at, token));
  f_.at(10, Code::CreditorKindNotAllowed, !kind_allowed);
  f_.at(11, Code::CreditorBlocked, account->no_credit);
}

void Rules::funds(const PosKey& at, Money amount) {
  const Pos* position = look(s_.positions, at);
  if (position == nullptr) return;
  const Money held = s_.held(at);
  f_.at(15, Code::InsufficientFunds, position->posted < amount);
  f_.at(15, Code::FundsOnHold, position->posted < held + amount);
  f_.at(15, Code::FundsFrozen, s_.available(at) < amount);
}

void Rules::max_balance(const PosKey& at, Money more) {
  const Pos* position = look(s_.positions, at);
  if (position == nullptr) return;
  const Money most = position->lims.max_balance;
  f_.at(16, Code::ExposureLimit, most != 0 && position->posted + more > most);
}

void Rules::cap(TokenId token, Money more) {
  f_.at(16, Code::IssuanceCapExceeded, s_.outstanding(token) + more > s_.tokens.at(token).cap);
}

InstId Rules::bank_behind(const AcctKey& at) const {
  const Acct* account = look(s_.accounts, at);
  return account != nullptr && account->kind == AccountKind::Nostro ? account->owner : at.first;
}

void Rules::denied(const PaymentTerms& terms, const AcctKey& payer, const AcctKey& payee) {
  for (const InstId list : {terms.payer_bank, terms.payee_bank}) {
    const Inst* keeper = look(s_.insts, list);
    if (keeper == nullptr) continue;
    for (const auto& [at, bank] : {std::pair(payer, terms.payer_bank), {payee, terms.payee_bank}}) {
      const Acct* account = look(s_.accounts, at);
      const Inst* of_bank = look(s_.insts, bank);
      const auto is_in = [keeper](const Subject& subject) {
        return keeper->denied.contains(subject);
      };
      f_.at(11, Code::Denylisted, is_in({DenySubject::Account, at.first, at.second, {}}));
      f_.at(11, Code::Denylisted, is_in({DenySubject::Institution, bank, {}, {}}));
      if (account != nullptr)
        f_.at(11, Code::Denylisted, is_in({DenySubject::Country, 0, {}, account->country}));
      if (of_bank != nullptr)
        f_.at(11, Code::Denylisted, is_in({DenySubject::Country, 0, {}, of_bank->country}));
    }
  }
}

void Rules::customer_limits(const PaymentTerms& terms, const AcctKey& payer) {
  const Tok* from = look(s_.tokens, terms.token_from);
  const Tok* to = look(s_.tokens, terms.token_to);
  const Money amount = money(terms.amount), payer_fee = money(terms.payer_fee);
  if (from == nullptr || to == nullptr) return;
  f_.at(14, Code::FeeExceedsMax, payer_fee > from->fee_max);
  f_.at(14, Code::FeeExceedsMax, money(terms.payee_fee) > to->fee_max);
  f_.at(14, Code::ArithmeticOverflow, money(terms.payee_fee) > amount);
  const Acct* account = look(s_.accounts, payer);
  if (account == nullptr || account->kind != AccountKind::Customer) return;
  const Money total = amount + payer_fee;
  f_.at(13, Code::KycExpired, account->kyc_until < s_.now);
  f_.at(14, Code::TxLimitToken, from->max_tx != 0 && total > from->max_tx);
  f_.at(14, Code::BelowMinimum, amount < from->min_tx);
  const Pos* position = look(s_.positions, {terms.token_from, terms.payer_account});
  if (position == nullptr) return;
  const Lims& lims = position->lims;
  const bool today = position->day == s_.now / kMsPerDay;
  const Money used = today ? position->day_used : 0;
  const std::uint64_t ops = today ? position->day_ops : 0;
  f_.at(14, Code::TxLimitAccount, lims.max_tx != 0 && total > lims.max_tx);
  f_.at(14, Code::DailyAmountLimit, lims.day_amount != 0 && used + total > lims.day_amount);
  f_.at(14, Code::DailyCountLimit, lims.day_count != 0 && ops + 1 > lims.day_count);
  f_.at(14, Code::PayeeBankNotAllowed,
        !lims.banks.empty() && !lims.banks.contains(terms.payee_bank));
}

void Rules::use_limits(const PaymentTerms& terms) {
  Pos& position = s_.positions.at({terms.token_from, terms.payer_account});
  if (position.day != s_.now / kMsPerDay) {
    position.day = s_.now / kMsPerDay;
    position.day_used = 0;
    position.day_ops = 0;
  }
  position.day_used += money(terms.amount) + money(terms.payer_fee);
  ++position.day_ops;
}

void Rules::debit(const PosKey& at, Money amount) {
  if (amount == 0) return;
  Pos& position = s_.positions.at(at);
  position.posted -= amount;
  position.dr_total += amount;
  ++position.dr_count;
}

void Rules::credit(const PosKey& at, Money amount) {
  if (amount == 0) return;
  Pos& position = s_.positions.at(at);
  position.posted += amount;
  position.cr_total += amount;
  ++position.cr_count;
}

Paym& Rules::book(PaymentKind kind, const PaymentTerms& terms, PaymentState state, Code reason) {
  Paym payment;
  payment.kind = kind;
  payment.terms = terms;
  payment.state = state;
  payment.reason = reason;
  payment.created = s_.now;
  if (state == PaymentState::Settled) payment.settled = s_.now;
  if (state != PaymentState::Pending) payment.ended = s_.now;
  payment.height = s_.height;
  payment.index = index_;
  return s_.payments[{terms.payer_bank, terms.uetr}] = payment;
}

void Rules::write_rejected(const PaymentTerms& terms, PaymentKind kind, Code code) {
  if (code == Code::IdInUse || s_.payments.contains({terms.payer_bank, terms.uetr})) return;
  (void)book(kind, terms, PaymentState::Rejected, code);
}

void Rules::end_pending(State& state, Paym& payment, const OwnedKey& at, PaymentState to,
                        Code reason, HoldStatus hold) {
  payment.state = to;
  payment.reason = reason;
  payment.ended = state.now;
  Holding& held = state.holds.at(at);
  held.status = hold;
  held.ended = state.now;
  if (to == PaymentState::Settled) {
    payment.settled = state.now;
    held.captured = held.amount;
    return;
  }
  // Limits of the same UTC day are given back (ledger 5.4).
  Pos& position = state.positions.at({payment.terms.token_from, payment.terms.payer_account});
  if (payment.created / kMsPerDay == state.now / kMsPerDay) {
    position.day_used -= money(payment.terms.amount) + money(payment.terms.payer_fee);
    --position.day_ops;
  }
}

}  // namespace giro::ledger::reference
