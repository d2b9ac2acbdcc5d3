// The crash sweep (assurance 3): a base scenario in which a node dies at one point, with one
// outcome for what its disk had not synced, comes back, and everything must go on. One walk through
// the scenario meets all of its points; at each it lets a process of its own die there.
#pragma once

#include <array>
#include <functional>

#include "tests/simulation/crash_plan.h"
#include "tests/simulation/crash_points.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {

// The number of a run, as its digits say: scenario, point (five), outcome. Point 0 is none: the
// base scenario itself. Points are counted as they are met, whatever node it is that meets one.
struct CrashRun {
  static constexpr std::uint64_t kPerPoint = 10;
  static constexpr std::uint64_t kPerScenario = 1'000'000;
  std::uint64_t scenario = 0, point = 0;
  Outcome outcome = Outcome::Clean;

  [[nodiscard]] static CrashRun of(std::uint64_t number) {
    return {number / kPerScenario, number % kPerScenario / kPerPoint,
            static_cast<Outcome>(number % kPerPoint % kOutcomes)};
  }
  [[nodiscard]] std::uint64_t number() const {
    return scenario * kPerScenario + point * kPerPoint + static_cast<std::uint64_t>(outcome);
  }
};

class CrashSweep final : public Simulation {
 public:
  struct Point {
    std::uint64_t number = 0;  // from 1
    std::size_t node = 0;
    Act act{};
    Moment moment{};
  };
  // Asked at each point: how the node dies there, or that it does not.
  using Decide = std::function<std::optional<Outcome>(const Point&)>;

  CrashSweep(std::uint64_t scenario, LogDetail log, std::uint64_t until_event, Decide decide);
  [[nodiscard]] const CrashPlan& crash_plan() const { return crash_plan_; }
  [[nodiscard]] const std::optional<Point>& died_at() const { return died_at_; }
  [[nodiscard]] std::uint64_t points() const { return points_; }

 private:
  CrashSweep(CrashPlan plan, const RunOptions& options, Decide decide);
  void live() override;
  // The disk that came through a crash; all in the base scenario. A start is a sixth of a run.
  bool is_restarted_for_audit(std::size_t node) const override {
    return !died_at_ || died_at_->node == node;
  }
  void begin_story();
  void cut_off(std::size_t node);
  void lose(std::size_t node, Loss loss);
  [[nodiscard]] bool is_told() const;  // what the story is about has happened
  void on_send(std::size_t node, std::optional<consensus::InstitutionId> to,
               const p2p::Frame& frame) override;
  void on_consensus(std::size_t node, const consensus::Event& event) override;
  void on_act(std::size_t node, Act act, Moment moment) override;
  void on_died(std::size_t node) override;

  const CrashPlan crash_plan_;
  const Decide decide_;
  bool is_swept_ = false;  // now
  std::uint64_t points_ = 0;
  std::optional<std::pair<std::size_t, std::uint64_t>> behind_;  // an act of this node, this event
  struct {
    consensus::Height committed;
    std::uint64_t view_changes = 0;
  } before_;  // the story
  std::optional<Point> died_at_;
  Time died_when_ = 0, down_ = 0;
};

}  // namespace giro::sim
