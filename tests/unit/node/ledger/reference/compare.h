// Where the reference and the ledger differ, in words.
#pragma once

#include "node/ledger/ledger.h"
#include "tests/unit/node/ledger/reference/state.h"

namespace giro::ledger::reference {

// The records under these keys; those past their retention may be there or not.
[[nodiscard]] std::string differences(const State& mine, const StateView& theirs,
                                      std::span<const Write> writes);
// All records of the reference.
[[nodiscard]] std::string differences(const State& mine, const StateView& theirs);
[[nodiscard]] std::string differences(const State& mine, std::span<const TokenTotals> totals);

}  // namespace giro::ledger::reference
