// Reading records for the API (ledger 10, queries). Pure functions over a state view; each answers
// for the height of that view. Nothing here decides who may see what.
#pragma once

#include <optional>
#include <vector>

#include "node/ledger/ledger.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

[[nodiscard]] std::optional<Meta> query_meta(const StateView& state);
[[nodiscard]] std::optional<Hash> query_chain(const StateView& state);
[[nodiscard]] std::optional<Params> query_params(const StateView& state);
[[nodiscard]] std::optional<ValidatorSet> query_validators(const StateView& state,
                                                           std::uint64_t epoch);

struct ProposalView {
  InstId proposer{};
  PropId id{};
  Proposal record;
};
[[nodiscard]] std::optional<Proposal> query_proposal(const StateView& state, InstId proposer,
                                                     const PropId& id);
// The first `most` of them: those that are not decided yet, then the others, each by proposer and
// id.
[[nodiscard]] std::vector<ProposalView> query_proposals(const StateView& state, std::size_t most);
// What it proposes; nullopt: the record is damaged.
[[nodiscard]] std::optional<GovAction> action_of(const Proposal& proposal);

// nullopt: undecided until its valid_until has passed, or forgotten after the retention.
[[nodiscard]] std::optional<OutcomeRecord> query_outcome(const StateView& state, InstId actor,
                                                         const OpId& op_id);

[[nodiscard]] std::optional<Payment> query_payment(const StateView& state, InstId payer_bank,
                                                   const Uetr& uetr);
// Of every payer bank, ascending: a UETR is unique per payer bank only.
[[nodiscard]] std::vector<Payment> query_payments(const StateView& state, const Uetr& uetr);

struct InstitutionView {
  InstId id{};
  Institution record;
};
[[nodiscard]] std::optional<Institution> query_institution(const StateView& state, InstId id);
[[nodiscard]] std::optional<InstitutionView> query_institution(const StateView& state,
                                                               std::string_view name);
[[nodiscard]] std::vector<InstitutionView> query_institutions(
    const StateView& state);  // ascending id
struct KeyView {
  KeyId id{};
  InstitutionKey record;
};
[[nodiscard]] std::vector<KeyView> query_keys(const StateView& state, InstId inst);
[[nodiscard]] std::optional<RolePolicy> query_role_policy(const StateView& state, InstId inst,
                                                          Role role);

struct TokenView {
  TokenId id{};
  Token record;
};
[[nodiscard]] std::optional<Token> query_token(const StateView& state, TokenId id);
[[nodiscard]] std::optional<TokenView> query_token(const StateView& state, InstId issuer,
                                                   const Currency& currency, std::uint16_t product);
[[nodiscard]] std::vector<TokenView> query_tokens(const StateView& state);  // ascending id

struct PositionView {
  TokenId token{};
  Position record;
};
struct AccountView {
  InstId servicer{};
  AccountId id{};
  Account record;
  std::vector<PositionView> positions;  // ascending token
};
[[nodiscard]] std::optional<AccountView> query_account(const StateView& state, InstId servicer,
                                                       const AccountId& id);
// At most `limit` accounts of a servicer with an id above `after` (all-zero: from the first),
// without positions.
[[nodiscard]] std::vector<AccountView> query_accounts(const StateView& state, InstId servicer,
                                                      const AccountId& after, std::size_t limit);
[[nodiscard]] std::optional<Position> query_position(const StateView& state, TokenId token,
                                                     const AccountId& account);
// The own account of an institution in a token, with its position.
[[nodiscard]] std::optional<AccountView> query_own_account(const StateView& state, InstId owner,
                                                           TokenId token);

[[nodiscard]] std::optional<Corridor> query_corridor(const StateView& state, InstId from, InstId to,
                                                     const Currency& currency);

struct DenyView {
  Bytes subject;  // as the key has it: what to go on after
  DenySubject kind{};
  InstId institution{};   // the servicer of an account
  AccountId account{};    // of kind Account
  CountryCode country{};  // of kind Country
  Deny record;
};
// The deny list of an institution after a subject (empty: from the first), at most `limit`.
[[nodiscard]] std::vector<DenyView> query_deny_list(const StateView& state, InstId list,
                                                    ByteView after, std::size_t limit);

struct HoldView {
  InstId creator{};
  HoldId id{};
  Hold record;
};
[[nodiscard]] std::optional<Hold> query_hold(const StateView& state, InstId creator,
                                             const HoldId& id);
// ACTIVE holds of a position, oldest first, at most `limit`.
[[nodiscard]] std::vector<HoldView> query_holds(const StateView& state, TokenId token,
                                                const AccountId& account, std::size_t limit);

}  // namespace giro::ledger
