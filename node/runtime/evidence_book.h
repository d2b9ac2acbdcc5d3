// The proofs of misbehaviour that this node holds, for operators (protocol R46). The log keeps them
// and agreement tells them on; this is what the API and the metrics show.
#pragma once

#include <mutex>
#include <vector>

#include "node/runtime/service.h"

namespace giro::runtime {

// Any thread.
class EvidenceBook {
 public:
  explicit EvidenceBook(std::vector<consensus::Evidence> known);  // what the log holds
  // The newest are kept, consensus::kEvidenceMax of them; one that is known is not taken twice.
  void add(const consensus::Evidence& found);
  // Oldest first. `state` knows who had which seat in which epoch.
  [[nodiscard]] std::vector<EvidenceInfo> list(const ledger::StateView& state) const;

 private:
  mutable std::mutex mutex_;
  std::vector<consensus::Evidence> held_;
};

}  // namespace giro::runtime
