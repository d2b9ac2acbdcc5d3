// A directed scenario on whole nodes: no random trouble, only what its steps do. All checkers are
// on, and it ends like a seed: healing, progress, audit.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/simulation/message_filter.h"
#include "tests/simulation/scenario_text.h"
#include "tests/simulation/scenario_trace.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {

class ScenarioRun final : public Simulation {
 public:
  // Keeps a reference to the scenario. A condition that fails is a Violation of the rule `expect`;
  // one that was waited for in vain, of L1.
  ScenarioRun(const Scenario& scenario, LogDetail log);
  [[nodiscard]] std::size_t line() const { return line_; }  // of the present step; 0: all are over
  [[nodiscard]] std::string take_trace() { return trace_.take(); }

 private:
  void begin_load() override { clients_->watch(); }
  void live() override;
  void deliver(std::size_t from, std::size_t to, const p2p::Frame& frame) override;
  void on_consensus(std::size_t node, const consensus::Event& event) override;
  void on_opened(std::size_t node, const runtime::Opened& opened) override;

  void perform(const step::Pay& step);
  void perform(const step::Cut& step);
  void perform(const step::Join& step);
  void perform(const step::Filter& step);
  void perform(const step::Release& step);
  void perform(const step::Crash& step);
  void perform(const step::Start& step);
  void perform(const step::Save& step);
  void perform(const step::Restore& step);
  void perform(const step::Clock& step);
  void perform(const step::Seat& step);
  void perform(const step::Key& step);
  void perform(const step::Run& step);
  void perform(const step::Expect& step);
  void perform(const step::Never& step);

  void release(const std::set<std::string>& kinds);
  void check_never();
  [[nodiscard]] std::set<std::size_t> nodes_of(const NodeList& list) const;
  [[nodiscard]] Conditions resolved(Conditions conditions) const;
  // Of every node that is named; of one at least.
  [[nodiscard]] bool holds(const Conditions& conditions) const;
  [[nodiscard]] bool holds_anywhere(const Condition& condition) const;
  [[nodiscard]] bool holds(const Condition& condition, std::size_t node) const;
  [[nodiscard]] std::size_t leader() const;

  const Scenario& scenario_;
  MessageFilter filter_;
  ScenarioTrace trace_;
  std::vector<Conditions> never_;
  std::vector<std::set<std::size_t>> evidence_;  // held by each node, against whom
  std::size_t line_ = 0;
  bool changed_ = true;  // something happened since conditions were last looked at
};

}  // namespace giro::sim
