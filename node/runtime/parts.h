// The inside of a node: every part, what binds them, and which thread may touch which. Private to
// node/runtime.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <optional>

#include "crypto/verifier_pool.h"
#include "node/runtime/catch_up.h"
#include "node/runtime/driver.h"
#include "node/runtime/event_log.h"
#include "node/runtime/executor.h"
#include "node/runtime/finality.h"
#include "node/runtime/intake.h"
#include "node/runtime/log_writer.h"
#include "node/runtime/node.h"
#include "node/runtime/payload.h"
#include "node/runtime/store.h"
#include "p2p/mesh.h"

namespace giro::runtime {

class Node::Parts {
 public:
  explicit Parts(Opened opened);
  ~Parts();
  [[nodiscard]] std::expected<void, StartError> listen();
  void run();
  void stop();
  [[nodiscard]] std::expected<bool, StartError> adopt_floor();

  // --- for the service, any thread
  // ----------------------------------------------------------------------------------
  [[nodiscard]] OperationInfo status(const OperationKey& key);
  [[nodiscard]] consensus::Height final_height() const { return {final_height_.load()}; }
  [[nodiscard]] std::shared_ptr<const StoredBlock> block(consensus::Height height);
  [[nodiscard]] std::optional<receipt::Receipt> receipt(const OperationKey& key);
  [[nodiscard]] NodeInfo info();
  [[nodiscard]] std::vector<Probe> ready();
  [[nodiscard]] bool core_answers() const;

  // Immutable after construction.
  const config::NodeConfig config;
  const config::CheckedGenesis genesis;
  const crypto::Hash chain;
  const consensus::InstitutionId self;
  std::unique_ptr<storage::FilePort> files;
  std::unique_ptr<storage::FileLock> data_lock;
  std::unique_ptr<crypto::Signer> signer;
  const p2p::PeerCertificate peer_certificate;
  EventLog events;

  std::unique_ptr<Store> store;
  std::unique_ptr<crypto::VerifierPool> pool;
  Payload payload;
  Finality finality;
  Intake intake;

 private:
  void bind_driver(Opened& opened);
  [[nodiscard]] DriverPorts driver_ports();
  [[nodiscard]] p2p::MeshOptions mesh_options() const;
  [[nodiscard]] p2p::MeshCallbacks mesh_callbacks();
  void after_inputs();  // core: pack, turn, arm the timer
  void arm_timer();
  void watch_disk();
  void tick();  // core, ten times a second: time-outs of waiters, what operators see
  void wake();  // any thread: after_inputs() soon
  void on_ran(const ExecutedBlock& block, const std::vector<Intake::Ran>& ran);  // executor
  void on_written(consensus::Height written, consensus::Height attested);        // store
  void on_event(const consensus::Event& event);                                  // core
  void serve_chain(consensus::InstitutionId from, const consensus::FetchChain& asked);
  void serve_batches(consensus::InstitutionId from, consensus::FetchBatches asked);
  void publish_info();
  [[nodiscard]] std::string name_of(std::uint32_t institution) const;

  boost::asio::io_context core_;
  boost::asio::steady_timer deadline_{core_};
  boost::asio::steady_timer ticker_{core_};
  std::optional<storage::SignState> sign_state_;
  const std::optional<std::uint64_t> floor_record_;  // then there is no guard
  std::optional<consensus::VoteGuard> guard_;
  BatchIndex index_;
  std::unique_ptr<LogWriter> log_writer_;
  std::unique_ptr<CatchUp> catch_up_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<p2p::Mesh> mesh_;

  std::atomic<bool> wake_posted_ = false;
  std::atomic<bool> stopping_ = false;
  bool storage_low_ = false;  // core
  std::atomic<std::uint64_t> final_height_ = 0;
  std::atomic<std::int64_t> core_seen_us_ = 0;  // when the core thread last had a turn

  std::mutex recent_mutex_;  // of recent_
  std::map<consensus::Height, std::shared_ptr<const StoredBlock>> recent_;
  std::mutex info_mutex_;  // of info_
  NodeInfo info_;
  consensus::Instant last_commit_;                    // core
  consensus::Height logged_height_;                   // core: idle blocks are summed up
  std::int64_t expired_checked_ms_ = 0;               // store thread
  std::map<std::uint32_t, std::string> peer_logged_;  // core: last cause told, by institution
};

[[nodiscard]] consensus::Now read_clocks();

}  // namespace giro::runtime
