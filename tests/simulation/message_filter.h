// What a scenario lets pass between nodes: messages of some kinds, on some links, are lost or held.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consensus/message.h"
#include "p2p/frame.h"

namespace giro::sim {

using Links = std::set<std::pair<std::size_t, std::size_t>>;  // from, to

class MessageFilter {
 public:
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = UINT64_MAX;
    [[nodiscard]] bool has(std::uint64_t value) const { return first <= value && value <= last; }
  };
  struct Rule {
    bool holds = false;           // else it loses
    std::set<std::string> kinds;  // empty: every kind
    Links links;
    Range views, heights;  // a message without one has 0
  };
  [[nodiscard]] static bool is_kind(std::string_view name);

  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  // False: it was lost or held.
  [[nodiscard]] bool passes(std::size_t from, std::size_t to, const p2p::Frame& frame);
  struct Held {
    std::size_t from, to;
    p2p::Frame frame;
    std::set<std::string> kinds;  // of the rule
  };
  // Ends the rules for exactly these kinds; for none, every rule. What they held, in the order in
  // which it was sent.
  [[nodiscard]] std::vector<Held> release(const std::set<std::string>& kinds);

 private:
  std::vector<Rule> rules_;
  std::vector<Held> held_;
};

}  // namespace giro::sim
