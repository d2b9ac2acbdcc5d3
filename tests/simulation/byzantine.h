// Faulty validators (assurance 4): the real node behind a filter that changes, doubles, withholds
// or invents what it sends. The filter signs with the faulty node's own key and no other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "consensus/message.h"
#include "p2p/frame.h"
#include "tests/simulation/network_setup.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scheduler.h"

namespace giro::sim {

class Byzantine {
 public:
  using Deliver = std::function<void(std::size_t from, std::size_t to, const p2p::Frame& frame)>;
  Byzantine(const NetworkSetup& setup, Scheduler& scheduler, std::uint64_t seed, Deliver deliver);

  void add(std::size_t node);                              // draws what it does
  void add(std::size_t node, std::string_view behaviour);  // does this, always, and what was added
  // What the node itself would send; what leaves instead goes to `deliver`.
  void send(std::size_t node, std::size_t to, const p2p::Frame& frame);
  // What would only stop the lies: the real node ends its votes when its key is shown to lie (R40).
  [[nodiscard]] static bool is_ignored(const p2p::Frame& frame);
  [[nodiscard]] const std::map<std::string, std::uint64_t>& activations() const {
    return activations_;
  }

  // One message on its way to one member, in the hands of a behaviour.
  struct Hand {
    consensus::Message& message;
    std::size_t node;
    std::size_t to;
    Random& random;
    const NetworkSetup& setup;
    const std::deque<p2p::Frame>& recorded;  // what it would have sent so far
    std::int64_t wall_ms;                    // of a clock that is right
    bool drop = false;
    std::vector<consensus::Message> extra{};  // leave as well
    [[nodiscard]] const crypto::SecretKey& key() const { return setup.validator_key(node); }
    // Of two halves of the others, always the same for one node.
    [[nodiscard]] bool is_one_half() const { return (to + node) % 2 == 0; }
  };
  struct Behaviour {
    const char* id;  // "B01"
    const char* what;
    // True: it did something.
    bool (*act)(Hand& hand);
  };
  [[nodiscard]] static const std::vector<Behaviour>& all();       // that seeds draw from
  [[nodiscard]] static const std::vector<Behaviour>& directed();  // that scenarios ask for
  [[nodiscard]] static const Behaviour* find(std::string_view id);

 private:
  struct Liar {
    std::vector<const Behaviour*> does;
    double often = 1;
    std::deque<p2p::Frame> recorded;
  };

  const NetworkSetup& setup_;
  Scheduler& scheduler_;
  Random random_;
  Deliver deliver_;
  std::map<std::size_t, Liar> liars_;
  std::map<std::string, std::uint64_t> activations_;
};

}  // namespace giro::sim
