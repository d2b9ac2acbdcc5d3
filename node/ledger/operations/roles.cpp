// ROLE_SET and KEY_REVOKE (ledger 5.1). A suspended institution may do both.
#include "node/ledger/operations/roles.h"

#include <algorithm>

#include "crypto/keys.h"
#include "node/ledger/operations/parties.h"

namespace giro::ledger {

Code check_form(const RoleKeys& policy) {
  const bool is_sound = std::ranges::all_of(policy.keys, [](const RoleKey& key) {
    return crypto::is_valid_point(key.public_key) && key.operator_id != 0;
  });
  // Equal neighbours are two keys with one id: 214.
  const bool ascends = std::ranges::is_sorted(policy.keys, {}, &RoleKey::public_key);
  return Lowest()
      .when(!is_sound, Code::Malformed)
      .when(!ascends, Code::NonCanonicalEncoding)
      .code();
}

namespace {

// Ascending.
std::vector<KeyId> ids_of(const RoleKeys& policy) {
  std::vector<KeyId> ids;
  ids.reserve(policy.keys.size());
  for (const RoleKey& key : policy.keys) ids.push_back(crypto::key_id(key.public_key));
  std::ranges::sort(ids);
  return ids;
}

// The institution may have the key already: then of the same operator, and not revoked.
bool is_key_sound(Overlay& overlay, InstId institution, const RoleKey& key) {
  if (key.not_before >= key.not_after) return false;
  const Cell<InstitutionKey>* cell =
      overlay.find<InstitutionKey>(key_key(institution, crypto::key_id(key.public_key)));
  if (cell == nullptr) return true;
  const InstitutionKey& known = cell->value;
  return known.public_key == key.public_key && known.operator_id == key.operator_id &&
         known.status == KeyStatus::Active;
}

bool is_role_policy_sound(Overlay& overlay, InstId institution, Role role, const RoleKeys& policy) {
  if (policy.quorum == 0 || policy.keys.size() > kRolePolicyKeysMax) return false;
  const std::vector<KeyId> ids = ids_of(policy);
  if (std::ranges::adjacent_find(ids) != ids.end()) return false;
  Operators named;
  for (const RoleKey& key : policy.keys) {
    if (!is_key_sound(overlay, institution, key)) return false;
    named.add(key.operator_id, role_bit(role));
  }
  const std::size_t spare = role == Role::Admin ? 1 : 0;
  return policy.quorum + spare <= named.size();
}

void revoke(Effects& effects, InstId institution, Cell<InstitutionKey>& cell, KeyId id) {
  InstitutionKey& key = effects.overlay.edit(cell);
  key.roles = 0;
  key.status = KeyStatus::Revoked;
  effects.emit(EventType::KeyRevoked, KeyRevokedEvent{.institution = institution, .key_id = id},
               {});
}

// The policy of `role` names the key no more.
void strip(Effects& effects, InstId institution, Role role, KeyId id) {
  Cell<InstitutionKey>* cell = effects.overlay.find<InstitutionKey>(key_key(institution, id));
  if (cell == nullptr) return;
  InstitutionKey& key = effects.overlay.edit(*cell);
  key.roles = static_cast<RoleSet>(key.roles & ~role_bit(role));
  if (key.roles == 0 && key.status == KeyStatus::Active) revoke(effects, institution, *cell, id);
}

void grant(Effects& effects, InstId institution, Role role, const RoleKey& from) {
  const Key at = key_key(institution, crypto::key_id(from.public_key));
  Cell<InstitutionKey>* known = effects.overlay.find<InstitutionKey>(at);
  InstitutionKey& key =
      effects.overlay.edit(known != nullptr ? *known : effects.overlay.create<InstitutionKey>(at));
  key.public_key = from.public_key;
  key.operator_id = from.operator_id;
  key.roles = static_cast<RoleSet>(key.roles | role_bit(role));
  key.not_before = from.not_before;
  key.not_after = from.not_after;
}

}  // namespace

Code check_policy(Overlay& overlay, InstId institution, Role role, const RoleKeys& policy) {
  Operators all;
  add_holders(overlay, institution, role, all);
  for (const RoleKey& key : policy.keys) all.add(key.operator_id, role_bit(role));
  return Lowest()
      .when(!all.keep_duties_apart(), Code::SodViolation)
      .when(!is_role_policy_sound(overlay, institution, role, policy), Code::BadRolePolicy)
      .code();
}

void set_policy(Effects& effects, InstId institution, Role role, const RoleKeys& policy) {
  const Key at = role_policy_key(institution, role);
  const Cell<RolePolicy>* before = effects.overlay.find<RolePolicy>(at);
  const std::vector<KeyId> old = before == nullptr ? std::vector<KeyId>{} : before->value.keys;
  RolePolicy after{.quorum = policy.quorum, .keys = ids_of(policy)};
  for (const RoleKey& key : policy.keys) grant(effects, institution, role, key);
  for (const KeyId id : old) {
    if (!std::ranges::binary_search(after.keys, id)) strip(effects, institution, role, id);
  }
  effects.overlay.create<RolePolicy>(at).value = std::move(after);
  effects.emit(EventType::RolePolicyChanged,
               RolePolicyEvent{.institution = institution, .role = role, .policy = policy}, {});
}

// ---- ROLE_SET ----

Code check(const Operation&, const RoleChange& action) {
  return check_form(action.policy);
}

Code require(Run& run, const RoleChange& action) {
  const std::uint32_t more = action.role == Role::Admin ? 1 : 0;
  run.requirements.add_quorum(run.overlay(), run.actor(), Role::Admin, more);
  return Code::Ok;
}

Verdict run(Run& run, const RoleChange& action) {
  // step 8
  const Code code = check_policy(run.overlay(), run.actor(), action.role, action.policy);
  if (code != Code::Ok) return code;
  set_policy(run.effects, run.actor(), action.role, action.policy);
  return Code::Ok;
}

// ---- KEY_REVOKE ----

Code check(const Operation&, const KeyRevoke&) {
  return Code::Ok;  // any number may be the id of a key
}

Code require(Run& run, const KeyRevoke& action) {
  const Cell<InstitutionKey>* key =
      run.overlay().find<InstitutionKey>(key_key(run.actor(), action.key_id));
  if (key != nullptr && (key->value.roles & role_bit(Role::Admin)) != 0) {
    run.requirements.add_quorum(run.overlay(), run.actor(), Role::Admin);
  } else {
    run.requirements.add(run.actor(), Role::Admin, 1);
  }
  return Code::Ok;
}

Verdict run(Run& run, const KeyRevoke& action) {
  Overlay& overlay = run.overlay();
  // step 8
  Cell<InstitutionKey>* key = overlay.find<InstitutionKey>(key_key(run.actor(), action.key_id));
  if (key == nullptr || key->value.status == KeyStatus::Revoked) return Code::KeyNotFound;

  for (std::size_t bit = 0; bit < kRoleCount; ++bit) {
    Cell<RolePolicy>* policy =
        overlay.find<RolePolicy>(role_policy_key(run.actor(), static_cast<Role>(bit)));
    if (policy != nullptr && std::ranges::binary_search(policy->value.keys, action.key_id)) {
      std::erase(overlay.edit(*policy).keys, action.key_id);
    }
  }
  revoke(run.effects, run.actor(), *key, action.key_id);
  return Code::Ok;
}

}  // namespace giro::ledger
