// Keys and role policies (ledger 4.2, 5.1).
#include "crypto/keys.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

Code Rules::bad_policy(const Inst* inst, Role role, const RoleKeys& policy) {
  std::map<KeyId, KeyOfInst> keys;  // as they would be
  if (inst != nullptr) keys = inst->keys;
  bool bad = policy.keys.size() > 32;
  for (auto& [id, key] : keys) key.roles.erase(role);
  std::set<OperatorId> humans;
  std::vector<std::pair<OperatorId, Role>> named;  // by the policy, whatever is known of the key
  for (const RoleKey& each : policy.keys) {
    const KeyId id = crypto::key_id(each.public_key);
    const auto [at, is_new] = keys.try_emplace(id);
    KeyOfInst& key = at->second;
    bad = bad || each.not_before >= each.not_after;
    if (is_new) {
      key.key = each.public_key;
      key.human = each.operator_id;
    }
    bad = bad || key.key != each.public_key || key.human != each.operator_id || key.revoked;
    named.emplace_back(each.operator_id, role);
    humans.insert(each.operator_id);
  }
  const std::size_t wanted = policy.quorum + (role == Role::Admin ? 1U : 0U);
  bad = bad || policy.quorum == 0 || wanted > humans.size();
  std::map<OperatorId, std::set<Role>> of_human;
  for (const auto& [id, key] : keys) of_human[key.human].insert(key.roles.begin(), key.roles.end());
  for (const auto& [human, held] : named) of_human[human].insert(held);
  for (const auto& [human, roles] : of_human) {
    for (const auto& [a, b] : {std::pair(Role::Issuer, Role::Compliance),
                               {Role::Issuer, Role::Treasury},
                               {Role::Maker, Role::Checker},
                               {Role::Legal, Role::Compliance}}) {
      if (roles.contains(a) && roles.contains(b)) return Code::SodViolation;
    }
  }
  return bad ? Code::BadRolePolicy : Code::Ok;
}

void Rules::put_policy(Inst& inst, Role role, const RoleKeys& policy) {
  for (auto& [id, key] : inst.keys) key.roles.erase(role);
  Policy& kept = inst.policies[role];
  kept.quorum = policy.quorum;
  kept.keys.clear();
  for (const RoleKey& each : policy.keys) {
    const KeyId id = crypto::key_id(each.public_key);
    KeyOfInst& key = inst.keys[id];
    key.key = each.public_key;
    key.human = each.operator_id;
    key.from = each.not_before.value;
    key.until = each.not_after.value;
    key.roles.insert(role);
    kept.keys.insert(id);
  }
  for (auto& [id, key] : inst.keys) key.revoked = key.revoked || key.roles.empty();
}

std::optional<Code> Rules::need(const RoleChange& order) {
  spares_ = true;
  need_.add(actor_, Role::Admin,
            quorum(actor_, Role::Admin) + (order.role == Role::Admin ? 1U : 0U));
  return std::nullopt;
}
void Rules::check(const RoleChange& order) {
  const Code code = bad_policy(&s_.insts.at(actor_), order.role, order.policy);
  f_.at(8, code, code != Code::Ok);
}
void Rules::act(const RoleChange& order) {
  put_policy(s_.insts.at(actor_), order.role, order.policy);
}

std::optional<Code> Rules::need(const KeyRevoke& order) {
  spares_ = true;
  const KeyOfInst* key = look(s_.insts.at(actor_).keys, order.key_id);
  const bool of_admin = key != nullptr && key->roles.contains(Role::Admin);
  need_.add(actor_, Role::Admin, of_admin ? quorum(actor_, Role::Admin) : 1);
  return std::nullopt;
}
void Rules::check(const KeyRevoke& order) {
  const KeyOfInst* key = look(s_.insts.at(actor_).keys, order.key_id);
  f_.at(8, Code::KeyNotFound, key == nullptr || key->revoked);
}
void Rules::act(const KeyRevoke& order) {
  Inst& inst = s_.insts.at(actor_);
  inst.keys.at(order.key_id).revoked = true;
  inst.keys.at(order.key_id).roles.clear();
  for (auto& [role, policy] : inst.policies) policy.keys.erase(order.key_id);
}

}  // namespace giro::ledger::reference
