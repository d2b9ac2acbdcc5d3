// The command language of directed scenarios (README.md): a file of commands, one a line, read into
// steps.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "node/ledger/types.h"
#include "tests/simulation/message_filter.h"
#include "tests/simulation/plan.h"

namespace giro::sim {

// Nodes named by a step.
struct NodeList {
  enum class Kind : std::uint8_t {
    All,      // each of them
    Some,     // any one of them
    Primary,  // whoever leads the highest view of a node that is up
  };
  std::set<std::size_t> nodes;
  Kind kind = Kind::All;
};

// "committed 0,1 >= last+3" or "amnesic 3" or "evidence 0,1 2".
struct Condition {
  enum class Field : std::uint8_t {
    Epoch,
    View,
    Stable,
    Executed,
    Committed,
    Prepared,
    Tip,
    Available,  // batches that no block of its chain names
    Up,
    Active,  // its view has begun: it votes there
    Amnesic,
    Voting,
    Suspecting,
    Member,    // of the set of its epoch, with the key that it has
    Evidence,  // the nodes hold some against node `value`
  };
  Field field{};
  bool is_not = false;
  NodeList nodes;
  std::string compare;  // ">=", "<=", "=", ">", "<"; empty: the field is a yes or no
  std::uint64_t value = 0;
  bool is_above_last = false;  // value is added to the highest committed height, as the step begins
};
using Conditions = std::vector<Condition>;  // all of them

enum class Lost : std::uint8_t { Nothing, Unsynced, Data, SignState, Both };
enum class Kept : std::uint8_t { Data, SignState };

namespace step {
struct Pay {
  NodeList nodes;
  std::uint64_t count = 1;  // operations for each
};
struct Cut {
  Links links;
};
struct Join {
  Links links;
};
struct Filter {
  MessageFilter::Rule rule;
};
struct Release {  // filters of these kinds end, or all; what they held is delivered
  std::set<std::string> kinds;
};
struct Crash {
  NodeList nodes;
  Lost lost{};
};
struct Start {
  NodeList nodes;
};
struct Save {  // a copy of what the node's disk holds
  NodeList nodes;
};
struct Restore {  // the copy is put back, while the node is down
  NodeList nodes;
  Kept what{};
};
struct Clock {  // its wall clock is ahead by so much
  NodeList nodes;
  std::int64_t ahead_ms = 0;
};
struct Seat {  // the first member proposes it, and all vote for it
  NodeList nodes;
  ledger::SeatChange change{};
};
struct Key {  // it stops, and starts with the newest key that was made for it
  NodeList nodes;
};
struct Run {  // for so long; with conditions: until they hold, and no longer
  Time time = 0;
  Conditions until;
};
struct Expect {
  Conditions conditions;
};
struct Never {  // from here to the last step, for no one of the nodes
  Conditions conditions;
};
}  // namespace step

struct Step {
  std::size_t line = 0;
  std::string text;
  std::variant<step::Pay, step::Cut, step::Join, step::Filter, step::Release, step::Crash,
               step::Start, step::Save, step::Restore, step::Clock, step::Seat, step::Key,
               step::Run, step::Expect, step::Never>
      what;
};

struct Scenario {
  std::string name;
  Plan plan;                                              // without trouble
  std::vector<std::pair<std::size_t, std::string>> lies;  // a faulty node and a behaviour's id
  std::vector<Step> steps;
};

struct ScenarioError {
  std::size_t line = 0;
  std::string reason;
};
[[nodiscard]] std::expected<Scenario, ScenarioError> read_scenario(std::string name,
                                                                   std::string_view text);

}  // namespace giro::sim
