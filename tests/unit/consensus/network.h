// The network between the nodes: one thread, one queue in order of (virtual time, insertion), one
// seed. It loses, delays, duplicates and reorders; checks agreement and vote safety after every
// event.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/consensus/node.h"

namespace giro::consensus::testing {

struct Faults {
  unsigned loss_percent = 0;
  unsigned duplicate_percent = 0;
  std::int64_t delay_us_min = 200;
  std::int64_t delay_us_max = 1'500;
};

struct NetworkSetup {
  std::size_t members = 4;
  std::uint64_t seed = 1;
  Parameters parameters = Parameters::tiny();
  Faults faults = {};
  NodeTiming timing = {};
};

// Times that let views change often.
[[nodiscard]] NetworkSetup view_change_setup(std::uint64_t seed, std::size_t members = 4);

class Network final : public World {
 public:
  // What leaves a node; may be changed, multiplied or dropped before it is sent.
  struct Packet {
    std::size_t from;
    std::size_t to;
    std::uint8_t type;
    Bytes bytes;
  };
  using Tap = std::function<std::vector<Packet>(Packet)>;

  explicit Network(NetworkSetup setup);
  ~Network() override;

  void start_all();
  void start(std::size_t node) { nodes_[node]->start(); }
  // Loses the un-synced tail but a random part, and some of the store's newest blocks.
  void crash(std::size_t node);
  void restart(std::size_t node);
  void wipe(std::size_t node);  // crashes it, takes its log and store, and starts it
  void restart_with_key(std::size_t node, std::size_t key);
  // Crashes it, lets its disk be changed, and starts it.
  void change_disk(std::size_t node, const std::function<void(Node&)>& change);
  // Makes a sign state of the floor that it found, and starts it again: nothing at or below is ever
  // signed.
  void adopt_floor(std::size_t node);
  [[nodiscard]] Node& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] const Members& members() const { return members_; }
  [[nodiscard]] Members& members() { return members_; }
  [[nodiscard]] std::mt19937_64& random() { return random_; }
  [[nodiscard]] std::int64_t now_us() const { return now_us_; }
  [[nodiscard]] const Parameters& parameters() const { return setup_.parameters; }

  void cut(std::size_t from, std::size_t to) { cut_.emplace(from, to); }
  void isolate(std::size_t node);
  void heal() { cut_.clear(); }
  void set_faults(const Faults& faults) { setup_.faults = faults; }
  void set_tap(Tap tap) { tap_ = std::move(tap); }
  void set_skew(std::size_t node, std::int64_t ms) { skew_ms_[node] = ms; }
  void set_faulty(std::size_t node) {
    faulty_.insert(node);
  }  // its votes are not held to vote safety

  // Until the condition holds; false after so much virtual time.
  bool run_until(const std::function<bool()>& condition, std::int64_t limit_ms);
  void run_for(std::int64_t ms);
  bool run_to_height(std::uint64_t height,
                     std::int64_t limit_ms);  // all that are up have it stable
  [[nodiscard]] std::string describe();       // where every node stands
  // One batch at a random node that is up, every so often.
  void load(std::int64_t every_us, std::size_t operation_bytes);

  // World
  void send(std::size_t from, InstitutionId to, wire::MessageType type, Bytes bytes) override;
  void later(std::size_t node, std::int64_t us, std::function<void()> what) override;
  [[nodiscard]] Now now(std::size_t node) const override;
  void on_vote(std::size_t node, const Vote& vote) override;
  void on_promise(std::size_t node, const ProvenViewChange& change) override;
  void on_promise(std::size_t node, const NewView& new_view) override;
  void on_executed(std::size_t node, const CommittedBlock& block, const Header& header) override;

 private:
  struct Happening {
    std::int64_t at_us;
    std::uint64_t number;
    std::size_t node;
    std::uint64_t life;  // of the node when it was scheduled
    std::function<void()> what;
  };
  struct Later {
    bool operator()(const Happening& a, const Happening& b) const {
      return std::tie(a.at_us, a.number) > std::tie(b.at_us, b.number);
    }
  };
  static constexpr std::uint64_t kAnyLife = UINT64_MAX;
  void schedule(std::int64_t us, std::size_t node, std::uint64_t life, std::function<void()> what);
  void deliver(Packet packet);
  bool run_one(std::int64_t until_us);
  [[nodiscard]] std::uint64_t draw(std::uint64_t below);

  NetworkSetup setup_;
  Members members_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::uint64_t> lives_;
  std::vector<std::int64_t> skew_ms_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::set<std::size_t> faulty_;
  Tap tap_;
  std::priority_queue<Happening, std::vector<Happening>, Later> queue_;
  std::int64_t now_us_ = 0;
  std::uint64_t next_number_ = 0;

  struct Agreed {
    Hash block;
    Hash header;
  };
  std::map<Height, Agreed> agreed_;
  std::map<Hash, Height> ordered_;
  // By node, whatever the key: it may have another only in another epoch.
  std::map<std::tuple<std::size_t, VoteKind, Epoch, View, Height>, Hash> votes_;
  std::map<std::tuple<std::size_t, Epoch, View>, Hash> view_changes_, new_views_;
  std::map<std::size_t, Epoch> silent_until_;  // signs nothing in this epoch and below
};

// No correct validator ever says what another one takes for a violation (protocol R45).
void expect_no_violations(Network& network);

}  // namespace giro::consensus::testing
