// One operation through steps 3 to 17 of ledger 4.4.
#pragma once

#include "node/ledger/authority.h"
#include "node/ledger/effects.h"
#include "node/ledger/operations/operation.h"

namespace giro::ledger {

class Execution {
 public:
  explicit Execution(Effects& effects) : effects_(effects) {}

  // Steps 3 to 6. For 213 the inner code is that of the first execution.
  [[nodiscard]] Verdict admit(const Verified& operation);
  // As run(), whoever has signed it: step 6 is answered and not obeyed.
  [[nodiscard]] Preview preview(const Verified& operation, std::uint32_t index);
  // All of them. A void operation leaves nothing; any other its outcome.
  [[nodiscard]] Outcome run(const Verified& operation, std::uint32_t index);

 private:
  [[nodiscard]] Verdict prepare(const Verified& operation);  // steps 3 to 5
  [[nodiscard]] Code check_signers(const Verified& operation);
  [[nodiscard]] Outcome conclude(const Verified& operation);  // steps 7 to 17, and what they leave
  [[nodiscard]] Verdict execute(const OperationRow& row, const Verified& operation);
  void record_failure(const OperationRow& row, const Verified& operation, const Verdict& verdict);
  void record_outcome(const Verified& operation, const Verdict& verdict);

  Effects& effects_;
  Requirements requirements_;
  std::optional<Violation> violation_;
};

}  // namespace giro::ledger
