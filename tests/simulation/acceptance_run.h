// An acceptance scenario (tests/acceptance) on four whole validators. All checkers are on, and it
// ends like a seed: healing, progress, audit with a restart of all.
#pragma once

#include "tests/acceptance/story.h"
#include "tests/simulation/simulation.h"

namespace giro::sim {

enum class Twist : std::uint8_t {
  None,       // and then no view may change (L3)
  Duplicate,  // each operation goes to all validators at once, and again to another when it is done
  Kill,       // the primary loses power with an operation of the middle under way, for two seconds
  Lie,        // one validator is faulty; operations go to it as well
};
inline constexpr std::uint64_t kTwists = 4;
[[nodiscard]] std::string_view name(Twist twist);

class AcceptanceRun final : public Simulation, private acceptance::Network {
 public:
  // The script outlives it. `number` is the seed, and chooses who lies and which validator is asked
  // first. What does not go as it is written is a Violation of the rule `expect`.
  AcceptanceRun(const acceptance::Script& script, Twist twist, std::uint64_t number,
                const RunOptions& options);

 private:
  struct Operation {
    runtime::OperationKey key;
    std::optional<runtime::SubmitAnswer> answer;  // of the validator that was asked last
  };

  // Simulation
  void begin_load() override {}
  void live() override;

  // acceptance::Network
  [[nodiscard]] std::int64_t now_ms() override;
  [[nodiscard]] acceptance::Expected submit(const acceptance::Made& made) override;
  void pass(std::int64_t ms) override { pass_until(ordered_ms_ + ms); }
  void pass_midnight() override;
  void next_epoch() override;
  [[nodiscard]] std::vector<std::unique_ptr<acceptance::Books>> books() override;
  void expect_receipt(const acceptance::Made& made) override;
  [[nodiscard]] receipt::Genesis genesis() const;

  void pass_until(std::int64_t block_time_ms);
  void wait(const char* what, const std::function<bool()>& done);
  // The answer of one validator that is up: a refusal, or what came of the operation.
  [[nodiscard]] acceptance::Expected ask(std::size_t node, const acceptance::Made& made);
  void send(std::size_t node, const acceptance::Made& made, std::shared_ptr<Operation> operation);
  void kill_primary(const acceptance::Made& made);
  [[nodiscard]] std::vector<std::size_t> correct() const;
  [[nodiscard]] std::size_t next_correct();
  [[nodiscard]] consensus::Height final_height(std::size_t node) const;
  [[nodiscard]] std::int64_t final_time_ms(std::size_t node) const;
  [[nodiscard]] bool is_quiet() const;

  const acceptance::Script& script_;
  const Twist twist_;
  std::size_t asked_;
  std::size_t kill_at_ = SIZE_MAX;  // step
  Time kill_after_ = 0;             // the operation has come to it
  bool kills_now_ = false;
  std::int64_t ordered_ms_ = 0;  // block time of the last operation
};

}  // namespace giro::sim
