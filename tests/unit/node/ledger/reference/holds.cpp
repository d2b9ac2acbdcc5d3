// Holds (ledger 5.9).
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

void Rules::end_hold(Holding& hold, HoldStatus status) {
  hold.status = status;
  hold.ended = s_.now;
}

std::optional<Code> Rules::need(const HoldCreate& order) {
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  const AcctKey at(token->issuer, order.account);
  if (order.kind == HoldKind::Legal) {
    spares_ = true;
    need_.add(token->issuer, Role::Compliance, 1);
    return std::nullopt;
  }
  if (!s_.accounts.contains(at)) return Code::DebtorAccountNotFound;
  need_of_debit(order.token, at, money(order.amount));
  return std::nullopt;
}

void Rules::check(const HoldCreate& order) {
  const Tok& token = s_.tokens.at(order.token);
  const AcctKey at(token.issuer, order.account);
  const Acct* account = look(s_.accounts, at);
  const bool is_customer = account != nullptr && account->kind == AccountKind::Customer;
  const OwnedKey id(actor_, op_.op_id);
  f_.at(8, Code::IdInUse, s_.holds.contains(id) || s_.payments.contains(id));
  if (order.kind == HoldKind::Escrow) {
    const Inst* captor = look(s_.insts, order.captor);
    f_.at(7, Code::InstitutionNotFound, captor == nullptr);
    f_.at(7, Code::AgentSuspended,
          captor != nullptr && captor->status != InstitutionStatus::Active);
    const AcctKey to(token.issuer, order.beneficiary);
    const Acct* beneficiary = look(s_.accounts, to);
    f_.at(10, Code::CreditorAccountNotFound, beneficiary == nullptr);
    if (beneficiary != nullptr) {
      f_.at(10, Code::CreditorAccountClosed, beneficiary->closed);
      f_.at(10, Code::CreditorPositionNotOpen,
            !s_.positions.contains({order.token, order.beneficiary}));
      f_.at(10, Code::CreditorKindNotAllowed, beneficiary->kind != AccountKind::Customer);
    }
    f_.at(10, Code::FeatureNotEnabled, (token.features & kCanEscrow) == 0);
  }
  f_.at(7, Code::AgentSuspended, !spares_ && s_.insts.at(token.issuer).is_out());
  if (order.kind == HoldKind::Legal) {
    const unsigned features = kCanFreeze | kCanClawback;
    f_.at(10, Code::FeatureNotEnabled, (token.features & features) != features);
  } else {
    f_.at(8, Code::TtlOutOfRange,
          order.ttl_s == 0 || std::uint64_t{order.ttl_s} * 1'000 > s_.params.hold_ttl_max_ms);
  }
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  if (account == nullptr) return;
  f_.at(10, Code::DebtorAccountClosed, account->closed);
  f_.at(10, Code::DebtorPositionNotOpen, !s_.positions.contains({order.token, order.account}));
  f_.at(10, Code::DebtorKindNotAllowed, order.kind != HoldKind::Redeem && !is_customer);
  f_.at(11, Code::DebtorBlocked, account->no_debit && order.kind != HoldKind::Legal);
  funds({order.token, order.account}, money(order.amount));
}

void Rules::act(const HoldCreate& order) {
  Holding hold;
  hold.token = order.token;
  hold.account = order.account;
  hold.amount = money(order.amount);
  hold.kind = order.kind;
  hold.beneficiary = order.beneficiary;
  hold.captor = order.kind == HoldKind::Escrow ? order.captor : s_.tokens.at(order.token).issuer;
  hold.payer_may_release = order.payer_may_release;
  hold.created = s_.now;
  if (order.kind != HoldKind::Legal) hold.expires = s_.now + Ms{order.ttl_s} * 1'000;
  hold.height = s_.height;
  s_.holds[{actor_, op_.op_id}] = hold;
}

void Rules::need_of_captor(const Holding& hold, Money amount) {
  switch (hold.kind) {
    case HoldKind::Payment:  // nobody's to capture: its bank's MAKER is told so
      need_.add(s_.tokens.at(hold.token).issuer, Role::Maker, 1);
      break;
    case HoldKind::Escrow:
      need_.add(hold.captor, Role::Maker, 1);
      if (amount >= s_.tokens.at(hold.token).checker) need_.add(hold.captor, Role::Checker, 1);
      break;
    case HoldKind::Redeem:
      need_quorum(hold.captor, Role::Treasury);
      break;
    case HoldKind::Legal:
      need_.add(hold.captor, Role::Legal, 1);
      need_.add(hold.captor, Role::Compliance, 1);
      break;
  }
}

bool Rules::ends(const OwnedKey& at) {
  const Holding& hold = s_.holds.at(at);
  const bool is_past =
      hold.status == HoldStatus::Expired ||
      (hold.status == HoldStatus::Active && hold.expires != 0 && hold.expires <= s_.now);
  f_.at(8, Code::HoldAlreadyCaptured, hold.status == HoldStatus::Captured);
  f_.at(8, Code::HoldAlreadyReleased,
        hold.status == HoldStatus::Released || hold.status == HoldStatus::Voided);
  f_.at(8, Code::HoldExpired, is_past);
  f_.at(8, Code::HoldKindNotAllowed, hold.kind == HoldKind::Payment);
  return hold.status == HoldStatus::Active && !is_past;
}

std::optional<Code> Rules::need(const HoldCapture& order) {
  const Holding* hold = look(s_.holds, {order.creator, order.hold_id});
  if (hold == nullptr) return Code::HoldNotFound;
  spares_ = hold->kind != HoldKind::Escrow;
  need_of_captor(*hold, money(order.amount));
  return std::nullopt;
}
void Rules::check(const HoldCapture& order) {
  const OwnedKey at(order.creator, order.hold_id);
  const Holding& hold = s_.holds.at(at);
  const InstId issuer = s_.tokens.at(hold.token).issuer;
  f_.at(7, Code::AgentSuspended, !spares_ && s_.insts.at(issuer).is_out());
  (void)ends(at);
  f_.at(15, Code::ExceedsHoldAmount, money(order.amount) > hold.amount);
  if (hold.kind == HoldKind::Escrow)
    f_.at(9, Code::OperationPaused, is_paused(hold.token, kPauseTransfer));
  if (hold.kind == HoldKind::Redeem)
    f_.at(9, Code::OperationPaused, is_paused(hold.token, kPauseRedeem));
  const Acct& account = s_.accounts.at({issuer, hold.account});
  f_.at(11, Code::DebtorBlocked, account.no_debit && hold.kind != HoldKind::Legal);
  if (hold.kind == HoldKind::Escrow)
    f_.at(11, Code::CreditorBlocked, s_.accounts.at({issuer, hold.beneficiary}).no_credit);
}
void Rules::act(const HoldCapture& order) {
  Holding& hold = s_.holds.at({order.creator, order.hold_id});
  const Money amount = money(order.amount);
  end_hold(hold, HoldStatus::Captured);
  hold.captured = amount;
  debit({hold.token, hold.account}, amount);
  if (hold.kind == HoldKind::Escrow) credit({hold.token, hold.beneficiary}, amount);
  if (hold.kind == HoldKind::Redeem) s_.tokens.at(hold.token).redeemed += amount;
  if (hold.kind == HoldKind::Legal)
    credit({hold.token, internal_account(hold.token, AccountKind::LegalCustody)}, amount);
}

std::optional<Code> Rules::need(const HoldRelease& order) {
  spares_ = true;
  const Holding* hold = look(s_.holds, {order.creator, order.hold_id});
  if (hold == nullptr) return Code::HoldNotFound;
  const AcctKey payer(s_.tokens.at(hold->token).issuer, hold->account);
  if (hold->kind == HoldKind::Legal) {
    need_.add(hold->captor, Role::Compliance, 2);
    return std::nullopt;
  }
  need_of_captor(*hold, hold->amount);
  const bool payer_may =
      hold->kind == HoldKind::Redeem || (hold->kind == HoldKind::Escrow && hold->payer_may_release);
  if (payer_may && unmet(need_)) {
    need_ = {};
    need_of_debit(hold->token, payer, hold->amount);
  }
  return std::nullopt;
}
void Rules::check(const HoldRelease& order) {
  (void)ends({order.creator, order.hold_id});
}
void Rules::act(const HoldRelease& order) {
  end_hold(s_.holds.at({order.creator, order.hold_id}), HoldStatus::Released);
}

}  // namespace giro::ledger::reference
