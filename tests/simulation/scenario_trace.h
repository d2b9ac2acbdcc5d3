// What every node did in every step of a scenario, as text for the golden file beside it: the
// events of consensus in their order, without times.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "consensus/output.h"

namespace giro::sim {

class ScenarioTrace {
 public:
  explicit ScenarioTrace(std::size_t nodes) : nodes_(nodes) {}
  void begin(const std::string& step);  // ends the step before
  void add(std::size_t node, const consensus::Event& event);
  [[nodiscard]] std::string take();  // ends the last step

 private:
  void end_step();
  std::vector<std::vector<consensus::Event>> nodes_;  // of the present step
  std::string text_;
};

// The first line in which they differ, for a reader; empty: none.
[[nodiscard]] std::string first_difference(const std::string& expected, const std::string& actual);

}  // namespace giro::sim
