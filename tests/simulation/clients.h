// Institutions that use the network: they issue, pay and redeem through whichever node is up,
// retry, and hold what they were told against what they are told later (assurance I5, I7, I9, L2).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/ledger/messages.h"
#include "node/receipt/verify.h"
#include "node/runtime/service.h"
#include "tests/simulation/network_setup.h"
#include "tests/simulation/operations.h"
#include "tests/simulation/random.h"
#include "tests/simulation/sim_node.h"

namespace giro::sim {

class Clients {
 public:
  using Nodes = std::vector<std::unique_ptr<SimNode>>;
  Clients(const NetworkSetup& setup, Nodes& nodes, Scheduler& scheduler, std::uint64_t seed);

  void begin(Time mean_interval);   // from now on, one operation after another
  void watch();                     // from now on, asks for the answers to what was submitted
  void offer(std::size_t node);     // the next operation, to this node, which is up
  void end() { running_ = false; }  // no new ones
  // One of somebody else's making, watched like the others; it goes to whichever node is up.
  runtime::OpId enter(std::uint32_t actor, ledger::Action action,
                      const std::vector<const crypto::SecretKey*>& keys, std::int64_t valid_for_ms);
  // A payment, given to this node, which is up, and watched like the others.
  void watch(const DemoPayment& payment, std::size_t node);
  // One that has its final answer; which is drawn from the stream of whoever asks.
  struct Known {
    runtime::OpId id;
    crypto::Bytes bytes;
    std::int64_t valid_until_ms;
    bool is_recorded;  // else it is over, and was never executed
  };
  [[nodiscard]] std::optional<Known> any_answered(Random& random) const;
  // Final; nullptr: not yet.
  [[nodiscard]] const runtime::OperationInfo* answer(const runtime::OpId& id) const;
  void set_faulty(std::size_t node) { faulty_.insert(node); }
  [[nodiscard]] bool is_faulty(std::size_t node) const { return faulty_.contains(node); }

  // Every answer known so far, asked again of each correct node that is up and should know it;
  // Violation if one differs or is gone.
  void audit(const std::function<std::optional<consensus::Height>(std::size_t node)>& stable_at);
  [[nodiscard]] std::uint64_t submitted() const { return submitted_; }
  [[nodiscard]] std::uint64_t finished() const { return finished_; }
  // The oldest operation that a correct node admitted after `since` and that is still open.
  [[nodiscard]] std::optional<Time> oldest_open(Time since) const;

 private:
  struct Operation {
    runtime::OpId id{};
    std::uint32_t actor = 0;
    crypto::Bytes bytes;
    std::size_t node = 0;  // last asked
    Time submitted = 0;
    std::int64_t valid_until_ms = 0;
    std::optional<Time> admitted;
    std::optional<runtime::OperationInfo> answer;  // final
  };
  void submit_next();
  std::shared_ptr<Operation> next_for(std::size_t node);
  void submit(const std::shared_ptr<Operation>& operation);
  void poll();
  void check(std::size_t node, Operation& operation);
  void check(std::size_t node, runtime::Validator& validator, Operation& operation);
  void expect_same(std::size_t node, const Operation& operation,
                   const runtime::OperationInfo& info) const;
  [[nodiscard]] std::optional<std::size_t> some_node();
  [[nodiscard]] crypto::Bytes make(runtime::OpId& id, std::int64_t now_ms);
  [[nodiscard]] std::int64_t now_ms() const;

  const NetworkSetup& setup_;
  Nodes& nodes_;
  Scheduler& scheduler_;
  Random random_;
  receipt::Genesis genesis_;
  std::set<std::size_t> faulty_;
  bool running_ = false;
  Time mean_interval_ = 0;
  std::uint64_t number_ = 0, submitted_ = 0, finished_ = 0;
  std::map<runtime::OpId, std::shared_ptr<Operation>> open_;
  std::vector<std::shared_ptr<Operation>> done_;
};

}  // namespace giro::sim
