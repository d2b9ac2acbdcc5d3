// The PBFT replica: a pure state machine (protocol sections 2 to 6, 10 and 11). No clock, thread,
// lock, socket, file, random number, logger or protobuf. One thread at a time. The recorded inputs
// replay any run exactly.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "consensus/output.h"
#include "consensus/parameters.h"
#include "consensus/recovery.h"
#include "consensus/reject.h"

namespace giro::consensus {

// Payload has arrived and has good form: its id is right and it is within the size limits. The
// replica decides whether to take it (protocol R3).
struct BatchAvailable {
  BatchPtr batch;
  InstitutionId from;  // self for batches packed here
};

// The ledger has executed a block that we ordered, and the result is in the store's queue (protocol
// R15, R16).
struct Executed {
  Header header;
  Hash header_hash;
  // At the last height of an epoch: the members of the next one, in order. None: the same.
  std::optional<std::vector<Member>> next_members = std::nullopt;
};

struct TimePassed {};

// This validator is about to stop: as the primary it says so, and the others look for another
// (protocol R20).
struct Leaving {};

// The disk has reached its reserve, or has room again (protocol R40). Without room nothing is voted
// for, and no block or batch is taken.
struct StorageSpace {
  bool low = false;
};

// What can be served from here: for our Status, and nothing else.
struct Kept {
  Height snapshot;   // newest certified one
  Height log_start;  // lowest height whose payload the log holds
};

// Everything that a restart needs is to be written again, so that the log may be cut (protocol
// R34). Answered in the same step, with Output::is_statement.
struct Restate {};

// A quorum certified another state for this height than ours (protocol R17).
struct Contradicted {
  Height height;
};

using Input = std::variant<VerifiedMessage, BatchAvailable, Executed, TimePassed, Leaving,
                           StorageSpace, Kept, Restate, Contradicted>;

// Local limits and tuning: no effect on validity.
struct ReplicaLimits {
  std::uint64_t block_target_bytes = 256 * 1024;  // R6
  std::uint64_t peer_vote_bytes =
      1024 * 1024;  // kept for later heights and views, per sender (R13)
  std::uint64_t peer_block_bytes = 16 * 1024 * 1024;
  std::uint64_t fetched_batch_bytes =
      64 * 1024 * 1024;  // payload on its way because blocks name it
};

// For operators' views and tests; a copy, never read back.
struct ReplicaView {
  Epoch epoch;
  View view;
  ReplicaId primary;
  Height stable, executed, committed, prepared, tip;
  bool suspecting = false;
  bool changing_view = false;  // its view has not begun here (protocol R28)
  bool member = false;         // of the present epoch, with this key
  bool voting = false;
  bool diverged = false;
  bool is_broken = false;  // two proofs of finality are known: an operator decides what holds (R11)
  bool storage_low = false;
  std::optional<Floor> amnesic_below;  // R39
  // Its sign state is lost: how many members have answered, of how many, and what follows.
  struct Search {
    std::size_t answers{};
    std::size_t needed{};
    std::optional<Floor> found;
  };
  std::optional<Search> floor_search;
  std::uint64_t available_batches = 0;
  std::uint64_t available_bytes = 0;
  // For the lowest height that is not committed here, in the present view.
  std::uint64_t prepare_votes = 0, commit_votes = 0;
  std::int64_t view_timeout_us = 0;  // what the present view is given for a commit (R21)
  struct Peer {
    InstitutionId institution;
    Height last_vote;
    Status status;  // the last one heard; all zero before
    Instant heard;
  };
  std::vector<Peer> peers;
  // Who says that it is in a later epoch and has no seat in ours: it can lead there (R30, R31).
  std::vector<Peer> outsiders;
};

class Replica final {
 public:
  // Whoever has no seat in the set of the present epoch, or not with this key, is an observer
  // there: it follows and never votes (protocol R43).
  Replica(const Hash& chain, const Member& self, const Parameters& parameters,
          const ReplicaLimits& limits, RecoveredState state, Now now);
  ~Replica();
  Replica(Replica&&) noexcept;

  void step(Now now,
            Input input) noexcept;  // every input is legal; bad ones are counted and dropped
  [[nodiscard]] Output take_output() noexcept;  // several steps may share one sync
  [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;

  // Whether a vote could still matter: asked before its signature is checked (protocol R13).
  [[nodiscard]] bool wants(const Vote& vote) const noexcept;
  [[nodiscard]] bool wants(const ProvenViewChange& message) const noexcept;
  [[nodiscard]] bool wants(const NewView& message) const noexcept;
  // Of one without a seat: only the answer to a question of ours.
  [[nodiscard]] bool wants(const ChainSegment& message, InstitutionId from) const noexcept;
  // Its payload is missing here, and was asked for.
  [[nodiscard]] bool wants(const Batch& batch) const noexcept;
  [[nodiscard]] bool wants(const ReplyStable& reply, InstitutionId from) const noexcept;
  // The set that the verifier judges by: of the present epoch.
  [[nodiscard]] const ValidatorSet& set() const noexcept;
  [[nodiscard]] bool is_member() const noexcept;  // of it, with the own key
  // Own batches that no committed block names yet (protocol R1), and what is left of the own quota
  // in bytes (R3): a batch that is larger is refused.
  [[nodiscard]] std::uint64_t unordered_own_batches() const noexcept;
  [[nodiscard]] std::uint64_t own_quota_left() const noexcept;
  // Its memory is whole, and there is room to write. Enough for a snapshot's vote, which its seat
  // in the epoch of the snapshot gives (protocol R34): that one may have ended meanwhile.
  [[nodiscard]] bool may_sign() const noexcept;
  // Whether it may take part in the present epoch: a member that may sign.
  [[nodiscard]] bool may_vote() const noexcept;
  // For VoteGuard::release, after the Output that made it stable was performed.
  [[nodiscard]] Height stable() const noexcept;
  [[nodiscard]] const RejectCounts& rejects() const noexcept;
  [[nodiscard]] ReplicaView view() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace giro::consensus
