// ROLE_SET and KEY_REVOKE (ledger 5.1): what is in force afterwards.
#include <gtest/gtest.h>

#include "node/ledger/audit.h"
#include "node/ledger/events.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

template <class Record>
Record record_at(const World& world, const Key& key) {
  const auto bytes = world.state.get(key);
  return bytes ? decode_record<Record>(*bytes).value_or(Record{}) : Record{};
}
InstitutionKey key_of(const World& world, const crypto::SecretKey& key) {
  return record_at<InstitutionKey>(world, key_key(kA, crypto::key_id(key.public_key())));
}
std::vector<EventType> types_of(const std::vector<Event>& events) {
  std::vector<EventType> out;
  for (const Event& each : events) {
    out.push_back(static_cast<EventType>(each.type));
    EXPECT_TRUE(each.scope.empty());  // everybody may know who signs for whom
  }
  return out;
}

Signed set_role(const World& world, Role role, RoleKeys policy, std::uint64_t n = 1) {
  return operation(kA, n, RoleChange{.role = role, .policy = std::move(policy)},
                   quorum(kA, Role::Admin, 2), world.now);
}

TEST(Roles, a_new_policy_is_in_force_at_once) {
  World world;
  const auto& fresh = validator_key("new issuer");
  RoleKeys policy = role_keys(kA, Role::Issuer, 2, 1);
  policy.keys.push_back(role_key(fresh, 900));
  sort_keys(policy);
  Signed mint = sample("MINT", world);
  mint.keys = {&key(kA, Role::Issuer, 1), &fresh};
  EXPECT_EQ(world.run(mint).code, Code::QuorumNotMet);
  const auto outcomes = world.block({set_role(world, Role::Issuer, policy), mint});
  EXPECT_EQ(outcomes[0].code, Code::Ok);
  EXPECT_EQ(outcomes[1].code, Code::Ok);  // in the same block
}

TEST(Roles, a_key_that_no_policy_names_is_revoked) {
  World world;
  const Outcome outcome =
      world.run(set_role(world, Role::Issuer, role_keys(kA, Role::Issuer, 2, 2)));
  EXPECT_EQ(types_of(outcome.events),
            (std::vector{EventType::KeyRevoked, EventType::RolePolicyChanged}));
  EXPECT_EQ(key_of(world, key(kA, Role::Issuer, 3)).status, KeyStatus::Revoked);
  EXPECT_EQ(key_of(world, key(kA, Role::Issuer, 3)).roles, 0U);
  // For good: no policy takes it back.
  EXPECT_EQ(world.run(set_role(world, Role::Issuer, role_keys(kA, Role::Issuer, 2, 3), 2)).code,
            Code::BadRolePolicy);
}

TEST(Roles, a_key_of_two_policies_outlives_one_of_them) {
  World world;
  const RoleKeys both = role_keys(kA, Role::Maker, 1, 1);
  RoleKeys onboard = role_keys(kA, Role::Onboard, 1, 2);
  onboard.keys.push_back(both.keys[0]);
  sort_keys(onboard);
  ASSERT_EQ(world.run(set_role(world, Role::Onboard, onboard)).code, Code::Ok);
  EXPECT_EQ(key_of(world, key(kA, Role::Maker)).roles,
            role_bit(Role::Maker) | role_bit(Role::Onboard));
  ASSERT_EQ(world.run(set_role(world, Role::Onboard, role_keys(kA, Role::Onboard, 1, 2), 2)).code,
            Code::Ok);
  EXPECT_EQ(key_of(world, key(kA, Role::Maker)).roles, role_bit(Role::Maker));
  EXPECT_EQ(key_of(world, key(kA, Role::Maker)).status, KeyStatus::Active);
}

TEST(Roles, an_operator_changes_duties_in_two_steps) {
  World world;
  const auto& fresh = validator_key("their second key");
  RoleKeys compliance = role_keys(kA, Role::Compliance, 2, 2);
  compliance.keys.push_back(role_key(fresh, 106));  // the third issuer
  sort_keys(compliance);
  EXPECT_EQ(world.run(set_role(world, Role::Compliance, compliance)).code, Code::SodViolation);
  EXPECT_EQ(world.run(set_role(world, Role::Issuer, role_keys(kA, Role::Issuer, 2, 2), 2)).code,
            Code::Ok);
  EXPECT_EQ(world.run(set_role(world, Role::Compliance, compliance, 3)).code, Code::Ok);
}

TEST(Roles, a_revoked_key_is_in_no_policy_and_a_quorum_may_become_unreachable) {
  World world;
  const auto& gone = key(kA, Role::Treasury, 2);
  const Outcome outcome = world.run(operation(kA, 1, KeyRevoke{crypto::key_id(gone.public_key())},
                                              quorum(kA, Role::Admin, 1), world.now));
  EXPECT_EQ(types_of(outcome.events), std::vector{EventType::KeyRevoked});
  EXPECT_EQ(key_of(world, gone).status, KeyStatus::Revoked);
  const auto policy = record_at<RolePolicy>(world, role_policy_key(kA, Role::Treasury));
  EXPECT_EQ(policy.quorum, 2U);
  EXPECT_EQ(policy.keys.size(), 1U);
  EXPECT_EQ(world.run(sample("REDEEM", world)).code, Code::KeyNotActive);
  // ROLE_SET is the way out (ledger 5.10).
  RoleKeys again = role_keys(kA, Role::Treasury, 2, 1);
  again.keys.push_back(role_key(validator_key("new treasurer"), 108));
  sort_keys(again);
  ASSERT_EQ(world.run(set_role(world, Role::Treasury, again, 2)).code, Code::Ok);
  Signed redeem = sample("REDEEM", world);
  redeem.keys = {&key(kA, Role::Treasury, 1), &validator_key("new treasurer"),
                 &key(kA, Role::Maker)};
  EXPECT_EQ(world.run(redeem).code, Code::Ok);
}

TEST(Roles, what_breaks_the_separation_of_duties_is_found_by_the_audit) {
  World world;
  EXPECT_FALSE(audit(world.state).has_value());
  world.edit<InstitutionKey>(
      key_key(kB, crypto::key_id(key(kB, Role::Checker).public_key())),
      [](InstitutionKey& record) { record.operator_id = 112; });  // the maker's
  const auto finding = audit(world.state);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->invariant, 18);
}

}  // namespace
}  // namespace giro::ledger::demo
