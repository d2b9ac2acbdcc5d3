// Accounts, positions, limits, blocks (ledger 5.2).
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

void Rules::keys_policy(AuthMode mode, const PolicyFields& policy) {
  const bool joint = mode == AuthMode::Joint;
  f_.at(8, Code::BadRolePolicy, joint && (policy.m == 0 || policy.m > policy.keys.size()));
  f_.at(8, Code::BadRolePolicy, !joint && (policy.m != 0 || !policy.keys.empty()));
}

void Rules::own_free(int step, const AcctKey& at, InstId owner, TokenId token) {
  const AccountId* own = look(s_.own, {owner, token});
  if (own == nullptr || *own == at.second) return;
  // A closed account makes room for another.
  f_.at(step, Code::AccountExists, !s_.accounts.at({s_.tokens.at(token).issuer, *own}).closed);
}

static bool is_holder(const Tok& token, InstId servicer, AccountKind kind) {
  return token.issuer == servicer &&
         (kind != AccountKind::Customer || token.holder_policy == HolderPolicy::IssuerCustomers);
}

std::optional<Code> Rules::need(const AcctOpen& order) {
  need_.add(actor_, Role::Onboard, 1);
  if (order.kind == AccountKind::Nostro) {
    if (!s_.insts.contains(order.owner)) return Code::InstitutionNotFound;
    need_quorum(order.owner, Role::Treasury);
  }
  return std::nullopt;
}
void Rules::check(const AcctOpen& order) {
  const AcctKey at(actor_, order.account);
  f_.at(8, Code::AccountExists, s_.accounts.contains(at));
  keys_policy(order.auth_mode, order.policy);
  for (const TokenId id : order.tokens) {
    const Tok* token = look(s_.tokens, id);
    f_.at(9, Code::TokenNotFound, token == nullptr);
    if (token == nullptr) continue;
    f_.at(7, Code::IssuerExiting, is_exiting(token->issuer));
    f_.at(10, Code::HolderNotEligible, !is_holder(*token, actor_, order.kind));
    if (order.kind == AccountKind::Nostro) own_free(8, at, order.owner, id);
  }
}
void Rules::act(const AcctOpen& order) {
  const AcctKey at(actor_, order.account);
  Acct account;
  account.kind = order.kind;
  account.owner = order.owner;
  account.owner_ref = order.owner_ref;
  account.joint = order.auth_mode == AuthMode::Joint;
  account.m = order.policy.m;
  account.keys.insert(order.policy.keys.begin(), order.policy.keys.end());
  account.country = order.country;
  account.kyc_tier = order.kyc_tier;
  account.kyc_until = order.kyc_valid_until.value;
  s_.accounts[at] = account;
  for (const TokenId token : order.tokens) open_position(token, at, money(order.max_balance));
}

std::optional<Code> Rules::need(const PositionOpen& order) {
  need_.add(actor_, Role::Onboard, 1);
  const Acct* account = look(s_.accounts, {actor_, order.account});
  if (account == nullptr) return Code::DebtorAccountNotFound;
  if (account->kind == AccountKind::Nostro) need_quorum(account->owner, Role::Treasury);
  return std::nullopt;
}
void Rules::check(const PositionOpen& order) {
  const AcctKey at(actor_, order.account);
  const Acct* account = look(s_.accounts, at);
  const Tok* token = look(s_.tokens, order.token);
  f_.at(7, Code::IssuerExiting, token != nullptr && is_exiting(token->issuer));
  f_.at(9, Code::TokenNotFound, token == nullptr);
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  if (token == nullptr || account == nullptr) return;
  f_.at(10, Code::AccountExists, has_position(at, order.token));
  f_.at(10, Code::DebtorAccountClosed, account->closed);
  f_.at(10, Code::HolderNotEligible, !is_holder(*token, actor_, account->kind));
  if (account->kind == AccountKind::Nostro) own_free(10, at, account->owner, order.token);
}
void Rules::act(const PositionOpen& order) {
  open_position(order.token, {actor_, order.account}, money(order.max_balance));
}

std::optional<Code> Rules::need(const AcctSet&) {
  need_.add(actor_, Role::Onboard, 1);
  return std::nullopt;
}
void Rules::check(const AcctSet& order) {
  const Acct* account = look(s_.accounts, {actor_, order.account});
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  f_.at(10, Code::DebtorAccountClosed, account != nullptr && account->closed);
}
void Rules::act(const AcctSet& order) {
  Acct& account = s_.accounts.at({actor_, order.account});
  account.country = order.country;
  account.kyc_tier = order.kyc_tier;
  account.kyc_until = order.kyc_valid_until.value;
}

std::optional<Code> Rules::need(const AcctClose&) {
  need_.add(actor_, Role::Onboard, 1);
  return std::nullopt;
}
void Rules::check(const AcctClose& order) {
  const AcctKey at(actor_, order.account);
  const Acct* account = look(s_.accounts, at);
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  if (account == nullptr) return;
  f_.at(8, Code::AccountHasOpenItems, s_.open_items(at) != 0);
  f_.at(10, Code::DebtorAccountClosed, account->closed);
  f_.at(10, Code::DebtorKindNotAllowed,
        account->kind != AccountKind::Customer && account->kind != AccountKind::Nostro);
  for (const auto& [key, position] : s_.positions) {
    if (key.second != order.account || s_.tokens.at(key.first).issuer != actor_) continue;
    f_.at(10, Code::AccountNotEmpty, position.posted != 0 || position.frozen != 0);
  }
}
void Rules::act(const AcctClose& order) {
  s_.accounts.at({actor_, order.account}).closed = true;
}

std::optional<Code> Rules::need(const AcctKeysSet& order) {
  if (order.recovery) {
    need_.add(actor_, Role::Onboard, 2);
    need_.add(actor_, Role::Compliance, 1);
    return std::nullopt;
  }
  const AcctKey at(actor_, order.account);
  const Acct* account = look(s_.accounts, at);
  if (account == nullptr) return Code::DebtorAccountNotFound;
  need_.add(actor_, Role::Onboard, 1);
  if (account->joint) need_.own_keys.insert(at);
  return std::nullopt;
}
void Rules::check(const AcctKeysSet& order) {
  const Acct* account = look(s_.accounts, {actor_, order.account});
  keys_policy(order.auth_mode, order.policy);
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  if (account == nullptr) return;
  f_.at(10, Code::DebtorAccountClosed, account->closed);
  f_.at(10, Code::DebtorKindNotAllowed, account->kind != AccountKind::Customer);
}
void Rules::act(const AcctKeysSet& order) {
  Acct& account = s_.accounts.at({actor_, order.account});
  account.joint = order.auth_mode == AuthMode::Joint;
  account.m = order.policy.m;
  account.keys.clear();
  account.keys.insert(order.policy.keys.begin(), order.policy.keys.end());
  account.no_debit = account.no_debit || order.recovery;
}

static Lims plain(const PositionLimits& limits) {
  Lims lims;
  lims.max_tx = money(limits.max_tx);
  lims.day_amount = money(limits.day_amount);
  lims.day_count = limits.day_count;
  lims.banks.insert(limits.allowed_payee_banks.begin(), limits.allowed_payee_banks.end());
  lims.max_balance = money(limits.max_balance);
  return lims;
}

// A limit is raised when it grows or goes; a list of banks, when it names another or goes.
static bool raises(const Lims& before, const Lims& after) {
  for (const auto& [a, b] : {std::pair<Money, Money>(before.max_tx, after.max_tx),
                             {before.day_amount, after.day_amount},
                             {before.day_count, after.day_count},
                             {before.max_balance, after.max_balance}}) {
    if (a != 0 && (b == 0 || b > a)) return true;
  }
  if (before.banks.empty()) return false;
  if (after.banks.empty()) return true;
  for (const InstId bank : after.banks) {
    if (!before.banks.contains(bank)) return true;
  }
  return false;
}

std::optional<Code> Rules::need(const LimitsSet& order) {
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  const Acct* account = look(s_.accounts, {token->issuer, order.account});
  if (account == nullptr) return Code::DebtorAccountNotFound;
  if (account->kind == AccountKind::Nostro) {
    need_quorum(account->owner, Role::Treasury);
    return std::nullopt;
  }
  need_.add(token->issuer, Role::Onboard, 1);
  const Pos* position = look(s_.positions, {order.token, order.account});
  if (raises(position == nullptr ? Lims{} : position->lims, plain(order.limits)))
    need_.add(token->issuer, Role::Checker, 1);
  return std::nullopt;
}
void Rules::check(const LimitsSet& order) {
  const Acct& account = s_.accounts.at({s_.tokens.at(order.token).issuer, order.account});
  f_.at(10, Code::DebtorAccountClosed, account.closed);
  f_.at(10, Code::DebtorPositionNotOpen, !s_.positions.contains({order.token, order.account}));
  f_.at(10, Code::DebtorKindNotAllowed,
        account.kind != AccountKind::Customer && account.kind != AccountKind::Nostro);
}
void Rules::act(const LimitsSet& order) {
  s_.positions.at({order.token, order.account}).lims = plain(order.limits);
}

std::optional<Code> Rules::need(const AcctBlock&) {
  spares_ = true;
  need_.add(actor_, Role::Compliance, 1);
  return std::nullopt;
}
void Rules::check(const AcctBlock& order) {
  const Acct* account = look(s_.accounts, {actor_, order.account});
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  f_.at(10, Code::DebtorAccountClosed, account != nullptr && account->closed);
}
void Rules::act(const AcctBlock& order) {
  Acct& account = s_.accounts.at({actor_, order.account});
  account.no_debit = account.no_debit || order.debit;
  account.no_credit = account.no_credit || order.credit;
}

std::optional<Code> Rules::need(const AcctUnblock&) {
  need_.add(actor_, Role::Compliance, 2);
  return std::nullopt;
}
void Rules::check(const AcctUnblock& order) {
  const Acct* account = look(s_.accounts, {actor_, order.account});
  f_.at(10, Code::DebtorAccountNotFound, account == nullptr);
  f_.at(10, Code::DebtorAccountClosed, account != nullptr && account->closed);
}
void Rules::act(const AcctUnblock& order) {
  Acct& account = s_.accounts.at({actor_, order.account});
  account.no_debit = account.no_debit && !order.debit;
  account.no_credit = account.no_credit && !order.credit;
}

std::optional<Code> Rules::need(const FreezeAmount& order) {
  spares_ = true;
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  const Pos* position = look(s_.positions, {order.token, order.account});
  const bool lowers = position != nullptr && money(order.amount) < position->frozen;
  need_.add(token->issuer, Role::Compliance, lowers ? 2 : 1);
  return std::nullopt;
}
void Rules::check(const FreezeAmount& order) {
  const Tok& token = s_.tokens.at(order.token);
  f_.at(10, Code::DebtorAccountNotFound, !s_.accounts.contains({token.issuer, order.account}));
  f_.at(10, Code::DebtorPositionNotOpen, !s_.positions.contains({order.token, order.account}));
  f_.at(10, Code::FeatureNotEnabled, (token.features & kCanFreeze) == 0);
}
void Rules::act(const FreezeAmount& order) {
  s_.positions.at({order.token, order.account}).frozen = money(order.amount);
}

}  // namespace giro::ledger::reference
