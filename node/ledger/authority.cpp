#include "node/ledger/authority.h"

#include <algorithm>
#include <limits>

namespace giro::ledger {

void Operators::add(OperatorId id, RoleSet roles) {
  const auto at = std::ranges::lower_bound(holders_, id, {}, &Holder::id);
  if (at != holders_.end() && at->id == id) {
    at->roles = static_cast<RoleSet>(at->roles | roles);
  } else {
    holders_.insert(at, {id, roles});
  }
}

bool Operators::keep_duties_apart() const {
  return std::ranges::all_of(holders_, [](const Holder& holder) {
    return std::ranges::none_of(kSeparated, [&holder](const auto& pair) {
      return (holder.roles & role_bit(pair.first)) != 0 &&
             (holder.roles & role_bit(pair.second)) != 0;
    });
  });
}

void add_holders(Overlay& overlay, InstId institution, std::optional<Role> except,
                 Operators& operators) {
  for (std::size_t bit = 0; bit < kRoleCount; ++bit) {
    const Role role = static_cast<Role>(bit);
    if (role == except) continue;
    const Cell<RolePolicy>* policy = overlay.find<RolePolicy>(role_policy_key(institution, role));
    if (policy == nullptr) continue;
    for (const KeyId id : policy->value.keys) {
      const Cell<InstitutionKey>* key = overlay.find<InstitutionKey>(key_key(institution, id));
      if (key != nullptr) operators.add(key->value.operator_id, role_bit(role));
    }
  }
}

void Requirements::add(InstId institution, Role role, std::uint32_t count) {
  const auto at =
      std::lower_bound(requirements_.begin(), requirements_.end(), std::pair(institution, role),
                       [](const Requirement& a, const std::pair<InstId, Role>& b) {
                         return std::pair(a.institution, a.role) < b;
                       });
  if (at != requirements_.end() && at->institution == institution && at->role == role) {
    at->count = std::max(at->count, count);
  } else {
    requirements_.insert(at, {institution, role, count});
  }
}

void Requirements::add_quorum(Overlay& overlay, InstId institution, Role role, std::uint32_t more) {
  const Cell<RolePolicy>* policy = overlay.find<RolePolicy>(role_policy_key(institution, role));
  add(institution, role,
      policy == nullptr ? std::numeric_limits<std::uint32_t>::max() : policy->value.quorum + more);
}

void Requirements::add_account_keys(const Account& account) {
  if (account.auth_mode == AuthMode::Joint) policies_.push_back(&account.policy);
}

void Requirements::add_debit(Overlay& overlay, InstId servicer, const Account& account,
                             Amount amount, const Token& token) {
  switch (account.kind) {
    case AccountKind::Customer:
      add(servicer, Role::Maker, 1);
      if (amount >= token.checker_threshold) add(servicer, Role::Checker, 1);
      add_account_keys(account);
      return;
    case AccountKind::Nostro:
      return add_quorum(overlay, account.owner, Role::Treasury);
    case AccountKind::Fee:
      return add_quorum(overlay, servicer, Role::Treasury);
    case AccountKind::Suspense:
      add_quorum(overlay, servicer, Role::Treasury);
      return add(servicer, Role::Compliance, 1);
    case AccountKind::LegalCustody:
      add(servicer, Role::Legal, 1);
      return add(servicer, Role::Compliance, 1);
  }
}

bool Requirements::names(InstId institution) const {
  return std::any_of(
      requirements_.begin(), requirements_.end(),
      [institution](const Requirement& each) { return each.institution == institution; });
}

void Requirements::clear() {
  requirements_.clear();
  policies_.clear();
}

namespace {

// Those who sign for one institution: operators, or single keys, each with the roles they hold.
struct Signatory {
  std::uint64_t id{};
  RoleSet roles{};
};
using Signatories = Bounded<Signatory, kEnvelopeSignaturesMax>;

void merge(Signatories& signatories, std::uint64_t id, RoleSet roles) {
  for (Signatory& each : signatories) {
    if (each.id == id) {
      each.roles = static_cast<RoleSet>(each.roles | roles);
      return;
    }
  }
  (void)signatories.push_back({id, roles});
}

// For every non-empty subset of the requirements: as many distinct signatories that hold a role of
// the subset as its counts add up to. By Hall's theorem that is exactly an assignment in which
// nobody counts twice.
bool covers(const Signatories& signatories, std::span<const Requirement> requirements) {
  const std::uint32_t subsets = 1U << requirements.size();
  for (std::uint32_t subset = 1; subset < subsets; ++subset) {
    RoleSet roles = 0;
    std::uint64_t wanted = 0;
    for (std::size_t i = 0; i < requirements.size(); ++i) {
      if ((subset >> i & 1) == 0) continue;
      roles = static_cast<RoleSet>(roles | role_bit(requirements[i].role));
      wanted += requirements[i].count;
    }
    const auto present =
        std::count_if(signatories.begin(), signatories.end(),
                      [roles](const Signatory& each) { return (each.roles & roles) != 0; });
    if (static_cast<std::uint64_t>(present) < wanted) return false;
  }
  return true;
}

bool is_in_force(const InstitutionKey& key, TimeMs now) {
  return key.status == KeyStatus::Active && key.not_before <= now && now < key.not_after;
}

// The requirements of one institution.
Code check_institution(Overlay& overlay, TimeMs now, std::span<const Requirement> requirements,
                       std::span<const Verified::Signer> signers) {
  RoleSet wanted = 0;
  for (const Requirement& each : requirements)
    wanted = static_cast<RoleSet>(wanted | role_bit(each.role));

  Signatories operators;
  Signatories keys;
  bool has_signed = false;
  bool has_dead_key = false;
  for (const Verified::Signer& signer : signers) {
    const Cell<InstitutionKey>* key =
        overlay.find<InstitutionKey>(key_key(requirements[0].institution, signer.id));
    if (key == nullptr || key->value.public_key != signer.key) continue;
    has_signed = true;
    if (!is_in_force(key->value, now)) {
      has_dead_key = true;
    } else if ((key->value.roles & wanted) != 0) {
      merge(operators, key->value.operator_id, key->value.roles);
      merge(keys, signer.id, key->value.roles);
    }
  }
  if (covers(operators, requirements)) return Code::Ok;
  if (!has_signed) return Code::UnknownKey;
  if (has_dead_key) return Code::KeyNotActive;
  if (keys.empty()) return Code::RoleNotPermitted;
  return covers(keys, requirements) ? Code::SameOperator : Code::QuorumNotMet;
}

Code check_institutions(Overlay& overlay, TimeMs now, std::span<const Requirement> all,
                        std::span<const Verified::Signer> signers) {
  while (!all.empty()) {
    std::size_t size = 1;
    while (size < all.size() && all[size].institution == all[0].institution) ++size;
    if (const Code code = check_institution(overlay, now, all.first(size), signers);
        code != Code::Ok)
      return code;
    all = all.subspan(size);
  }
  return Code::Ok;
}

bool has_account_keys(const AccountPolicy& policy, std::span<const Verified::Signer> signers) {
  const auto present =
      std::count_if(signers.begin(), signers.end(), [&policy](const Verified::Signer& signer) {
        return std::find(policy.keys.begin(), policy.keys.end(), signer.key) != policy.keys.end();
      });
  return static_cast<std::uint64_t>(present) >= policy.m;
}

}  // namespace

Code check_authority(Overlay& overlay, TimeMs now, InstId actor, const Requirements& requirements,
                     std::span<const Verified::Signer> signers) {
  if (const Code code = check_institutions(overlay, now, requirements.all(), signers);
      code != Code::Ok)
    return code;
  if (!requirements.names(actor)) return Code::RoleNotPermitted;
  for (const AccountPolicy* policy : requirements.account_policies()) {
    if (!has_account_keys(*policy, signers)) return Code::NotAuthorisedForAccount;
  }
  return Code::Ok;
}

bool is_authorised(Overlay& overlay, TimeMs now, const Requirements& requirements,
                   std::span<const Verified::Signer> signers) {
  return check_institutions(overlay, now, requirements.all(), signers) == Code::Ok;
}

}  // namespace giro::ledger
