// Who must sign (ledger 4.2), and whether they did.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "node/ledger/overlay.h"

namespace giro::ledger {

// Separation of duties: no operator holds both, over all keys of the institution (207, ledger I18).
inline constexpr std::pair<Role, Role> kSeparated[] = {
    {Role::Issuer, Role::Compliance},
    {Role::Issuer, Role::Treasury},
    {Role::Maker, Role::Checker},
    {Role::Legal, Role::Compliance},
};

// The operators of one institution and the roles they hold over all its keys.
class Operators {
 public:
  void add(OperatorId id, RoleSet roles);
  [[nodiscard]] std::size_t size() const { return holders_.size(); }
  [[nodiscard]] bool keep_duties_apart() const;

 private:
  struct Holder {
    OperatorId id{};
    RoleSet roles{};
  };
  std::vector<Holder> holders_;  // ascending
};

// Adds the holders of every role but `except`, as the policies of the institution name them.
void add_holders(Overlay& overlay, InstId institution, std::optional<Role> except,
                 Operators& operators);

class Requirements {
 public:
  // Requirements of one role in one institution merge to the larger count.
  void add(InstId institution, Role role, std::uint32_t count);
  // The quorum of the institution's policy, plus `more`. A role without a policy can never be met.
  void add_quorum(Overlay& overlay, InstId institution, Role role, std::uint32_t more = 0);
  // m of the account's own keys, if the account is JOINT.
  void add_account_keys(const Account& account);
  // AA: the authority of a debited account.
  void add_debit(Overlay& overlay, InstId servicer, const Account& account, Amount amount,
                 const Token& token);

  // Ascending by institution, then role.
  [[nodiscard]] const std::vector<Requirement>& all() const { return requirements_; }
  [[nodiscard]] const std::vector<const AccountPolicy*>& account_policies() const {
    return policies_;
  }
  [[nodiscard]] bool names(InstId institution) const;
  void clear();

 private:
  std::vector<Requirement> requirements_;
  std::vector<const AccountPolicy*> policies_;
};

// Ok, or the code of the first institution (ascending id) with an unmet requirement: 201, 202, 203,
// 206, 205; then 203 when the actor is none of the institutions named; then 204 for missing account
// keys.
[[nodiscard]] Code check_authority(Overlay& overlay, TimeMs now, InstId actor,
                                   const Requirements& requirements,
                                   std::span<const Verified::Signer> signers);

// As check_authority, for a ticket: no actor and no account.
[[nodiscard]] bool is_authorised(Overlay& overlay, TimeMs now, const Requirements& requirements,
                                 std::span<const Verified::Signer> signers);

}  // namespace giro::ledger
