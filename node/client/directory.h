// Names and numbers of institutions and tokens, as a node or the genesis file tells them: what
// building an operation needs.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/client/client.h"
#include "node/client/error.h"
#include "node/client/genesis.h"
#include "node/config/profile.h"

namespace giro::client {

struct TokenFacts {
  ledger::TokenId id = 0;
  std::string name;      // "bank-a.EUR"
  std::string issuer;    // institution name
  std::string currency;  // "EUR"
  std::uint8_t scale = 0;
  ledger::Amount checker_threshold, dual_threshold;
};

struct InstitutionFacts {
  ledger::InstId id = 0;
  std::string name;
  std::map<std::string, std::uint32_t> quorums;  // by role, "ISSUER"
};

class Directory {
 public:
  // Amounts are signed by what this says, so a node is believed only as far as it agrees with the
  // genesis file: what is in there has its number, and each token the decimals of its currency.
  // Internal names what contradicts. That a token or institution of later is the one that the node
  // says, is the node's word.
  [[nodiscard]] static std::expected<Directory, Error> from_node(Client& client,
                                                                 const PinnedGenesis& pinned);
  [[nodiscard]] static Directory from_genesis(const config::Genesis& genesis);

  // Usage if there is none of that name.
  [[nodiscard]] std::expected<InstitutionFacts, Error> institution(std::string_view name) const;
  [[nodiscard]] std::expected<TokenFacts, Error> token(std::string_view name) const;
  [[nodiscard]] const std::vector<TokenFacts>& tokens() const { return tokens_; }
  [[nodiscard]] const std::vector<InstitutionFacts>& institutions() const { return institutions_; }

 private:
  // What contradicts it; empty: nothing.
  [[nodiscard]] std::string contradiction(const Directory& genesis) const;

  std::vector<InstitutionFacts> institutions_;
  std::vector<TokenFacts> tokens_;
};

// "12.5" in the token's minor units; Usage says what is wrong with it (BAD_SCALE, ...).
[[nodiscard]] std::expected<ledger::Amount, Error> parse_amount(std::string_view text,
                                                                const TokenFacts& token);

// All rows of a list that a node gives in pages, as "/v1/institutions".
[[nodiscard]] std::expected<std::vector<boost::json::object>, Error> read_list(
    Client& client, const std::string& target);

struct AccountRef {
  std::string servicer;  // institution name
  ledger::AccountId id;
  std::string alias;  // as the user wrote it, or the id's first digits
};
// An alias of the profile, "bank-a/<32 digits>", or 32 digits at the profile's institution.
[[nodiscard]] std::expected<AccountRef, Error> parse_account(std::string_view text,
                                                             const config::Profile& profile);

}  // namespace giro::client
