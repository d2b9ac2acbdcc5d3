// One validator of the in-memory network: the replica, its guard, a log with a synced part, a sign
// state, a store that may lose its newest writes, and the driver's law: persist, sync, sign, send,
// execute, fetch.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "consensus/replica.h"
#include "consensus/vote_guard.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/verifier.h"
#include "tests/unit/consensus/members.h"

namespace giro::consensus::testing {

// What a node may do to the world; the network implements it.
class World {
 public:
  virtual ~World() = default;
  virtual void send(std::size_t from, InstitutionId to, wire::MessageType type, Bytes bytes) = 0;
  // Calls back after so many microseconds, unless the node crashed meanwhile.
  virtual void later(std::size_t node, std::int64_t us, std::function<void()> what) = 0;
  [[nodiscard]] virtual Now now(std::size_t node) const = 0;
  virtual void on_vote(std::size_t node, const Vote& vote) = 0;
  virtual void on_promise(std::size_t node, const ProvenViewChange& change) = 0;
  virtual void on_promise(std::size_t node, const NewView& new_view) = 0;
  virtual void on_executed(std::size_t node, const CommittedBlock& block, const Header& header) = 0;
};

struct NodeTiming {
  std::int64_t sync_us = 500;
  std::int64_t execute_us = 500;
};

class Node final : DurabilityPort {
 public:
  Node(World& world, const Members& members, std::size_t index, const Parameters& parameters,
       NodeTiming timing);

  void start();  // from what the disk holds
  void crash(std::size_t tail_kept,
             std::size_t store_lost);  // un-synced records that survive; newest blocks lost
  void wipe();  // while it is down: its log and store are gone, its sign state stays
  void use_key(std::size_t key);  // while it is down: from now on it signs with this one
  // While it is down: its sign state is gone, or is the one that was there when it was copied.
  void lose_sign_state() { sign_state().reset(); }
  void copy_sign_state() { copied_sign_state_ = sign_state(); }
  void restore_sign_state() { sign_state() = copied_sign_state_; }
  // What the search for a floor found, and a sign state made of it while the node is down.
  [[nodiscard]] std::optional<Floor> found_floor() const;
  void adopt(const Floor& floor);
  [[nodiscard]] bool is_up() const { return replica_ != nullptr; }
  [[nodiscard]] Replica& replica() { return *replica_; }

  void receive(InstitutionId from, std::uint8_t type, const Bytes& bytes);
  void submit(std::size_t operation_bytes);  // a batch of one operation, if the quota allows
  void step(Input input);
  // A statement, and once it is durable, and the store as far as it goes, everything below is gone
  // but the batches that it needs (protocol R34).
  void cut_log() { step(Restate{}); }

  [[nodiscard]] std::size_t unsynced() const { return log_.size() - synced_; }
  [[nodiscard]] std::size_t log_size() const { return log_.size(); }
  [[nodiscard]] std::uint64_t events(EventType type) const;
  [[nodiscard]] Height executed() const { return store_.back().header.height; }
  [[nodiscard]] std::uint64_t wire_rejects(RejectReason reason) const {
    return wire_rejects_[static_cast<std::size_t>(reason)];
  }
  // Of all lives of this node.
  [[nodiscard]] RejectCounts rejects() const;
  [[nodiscard]] const Header& header_at(Height height) const {
    return store_.at(height.value).header;
  }
  [[nodiscard]] std::uint64_t operations_executed() const { return operations_executed_; }
  [[nodiscard]] std::size_t open_records() const { return open_records_; }

 private:
  struct Stored {
    Header header;
    Block block;
    std::vector<BatchPtr> batches;
  };
  struct Record {
    wire::RecordType type;
    Bytes bytes;
  };
  void remember(RecoveredState& state, const LoggedCeilings& logged);
  void begin_turn();
  void finish_turn(Output output, std::vector<std::uint64_t> positions,
                   std::optional<Ceiling> ceiling, std::size_t synced);
  void append(const DurableRecord& record);
  void note_durable(const DurableRecord& record);
  void check_promise(const VoteContent& content) const;
  void broadcast(const Message& message);
  void send(InstitutionId to, const Message& message);
  void execute_next();
  void answer(InstitutionId from, const FetchChain& question);
  void answer(InstitutionId from, const FetchBatches& question);
  void arm();
  void cut_below(const Output& statement, std::size_t first);

  World& world_;
  const Members& members_;
  std::size_t index_;
  InstitutionId self_;
  Parameters parameters_;
  NodeTiming timing_;
  wire::Verifier verifier_;

  // None: it is lost.
  [[nodiscard]] std::optional<Ceiling>& sign_state() {
    return sign_states_.try_emplace(key_, Ceiling{}).first->second;
  }

  // disk
  std::vector<Record> log_;
  std::size_t synced_ = 0;
  std::size_t store_synced_ = 1;                               // blocks that a crash leaves
  std::size_t key_ = 0;                                        // which of its keys it signs with
  std::map<std::size_t, std::optional<Ceiling>> sign_states_;  // by key
  std::optional<Ceiling> copied_sign_state_;
  std::uint64_t known_ceiling_ = 0;  // the log's
  std::uint64_t searches_ = 0;
  std::vector<Stored> store_;
  std::map<Height, Certificate> attests_;
  std::uint64_t next_seq_ = 1;

  // what the synced log holds, for R35
  std::set<Hash> durable_batches_, durable_blocks_;
  std::set<std::pair<VoteKind, Hash>> durable_certificates_;
  std::map<Hash, Block> blocks_by_hash_;
  std::map<Hash, BatchPtr> batches_by_id_;

  // memory
  std::unique_ptr<VoteGuard> guard_;  // null without a sign state: nothing can be signed
  std::unique_ptr<Replica> replica_;
  bool in_turn_ = false;
  std::vector<CommittedBlock> to_execute_;
  bool executing_ = false;
  std::optional<Instant> armed_;

  std::map<EventType, std::uint64_t> events_;
  RejectCounts wire_rejects_{};
  RejectCounts past_rejects_{};
  std::uint64_t operations_executed_ = 0;
  std::size_t open_records_ = 0;
};

}  // namespace giro::consensus::testing
