// Tokens, mint and redeem (ledger 5.2, 5.4).
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

void Rules::open_position(TokenId token, const AcctKey& at, Money max_balance) {
  Pos position;
  position.lims.max_balance = max_balance;
  s_.positions[{token, at.second}] = position;
  const Acct& account = s_.accounts.at(at);
  if (account.kind == AccountKind::Nostro) s_.own[{account.owner, token}] = at.second;
}

std::optional<Code> Rules::need(const TokenCreate&) {
  need_quorum(actor_, Role::Issuer);
  return std::nullopt;
}
void Rules::check(const TokenCreate& order) {
  const Inst& issuer = s_.insts.at(actor_);
  f_.at(7, Code::IssuerExiting, issuer.status == InstitutionStatus::Exiting);
  for (const auto& [id, token] : s_.tokens) {
    f_.at(8, Code::TokenExists,
          token.issuer == actor_ && token.currency == order.currency &&
              token.product == order.product);
  }
  const bool is_settlement = order.token_class == TokenClass::Settlement;
  const bool settles = issuer.kind == InstitutionKind::SettlementAgent ||
                       issuer.kind == InstitutionKind::CentralBank;
  f_.at(8, Code::InstitutionKindNotAllowed,
        is_settlement ? !settles || order.holder_policy != HolderPolicy::MemberBanksOnly
                      : issuer.kind != InstitutionKind::Bank);
}
void Rules::act(const TokenCreate& order) {
  const TokenId id = s_.tokens.empty() ? 1 : s_.tokens.rbegin()->first + 1;
  Tok token;
  token.issuer = actor_;
  token.currency = order.currency;
  token.product = order.product;
  token.token_class = order.token_class;
  token.holder_policy = order.holder_policy;
  token.features = order.features;
  token.cap = money(order.issuance_cap);
  token.max_tx = money(order.max_tx);
  token.min_tx = money(order.min_tx);
  token.fee_max = money(order.fee_max);
  token.checker = money(order.checker_threshold);
  token.dual = money(order.dual_threshold);
  token.terms_hash = order.terms_hash;
  s_.tokens[id] = token;
  for (const AccountKind kind :
       {AccountKind::Fee, AccountKind::Suspense, AccountKind::LegalCustody}) {
    const AcctKey at(actor_, internal_account(id, kind));
    s_.accounts[at].kind = kind;
    open_position(id, at, 0);
  }
}

std::optional<Code> Rules::need(const TokenSet& order) {
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  need_quorum(token->issuer, Role::Issuer);
  return std::nullopt;
}
void Rules::check(const TokenSet& order) {
  f_.at(16, Code::IssuanceCapExceeded, money(order.issuance_cap) < s_.outstanding(order.token));
}
void Rules::act(const TokenSet& order) {
  Tok& token = s_.tokens.at(order.token);
  token.cap = money(order.issuance_cap);
  token.max_tx = money(order.max_tx);
  token.min_tx = money(order.min_tx);
  token.fee_max = money(order.fee_max);
  token.checker = money(order.checker_threshold);
  token.dual = money(order.dual_threshold);
  token.terms_hash = order.terms_hash;
}

std::optional<Code> Rules::need(const TokenPause& order) {
  spares_ = true;
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  need_.add(token->issuer, Role::Pauser, 1);
  return std::nullopt;
}
void Rules::check(const TokenPause&) {}
void Rules::act(const TokenPause& order) {
  s_.tokens.at(order.token).paused |= order.flags;
}

std::optional<Code> Rules::need(const TokenUnpause& order) {
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  need_quorum(token->issuer, Role::Pauser);
  return std::nullopt;
}
void Rules::check(const TokenUnpause&) {}
void Rules::act(const TokenUnpause& order) {
  s_.tokens.at(order.token).paused &= ~static_cast<unsigned>(order.flags);
}

std::optional<Code> Rules::need(const Mint& order) {
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  const bool dual = money(order.amount) >= token->dual;
  need_.add(token->issuer, Role::Issuer, quorum(token->issuer, Role::Issuer) + (dual ? 1U : 0U));
  return std::nullopt;
}
void Rules::check(const Mint& order) {
  const Tok& token = s_.tokens.at(order.token);
  const AcctKey at(token.issuer, order.account);
  const Acct* account = look(s_.accounts, at);
  f_.at(7, Code::IssuerExiting, s_.insts.at(token.issuer).status == InstitutionStatus::Exiting);
  if (account != nullptr && account->kind == AccountKind::Nostro)
    f_.at(7, Code::CreditorAgentSuspended, s_.insts.at(account->owner).is_out());
  f_.at(8, Code::ReferenceUsed, s_.mint_refs.contains({order.token, order.core_ref_commit}));
  f_.at(9, Code::OperationPaused, is_paused(order.token, kPauseMint));
  creditor(at, order.token, account != nullptr && account->kind != AccountKind::LegalCustody);
  max_balance({order.token, order.account}, money(order.amount));
  cap(order.token, money(order.amount));
}
void Rules::act(const Mint& order) {
  credit({order.token, order.account}, money(order.amount));
  s_.tokens.at(order.token).issued += money(order.amount);
  if (order.core_ref_commit != Commit{})
    s_.mint_refs[{order.token, order.core_ref_commit}] = s_.now;
}

std::optional<Code> Rules::need(const Redeem& order) {
  spares_ = true;
  const Tok* token = look(s_.tokens, order.token);
  if (token == nullptr) return Code::TokenNotFound;
  const AcctKey at(token->issuer, order.account);
  if (!s_.accounts.contains(at)) return Code::DebtorAccountNotFound;
  need_of_debit(order.token, at, money(order.amount));
  need_quorum(token->issuer, Role::Treasury);
  return std::nullopt;
}
void Rules::check(const Redeem& order) {
  f_.at(9, Code::OperationPaused, is_paused(order.token, kPauseRedeem));
  debtor({s_.tokens.at(order.token).issuer, order.account}, order.token, true);
  funds({order.token, order.account}, money(order.amount));
}
void Rules::act(const Redeem& order) {
  debit({order.token, order.account}, money(order.amount));
  s_.tokens.at(order.token).redeemed += money(order.amount);
}

}  // namespace giro::ledger::reference
