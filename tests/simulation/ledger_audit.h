// The ledger of a whole network, judged by the reference ledger (assurance I5, I6): all that the
// decided blocks order is executed once more on plain maps, by rules written from the
// specification, and each record of a node's state is held against it.
#pragma once

#include <map>
#include <string>

#include "consensus/message.h"
#include "node/ledger/ledger.h"
#include "tests/simulation/network_setup.h"
#include "tests/unit/node/ledger/reference/ledger.h"

namespace giro::sim {

class LedgerAudit {
 public:
  explicit LedgerAudit(const NetworkSetup& setup);

  // Whatever anybody sent: blocks name their batches by id.
  void on_batch(const consensus::BatchPtr& batch) { batches_.try_emplace(batch->id, batch); }
  // The next height. What is wrong with it; empty: nothing.
  [[nodiscard]] std::string execute(const consensus::Block& block);
  // Of a node that has executed as far; what differs, a line each.
  [[nodiscard]] std::string compare(const ledger::StateView& state) const;
  [[nodiscard]] consensus::Height height() const { return {reference_.state.height}; }

 private:
  const crypto::Hash chain_;
  std::map<consensus::Hash, consensus::BatchPtr> batches_;
  ledger::reference::Ledger reference_;
};

}  // namespace giro::sim
