// Samples of the operations that are not payments: roles, settings of tokens and accounts,
// compliance.
#include <algorithm>

#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

constexpr std::uint64_t kControlNumber = 501;  // of the op_id of a sample
using Make = Signed (*)(const World&);

Signed by_a(const World& world, Action action, Keys keys) {
  return operation(kA, kControlNumber, std::move(action), std::move(keys), world.now);
}

Signed role_set(const World& world) {
  // Both treasurers stay, and a third comes.
  RoleKeys policy = role_keys(kA, Role::Treasury, 2, 2);
  policy.keys.push_back(role_key(validator_key("third treasurer"), 900));
  sort_keys(policy);
  return by_a(world, RoleChange{.role = Role::Treasury, .policy = policy},
              quorum(kA, Role::Admin, 2));
}

Signed key_revoke(const World& world) {
  return by_a(world, KeyRevoke{.key_id = crypto::key_id(key(kA, Role::Admin, 3).public_key())},
              quorum(kA, Role::Admin, 2));
}

struct SampleRow {
  std::string_view operation;
  Make make;
};
constexpr SampleRow kSamples[] = {
    {"ROLE_SET", role_set},
    {"KEY_REVOKE", key_revoke},
};

}  // namespace

RoleKey role_key(const crypto::SecretKey& secret, OperatorId operator_id) {
  return {.public_key = secret.public_key(),
          .operator_id = operator_id,
          .not_before = {},
          .not_after = add_ms(kGenesisTime, 3650ULL * 86'400'000)};
}

RoleKeys role_keys(InstId inst, Role role, std::uint32_t quorum, unsigned count) {
  RoleKeys policy{.quorum = quorum, .keys = {}};
  const Genesis genesis = demo_genesis();
  for (unsigned n = 1; n <= count; ++n) {
    const crypto::SecretKey& secret = key(inst, role, n);
    const auto& keys = genesis.institutions[inst - 1].keys;
    const auto known = std::ranges::find(keys, secret.public_key(), &GenesisKey::public_key);
    policy.keys.push_back(role_key(secret, known->operator_id));
  }
  sort_keys(policy);
  return policy;
}

void sort_keys(RoleKeys& policy) {
  std::ranges::sort(policy.keys, {}, &RoleKey::public_key);
}

std::optional<Signed> control_sample(std::string_view name, const World& world) {
  const auto* row = std::ranges::find(kSamples, name, &SampleRow::operation);
  if (row == std::end(kSamples)) return std::nullopt;
  return row->make(world);
}

}  // namespace giro::ledger::demo
