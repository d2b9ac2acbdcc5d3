// The reference ledger: blocks of operations on plain maps.
#pragma once

#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

// An operation and who signed it. Signatures themselves are not looked at.
struct Submitted {
  Operation operation;
  Keys signers;
};

class Ledger {
 public:
  explicit Ledger(const Genesis& genesis);
  // The sweep, then the operations.
  std::vector<Verdict> block(Ms now, const std::vector<Submitted>& operations);

  State state;

 private:
  void sweep();
  void forget();  // what is past its retention
};

}  // namespace giro::ledger::reference
