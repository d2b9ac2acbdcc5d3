// The proofs of misbehaviour that this node holds, for operators (protocol R46). The log keeps them
// and agreement tells them on; this is what the API and the metrics show.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "node/runtime/service.h"

namespace giro::runtime {

// Any thread.
class EvidenceBook {
 public:
  // What the log holds.
  explicit EvidenceBook(std::vector<consensus::Evidence> known,
                        std::optional<consensus::BreachRecord> breach = {});
  // The newest are kept, consensus::kEvidenceMax of them; one that is known is not taken twice.
  void add(const consensus::Evidence& found);
  // Oldest first. `state` knows who had which seat in which epoch.
  [[nodiscard]] std::vector<EvidenceInfo> list(const ledger::StateView& state) const;
  // The first counts (protocol R11).
  void add(const consensus::BreachRecord& found);
  [[nodiscard]] std::optional<BreachInfo> breach(const ledger::StateView& state) const;

 private:
  mutable std::mutex mutex_;
  std::vector<consensus::Evidence> held_;
  std::optional<consensus::BreachRecord> breach_;
};

}  // namespace giro::runtime
