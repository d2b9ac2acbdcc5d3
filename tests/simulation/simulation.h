// One seed, from the first event to the verdict (assurance 3): trouble, healing, progress, audit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/byzantine.h"
#include "tests/simulation/certificate_audit.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/consortium.h"
#include "tests/simulation/ledger_audit.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/trace_automaton.h"
#include "tests/simulation/world.h"

namespace giro::sim {

enum class LogDetail : std::uint8_t { Off, Events, All };

struct RunOptions {
  PlanOptions plan;
  LogDetail log = LogDetail::Off;
  std::uint64_t until_event = UINT64_MAX;
};

struct Report {
  std::optional<Violation> violation;
  Time ended = 0;
  std::uint64_t events = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t blocks = 0;
  std::uint64_t operations = 0;
  std::uint64_t view_changes = 0;
  std::uint64_t certificates = 0;
  std::uint64_t crashes = 0;
  std::uint64_t snapshots = 0;  // certified, at every node
  std::uint64_t log_cuts = 0;
  std::uint64_t installs = 0;
  std::uint64_t rebuilds = 0;                       // starts with a damaged store
  std::uint64_t seats = 0;                          // added, removed, given another key
  TraceSteps steps{};                               // that the automaton judged
  std::uint64_t keys = 0;                           // starts of a node with another key than before
  std::map<std::string, std::uint64_t> behaviours;  // activations of Byzantine ones
  Time recovery = 0;                                // from healing to the first commit
  crypto::Hash trace;
  Plan plan;
};

class Simulation : public World {
 public:
  explicit Simulation(const RunOptions& options);
  ~Simulation() override;
  [[nodiscard]] Report run();

 protected:
  // A network of this shape, and none of its troubles drawn: whoever derives says what happens.
  Simulation(const RunOptions& options, Plan plan);
  virtual void begin_load();  // of the clients
  virtual void live();        // everything up to healing
  // Is this node taken down in the audit? Answers are asked of all.
  virtual bool is_restarted_for_audit(std::size_t) const { return true; }

  // World
  Scheduler& scheduler() override { return scheduler_; }
  void on_send(std::size_t node, std::optional<consensus::InstitutionId> to,
               const p2p::Frame& frame) override;
  void on_opened(std::size_t node, const runtime::Opened& opened) override;
  void on_consensus(std::size_t node, const consensus::Event& event) override;
  void on_reopen(std::size_t node) override;
  void on_ended(std::size_t node, const ProcessEnded& end) override;
  void on_floor_adopted(std::size_t node) override;
  void on_line(std::size_t node, config::LogLevel level, const std::string& line) override;

  void learn_set(std::size_t node, consensus::Height height);
  void expect_valid(std::size_t node, const consensus::RecoveredState& recovered);
  void expect_in_window(std::size_t node, const consensus::Message& message) const;

  // network
  void listen(std::size_t from, std::size_t to, const p2p::Frame& frame);
  virtual void deliver(std::size_t from, std::size_t to, const p2p::Frame& frame);
  void partition();
  [[nodiscard]] bool has_channel(const consensus::Member& sender, std::size_t from,
                                 std::size_t to) const;

  [[nodiscard]] consensus::Member member(std::size_t node) const;  // with its present key

  // trouble
  void begin_trouble();
  [[nodiscard]] Time lasting(Random& random, Time most) const;
  void every(std::optional<Time> mean, const char* name, std::function<void(Random&)> trouble);
  void crash(std::size_t node, const storage::Crash& crash, Time down);
  void restart(std::size_t node);
  void damage_store(std::size_t node, Random& random);
  enum class Loss : std::uint8_t { Data, SignState, Both };
  void wipe(std::size_t node, Loss loss);
  void forget(std::size_t node);
  void change_seats(Random& random);
  void begin_tending_keys();
  void change_key(std::size_t node, std::size_t number, Time down);
  void heal();

  // phases
  void run_until(Time until);
  bool run_until(Time until, const std::function<bool()>& done);
  void expect_progress();
  void audit();
  void audit_ledger();
  // The others let it in, and did so then: it has a seat, or had one.
  [[nodiscard]] bool is_in_reach(std::size_t node, Time since) const;
  [[nodiscard]] bool all_at(consensus::Height height, Time since) const;
  [[nodiscard]] bool is_correct(std::size_t node) const { return !plan_.faulty.contains(node); }
  [[nodiscard]] std::string places() const;

  void trace(std::size_t node, std::uint8_t what, crypto::ByteView bytes);
  void say(std::size_t node, const std::string& line) const;

  const RunOptions options_;
  const Plan plan_;
  Scheduler scheduler_;
  NetworkSetup setup_;
  Sets sets_;
  Checkers checkers_;
  CertificateAudit certificates_;
  TraceAutomaton automaton_;
  LedgerAudit ledger_;
  Clients::Nodes nodes_;
  std::unique_ptr<Clients> clients_;
  std::unique_ptr<Consortium> consortium_;
  std::unique_ptr<Byzantine> byzantine_;
  Random network_random_;
  struct Link {
    bool cut = false;
    Time clogged_until = 0;
  };
  std::vector<std::vector<Link>> links_;
  std::int64_t ahead_ms_ = 0;  // of every right clock, above the time that was simulated
  bool healed_ = false;
  // Keys whose promises or sign state were lost: they start as an operator recovers them.
  std::vector<std::set<std::size_t>> wiped_;
  std::map<std::size_t, Time> seated_;  // a node, and since when: in the first epoch with its seat
  std::set<std::size_t> forgot_;        // whose promises or sign state were taken, ever
  std::vector<bool> damaged_;           // its store, since its last start
  std::vector<bool> rotten_;            // its store: rows may be damaged that nobody has read yet
  Report report_;
};

}  // namespace giro::sim
