// A whole validator, or observer: every part and what binds them, and which thread may touch which.
// What it stands on is given to it, so that the simulator can play the world: clocks, threads,
// channels, and through Opened the disks. node.cpp binds it to the real ones.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "crypto/verifier_pool.h"
#include "node/runtime/block_lines.h"
#include "node/runtime/block_steps.h"
#include "node/runtime/catch_up.h"
#include "node/runtime/driver.h"
#include "node/runtime/event_log.h"
#include "node/runtime/evidence_book.h"
#include "node/runtime/evidence_files.h"
#include "node/runtime/executor.h"
#include "node/runtime/finality.h"
#include "node/runtime/intake.h"
#include "node/runtime/lane.h"
#include "node/runtime/lineage.h"
#include "node/runtime/log_writer.h"
#include "node/runtime/meters.h"
#include "node/runtime/payload.h"
#include "node/runtime/snapshot_fetch.h"
#include "node/runtime/snapshots.h"
#include "node/runtime/start.h"
#include "node/runtime/store.h"
#include "node/runtime/trace.h"
#include "node/runtime/view_book.h"
#include "node/runtime/vote_watch.h"
#include "p2p/mesh.h"

namespace giro::runtime {

// What a lane is for.
enum class Work : std::uint8_t { Log, Execution, Store, Snapshots, SnapshotFetch };

// All of it outlives the validator. "Core" is the thread that drives it.
struct Surroundings {
  std::function<consensus::Now()> now;              // any thread
  std::function<void(std::function<void()>)> post;  // any thread: runs it on the core
  std::function<std::unique_ptr<Lane>(Work)> lane;  // one for each
  std::function<void(std::optional<consensus::Instant>)> wake_at;  // core: then on_deadline()
  std::function<void(std::optional<consensus::InstitutionId> to, const p2p::Frame&)> send;  // core
  std::function<std::vector<p2p::PeerStatus>()> peers;                                      // core
  std::function<void(std::vector<p2p::PeerConfig>)> let_in;  // core: whose channels; may be empty
  std::function<void(const consensus::Event&)> observe;      // core; may be empty
  // Core: a snapshot is to be taken over, which opening the node again does (protocol R31).
  std::function<void()> reopen = {};
  EventSink& events;
};

class Validator {
  storage::FilePort& files_;
  const Surroundings around_;  // first: what follows asks it for the time while it is made
  Meters meters_;              // and counts

 public:
  Validator(Opened opened, std::unique_ptr<crypto::VerifierPool> pool, Surroundings surroundings);
  ~Validator();  // what is queued for the log and the store is written

  // --- core thread
  void begin();  // once, before anything else
  // From the one whose channel it is, with the key that the channel has proven.
  void on_frame(const consensus::Member& from, std::uint8_t type, crypto::ByteView bytes);
  void after_inputs();  // after one frame or many: pack, turn, ask for the next deadline
  void on_deadline();
  void tick();   // ten times a second: time-outs of waiters, the disk, what operators see
  void leave();  // the process is about to stop: says goodbye as the primary
  // Core thread, after the last input. True if the node had no sign state and has found how far its
  // key may have signed: that is the ceiling of a new one now (protocol R39).
  [[nodiscard]] std::expected<bool, StartError> adopt_floor();
  [[nodiscard]] const consensus::Replica& replica() const { return driver_->replica(); }
  [[nodiscard]] const Driver& driver() const { return *driver_; }

  // --- any thread
  void submit(crypto::Bytes signed_operation, std::function<void(SubmitAnswer)> done);
  [[nodiscard]] const TraceBook& trace() const { return trace_; }
  [[nodiscard]] std::vector<ViewInfo> view_changes() const { return views_.list(); }
  [[nodiscard]] OperationInfo status(const OperationKey& key);
  [[nodiscard]] consensus::Height final_height() const { return {final_height_.load()}; }
  [[nodiscard]] std::shared_ptr<const StoredBlock> block(
      consensus::Height height);  // events may be missing
  [[nodiscard]] std::optional<BlockEvents> events(consensus::Height height);
  [[nodiscard]] std::optional<receipt::Receipt> receipt(const OperationKey& key);
  [[nodiscard]] std::optional<receipt::Receipt> receipt_of_event(EventPlace place);
  // A position as the newest executed block left it; see Executor::prove.
  [[nodiscard]] bool prove(ledger::TokenId token, const ledger::AccountId& account,
                           Executor::OnProven done) {
    return executor_->prove(token, account, std::move(done));
  }
  // Adds to the header why it is to be believed. False: no quorum's attestation of it is here yet.
  [[nodiscard]] bool attest(receipt::Attested& proof);
  [[nodiscard]] NodeInfo info();
  [[nodiscard]] std::vector<Probe> ready();
  [[nodiscard]] Measures measures();  // without the disk and the own certificates
  [[nodiscard]] std::vector<SnapshotInfo> snapshots() const { return keeper_->list(); }
  [[nodiscard]] std::vector<EvidenceInfo> evidence() { return evidence_.list(*store->read()); }
  [[nodiscard]] std::optional<BreachInfo> breach() { return evidence_.breach(*store->read()); }
  [[nodiscard]] bool core_answers() const;
  [[nodiscard]] std::string name_of(std::uint32_t institution) const;
  // Core thread: whose channels are let in, and where they are (protocol R44).
  [[nodiscard]] std::vector<p2p::PeerConfig> peer_configs() const;

  // Immutable after construction.
  const config::NodeConfig config;
  const config::CheckedGenesis genesis;
  const crypto::Hash chain;
  const consensus::InstitutionId self;
  std::unique_ptr<storage::FileLock> data_lock;
  std::unique_ptr<crypto::Signer> signer;

  std::unique_ptr<Store> store;
  std::unique_ptr<crypto::VerifierPool> pool;
  Payload payload;
  Finality finality;
  Intake intake;

 private:
  [[nodiscard]] std::shared_ptr<const StoredBlock> block_with_events(consensus::Height height);
  // Without body and events. nullopt: the block is not attested yet.
  [[nodiscard]] std::optional<receipt::Receipt> receipt_of_leaf(const StoredBlock& block,
                                                                std::uint32_t index);
  void bind_driver(Opened& opened);
  void bind_snapshots();
  [[nodiscard]] consensus::Member own_member() const;
  void on_violation(consensus::InstitutionId from, consensus::RejectReason reason);  // core
  template <typename Proof>
  void keep_proof(const Proof& proof, consensus::Epoch epoch);  // core
  void keep_breach(const consensus::BreachRecord& found);       // core
  void on_snapshot_message(consensus::InstitutionId from, consensus::Message message);
  void on_certified(SnapshotKeeper::Certified certified);      // core
  void on_stated(const std::vector<consensus::Hash>& needed);  // core
  void cut_log(consensus::Height above, storage::LogPosition oldest,
               const std::vector<consensus::Hash>& needed);  // the store's lane
  [[nodiscard]] bool has_room(std::uint64_t bytes);          // any thread: beside the reserve
  void take_over_fetched();                                  // core
  void serve_snapshot(consensus::InstitutionId from, consensus::Message asked);
  void tell(config::LogLevel level, std::string_view event, consensus::Height height,
            std::string_view text);
  [[nodiscard]] DriverPorts driver_ports();
  void watch_disk();
  void watch_sets();
  void wake();  // any thread: after_inputs() soon
  void on_ran(const ExecutedBlock& block, const std::vector<Intake::Ran>& ran);  // executor
  void on_written(consensus::Height written, consensus::Height attested);        // store
  void on_event(const consensus::Event& event);                                  // core
  void on_votes_stopped(consensus::RejectReason why);                            // core
  void serve_chain(consensus::InstitutionId from, const consensus::FetchChain& asked);
  void serve_batches(consensus::InstitutionId from, consensus::FetchBatches asked);
  void publish_info();
  void publish_measures(const consensus::ReplicaView& view,
                        const std::vector<p2p::PeerStatus>& peers);
  void watch_votes(const consensus::ReplicaView& view, std::uint64_t highest);
  void measure_sync(const consensus::ReplicaView& view, std::uint64_t highest);
  void measure_peers(const consensus::ReplicaView& view, const std::vector<p2p::PeerStatus>& peers);
  void count_events(const consensus::Event& event);

  TraceBook trace_;
  ViewBook views_;
  EvidenceBook evidence_;
  EvidenceFiles evidence_files_;  // core
  std::optional<storage::SignState> sign_state_;
  const std::optional<std::uint64_t> floor_record_;  // then there is no guard
  std::optional<consensus::VoteGuard> guard_;
  BatchIndex index_;
  std::unique_ptr<LogWriter> log_writer_;
  std::unique_ptr<CatchUp> catch_up_;
  std::unique_ptr<Lineage> lineage_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<SnapshotKeeper> keeper_;
  std::unique_ptr<SnapshotFetch> fetch_;
  consensus::Kept kept_;                        // core
  std::optional<consensus::Height> cut_above_;  // core: a statement was asked for
  storage::LogPosition statement_;              // core: where the newest durable one begins
  std::optional<consensus::Height> fetched_;    // core: a whole snapshot, not yet taken over
  bool waits_for_room_ = false;                 // core: and that was said
  std::set<consensus::InstitutionId> serving_;  // core: one answer at a time for each peer
  std::map<consensus::InstitutionId, consensus::Instant> offered_;  // core: to whom, and when

  std::atomic<bool> wake_posted_ = false;
  std::atomic<bool> leaving_ = false;
  std::atomic<bool> storage_low_ = false;  // the core's to set
  AdmittedPeers settled_;                  // core: who is let in, by the ledger
  bool learn_names(const AdmittedPeers& admitted, const ledger::StateView& state);
  AdmittedPeers admitted_;  // core: and who must still learn that its key is replaced
  std::map<consensus::InstitutionId, std::string> joined_;  // core: after genesis, as of admitted_
  std::optional<consensus::Instant> key_grace_;             // core: until then
  std::atomic<std::uint64_t> final_height_ = 0;
  std::atomic<std::int64_t> core_seen_us_ = 0;  // when the core thread last had a turn

  std::mutex recent_mutex_;                                                 // of recent_
  std::map<consensus::Height, std::shared_ptr<const StoredBlock>> recent_;  // without events
  // Those that receipts were last made of: many are asked for at once, of few blocks.
  struct WholeBlock {
    consensus::Height height;
    std::shared_ptr<const StoredBlock> block;
    std::size_t bytes = 0;
  };
  std::mutex whole_mutex_;  // of both
  std::deque<WholeBlock> whole_;
  std::size_t whole_bytes_ = 0;
  std::mutex info_mutex_;  // of info_
  NodeInfo info_;
  std::mutex measures_mutex_;                          // of measures_
  Measures measures_;                                  // what the core knows, as of the last tick
  BlockSteps block_steps_{meters_};                    // core
  VoteWatch vote_watch_;                               // core
  std::optional<consensus::SuspectReason> suspected_;  // core: why, first, in the present view
  std::optional<std::uint64_t> sync_from_;             // core: executed when it fell behind
  // Core: violations of each, by reason.
  std::map<consensus::InstitutionId, consensus::RejectCounts> violations_;
  consensus::Instant last_commit_;       // core
  std::string votes_stopped_;            // core
  BlockLines block_lines_;               // core
  std::int64_t expired_checked_ms_ = 0;  // store's lane
};

}  // namespace giro::runtime
