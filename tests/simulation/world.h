// What a simulated node asks of the simulation around it, and how the end of one is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "consensus/output.h"
#include "node/runtime/fatal.h"
#include "node/runtime/start.h"
#include "p2p/frame.h"
#include "tests/simulation/scheduler.h"

namespace giro::sim {

// A rule of assurance 5 does not hold. Ends the run.
struct Violation {
  std::string rule;  // "I1"
  std::size_t node = 0;
  std::string text;
};

// A node's process has ended by itself; thrown through its code to whoever gave it the word.
struct ProcessEnded {
  runtime::ExitCode code;
  std::string line;
};

// What a node does that lasts, or that others see (assurance 3). A crash point lies before and
// after each.
enum class Act : std::uint8_t {
  LogAppend,
  LogSync,
  LogFile,  // its segments: made, named
  LogCut,
  SignState,
  Send,
  Attest,  // its vote for a result is sent
  Execute,
  Store,  // a write to it
  Epoch,  // another one is entered
  Snapshot,
  Install,
  OtherFile,
};
enum class Moment : std::uint8_t { Before, After };

// The process dies at a crash point: its disk is as the crash left it. Thrown through its code.
struct DiesHere {};

class World {
 public:
  virtual ~World() = default;
  virtual Scheduler& scheduler() = 0;
  // A node hands a frame to its channels; nobody: to all other members.
  virtual void on_send(std::size_t node, std::optional<consensus::InstitutionId> to,
                       const p2p::Frame& frame) = 0;
  // Opened, and not yet running.
  virtual void on_opened(std::size_t node, const runtime::Opened& opened) = 0;
  virtual void on_consensus(std::size_t node, const consensus::Event& event) = 0;
  // It is to be opened again, with the state of a snapshot that it fetched.
  virtual void on_reopen(std::size_t node) = 0;
  virtual void on_ended(std::size_t node, const ProcessEnded& end) = 0;
  // Its sign state was lost; it has found a floor, and goes on in a new life (protocol R39).
  virtual void on_floor_adopted(std::size_t node) = 0;
  virtual void on_line(std::size_t node, config::LogLevel level, const std::string& line) = 0;
  // May end the node here: SimNode::die_here(), which then comes back as on_died().
  virtual void on_act(std::size_t, Act, Moment) {}
  virtual void on_died(std::size_t) {}
};

}  // namespace giro::sim
