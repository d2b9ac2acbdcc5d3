// Samples of the operations that are not payments: roles, settings of tokens and accounts,
// compliance.
#include <algorithm>

#include "crypto/digest.h"
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

Signed token_set(const World& world) {
  TokenSet set;
  set.token = kAUsd;
  set.issuance_cap = cents("2000000.00");  // what is outstanding
  set.max_tx = cents("1000.00");
  set.terms_hash = crypto::sha256(crypto::as_view("new terms"));
  return by_a(world, set, quorum(kA, Role::Issuer, 2));
}

Signed token_pause(const World& world) {
  return by_a(world, TokenPause{.token = kAUsd, .flags = kPauseXbank}, quorum(kA, Role::Pauser, 1));
}

Signed token_unpause(const World& world) {
  return by_a(world, TokenUnpause{.token = kAUsd, .flags = kPauseXbank},
              quorum(kA, Role::Pauser, 2));
}

Signed acct_set(const World& world) {
  return by_a(world,
              AcctSet{.account = kMerchant,
                      .country = CountryCode::from("CA"),
                      .kyc_tier = 2,
                      .kyc_valid_until = add_ms(world.now, 86'400'000)},
              quorum(kA, Role::Onboard, 1));
}

Signed acct_close(const World& world) {
  return by_a(world, AcctClose{.account = kMerchant}, quorum(kA, Role::Onboard, 1));
}

Signed acct_keys_set(const World& world) {
  AcctKeysSet set;
  set.account = kMerchant;
  set.auth_mode = AuthMode::Joint;
  set.policy = joint_policy(1, 2);
  return by_a(world, set, quorum(kA, Role::Onboard, 1));
}

// The buyer's, with less for one payment.
Signed limits_set(const World& world) {
  PositionLimits limits = world.position(kAUsd, kBuyer).limits;
  limits.max_tx = cents("1000.00");
  return by_a(world, LimitsSet{.account = kBuyer, .token = kAUsd, .limits = limits},
              quorum(kA, Role::Onboard, 1));
}

Signed acct_block(const World& world) {
  AcctBlock block;
  block.account = kBuyer;
  block.debit = true;
  block.reason_class = 1;
  return by_a(world, block, quorum(kA, Role::Compliance, 1));
}

Signed acct_unblock(const World& world) {
  AcctUnblock unblock;
  unblock.account = kBuyer;
  unblock.debit = true;
  return by_a(world, unblock, quorum(kA, Role::Compliance, 2));
}

Signed freeze_amount(const World& world) {
  return by_a(world, FreezeAmount{.account = kBuyer, .token = kAUsd, .amount = cents("5000.00")},
              quorum(kA, Role::Compliance, 1));
}

Signed deny_set(const World& world) {
  return by_a(world, DenySet{.add = {deny_country("KP")}, .remove = {}},
              quorum(kA, Role::Compliance, 1));
}

// The first half of a corridor from A to C.
Signed corridor_set(const World& world) {
  CorridorSet set;
  set.peer = kC;
  set.currency = Currency::from("USD");
  set.half = {.enabled = true,
              .max_tx = cents("1000.00"),
              .daily_cap = cents("5000.00"),
              .settle_tokens = {kAUsd, kSUsd}};
  return by_a(world, set, quorum(kA, Role::Treasury, 2) + key(kA, Role::Compliance));
}

struct ControlRow {
  std::string_view operation;
  Make make;
};
constexpr ControlRow kSamples[] = {
    {"ROLE_SET", role_set},           {"KEY_REVOKE", key_revoke},
    {"TOKEN_SET", token_set},         {"TOKEN_PAUSE", token_pause},
    {"TOKEN_UNPAUSE", token_unpause}, {"ACCT_SET", acct_set},
    {"ACCT_CLOSE", acct_close},       {"ACCT_KEYS_SET", acct_keys_set},
    {"LIMITS_SET", limits_set},       {"ACCT_BLOCK", acct_block},
    {"ACCT_UNBLOCK", acct_unblock},   {"FREEZE_AMOUNT", freeze_amount},
    {"DENY_SET", deny_set},           {"CORRIDOR_SET", corridor_set},
};

}  // namespace

InstAdd bank_e() {
  RoleKeys admin{.quorum = 2, .keys = {}};
  for (unsigned n = 1; n <= 3; ++n)
    admin.keys.push_back(role_key(validator_key("admin of e " + std::to_string(n)), 900 + n));
  sort_keys(admin);
  return {.name = "bank-e",
          .kind = InstitutionKind::Bank,
          .lei = Lei::from("GIRO00DEMO00BANK0E24"),
          .bic = "GIREFRPP",
          .country = CountryCode::from("FR"),
          .admin = admin};
}

PolicyFields joint_policy(std::uint32_t m, unsigned keys) {
  PolicyFields policy{.m = m, .keys = {}};
  std::vector<PublicKey> all;
  for (unsigned n = 1; n <= keys; ++n) all.push_back(account_key_of(n).public_key());
  std::ranges::sort(all);
  for (const PublicKey& each : all) (void)policy.keys.push_back(each);
  return policy;
}

const crypto::SecretKey& account_key_of(unsigned n) {
  return validator_key("account " + std::to_string(n));
}

DenyEntry deny_country(std::string_view country) {
  DenyEntry entry;
  entry.kind = DenySubject::Country;
  entry.country = CountryCode::from(country);
  entry.reason_class = 1;
  return entry;
}

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
  const auto* row = std::ranges::find(kSamples, name, &ControlRow::operation);
  if (row == std::end(kSamples)) return std::nullopt;
  return row->make(world);
}

}  // namespace giro::ledger::demo
