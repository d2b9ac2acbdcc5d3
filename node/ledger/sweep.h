// The begin-block sweep (ledger 6): deadlines that have passed, then records past their retention.
#pragma once

#include "node/ledger/effects.h"

namespace giro::ledger {

// Runs at most sweep_max deadlines in key order, then deletes at most sweep_delete_max records.
// What is due but not reached waits for the next block. An answer is the record that stopped it:
// the state is damaged.
[[nodiscard]] std::optional<Violation> sweep(Effects& effects);

}  // namespace giro::ledger
