// Ledger 5 as a table: what is given, which operation comes, and the code it must get.
// rules_test.cpp runs every row and checks that each (operation, code) pair that ledger 5 lists has
// one.
#pragma once

#include "node/ledger/network_params.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {

struct Rule {
  std::string_view operation;  // "TRANSFER"
  Code code;
  std::string_view because;           // what the row shows
  std::function<void(World&)> given;  // may be empty
  std::function<Signed(World&)> when;
  bool keeps_invariants = true;  // false: what is given breaks one
};

// A good operation of each type; it gets Ok on the demo state.
[[nodiscard]] Signed sample(std::string_view operation, const World& world);

// Of the operations that change who may do what, and under which rules: nullopt for others.
[[nodiscard]] std::optional<Signed> control_sample(std::string_view operation, const World& world);
// The keys of a role as they stand in the demo genesis.
[[nodiscard]] RoleKeys role_keys(InstId inst, Role role, std::uint32_t quorum, unsigned count);
// A key of `inst` with another operator, or of nobody yet.
[[nodiscard]] RoleKey role_key(const crypto::SecretKey& key, OperatorId operator_id);
// Ascending, as operations want them.
void sort_keys(RoleKeys& policy);

// A proposal of one action, open for an hour.
template <class T>
[[nodiscard]] GovPropose to_propose(const T& action) {
  GovPropose proposal{.ttl_s = 3'600, .urgent = false};
  if constexpr (std::is_same_v<T, InstAdd>) proposal.inst_add = action;
  if constexpr (std::is_same_v<T, InstStatus>) proposal.inst_status = action;
  if constexpr (std::is_same_v<T, InstKeys>) proposal.inst_keys = action;
  if constexpr (std::is_same_v<T, ValidatorSetAction>) proposal.validator_set = action;
  if constexpr (std::is_same_v<T, ParamSet>) proposal.param_set = action;
  return proposal;
}
[[nodiscard]] InstAdd bank_e();  // a bank of no genesis, with three admins

// m of `keys` keys of an account's own.
[[nodiscard]] PolicyFields joint_policy(std::uint32_t m, unsigned keys);
[[nodiscard]] const crypto::SecretKey& account_key_of(unsigned n);  // from 1
[[nodiscard]] DenyEntry deny_country(std::string_view country);

// What must be there before the sample is good: for GOV_VOTE a proposal.
void make_ready(std::string_view operation, World& world);

void add_governance_rules(std::vector<Rule>& rules);   // GOV_PROPOSE, GOV_VOTE
void add_institution_rules(std::vector<Rule>& rules);  // GOV_PROPOSE: what is not about seats
void add_role_rules(std::vector<Rule>& rules);         // ROLE_SET, KEY_REVOKE
void add_control_rules(std::vector<Rule>& rules);      // TOKEN_SET to FREEZE_AMOUNT
void add_compliance_rules(std::vector<Rule>& rules);   // DENY_SET, CORRIDOR_SET
void add_account_rules(std::vector<Rule>& rules);      // TOKEN_CREATE, ACCT_OPEN, POSITION_OPEN
void add_issue_rules(std::vector<Rule>& rules);        // MINT, REDEEM
void add_transfer_rules(std::vector<Rule>& rules);     // TRANSFER
void add_pay_rules(std::vector<Rule>& rules);          // PAY
// What TRANSFER and PAY have in common: the debtor, the creditor, limits.
void add_payment_rules(std::vector<Rule>& rules, std::string_view operation);

void add_response_rules(std::vector<Rule>& rules);  // PAY_RESPOND, PAY_CANCEL
void add_return_rules(std::vector<Rule>& rules);    // RETURN
void add_hold_rules(std::vector<Rule>& rules);      // HOLD_CREATE, HOLD_CAPTURE, HOLD_RELEASE
void add_clawback_rules(std::vector<Rule>& rules);  // CLAWBACK
void add_bulk_rules(std::vector<Rule>& rules);      // BULK_PAY
void add_batch_rules(std::vector<Rule>& rules);     // SETTLE_ATOMIC

// A sample with what must be there before it; make_ready may be null.
struct SampleRow {
  std::string_view operation;
  void (*make_ready)(World&);
  Signed (*make)(const World&);
};
[[nodiscard]] std::span<const SampleRow> payment_samples();
inline constexpr std::uint64_t kReady = 400;  // of what make_ready orders

// The terms of a TRANSFER or PAY, to be changed in place. A ticket is made anew afterwards by
// retake().
[[nodiscard]] PaymentTerms& terms_of(Signed& operation);
void renew_ticket(Signed& operation, const World& world);

template <class T>
[[nodiscard]] T& action_of(Signed& operation) {
  return std::get<T>(operation.operation.action);
}
// The sample with its action changed.
template <class T>
[[nodiscard]] std::function<Signed(World&)> changed(std::string_view operation,
                                                    std::function<void(T&)> change) {
  return [operation, change](World& world) {
    Signed signed_operation = sample(operation, world);
    change(action_of<T>(signed_operation));
    return signed_operation;
  };
}
[[nodiscard]] std::function<Signed(World&)> with_terms(std::string_view operation,
                                                       std::function<void(PaymentTerms&)> change);
[[nodiscard]] std::function<Signed(World&)> with_keys(std::string_view operation, Keys keys);
[[nodiscard]] std::function<Signed(World&)> as_sampled(std::string_view operation);

// ---- what may be given ----
using Given = std::function<void(World&)>;
[[nodiscard]] Given status(InstId inst, InstitutionStatus status);
[[nodiscard]] Given account(InstId servicer, const AccountId& id,
                            std::function<void(Account&)> change);
[[nodiscard]] Given position(TokenId token, const AccountId& id,
                             std::function<void(Position&)> change);
[[nodiscard]] Given token(TokenId id, std::function<void(Token&)> change);
[[nodiscard]] Given key_record(const crypto::SecretKey& key, InstId inst,
                               std::function<void(InstitutionKey&)> change);
[[nodiscard]] Given corridor(InstId from, InstId to, std::function<void(Corridor&)> change);
[[nodiscard]] Given no_position(TokenId token, const AccountId& id);
// Half of the position is frozen, in the token's total too.
[[nodiscard]] Given frozen(TokenId token, const AccountId& id, std::string_view amount);
// `inst` denies one subject.
[[nodiscard]] Given denies(InstId inst, const Key& subject);
[[nodiscard]] Given both(Given first, Given second);

}  // namespace giro::ledger::demo
