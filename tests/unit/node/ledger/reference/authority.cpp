// Who must sign, and whether they did (ledger 4.2).
#include "crypto/keys.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

std::uint32_t Rules::quorum(InstId inst, Role role) const {
  const Inst* known = look(s_.insts, inst);
  const Policy* policy = known == nullptr ? nullptr : look(known->policies, role);
  return policy == nullptr ? 1 : policy->quorum;  // without a policy no key holds the role
}

void Rules::need_of_debit(TokenId token, const AcctKey& at, Money amount) {
  const Acct& account = s_.accounts.at(at);
  switch (account.kind) {
    case AccountKind::Customer:
      need_.add(at.first, Role::Maker, 1);
      if (amount >= s_.tokens.at(token).checker) need_.add(at.first, Role::Checker, 1);
      if (account.joint) need_.own_keys.insert(at);
      break;
    case AccountKind::Nostro:
      need_quorum(account.owner, Role::Treasury);
      break;
    case AccountKind::Fee:
      need_quorum(at.first, Role::Treasury);
      break;
    case AccountKind::Suspense:
      need_quorum(at.first, Role::Treasury);
      need_.add(at.first, Role::Compliance, 1);
      break;
    case AccountKind::LegalCustody:
      need_.add(at.first, Role::Legal, 1);
      need_.add(at.first, Role::Compliance, 1);
      break;
  }
}

std::optional<Code> Rules::unmet_of(InstId inst, const std::map<Role, std::uint32_t>& roles,
                                    const Keys& signers) const {
  const Inst* known = look(s_.insts, inst);
  std::vector<const KeyOfInst*> signing, active;
  if (known != nullptr) {
    for (const auto& [id, key] : known->keys) {
      if (!signers.contains(key.key)) continue;
      signing.push_back(&key);
      if (!key.revoked && key.from <= s_.now && s_.now < key.until) active.push_back(&key);
    }
  }
  const std::vector<std::pair<Role, std::uint32_t>> wanted(roles.begin(), roles.end());
  // Every non-empty subset of the requirements wants as many operators, or keys, as it sums up to.
  const auto is_met = [&](bool by_operator) {
    for (unsigned subset = 1; subset < 1U << wanted.size(); ++subset) {
      std::uint32_t sum = 0;
      std::set<OperatorId> humans;
      std::set<PublicKey> keys;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if ((subset >> i & 1U) == 0) continue;
        sum += wanted[i].second;
        for (const KeyOfInst* key : active) {
          if (!key->roles.contains(wanted[i].first)) continue;
          humans.insert(key->human);
          keys.insert(key->key);
        }
      }
      if ((by_operator ? humans.size() : keys.size()) < sum) return false;
    }
    return true;
  };
  if (is_met(true)) return std::nullopt;
  if (signing.empty()) return Code::UnknownKey;
  if (active.size() < signing.size()) return Code::KeyNotActive;
  bool any_role = false;
  for (const KeyOfInst* key : active) {
    for (const auto& [role, count] : wanted) any_role = any_role || key->roles.contains(role);
  }
  if (!any_role) return Code::RoleNotPermitted;
  return is_met(false) ? Code::SameOperator : Code::QuorumNotMet;
}

std::optional<Code> Rules::unmet(const Need& need) const {
  for (const auto& [inst, roles] : need.roles) {
    if (const auto fault = unmet_of(inst, roles, signers_)) return fault;
  }
  if (!need.roles.contains(actor_)) return Code::RoleNotPermitted;
  for (const AcctKey& at : need.own_keys) {
    const Acct& account = s_.accounts.at(at);
    std::uint32_t signed_by = 0;
    for (const PublicKey& key : account.keys) signed_by += signers_.contains(key) ? 1 : 0;
    if (signed_by < account.m) return Code::NotAuthorisedForAccount;
  }
  return std::nullopt;
}

}  // namespace giro::ledger::reference
