// Ledger 5 as a table: what is given, which operation comes, and the code it must get.
// rules_test.cpp runs every row and checks that each (operation, code) pair that ledger 5 lists has
// one.
#pragma once

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

// What must be there before the sample is good: for GOV_VOTE a proposal.
void make_ready(std::string_view operation, World& world);

void add_governance_rules(std::vector<Rule>& rules);  // GOV_PROPOSE, GOV_VOTE
void add_account_rules(std::vector<Rule>& rules);     // TOKEN_CREATE, ACCT_OPEN, POSITION_OPEN
void add_issue_rules(std::vector<Rule>& rules);       // MINT, REDEEM
void add_transfer_rules(std::vector<Rule>& rules);    // TRANSFER
void add_pay_rules(std::vector<Rule>& rules);         // PAY
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
