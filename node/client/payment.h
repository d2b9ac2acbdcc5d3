// A payment as a person orders it: who, to whom, how much. Chooses TRANSFER or PAY, the tokens and
// the settlement path, and brings the evidence that the corridor asks for (ledger 5.4, 5.5).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "node/client/operations.h"

namespace giro::client {

struct PaymentRequest {
  AccountRef from, to;
  std::string amount;
  std::optional<std::string> currency;  // else the first, by code, that both sides hold
  std::optional<std::string>
      settle_token;  // else of the corridor's list; a third token before the banks' own
  std::optional<std::string> purpose;  // ISO 20022, four letters
  // What the travel rule is about, for its commitment. Only a throw-away network may go without.
  std::optional<std::string> travel_rule_data;
  bool throwaway = false;  // of the genesis file
};

struct PaymentDraft {
  Draft draft;
  bool is_transfer = false;
  bool has_ticket = false;       // made here, with the payee bank's own keys: test networks only
  bool will_be_pending = false;  // above standing acceptance, without a ticket
  std::string settle_token;      // name; empty for a TRANSFER
};

// Asks a node for the accounts, tokens and the corridor. Holds nothing back: what the ledger would
// refuse it may refuse.
[[nodiscard]] std::expected<PaymentDraft, Error> draft_payment(
    Client& client, const Directory& directory, const PaymentRequest& request,
    const DraftOptions& options, Keyring& keys, const crypto::Hash& chain_id);

}  // namespace giro::client
