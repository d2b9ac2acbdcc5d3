// Who must sign (ledger 4.2).
#include "node/ledger/authority.h"

#include <gtest/gtest.h>

#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

constexpr TimeMs kNow{1'000};

// An institution's key: made from its place, signed or not by being among the signers.
PublicKey public_key(std::uint64_t n) {
  PublicKey key;
  key.bytes.fill(std::byte{2});
  Bytes number;
  crypto::Writer(number).u64(n);
  std::copy(number.begin(), number.end(), key.bytes.begin() + 1);
  return key;
}

struct KeyRow {
  InstId institution;
  std::uint64_t number;
  OperatorId operator_id;
  std::vector<Role> roles;
  KeyStatus status = KeyStatus::Active;
  TimeMs not_before{};
  TimeMs not_after{2'000};
};

class Case {
 public:
  explicit Case(const std::vector<KeyRow>& keys) : overlay_(RecordCache::Limits{.records = 0}) {
    for (const KeyRow& row : keys) {
      InstitutionKey key{.public_key = public_key(row.number),
                         .operator_id = row.operator_id,
                         .roles = 0,
                         .not_before = row.not_before,
                         .not_after = row.not_after,
                         .status = row.status};
      for (const Role role : row.roles)
        key.roles = static_cast<RoleSet>(key.roles | role_bit(role));
      state_.rows[key_key(row.institution, row.number).to_bytes()] = encode(key);
      signers_.push_back({public_key(row.number), row.number});
    }
    overlay_.begin_block(state_);
  }

  Case& needs(InstId institution, Role role, std::uint32_t count) {
    requirements_.add(institution, role, count);
    return *this;
  }
  Case& signed_by_stranger() {
    signers_.push_back({public_key(999), 999});
    return *this;
  }
  Case& without_signatures() {
    signers_.clear();
    return *this;
  }
  [[nodiscard]] Code as(InstId actor) {
    return check_authority(overlay_, kNow, actor, requirements_, signers_);
  }
  Requirements& requirements() { return requirements_; }

 private:
  MemoryState state_;
  Overlay overlay_;
  Requirements requirements_;
  std::vector<Verified::Signer> signers_;
};

using enum Role;

TEST(Authority, A_quorum_is_of_operators_not_of_keys) {
  EXPECT_EQ(Case({{1, 1, 10, {Issuer}}, {1, 2, 11, {Issuer}}}).needs(1, Issuer, 2).as(1), Code::Ok);
  EXPECT_EQ(Case({{1, 1, 10, {Issuer}}, {1, 2, 10, {Issuer}}}).needs(1, Issuer, 2).as(1),
            Code::SameOperator);
  EXPECT_EQ(Case({{1, 1, 10, {Issuer}}}).needs(1, Issuer, 2).as(1), Code::QuorumNotMet);
}

TEST(Authority, One_human_with_two_roles_counts_for_one_of_them) {
  EXPECT_EQ(Case({{1, 1, 10, {Maker, Treasury}}}).needs(1, Maker, 1).needs(1, Treasury, 1).as(1),
            Code::QuorumNotMet);
  EXPECT_EQ(Case({{1, 1, 10, {Maker}}, {1, 2, 10, {Treasury}}})
                .needs(1, Maker, 1)
                .needs(1, Treasury, 1)
                .as(1),
            Code::SameOperator);
  EXPECT_EQ(Case({{1, 1, 10, {Maker, Treasury}}, {1, 2, 11, {Maker}}})
                .needs(1, Maker, 1)
                .needs(1, Treasury, 1)
                .as(1),
            Code::Ok);
}

TEST(Authority, Requirements_of_one_role_merge_to_the_larger_count) {
  Case merged({{1, 1, 10, {Treasury}}, {1, 2, 11, {Treasury}}});
  merged.needs(1, Treasury, 1).needs(1, Treasury, 2).needs(1, Treasury, 1);
  ASSERT_EQ(merged.requirements().all().size(), 1U);
  EXPECT_EQ(merged.requirements().all()[0].count, 2U);
  EXPECT_EQ(merged.as(1), Code::Ok);
}

TEST(Authority, The_codes_come_in_their_order) {
  EXPECT_EQ(Case({}).needs(1, Maker, 1).signed_by_stranger().as(1), Code::UnknownKey);
  EXPECT_EQ(Case({{1, 1, 10, {Maker}, KeyStatus::Revoked}}).needs(1, Maker, 1).as(1),
            Code::KeyNotActive);
  EXPECT_EQ(Case({{1, 1, 10, {Auditor}}}).needs(1, Maker, 1).as(1), Code::RoleNotPermitted);
  EXPECT_EQ(Case({{1, 1, 10, {Auditor}}, {1, 2, 11, {Auditor}, KeyStatus::Revoked}})
                .needs(1, Maker, 1)
                .as(1),
            Code::KeyNotActive)
      << "a dead key comes before a wrong role";
  EXPECT_EQ(Case({{2, 1, 10, {Maker}}, {3, 2, 11, {Auditor}}})
                .needs(2, Checker, 1)
                .needs(3, Maker, 1)
                .as(2),
            Code::RoleNotPermitted)
      << "the first institution speaks";
}

TEST(Authority, A_key_counts_from_its_first_moment_to_before_its_last) {
  const auto at = [](TimeMs from, TimeMs to) {
    return Case({{1, 1, 10, {Maker}, KeyStatus::Active, from, to}}).needs(1, Maker, 1).as(1);
  };
  EXPECT_EQ(at(kNow, {1'001}), Code::Ok);
  EXPECT_EQ(at({1'001}, {2'000}), Code::KeyNotActive);
  EXPECT_EQ(at({0}, kNow), Code::KeyNotActive);
}

TEST(Authority, A_dead_or_needless_key_beside_enough_good_ones_does_no_harm) {
  EXPECT_EQ(
      Case({{1, 1, 10, {Maker}}, {1, 2, 11, {Maker}, KeyStatus::Revoked}, {1, 3, 12, {Auditor}}})
          .needs(1, Maker, 1)
          .signed_by_stranger()
          .as(1),
      Code::Ok);
}

TEST(Authority, The_actor_is_one_of_those_who_must_sign) {
  EXPECT_EQ(Case({{1, 1, 10, {Maker}}, {2, 2, 20, {Maker}}}).needs(1, Maker, 1).as(2),
            Code::RoleNotPermitted);
  EXPECT_EQ(Case({}).needs(1, Maker, 1).as(2), Code::UnknownKey)
      << "but a missing signature is said first";
}

TEST(Authority, Account_keys_are_missed_last) {
  Account account;
  account.auth_mode = AuthMode::Joint;
  account.policy = {.m = 2, .keys = {public_key(50), public_key(51), public_key(52)}};
  const auto with = [&account](std::vector<KeyRow> keys) {
    keys.push_back({1, 1, 10, {Maker}});
    Case out(keys);
    out.needs(1, Maker, 1);
    out.requirements().add_account_keys(account);
    return out.as(1);
  };
  EXPECT_EQ(with({{9, 50, 1, {}}}), Code::NotAuthorisedForAccount);
  EXPECT_EQ(with({{9, 50, 1, {}}, {9, 52, 1, {}}}), Code::Ok);
  Case nobody({});
  nobody.needs(1, Maker, 1);
  nobody.requirements().add_account_keys(account);
  EXPECT_EQ(nobody.as(1), Code::UnknownKey);
}

TEST(Authority, A_role_without_a_policy_cannot_be_met) {
  MemoryState state;
  Overlay overlay(RecordCache::Limits{.records = 0});
  overlay.begin_block(state);
  Requirements requirements;
  requirements.add_quorum(overlay, 1, Treasury);
  const Verified::Signer signer{public_key(1), 1};
  EXPECT_EQ(check_authority(overlay, kNow, 1, requirements, {&signer, 1}), Code::UnknownKey);
}

// Is there an assignment of distinct operators to the wanted places? By trying all of them.
bool is_assignable(const std::vector<RoleSet>& operators, const std::vector<Requirement>& needs,
                   std::size_t place, unsigned used) {
  std::size_t seen = 0;
  for (const Requirement& need : needs) {
    if (place >= seen + need.count) {
      seen += need.count;
      continue;
    }
    for (std::size_t i = 0; i < operators.size(); ++i) {
      const bool fits = (used >> i & 1) == 0 && (operators[i] & role_bit(need.role)) != 0;
      if (fits && is_assignable(operators, needs, place + 1, used | 1U << i)) return true;
    }
    return false;
  }
  return true;
}

// Every set of up to three operators over three roles, against every set of counts up to two.
TEST(Authority, The_subset_rule_is_exactly_an_assignment_of_distinct_operators) {
  const Role roles[] = {Maker, Checker, Compliance};
  for (unsigned shape = 0; shape < 512; ++shape) {
    std::vector<KeyRow> keys;
    std::vector<RoleSet> operators;
    for (unsigned n = 0; n < 3; ++n) {
      KeyRow row{1, n + 1, 10 + n, {}};
      RoleSet set = 0;
      for (unsigned r = 0; r < 3; ++r) {
        if ((shape >> (3 * n + r) & 1) == 0) continue;
        row.roles.push_back(roles[r]);
        set = static_cast<RoleSet>(set | role_bit(roles[r]));
      }
      keys.push_back(row);
      operators.push_back(set);
    }
    for (std::uint32_t counts = 1; counts < 27; ++counts) {
      Case tried(keys);
      std::vector<Requirement> needs;
      for (std::uint32_t r = 0, rest = counts; r < 3; ++r, rest /= 3) {
        if (rest % 3 == 0) continue;
        tried.needs(1, roles[r], rest % 3);
        needs.push_back({1, roles[r], rest % 3});
      }
      EXPECT_EQ(tried.as(1) == Code::Ok, is_assignable(operators, needs, 0, 0))
          << shape << " " << counts;
    }
  }
}

// ---- AA: the authority of a debited account ----

struct DebitRow {
  AccountKind kind;
  std::string_view amount;
  std::vector<Requirement> needs;
};

TEST(Authority, The_debited_account_decides_who_signs) {
  World world;
  Overlay overlay(RecordCache::Limits{.records = 0});
  overlay.begin_block(world.state);
  const Token token = *query_token(world.state, kAUsd);
  const DebitRow rows[] = {
      {AccountKind::Customer, "99999.99", {{kA, Maker, 1}}},
      {AccountKind::Customer, "100000.00", {{kA, Maker, 1}, {kA, Checker, 1}}},
      {AccountKind::Nostro, "1.00", {{kB, Treasury, 2}}},
      {AccountKind::Fee, "1.00", {{kA, Treasury, 2}}},
      {AccountKind::Suspense, "1.00", {{kA, Treasury, 2}, {kA, Compliance, 1}}},
      {AccountKind::LegalCustody, "1.00", {{kA, Compliance, 1}, {kA, Legal, 1}}},
  };
  for (const DebitRow& row : rows) {
    Account account;
    account.kind = row.kind;
    account.owner = row.kind == AccountKind::Nostro ? kB : 0;
    Requirements requirements;
    requirements.add_debit(overlay, kA, account, cents(row.amount), token);
    ASSERT_EQ(requirements.all().size(), row.needs.size()) << static_cast<int>(row.kind);
    for (std::size_t i = 0; i < row.needs.size(); ++i) {
      EXPECT_EQ(requirements.all()[i].institution, row.needs[i].institution);
      EXPECT_EQ(requirements.all()[i].role, row.needs[i].role);
      EXPECT_EQ(requirements.all()[i].count, row.needs[i].count);
    }
  }
}

}  // namespace
}  // namespace giro::ledger::demo
