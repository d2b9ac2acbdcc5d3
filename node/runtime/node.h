// A running node: the two cores and the world, put together; owns the threads (architecture 6). The
// thread that calls run() is the core thread.
#pragma once

#include <memory>

#include "node/runtime/service.h"
#include "node/runtime/start.h"

namespace giro::runtime {

class Node final : public Service {
 public:
  // Opens everything and starts listening for peers. The error carries the exit code of
  // surface 2.2.
  [[nodiscard]] static std::expected<std::unique_ptr<Node>, StartError> open(
      const config::NodeConfig& config, StartMode mode, const Progress& progress);
  ~Node() override;

  // Until stop(), or until the node is to be opened again with the state of a snapshot that it
  // fetched (protocol R31): then true. SIGTERM and SIGINT are the caller's affair.
  [[nodiscard]] bool run();
  // Any thread, once or more: says goodbye as the primary, lets go of clients, ends run().
  void stop();
  // After run(). True if the node had no sign state and has found how far its key may have signed:
  // that is the ceiling of a new one now, and the next node that is opened goes on from there
  // (protocol R39).
  [[nodiscard]] std::expected<bool, StartError> adopt_floor();

  [[nodiscard]] const config::CheckedGenesis& genesis() const override;
  void submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done) override;
  [[nodiscard]] OperationInfo operation(std::uint32_t actor, const OpId& op_id) override;
  [[nodiscard]] std::optional<OperationTrace> trace(std::uint32_t actor,
                                                    const OpId& op_id) override;
  bool wait(std::uint32_t actor, const OpId& op_id, std::chrono::milliseconds timeout,
            std::function<void(OperationInfo)> done) override;
  void stop_waiting() override;
  void client_shows(const std::string& client, std::chrono::sys_seconds certificate_end) override;
  [[nodiscard]] std::shared_ptr<const ReadView> read() override;
  [[nodiscard]] std::optional<HeaderInfo> header(consensus::Height height) override;
  [[nodiscard]] std::optional<BlockInfo> block(consensus::Height height) override;
  [[nodiscard]] std::optional<BlockEvents> events(consensus::Height height) override;
  [[nodiscard]] std::optional<receipt::Receipt> receipt(std::uint32_t actor,
                                                        const OpId& op_id) override;
  [[nodiscard]] std::optional<receipt::Receipt> receipt_of_event(EventPlace place) override;
  [[nodiscard]] std::expected<std::uint64_t, StatementNotHeld> entries_before(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      consensus::WallTime time) override;
  [[nodiscard]] bool prove(
      ledger::TokenId token, const ledger::AccountId& account,
      std::function<void(std::optional<receipt::PositionProof>)> done) override;
  [[nodiscard]] bool attest(receipt::Attested& proof) override;
  [[nodiscard]] NodeInfo info() override;
  [[nodiscard]] Measures measures() override;
  void set_log_level(config::LogLevel level) override;
  [[nodiscard]] std::expected<Statement, StatementNotHeld> statement(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      std::uint64_t after, std::size_t limit) override;
  [[nodiscard]] std::vector<ViewInfo> views() override;
  [[nodiscard]] std::vector<SnapshotInfo> snapshots() override;
  [[nodiscard]] std::vector<EvidenceInfo> evidence() override;
  [[nodiscard]] std::optional<BreachInfo> breach() override;
  [[nodiscard]] std::vector<Probe> live() override;
  [[nodiscard]] std::vector<Probe> ready() override;

 private:
  class Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace giro::runtime
