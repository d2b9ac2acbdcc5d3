#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

const crypto::SecretKey& new_key(unsigned n) {
  return validator_key("new operator " + std::to_string(n));
}

void add_role_set_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "ROLE_SET";
  const auto change = [](std::function<void(RoleChange&)> f) {
    return changed<RoleChange>(kOp, std::move(f));
  };
  // A new operator, with one key, beside those of the sample.
  const auto joins = [change](OperatorId id) {
    return change([id](RoleChange& r) {
      r.policy.keys.push_back(role_key(new_key(1), id));
      sort_keys(r.policy);
    });
  };
  const auto sets = [](Role role, unsigned count, Keys keys) {
    return [=](World& world) {
      Signed out = sample(kOp, world);
      action_of<RoleChange>(out) = {.role = role, .policy = role_keys(kA, role, 2, count)};
      out.keys = keys;
      return out;
    };
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a third treasurer", {}, as_sampled(kOp)},
          {kOp,
           Code::Ok,
           "ADMIN itself, with one more than its quorum",
           {},
           sets(Role::Admin, 3, quorum(kA, Role::Admin, 3))},
          {kOp,
           Code::QuorumNotMet,
           "ADMIN itself, with its quorum only",
           {},
           sets(Role::Admin, 3, quorum(kA, Role::Admin, 2))},
          {kOp, Code::Ok, "an operator with a role that goes with the other", {}, joins(112)},
          {kOp, Code::Ok, "32 keys", {}, change([](RoleChange& r) {
             for (unsigned n = 3; n < 32; ++n) r.policy.keys.push_back(role_key(new_key(n), 900));
             sort_keys(r.policy);
           })},
          {kOp, Code::Malformed, "a key that is no point", {}, change([](RoleChange& r) {
             r.policy.keys[0].public_key.bytes.fill(std::byte{5});
             sort_keys(r.policy);
           })},
          {kOp, Code::Malformed, "a key of nobody", {}, change([](RoleChange& r) {
             r.policy.keys[1].operator_id = 0;
           })},
          {kOp, Code::NonCanonicalEncoding, "keys out of order", {}, change([](RoleChange& r) {
             std::swap(r.policy.keys[0], r.policy.keys[1]);
           })},
          {kOp, Code::QuorumNotMet, "one admin", {}, with_keys(kOp, quorum(kA, Role::Admin, 1))},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Admin, 2), kA, [](auto& k) { k.operator_id = 101; }),
           as_sampled(kOp)},
          {kOp, Code::SodViolation, "an issuer becomes a treasurer", {}, joins(104)},
          {kOp,
           Code::SodViolation,
           "a compliance officer becomes LEGAL",
           {},
           change([](RoleChange& r) {
             r.role = Role::Legal;
             r.policy = {.quorum = 1, .keys = {role_key(new_key(1), 109)}};
           })},
          {kOp,
           Code::SodViolation,
           "a maker becomes a checker, and the quorum is nothing",
           {},
           change([](RoleChange& r) {
             r.role = Role::Checker;
             r.policy = {.quorum = 0, .keys = {role_key(new_key(1), 112)}};
           })},
          {kOp, Code::BadRolePolicy, "no quorum", {}, change([](RoleChange& r) {
             r.policy.quorum = 0;
           })},
          {kOp, Code::BadRolePolicy, "a quorum above the operators", {}, change([](RoleChange& r) {
             r.policy.quorum = 4;
           })},
          {kOp, Code::Ok, "a quorum of all operators", {}, change([](RoleChange& r) {
             r.policy.quorum = 3;
           })},
          {kOp, Code::BadRolePolicy, "operators count, not keys", {}, change([](RoleChange& r) {
             r.policy.quorum = 3;
             for (RoleKey& each : r.policy.keys) {
               if (each.operator_id == 900) each = role_key(new_key(1), 107);
             }
             sort_keys(r.policy);
           })},
          {kOp,
           Code::BadRolePolicy,
           "ADMIN without an operator to spare",
           {},
           sets(Role::Admin, 2, quorum(kA, Role::Admin, 3))},
          {kOp, Code::BadRolePolicy, "33 keys", {}, change([](RoleChange& r) {
             for (unsigned n = 3; n < 33; ++n) r.policy.keys.push_back(role_key(new_key(n), 900));
             sort_keys(r.policy);
           })},
          {kOp, Code::BadRolePolicy, "the same key twice", {}, change([](RoleChange& r) {
             r.policy.keys.push_back(r.policy.keys[0]);
             sort_keys(r.policy);
           })},
          {kOp, Code::BadRolePolicy, "a key that is another's", {}, change([](RoleChange& r) {
             r.policy.keys[0].operator_id = 901;
           })},
          {kOp, Code::BadRolePolicy, "a revoked key",
           key_record(key(kA, Role::Treasury, 2), kA,
                      [](auto& k) { k.status = KeyStatus::Revoked; }),
           as_sampled(kOp)},
          {kOp, Code::BadRolePolicy, "a key that is never valid", {}, change([](RoleChange& r) {
             r.policy.keys[0].not_before = r.policy.keys[0].not_after;
           })},
      });
}

void add_revoke_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "KEY_REVOKE";
  const auto revokes = [](const crypto::SecretKey& gone, Keys keys) {
    return [&gone, keys](World& world) {
      Signed out = sample(kOp, world);
      action_of<KeyRevoke>(out).key_id = crypto::key_id(gone.public_key());
      out.keys = keys;
      return out;
    };
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "an admin's key, by ADMIN", {}, as_sampled(kOp)},
          {kOp,
           Code::Ok,
           "the only LEGAL key there is, by one admin",
           {},
           revokes(key(kA, Role::Legal), quorum(kA, Role::Admin, 1))},
          {kOp,
           Code::QuorumNotMet,
           "an admin's key, by one admin",
           {},
           with_keys(kOp, quorum(kA, Role::Admin, 1))},
          {kOp, Code::SameOperator, "two keys of one human",
           key_record(key(kA, Role::Admin, 2), kA, [](auto& k) { k.operator_id = 101; }),
           as_sampled(kOp)},
          {kOp,
           Code::KeyNotFound,
           "nobody's key",
           {},
           revokes(stranger(), quorum(kA, Role::Admin, 1))},
          {kOp,
           Code::KeyNotFound,
           "a key of another institution",
           {},
           revokes(key(kB, Role::Maker), quorum(kA, Role::Admin, 1))},
          {kOp, Code::KeyNotFound, "it is revoked",
           key_record(key(kA, Role::Legal), kA, [](auto& k) { k.status = KeyStatus::Revoked; }),
           revokes(key(kA, Role::Legal), quorum(kA, Role::Admin, 1))},
      });
}

}  // namespace

void add_role_rules(std::vector<Rule>& rules) {
  add_role_set_rules(rules);
  add_revoke_rules(rules);
}

}  // namespace giro::ledger::demo
