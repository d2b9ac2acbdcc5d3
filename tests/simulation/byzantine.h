// Faulty validators (assurance 4): the real node behind two filters. The one changes, doubles,
// withholds, delays or invents what the node sends, and signs with its own key and no other; the
// other keeps from it what it is not to know. What they did counts once a correct node has it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "consensus/message.h"
#include "p2p/frame.h"
#include "tests/simulation/field_mutators.h"
#include "tests/simulation/network_setup.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scheduler.h"

namespace giro::sim {

// The certificate that a message carries; nullptr: none.
[[nodiscard]] consensus::Certificate* certificate_in(consensus::Message& message);

class Byzantine {
 public:
  struct Ports {
    std::function<void(std::size_t from, std::size_t to, const p2p::Frame& frame)> deliver;
    // A correct node that is up, and whose channel from the other carries something now.
    std::function<bool(std::size_t from, std::size_t to)> would_hear;
    // To a faulty node itself, as if it had come just now.
    std::function<void(std::size_t from, std::size_t to, const p2p::Frame& frame)> hand_in;
  };
  Byzantine(const NetworkSetup& setup, Scheduler& scheduler, std::uint64_t seed, Ports ports);

  void add(std::size_t node);                              // draws what it does
  void add(std::size_t node, std::string_view behaviour);  // does this, always, and what was added
  // Its node does not learn of its own lies: it would find its key used elsewhere, and fall silent
  // (protocol R40).
  void keep_blind(std::size_t node) { liars_.at(node).is_blind = true; }
  // What the node itself would send; what leaves instead goes to the port.
  void send(std::size_t node, std::size_t to, const p2p::Frame& frame);
  // A frame has come to a node that is up. False: the node is not to know it.
  [[nodiscard]] bool on_arrival(std::size_t from, std::size_t to, const p2p::Frame& frame);
  // By behaviour: what of its doing has reached a correct node.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& activations() const {
    return activations_;
  }
  [[nodiscard]] std::uint64_t activations(std::string_view behaviour) const;

  // One message on its way to one member, in the hands of a behaviour.
  struct Hand {
    consensus::Message& message;
    std::size_t node;
    std::size_t to;
    Random& random;
    const NetworkSetup& setup;
    const std::deque<p2p::Frame>& recorded;  // what it would have sent so far
    std::int64_t wall_ms;                    // of a clock that is right
    bool keeps_from_itself;                  // a batch, at present (see `keeps`)
    bool drop = false;
    Time delay = 0;
    std::vector<consensus::Message> extra{};  // leave as well
    std::vector<p2p::Frame> raw{};            // these too: what no encoder would write
    [[nodiscard]] const crypto::SecretKey& key() const { return setup.validator_key(node); }
    [[nodiscard]] consensus::InstitutionId self() const { return setup.institution(node); }
    [[nodiscard]] consensus::Hash some_hash();
    void sign(consensus::Vote& vote) const;
    void sign_again(consensus::PrePrepare& proposal) const;  // after its block was changed
    // Of two halves of the others, always the same for one node.
    [[nodiscard]] bool is_one_half() const { return (to + node) % 2 == 0; }
  };
  // Where a run that is to show a behaviour must bring the liar (liar_run.h).
  enum class Stage : std::uint8_t {
    Turns,      // views change, it is the primary now and then, and others have to catch up
    Snapshots,  // others are so far behind that they ask it for a snapshot
    Clients,    // none is needed: clients lie (false_clients.h)
  };
  struct Behaviour {
    const char* id;  // "B01"
    const char* what;
    // True: it did something. nullptr: what it does is in byzantine.cpp, or with the clients.
    bool (*act)(Hand& hand);
    Stage stage = Stage::Turns;
    // Keeps one author's batches from the node: for so long; 0: for good, unless it asks for them.
    std::optional<Time> keeps = std::nullopt;
  };
  [[nodiscard]] static const std::vector<Behaviour>& all();   // that seeds draw from
  [[nodiscard]] static const std::vector<Behaviour>& late();  // these too, on a stream of its own
  [[nodiscard]] static const std::vector<Behaviour>& directed();    // that scenarios ask for
  [[nodiscard]] static std::vector<const Behaviour*> with_quota();  // the first two, in order
  [[nodiscard]] static const Behaviour* find(std::string_view id);

 private:
  using Doers = std::vector<std::string_view>;  // their ids, and names of fields
  // What frames under way are the work of; a frame leaves by itself when nobody holds it.
  using Marks = std::unordered_map<const crypto::Bytes*, Doers>;
  struct Liar {
    std::vector<const Behaviour*> does;
    double often = 1;
    bool is_blind = false;
    std::deque<p2p::Frame> recorded;
    // What its node itself has voted for; the filter may have said otherwise in its name.
    std::map<std::tuple<consensus::VoteKind, consensus::View, consensus::Height>, consensus::Hash>
        said;
    FieldMutators fields;
    std::size_t next_field = 0;
    std::map<crypto::Hash, Time> kept;  // batches that it was not to know, and when they came
  };
  void leave(std::size_t node, std::size_t to, crypto::Bytes bytes, Doers doers, Time delay = 0);
  void change_fields(std::size_t node, std::size_t to, Liar& liar, const p2p::Frame& frame);
  [[nodiscard]] bool sign_again(consensus::Message& message, std::size_t node) const;
  void count(std::size_t to, const Doers& doers);
  [[nodiscard]] bool lets_in(std::size_t from, std::size_t node, Liar& liar,
                             const p2p::Frame& frame);
  [[nodiscard]] static bool tells_of_lies(std::size_t node, const Liar& liar,
                                          consensus::Message& message);
  [[nodiscard]] bool keeps_any(const Liar& liar) const;

  const NetworkSetup& setup_;
  Scheduler& scheduler_;
  Random random_, late_random_;
  Ports ports_;
  std::map<std::size_t, Liar> liars_;
  std::shared_ptr<Marks> marks_ = std::make_shared<Marks>();
  std::map<std::string, std::uint64_t> activations_;
};

}  // namespace giro::sim
