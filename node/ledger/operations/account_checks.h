// What the operations on accounts have in common (ledger 5.2).
#pragma once

#include "node/ledger/operations/operation.h"

namespace giro::ledger {

// 214: JOINT needs 1 <= m <= keys, ascending; CUSTODIAL has none.
[[nodiscard]] bool is_policy_sound(AuthMode mode, const PolicyFields& policy);
// 307 309: the account of an account operation counts as debtor.
[[nodiscard]] Code check_account(const Cell<Account>* account);
void emit_account(Effects& effects, EventType type, InstId servicer, const AccountId& id,
                  const Account& account);
void emit_position(Effects& effects, EventType type, TokenId token, const AccountId& id);

}  // namespace giro::ledger
