// What a simulated node asks of the simulation around it, and how the end of one is told.
#pragma once

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
};

}  // namespace giro::sim
