// Opening accounts and positions: shared by TOKEN_CREATE, ACCT_OPEN and POSITION_OPEN.
#pragma once

#include "node/ledger/operations/operation.h"

namespace giro::ledger {

struct PositionOpening {
  InstId servicer{};
  AccountId account{};
  const Cell<Account>* holder = nullptr;  // the account's record
  TokenId token{};
  Amount max_balance{};
};
// Writes the position, the owner's own-account row for a NOSTRO, the token's count, and the event.
void open_position(Effects& effects, const PositionOpening& opening);

// Writes the account and the event.
Cell<Account>& open_account(Effects& effects, InstId servicer, const AccountId& account,
                            Account values);

}  // namespace giro::ledger
