// Which validators' votes are missed: of each height that became stable here, the vote of each
// member was there by then, came within two seconds, or did not come. Looked at once a tick, so
// that nothing is added to the way of a vote. The core thread's.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "consensus/types.h"

namespace giro::runtime {

class VoteWatch {
 public:
  struct Heard {
    consensus::InstitutionId member;
    consensus::Height last_vote;
  };
  struct Counts {
    std::uint64_t missed = 0, late = 0;
  };
  // `members`: those with a seat. While this node is behind, the votes of others tell nothing.
  void look(consensus::Instant now, consensus::Height stable, bool is_behind,
            const std::vector<Heard>& members);
  [[nodiscard]] const std::map<consensus::InstitutionId, Counts>& counts() const { return counts_; }

 private:
  // Heights above `low`, up to `high`, that this member had not voted for when they were stable.
  struct Owed {
    std::uint64_t low = 0, high = 0;
    consensus::Instant until;
  };
  std::optional<consensus::Height> stable_;
  std::map<consensus::InstitutionId, std::deque<Owed>> owed_;
  std::map<consensus::InstitutionId, Counts> counts_;
};

}  // namespace giro::runtime
