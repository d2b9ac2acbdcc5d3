// Why the network goes on or does not, as one node sees it (surface 2.3): a pure function of what
// the node knows of itself and hears of the others. Codes are stable, wording is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/runtime/service.h"

namespace giro::api {

// What is wrong with one validator.
struct MemberFault {
  std::string name;
  std::string cause;          // UNREACHABLE, SILENT, SYNCING, CLOCK_SKEW, DISK_LOW, ...
  std::string detail;         // "37 blocks behind"; after "says" only that validator's own word
  std::uint64_t seconds = 0;  // it has been so; 0: unknown
  std::uint64_t last_vote = 0;
  bool is_guess = false;  // by this node's measure: that one may vote all the same
};

struct Explanation {
  // PROGRESSING SLOW QUORUM_MISSING LEADER_SILENT VIEW_CHANGING SYNCING NOT_IN_SET HALTED_DIVERGED
  std::string_view code;
  bool is_progressing = false;
  std::string waits_for;  // "votes for height 48212", "a view after 6"; empty: nothing is awaited
  std::uint64_t needed = 0;
  std::vector<std::string> have, missing;  // who has done that, as far as this node heard
  std::vector<MemberFault> faults;         // this node's own first
  std::string advice;
};

// `stop_below`: the reserve of disk of this node, for its text.
[[nodiscard]] Explanation explain(const runtime::NodeInfo& info, std::uint64_t stop_below);

}  // namespace giro::api
