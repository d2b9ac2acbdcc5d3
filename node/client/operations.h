// Building operations and their signatures. A draft says what is to be done and who must sign it;
// signing makes the bytes that are sent, and those bytes only are ever sent again.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "node/client/commitment.h"
#include "node/client/directory.h"
#include "node/client/keyring.h"
#include "node/ledger/encode.h"

namespace giro::client {

inline constexpr std::chrono::milliseconds kValidForDefault = std::chrono::minutes(5);

struct Draft {
  std::string actor;  // institution name
  ledger::Operation operation;
  std::vector<KeyNeed> needs;
  std::string summary;                                   // "MINT EUR 10.00 to ALICE"
  std::vector<ledger::AccountPolicy> account_keys = {};  // of JOINT accounts: m of each
  // What opens its commitments: to be kept before it is sent (journal.h).
  std::vector<Opening> openings = {};

  // Makes one, and notes what opens it.
  [[nodiscard]] ledger::Commit commit_to(std::string_view type, std::string_view data);
};

// What every draft can be given.
struct DraftOptions {
  std::optional<receipt::Uuid> op_id;  // else a random UUID of version 4
  std::chrono::milliseconds valid_for = kValidForDefault;
  std::int64_t now_ms = 0;
};

struct SignedDraft {
  crypto::Bytes body;
  crypto::Bytes signed_operation;
  crypto::Hash operation_hash;
};

[[nodiscard]] std::expected<SignedDraft, Error> sign(const Draft& draft, Keyring& keys,
                                                     const crypto::Hash& chain_id);

[[nodiscard]] std::int64_t now_ms();     // of the system clock
[[nodiscard]] receipt::Uuid new_uuid();  // version 4

struct MintRequest {
  std::string token;
  AccountRef account;
  std::string amount;
  std::string reference;  // of the core system: goes on the ledger as a salted commitment
};
[[nodiscard]] std::expected<Draft, Error> draft_mint(const Directory& directory,
                                                     const MintRequest& request,
                                                     const DraftOptions& options);

// The account is a customer's of the token's issuer.
[[nodiscard]] std::expected<Draft, Error> draft_redeem(const Directory& directory,
                                                       const MintRequest& request,
                                                       const DraftOptions& options);

struct AccountOpenRequest {
  std::string servicer;
  ledger::AccountId id;
  std::vector<std::string> tokens;
  std::string country;       // two letters; may be empty
  std::string nostro_owner;  // institution name; empty: a CUSTOMER account
};
[[nodiscard]] std::expected<Draft, Error> draft_account_open(const Directory& directory,
                                                             const AccountOpenRequest& request,
                                                             const DraftOptions& options);

struct TokenCreateRequest {
  std::string issuer;
  std::string currency;
  std::uint16_t product = 0;
  bool settlement = false;
  std::string cap;  // the four amounts in major units; empty: the demo network's value
  std::string max_tx;
  std::string min_tx;
  std::string fee_max;
};
[[nodiscard]] std::expected<Draft, Error> draft_token_create(const Directory& directory,
                                                             const TokenCreateRequest& request,
                                                             const DraftOptions& options);

[[nodiscard]] KeyNeed need(
    const InstitutionFacts& institution, ledger::Role role,
    std::optional<std::uint32_t> count = std::nullopt);  // default: the quorum
[[nodiscard]] ledger::Operation new_operation(ledger::InstId actor, const DraftOptions& options);

}  // namespace giro::client
