// Proposals (ledger 5.1): who may vote, and what their deadlines bring about.
#pragma once

#include "node/ledger/effects.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

// ACTIVE, with a seat in the present validator set: one vote (803).
[[nodiscard]] bool is_voter(Effects& effects, InstId institution);

// For the sweep: an OPEN proposal expires, a PASSED one executes. `subject` is the key without its
// table.
[[nodiscard]] Code run_proposal_deadline(Effects& effects, ByteView subject);

// ---- VALIDATOR_SET: operations/validator_set.cpp ----
[[nodiscard]] Code check_form(const ValidatorSetAction& action);                      // step 1
[[nodiscard]] Code check_change(Effects& effects, const ValidatorSetAction& action);  // 300 804
// Pending, in force with the next epoch. The checks must have passed.
void make_change(Effects& effects, const ValidatorSetAction& action);

}  // namespace giro::ledger
