// The driver: the one place where the replica meets the world. Its law is one line: persist, then
// sign through the guard, then send, then execute (architecture 3). Everything here happens on the
// core thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "consensus/replica.h"
#include "consensus/snapshot_votes.h"
#include "consensus/vote_guard.h"
#include "consensus/wire/codec.h"
#include "consensus/wire/verifier.h"
#include "node/runtime/log_writer.h"
#include "p2p/frame.h"

namespace giro::runtime {

// What the driver needs of the others; bound by the node. All called on the core thread, none may
// call back into it.
struct DriverPorts {
  std::function<consensus::Now()> now;
  std::function<void(LogWriter::Group)> append;
  std::function<void(std::optional<consensus::InstitutionId> to, p2p::Frame)> send;
  // It is kept: its signature checks may begin (protocol R3).
  std::function<void(const consensus::BatchPtr&)> payload_accepted;
  std::function<void(consensus::CommittedBlock)> execute;
  std::function<void(consensus::Certificate)> attested;  // durable by now
  std::function<void(consensus::InstitutionId from, consensus::FetchChain)> serve_chain;
  std::function<void(consensus::InstitutionId from, consensus::FetchBatches)> serve_batches;
  // Of the four kinds about snapshots (protocol R31).
  std::function<void(consensus::InstitutionId from, consensus::Message)> snapshot_message;
  std::function<void(consensus::Certificate)> snapshot_certified;
  // A statement is durable: the log may be cut below the oldest of these batches (protocol R34).
  std::function<void(const std::vector<consensus::Hash>& needed_batches)> stated;
  std::function<void(const consensus::Event&)> event;
  std::function<void(const consensus::Evidence&)> evidence;    // durable by now; may be known
  std::function<void(const consensus::BreachRecord&)> breach;  // likewise; before what it sends
  std::function<void(const consensus::Divergence&)> divergence;
  // A peer that no correct one would be: the channel may be cut (protocol R45).
  std::function<void(consensus::InstitutionId from, consensus::RejectReason)> violation;
};

class Driver {
 public:
  // `guard` is null for an observer. All outlive the driver.
  Driver(consensus::Replica replica, consensus::VoteGuard* guard,
         consensus::SnapshotVotes snapshots, consensus::wire::Verifier verifier,
         consensus::InstitutionId self, DriverPorts ports);

  // --- inputs; each is followed by a turn() sooner or later
  // ---------------------------------------------------------
  // `from`: who it is, and the key that its channel has proven.
  void on_frame(const consensus::Member& from, std::uint8_t type, crypto::ByteView payload);
  void on_own_batch(const consensus::BatchPtr& batch);
  void on_executed(const consensus::Executed& executed);
  void on_time();
  void on_leaving();          // the process is about to stop (protocol R20)
  void on_storage(bool low);  // below the reserve, or not (protocol R40)
  void on_snapshot(consensus::SnapshotVotes::Held held);  // complete and durable here
  void on_kept(const consensus::Kept& kept);
  // What the next beacons tell of this node to operators elsewhere: hints, which no replica reads.
  struct Hints {
    std::uint64_t disk_free = 0;
    std::string version;
    std::vector<consensus::InstitutionId> sees;
    std::string stopped;
  };
  void set_hints(Hints hints) { hints_ = std::move(hints); }
  void on_restate();  // everything is to be written again (protocol R34)
  void on_synced(const consensus::DurableToken& token);
  // Performs what the inputs so far ask for.
  void turn();

  [[nodiscard]] const consensus::Replica& replica() const { return replica_; }
  [[nodiscard]] std::optional<consensus::Instant> next_deadline() const {
    return replica_.next_deadline();
  }
  [[nodiscard]] const consensus::SnapshotVotes& snapshots() const { return snapshots_; }
  [[nodiscard]] consensus::Height own_last_vote() const {
    return own_last_vote_;
  }  // in this process
  // The highest place that this one says it has voted for, by the word of its channel: many votes
  // come when nothing hangs on them any more, and are neither checked nor counted. For people.
  [[nodiscard]] consensus::Height heard_vote(consensus::InstitutionId member) const;
  // Messages refused before they reached the replica, by reason.
  [[nodiscard]] const consensus::RejectCounts& refused() const { return refused_; }

 private:
  struct Effects {
    std::uint64_t group = 0;  // number of the group that must be durable first
    consensus::Output output;
    std::optional<consensus::Ceiling> raise;
  };
  void step(consensus::Input input);
  void refuse(consensus::InstitutionId from, consensus::RejectReason reason);
  void hear(consensus::InstitutionId from, const consensus::Message& message);
  void perform(Effects effects, const consensus::DurableToken* token);
  void sign(const Effects& effects, const consensus::DurableToken& token);
  template <typename Promise>  // a ViewChange or a NewView
  void sign_for_all(const Effects& effects, const consensus::DurableToken& token,
                    const Promise& promise);
  [[nodiscard]] bool is_wanted(consensus::InstitutionId from,
                               const consensus::Message& message) const;
  [[nodiscard]] bool may_say(const consensus::Member& from,
                             const consensus::Message& message) const;
  void send(std::optional<consensus::InstitutionId> to, const consensus::Message& message);
  void on_snapshot_vote(consensus::InstitutionId from, const consensus::Vote& vote);
  [[nodiscard]] consensus::Output snapshot_output();
  void append_memory(LogWriter::Group& group) const;

  consensus::Replica replica_;
  consensus::VoteGuard* guard_;
  consensus::SnapshotVotes snapshots_;
  consensus::wire::Verifier verifier_;
  const consensus::InstitutionId self_;
  const DriverPorts ports_;
  std::uint64_t last_group_ = 0;
  std::deque<Effects> waiting_;  // in order; the first waits for its group
  consensus::Height own_last_vote_;
  std::map<consensus::InstitutionId, consensus::Height> heard_votes_;
  consensus::RejectCounts refused_{};
  Hints hints_;
};

// As it travels, in the traffic class of its type.
[[nodiscard]] p2p::Frame frame_of(const consensus::Message& message);

}  // namespace giro::runtime
