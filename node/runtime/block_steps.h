// How long blocks take from step to step, of those whose proposal was seen here. Steady time; the
// core thread's.
#pragma once

#include <map>

#include "consensus/output.h"
#include "node/runtime/meters.h"

namespace giro::runtime {

class BlockSteps {
 public:
  explicit BlockSteps(Meters& meters) : meters_(meters) {}
  void happened(const consensus::Event& event, consensus::Instant at);

 private:
  struct Times {
    std::optional<consensus::Instant> proposed, prepared, committed, executed;
  };
  void add(Step step, const std::optional<consensus::Instant>& from, consensus::Instant to);

  Meters& meters_;
  std::map<consensus::Height, Times> open_;  // not attested yet
};

}  // namespace giro::runtime
