// Any operation of the ledger from its form (receipt/operation_form.h): what `giro op build` and
// the commands that order one operation use. Who must sign is the node's answer to a simulation,
// and what it signs is the body made here.
#pragma once

#include <boost/json/fwd.hpp>

#include "node/client/operations.h"
#include "node/receipt/operation_form.h"

namespace giro::client {

// The names that a profile and a node's directory know. The node is asked for payments and holds.
class DirectoryNames : public receipt::Names {
 public:
  // What opens the commitments that it makes goes to `openings`.
  DirectoryNames(const Directory& directory, const config::Profile& profile, Client& client,
                 std::vector<Opening>& openings)
      : directory_(directory), profile_(profile), client_(client), openings_(openings) {}

  [[nodiscard]] std::optional<ledger::InstId> institution(std::string_view name) const override;
  [[nodiscard]] std::optional<Token> token(std::string_view name) const override;
  [[nodiscard]] std::optional<ledger::AccountId> account(std::string_view alias) const override;
  [[nodiscard]] std::optional<std::uint8_t> payment_scale(ledger::InstId payer_bank,
                                                          const ledger::Uetr& uetr) const override;
  [[nodiscard]] std::optional<std::uint8_t> hold_scale(ledger::InstId creator,
                                                       const ledger::HoldId& id) const override;
  [[nodiscard]] std::optional<ledger::Commit> commit(std::string_view type,
                                                     std::string_view data) const override;
  [[nodiscard]] std::string institution_name(ledger::InstId id) const override;
  [[nodiscard]] std::string token_name(ledger::TokenId id) const override;
  [[nodiscard]] std::uint8_t token_scale(ledger::TokenId id) const override;

 private:
  // Decimals of the token that a document of the node names in `member`.
  [[nodiscard]] std::optional<std::uint8_t> scale_at(const std::string& target,
                                                     const char* member) const;
  const Directory& directory_;
  const config::Profile& profile_;
  Client& client_;
  std::vector<Opening>& openings_;
};

// What a node says about an operation before it is sent.
struct Simulated {
  std::string code;
  std::vector<KeyNeed> needs;
  std::vector<ledger::AccountPolicy> account_keys;
  boost::json::value document;
};
// Without signatures the answer is as if all had signed.
[[nodiscard]] std::expected<Simulated, Error> simulate(
    Client& client, crypto::ByteView body,
    const std::vector<ledger::SignatureField>& signatures = {});

// Without the signers, and without what opens its commitments, which is with `names`: the actor is
// the order's or else the profile's institution. Usage names the member and what it may be; what
// the ledger refuses by its form alone has the ledger's code.
[[nodiscard]] std::expected<Draft, Error> draft_unsigned(const boost::json::object& order,
                                                         const receipt::Names& names,
                                                         ledger::InstId actor,
                                                         const crypto::Hash& chain_id,
                                                         const DraftOptions& options);

// With them. An operation that would be refused as it stands is drafted all the same: the state may
// change before it is sent; the ledger's reason is `warning`.
struct OrderDraft {
  Draft draft;
  std::string warning;  // code of the simulation; empty: OK
};
[[nodiscard]] std::expected<OrderDraft, Error> draft_order(
    const boost::json::object& order, const Directory& directory, const config::Profile& profile,
    Client& client, const crypto::Hash& chain_id, const DraftOptions& options);

}  // namespace giro::client
