// The legs of SETTLE_ATOMIC (ledger 5.8): each as the operation that it is alone.
#pragma once

#include "node/ledger/operations/operation.h"

namespace giro::ledger {

[[nodiscard]] Code check_leg(const Operation& operation, const Leg& leg);  // step 1
[[nodiscard]] Code require_leg(Run& run, const Leg& leg);                  // step 5
// Steps 7 to 16. `payee_bank` is that of the batch's payment, 0: it has none.
[[nodiscard]] Code run_leg(Run& run, const Leg& leg, InstId payee_bank);

// What the legs move on CUSTOMER accounts by XFER, MINT, BURN and CAPTURE. An `accept` brings its
// own evidence and is left out, as is what cannot be found: its leg fails.
struct CustomerMove {
  InstId servicer{};
  TokenId token{};
  AccountId account{};
  AccountId to{};  // XFER: the account that is credited
  Amount debited{};
  Amount credited{};
  bool is_burn = false;
};
[[nodiscard]] std::vector<CustomerMove> customer_moves(Run& run, std::span<const Leg> legs);

}  // namespace giro::ledger
