// A node without consensus: the demo genesis as its state, and operations whose fate the test
// decides.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "node/config/demo_genesis.h"
#include "node/runtime/service.h"
#include "storage/key_value.h"

namespace giro::api {

// The demo network with freshly made keys; made once for all tests of the program.
struct DemoNetwork {
  config::CheckedGenesis checked;
  std::map<config::DemoOperator, crypto::SecretKey> operators;
};
const DemoNetwork& demo_network();

class MemoryView final : public runtime::ReadView {
 public:
  std::map<crypto::Bytes, crypto::Bytes> rows;
  consensus::Height at;

  [[nodiscard]] std::optional<ledger::Bytes> get(ledger::ByteView key) const override;
  void scan(ledger::ByteView from, ledger::ByteView to,
            const std::function<bool(ledger::ByteView, ledger::ByteView)>& visit) const override;
  [[nodiscard]] consensus::Height height() const override { return at; }
  [[nodiscard]] consensus::WallTime time() const override { return {}; }
};

class FakeService final : public runtime::Service {
 public:
  FakeService();

  // --- what the test decides
  // ---------------------------------------------------------------------------------------
  void set_height(std::uint64_t height);
  void set_operations_of_blocks(std::size_t count);
  // What a block put into the store.
  void write(const storage::WriteBatch& batch, std::uint64_t height);
  void refuse_with(std::optional<runtime::Refusal> refusal);
  void set_ready(bool ready);
  void set_since_commit(std::uint64_t ms);
  void set_diverged();
  void stop_votes(const std::string& why);
  // Two prepare votes of this institution's seat for one place.
  void hold_evidence(std::uint32_t institution);
  void hold_breach(const runtime::BreachInfo& breach);
  // What it has of each position; nothing: it began with a snapshot that ends with entry `after`.
  void hold_statement(std::optional<runtime::Statement> statement, std::uint64_t after = 0);
  // So many entries ALICE has in bank-a.EUR, by her position.
  void set_entries(std::uint64_t count);
  // Its proofs are of the state as it was at this height; attested if it is not above the node's.
  void set_proof_height(std::optional<std::uint64_t> height);
  void set_measures(runtime::Measures measures);
  void set_waiters_max(std::size_t waiters);
  // Every admitted operation becomes final at once when true; else finish() does it.
  void set_instant(bool instant);
  void finish(const runtime::OpId& op_id, ledger::Code code,
              std::optional<crypto::Hash> other_hash = std::nullopt);
  // Returns once so many requests wait.
  void await_waiters(std::size_t count);
  [[nodiscard]] std::size_t submissions() const;

  void set_events(std::uint64_t height, std::vector<crypto::Bytes> events);
  void set_first_block(std::uint64_t height);  // those below are not here

  // --- Service
  // -------------------------------------------------------------------------------------------------------
  [[nodiscard]] const config::CheckedGenesis& genesis() const override;
  void submit(crypto::Bytes signed_operation,
              std::function<void(runtime::SubmitAnswer)> done) override;
  [[nodiscard]] runtime::OperationInfo operation(std::uint32_t actor,
                                                 const runtime::OpId& op_id) override;
  [[nodiscard]] std::optional<runtime::OperationTrace> trace(std::uint32_t actor,
                                                             const runtime::OpId& op_id) override;
  bool wait(std::uint32_t actor, const runtime::OpId& op_id, std::chrono::milliseconds timeout,
            std::function<void(runtime::OperationInfo)> done) override;
  void stop_waiting() override;
  void client_shows(const std::string& client, std::chrono::sys_seconds certificate_end) override {
    certificate_ends[client] = certificate_end;
  }
  std::map<std::string, std::chrono::sys_seconds> certificate_ends;  // the server's thread
  [[nodiscard]] std::shared_ptr<const runtime::ReadView> read() override;
  [[nodiscard]] std::optional<runtime::HeaderInfo> header(consensus::Height height) override;
  [[nodiscard]] std::optional<runtime::BlockInfo> block(consensus::Height height) override;
  [[nodiscard]] std::optional<receipt::Receipt> receipt(std::uint32_t actor,
                                                        const runtime::OpId& op_id) override;
  [[nodiscard]] std::optional<runtime::BlockEvents> events(consensus::Height height) override;
  [[nodiscard]] std::optional<receipt::Receipt> receipt_of_event(
      runtime::EventPlace place) override;
  [[nodiscard]] std::expected<std::uint64_t, runtime::StatementNotHeld> entries_before(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      consensus::WallTime time) override;
  [[nodiscard]] bool prove(
      ledger::TokenId token, const ledger::AccountId& account,
      std::function<void(std::optional<receipt::PositionProof>)> done) override;
  [[nodiscard]] bool attest(receipt::Attested& proof) override;
  [[nodiscard]] runtime::NodeInfo info() override;
  [[nodiscard]] runtime::Measures measures() override;
  void set_log_level(config::LogLevel level) override { log_level = level; }
  std::atomic<config::LogLevel> log_level = config::LogLevel::Info;
  [[nodiscard]] std::expected<runtime::Statement, runtime::StatementNotHeld> statement(
      ledger::TokenId token, const ledger::AccountId& account, const ledger::Position& position,
      std::uint64_t after, std::size_t limit) override;
  [[nodiscard]] std::vector<runtime::ViewInfo> views() override;
  [[nodiscard]] std::vector<runtime::SnapshotInfo> snapshots() override;
  [[nodiscard]] std::vector<runtime::EvidenceInfo> evidence() override;
  [[nodiscard]] std::optional<runtime::BreachInfo> breach() override;
  [[nodiscard]] std::vector<runtime::Probe> live() override;
  [[nodiscard]] std::vector<runtime::Probe> ready() override;

 private:
  struct Waiting {
    runtime::OpId op_id;
    std::function<void(runtime::OperationInfo)> done;
  };
  void make_final(runtime::OperationInfo& info, ledger::Code code) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<MemoryView> view_;
  std::map<runtime::OpId, runtime::OperationInfo> operations_;
  std::map<std::uint64_t, std::shared_ptr<const std::vector<crypto::Bytes>>> events_;
  std::uint64_t first_block_ = 0;
  std::size_t operations_of_blocks_ = 1;
  std::vector<Waiting> waiting_;
  std::optional<runtime::Refusal> refusal_;
  std::size_t waiters_max_ = 100;
  std::size_t submissions_ = 0;
  bool instant_ = true;
  bool ready_ = true;
  bool diverged_ = false;
  std::uint64_t since_commit_ms_ = 0;
  std::string votes_stopped_;
  runtime::Measures measures_;
  std::vector<runtime::EvidenceInfo> evidence_;
  std::optional<runtime::BreachInfo> breach_;
  std::optional<runtime::Statement> statement_;
  std::uint64_t held_after_ = 0;
  std::optional<std::uint64_t> proof_height_ = 0;
};

}  // namespace giro::api
