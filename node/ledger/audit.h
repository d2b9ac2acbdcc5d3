// The invariants of ledger 8 over a whole state, by full scan: when a snapshot is made or loaded,
// and in tests after every block. Reads every record once and keeps nothing of them.
#pragma once

#include <string_view>

#include "node/ledger/ledger.h"

namespace giro::ledger {

struct AuditFinding {
  std::uint8_t
      invariant{};  // 0: a record that cannot be decoded, or an index row without its record
  Bytes record;     // its key
  std::string_view what;
};

// The first finding; nullopt: I1, I4, I6, I7, I10, I11, I13, I14 and I15 hold.
[[nodiscard]] std::optional<AuditFinding> audit(const StateView& state);

}  // namespace giro::ledger
