// The replica's state and its steps, by room: each group of members below is implemented in the
// file named beside it. Internal to consensus/.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "consensus/chain.h"
#include "consensus/dissemination.h"
#include "consensus/limits.h"
#include "consensus/recovery.h"
#include "consensus/replica.h"
#include "consensus/timers.h"
#include "consensus/votes.h"

namespace giro::consensus {

struct Peer {
  std::optional<Status> status;  // the last one heard
  Instant heard;
  std::optional<Instant> pushed;    // last help that it was sent
  std::optional<Instant> answered;  // last Status sent to it alone
  std::optional<Instant> served;    // last BlockRange
  std::optional<Instant> replied;   // last ReplyStable
  Height last_vote;
  std::optional<View> suspects;  // the view of our epoch that it suspects (protocol R20)
};

// An outstanding question for a stretch of the chain (protocol R30).
struct CatchUp {
  struct Question {
    InstitutionId peer;
    Instant deadline;
  };
  std::optional<Question> asked;
  std::optional<InstitutionId> last_peer;
  bool stay = false;   // its answer had news: it is asked again
  Instant not_before;  // after an answer without news
  Height stable_seen;  // for noticing that nothing moves
  Instant stable_since;
};

// The search for a floor by a validator without a sign state (protocol R39).
struct FloorSearch {
  std::uint64_t number;  // of the question
  // Of members that are not amnesic: how far their certificates reach.
  std::map<InstitutionId, Height> answers;
  std::optional<Floor> found;
};

// How far a validator has come in its view (protocol R28): it lacks the NewView; it has that and
// lacks blocks below the anchor; its accepted chain has begun.
enum class Stage : std::uint8_t { Waiting, Anchoring, Active };

// Where the accepted chain of a view begins: the anchor, or what a certificate of the view covered
// first (protocol R8a, R29).
struct Anchor {
  Height height;
  Hash hash;
};

// The blocks between the anchor and what is held, fetched from the anchor downwards (protocol R28).
struct AnchorFetch {
  std::map<Height, Block> blocks;
  Height next;  // the highest that is missing
  Hash next_hash;
  std::vector<InstitutionId> holders;
  std::optional<Instant> deadline;  // of the question that is out
};

struct Replica::State {
  State(const Hash& chain_id, const Member& self, const Parameters& parameters,
        const ReplicaLimits& limits, const RecoveredState& recovered, Now now);

  // --- replica.cpp: dispatch, and what follows from any input
  void on(VerifiedMessage&& message);
  void on(BatchAvailable&& payload);
  void on(Executed&& result);
  void on(TimePassed) {}
  void on(Leaving);
  void on(StorageSpace space);
  void on(Kept what) { kept = what; }
  void on(Contradicted what) { diverge({.epoch = set.epoch, .height = what.height}); }
  void settle();
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void refuse(RejectReason reason);
  void emit(EventType type, Height height, const Hash& hash = {}, std::uint32_t detail = 0);
  void send(Message message, std::optional<InstitutionId> to = std::nullopt);
  [[nodiscard]] ReplicaView make_view() const;

  // --- invariants.cpp
  void check_invariants();

  // --- place in the protocol
  [[nodiscard]] Height last_height() const {
    return consensus::last_height(set.epoch, parameters.epoch_blocks);
  }
  [[nodiscard]] Height high_water() const;  // H of R6
  [[nodiscard]] Height kept_up_to() const;  // two windows ahead (R13)
  [[nodiscard]] bool is_primary() const { return me && *me == set.primary(view); }
  [[nodiscard]] bool may_sign() const {
    return !diverged && !stopped && !storage_low && !is_amnesic();
  }
  [[nodiscard]] bool may_vote() const { return me && may_sign(); }
  [[nodiscard]] bool is_amnesic() const { return amnesic_below || floor_search; }
  [[nodiscard]] bool may_order() const { return may_vote() && !abstain && stage == Stage::Active; }
  [[nodiscard]] bool is_idle_due(std::int64_t intervals, Instant since) const;
  [[nodiscard]] std::vector<InstitutionId> others() const;

  // --- payload.cpp (R2, R3, R9, R20)
  void on(const BatchConfirm& confirm, InstitutionId from);
  void on(const BatchOffer& offer, InstitutionId from);
  [[nodiscard]] RejectReason judge(const Batch& batch, InstitutionId from) const;
  void keep(BatchPtr batch, bool charged);
  void drop_expired(WallTime block_time);
  void ask_for_payload();
  [[nodiscard]] std::vector<InstitutionId> responsive() const;

  // --- ordering.cpp (R6 to R9)
  void on(const PrePrepare& proposal, InstitutionId from);
  void propose();
  [[nodiscard]] bool is_time_to_propose() const;
  [[nodiscard]] Instant linger_until() const;
  void accept_waiting();
  enum class Test : std::uint8_t { Accept, Wait, Refuse };
  [[nodiscard]] std::pair<Test, RejectReason> test(const WaitingBlocks::Waiting& waiting);
  [[nodiscard]] RejectReason test_batches(const Block& block) const;
  [[nodiscard]] bool is_covered(Height height, const Hash& hash) const;
  Slot& place(const Block& block, const Hash& hash, std::optional<InstitutionId> source,
              bool at_once);
  void accept(const Block& block, const Hash& hash, std::optional<InstitutionId> source,
              bool at_once);
  void cut_above(Height height);
  void on_payload(const Hash& id);
  void check_payload(Slot& slot);
  void vote_prepare();
  void ask_vote(const VoteContent& content, std::optional<Block> proposal = std::nullopt);

  // --- agreement.cpp (R10 to R13)
  void on(const Vote& vote, InstitutionId from);
  void on(const CertifiedBlocks& message, InstitutionId from);
  [[nodiscard]] RejectReason place_reason(const VoteContent& content) const;
  bool count(const Vote& vote);
  void try_prepared(Height height);
  void try_later_view(const VoteContent& content);
  void try_committed(View vote_view, Height height);
  void learn_prepared(const Certificate& certificate);
  void note_prepared(const Certificate& certificate);
  void learn_committed(const Certificate& certificate);
  void vote_commit(Height height);
  void raise_high(const Certificate& certificate);
  void commit_up_to(Height height);
  void accept_certified(const CertifiedBlocks& message, InstitutionId source);
  [[nodiscard]] bool continues_chain(const std::vector<Block>& blocks) const;
  void adopt(const std::vector<Block>& blocks, std::optional<InstitutionId> source);
  void stop_ordering();  // R11
  void meet_commit(const Certificate& certificate);
  void abstain_here();
  void on(const EvidenceMessage& message, InstitutionId from);
  void on_evidence(const Evidence& found);
  void watch_promise(const Vote& commit);
  void execute();

  // --- breach.cpp (R11, R27): more than f are faulty
  [[nodiscard]] bool refutes(const Certificate& proof, const std::vector<Block>& blocks = {},
                             const Header* header = nullptr);
  [[nodiscard]] bool forks_below(Height height, const std::optional<Certificate>& proof);
  [[nodiscard]] std::optional<Hash> final_at(Height height) const;
  [[nodiscard]] std::optional<Certificate> proof_of(Height height) const;
  [[nodiscard]] const Certificate* attested_at(Height height) const;
  [[nodiscard]] const Certificate* commit_beside(const Anchor& start) const;
  bool refutes_start(const Anchor& start);
  void stop_for_anchor(const Certificate& commit, const Anchor& start);
  void stop_for_repeat(const Block& block, const Hash& hash);
  void stop_for(const BreachRecord& found);
  void accuse(const BreachRecord& found);
  void remember(const BreachRecord& known);

  // --- own_key.cpp (R40)
  void stop_voting(RejectReason why);  // more than f are faulty, or the key is used elsewhere
  void stop_for_own_key(Height height);
  [[nodiscard]] bool remembers(const VoteContent& content) const;
  void watch_own_key(const VoteContent& signed_by_us);
  void watch_own_key(const Certificate& certificate);
  void watch_own_key(const Evidence& against_us);

  // --- attestation.cpp (R16, R17)
  void on(const AttestProof& proof, InstitutionId from);
  void try_stable(Height height);
  bool learn_proof(const Certificate& attest);
  void make_stable(Height height, const Certificate& attest);
  void release_below(Height height);
  void attest_executed();
  void diverge(Divergence found);

  // --- epoch.cpp (R41 to R43)
  void enter_next_epoch(const Header& last, const Certificate& attest);
  void take_seats(ValidatorSet next);
  void say_role(bool was_member);

  // --- status.cpp (R20, R22)
  void on(const Status& status, InstitutionId from);
  void on_outsider(const Status& status, InstitutionId from);
  void on(const Suspect& suspicion, InstitutionId from);
  void send_status(std::optional<InstitutionId> to = std::nullopt);
  void answer_status(InstitutionId to, Peer& peer);
  void push(InstitutionId peer, const Status& status);
  void push_view(InstitutionId peer, const Status& status);
  void push_committed(InstitutionId peer, const Status& status);
  void push_proposals(InstitutionId peer, const Status& status);
  void push_votes(InstitutionId peer, const Status& status);
  void note_suspicion(InstitutionId peer, Epoch epoch, View suspected);

  // --- suspicion.cpp (R19 to R21)
  [[nodiscard]] bool has_work() const;
  void run_timer();
  void watch_censorship();
  void watch_stragglers();
  void suspect(SuspectReason reason);
  void end_suspicion(SuspectReason reason);
  [[nodiscard]] bool is_suspecting() const { return !suspicions.empty(); }

  // --- views.cpp (R10a, R23, R24, R26 to R29)
  void on(const ProvenViewChange& message, InstitutionId from);
  void on(const NewView& message, InstitutionId from);
  void enter_view(View next);
  void enter_certified_view(const Certificate& certificate);
  void change_views();
  void leave_for(View next);
  [[nodiscard]] std::size_t suspecting_members() const;
  [[nodiscard]] std::vector<View> views_above() const;
  [[nodiscard]] std::size_t members_at_view() const;
  void make_new_view();
  [[nodiscard]] Instant new_view_due() const;
  [[nodiscard]] std::vector<ViewChange> choose_changes() const;
  [[nodiscard]] bool holds(const HighMark& mark) const;
  [[nodiscard]] Anchor anchor_of(const NewView& begun) const;
  void begin_anchoring();
  void activate(const Anchor& start);
  void begin_chain(const Certificate& certificate);

  // --- anchor.cpp (R28)
  void on(const FetchBlocks& question, InstitutionId from);
  void on(const BlockRange& answer, InstitutionId from);
  void link_anchor();
  void leave_anchor();
  void place_ancestors();
  [[nodiscard]] const Block* held_block(Height height, const Hash& hash) const;
  void ask_for_anchor();

  // --- catch_up.cpp (R30)
  void on(const ChainSegment& segment, InstitutionId from);
  void ask_for_chain();
  [[nodiscard]] bool is_ahead(const Peer& peer) const;
  [[nodiscard]] const std::optional<Status>& status_of(InstitutionId provider) const;
  [[nodiscard]] std::optional<InstitutionId> next_provider() const;

  // --- statement.cpp (R34)
  void on(Restate);
  void state_promises();
  void state_chain();
  void state_other_keys();

  // --- amnesia.cpp (R39)
  void on(const QueryStable& query, InstitutionId from);
  void on(const ReplyStable& reply, InstitutionId from);
  [[nodiscard]] const Certificate* highest_proof() const;
  void query_stable();
  void find_floor();
  void forget_everything(Height height);
  void watch_floor(const VoteContent& signed_by_us);
  void end_amnesia();

  // --- restore.cpp (R38)
  void restore(const RecoveredState& recovered);
  void restore_view(const RecoveredState& recovered);
  [[nodiscard]] bool may_have_begun_at(Height begun, Height start) const;
  void ask_remembered_votes();

  const Hash chain_id;
  const InstitutionId self;
  const crypto::PublicKey own_key;
  const Parameters parameters;
  const ReplicaLimits limits;

  ValidatorSet set;
  std::optional<ReplicaId> me;  // nullopt: an observer in this epoch
  EpochBase epoch_base;
  View first_view;  // of the epoch: it needs no NewView
  View view;
  Stage stage = Stage::Active;
  std::optional<Anchor> anchor;  // of a view that a NewView or a certificate began
  std::optional<AnchorFetch> anchor_fetch;
  std::size_t anchor_turn = 0;                 // which holder is asked next, from view to view
  bool opening = false;                        // the view's first block is due (R6)
  std::optional<NewView> new_view;             // adopted, of this view
  std::optional<ProvenViewChange> own_change;  // for this view, not signed
  struct Straggler {
    Instant since;            // it was first heard of above our view
    std::uint32_t turns = 0;  // that were spent on it in this epoch
  };
  std::map<ReplicaId, Straggler> stragglers;
  bool leaving = false;  // the process is about to stop: no view is left any more
  std::map<ReplicaId, ProvenViewChange> changes;  // the highest of each member
  bool new_view_asked = false;                    // as primary, of the guard
  std::optional<Instant> changes_since;           // a quorum of them was here
  Height committed_at_entry;
  bool abstain = false;                     // no more prepare and commit votes in this view (R11)
  std::optional<NewView> new_view_intent;   // own, for this view
  std::optional<Floor> amnesic_below;       // R39: no votes while this is set
  std::optional<FloorSearch> floor_search;  // or this
  std::optional<Floor> past_floor;          // of an amnesia that is over
  std::vector<Evidence> evidence;           // the newest; the log alone keeps it
  // What the log says of the keys of this validator, for a statement (R43).
  struct Keys {
    std::optional<crypto::PublicKey> present;
    // Of the present one, when the process began.
    LoggedCeilings ceilings;
    std::vector<VoteContent> snapshot_votes;
    std::map<crypto::PublicKey, Promises> others;
  };
  const Keys keys;
  bool diverged = false;               // R17
  bool stopped = false;                // no more votes at all, until an operator looks
  std::optional<BreachRecord> breach;  // the first that was found
  bool storage_low = false;            // nothing is voted for or taken in until there is room (R40)

  Chain chain;  // base: min(stable, executed)
  Height stable;
  Height executed;
  Height handed;  // given to execution
  Height committed;
  Height prepare_asked;  // highest height asked to be voted for in this view
  Hash executed_hash;
  WallTime committed_time;
  std::optional<Certificate> stable_proof;
  std::optional<Certificate> high;

  WaitingBlocks waiting;
  AbandonedBlocks abandoned;  // cut above stable; a certificate may still come to cover them
  NamedIds named;
  VoteBook votes;
  std::map<Height, Certificate> prepared;  // of this view, above stable
  std::map<Height, Certificate> commits;   // above stable
  std::map<Height, Certificate> proofs;    // attest certificates above executed
  std::map<Height, ChainProofRecord>
      chain_proofs;  // of blocks that were caught up with, above stable
  struct OwnHeader {
    Header header;
    Hash hash;
  };
  std::map<Height, OwnHeader> headers;  // executed and not stable
  std::optional<std::vector<Member>> next_members;
  std::map<std::tuple<Height, VoteKind, View>, Hash>
      asked;  // own votes above stable, as asked of the guard

  BatchPool pool;
  OwnBatches own;
  PayloadRequests requests;

  Kept kept;

  std::map<InstitutionId, Peer> peers;  // the other members
  // Who has no seat in our epoch: it follows, or sits in one that we have not reached (R30, R42).
  std::map<InstitutionId, Peer> outsiders;
  std::set<InstitutionId> guilty;      // evidence was kept in this epoch
  std::set<SuspectReason> suspicions;  // of this view
  CatchUp catch_up;

  ProgressTimer timer;
  UsualCommitTime usual;
  CensorshipWatch censorship;
  Instant last_block;  // the tip was accepted, or the epoch or process began
  Instant last_commit;
  Instant status_due;
  std::optional<Instant> waiting_until;  // the clock reaches the next block's time

  Now now;
  Output out;
  RejectCounts rejects{};

  // The last step's, for what must never fall (invariant A3).
  struct Watermarks {
    Epoch epoch;
    View view;
    Height stable, executed, committed;
    std::optional<VoteContent> high;
  };
  Watermarks seen;
};

}  // namespace giro::consensus
