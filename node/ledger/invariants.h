// The invariants of ledger 8 that one operation, and one block, can be judged by.
#pragma once

#include "node/ledger/effects.h"

namespace giro::ledger {

// I2 to I8, I12 to I15 and I20 for the records changed since `savepoint`. The first violation
// found.
[[nodiscard]] std::optional<Violation> check_operation(const Effects& effects,
                                                       const Overlay::Savepoint& savepoint);

// I20: at least 4 members, now and next; no more changed seats than f.
[[nodiscard]] bool is_safe(const ValidatorSet& set);

// I1, I4, I6 for one token, from its running totals.
[[nodiscard]] std::optional<std::uint8_t> check_token(const Token& token);

}  // namespace giro::ledger
