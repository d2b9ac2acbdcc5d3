// What a turn of the replica asks of the world. The order of the members of Output is the order of
// their effects: persist, then sign through the vote guard and send the votes, then send, then
// execute (protocol R35, R36).
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "consensus/message.h"

namespace giro::consensus {

// --- 1 persist
// -----------------------------------------------------------------------------------------------------
struct BatchRecord {
  BatchPtr batch;
};
struct BlockRecord {
  Block block;
};
struct CertificateRecord {  // prepare (becomes high), commit, attest (makes a height stable)
  Certificate certificate;
};
// What we are about to sign. Logged in the group that is synced before it is signed, so the guard
// knows it after a restart; the signature is not logged, since signing the same content again is
// always allowed (protocol R36).
struct VoteRecord {
  VoteContent content;
};
// Entered an epoch: the proof that the one before ended, and the set in force (protocol R42).
struct EpochRecord {
  ValidatorSet set;
  View first_view;
  Header last_header;  // of the epoch before
  Certificate attest;  // over it
};
// The mirror of every raise of the sign state and of every start of the process (protocol R37).
struct CeilingRecord {
  std::uint64_t number{};
  Epoch epoch;
  View view;
  Height height;
  friend bool operator==(const CeilingRecord&, const CeilingRecord&) = default;
};
// The accepted chain of (epoch, view) conflicts with what was committed: no more votes there
// (protocol R11).
struct AbstainRecord {
  Epoch epoch;
  View view;
};
// Learnt while catching up: the block of this header is committed (protocol R16, R30). It is not
// stable before the own execution gave the same header; then a CertificateRecord follows.
struct ChainProofRecord {
  Header header;
  Certificate attest;
};
// The first that was found against a member in an epoch (protocol R46).
struct EvidenceRecord {
  Evidence evidence;
};
// What cannot be while at most f are faulty: two proofs that different blocks, or headers, are
// final at one height; the beginning of a view that leaves out a committed block; a quorum for a
// block that repeats a batch (protocol R5, R11, R27). Whoever holds it votes no more, restarts
// included.
struct BreachRecord {
  Height height;  // where the two part
  Hash ours;      // what is final here; zero: nothing, theirs repeats a batch of the chain below it
  Hash theirs;    // what stands in its place, or the anchor that does not extend it
  // A certificate of that height, or of a descendant; absent: none was held.
  std::optional<Certificate> our_proof;
  std::optional<Certificate> their_proof;
  std::optional<Header> header;     // what their_proof attests
  std::optional<NewView> new_view;  // that began theirs
  std::vector<Block> blocks;  // theirs, ascending from that height to their_proof's: the lowest few
  friend bool operator==(const BreachRecord&, const BreachRecord&) = default;
};
[[nodiscard]] Epoch epoch_of(const BreachRecord& record);
// Entered a view because a certificate of it was learnt (protocol R10a).
struct ViewRecord {
  Epoch epoch;
  View view;
};
// Left the views below, and is about to sign this; its signature is not logged.
struct ViewChangeRecord {
  ProvenViewChange change;
};
// The NewView of the present view, adopted (protocol R28).
struct NewViewRecord {
  NewView new_view;
};
// What we are about to sign as the primary of a view; its signature is not logged.
struct NewViewIntentRecord {
  NewView new_view;
};
// The end of what a validator that lost its memory may have signed (protocol R39).
struct Floor {
  Epoch epoch;
  View view;
  Height height;
  friend bool operator==(const Floor&, const Floor&) = default;
};
// The sign state that gave a floor was itself an old copy: nothing tells how far the key has
// signed.
inline constexpr Floor kUnknownFloor{{UINT64_MAX}, {UINT64_MAX}, {UINT64_MAX}};
// What lies above neither.
[[nodiscard]] constexpr Floor higher(const Floor& a, const Floor& b) {
  const bool is_later = std::pair(a.epoch, a.view) > std::pair(b.epoch, b.view);
  const Floor& later = is_later ? a : b;
  return {later.epoch, later.view, std::max(a.height, b.height)};
}
// Its memory is not complete: no votes until it takes part again above the floor.
struct AmnesiaRecord {
  Floor floor;
};
// It takes part again; nothing at or below the floor is ever signed.
struct FloorRecord {
  Floor floor;
};
// From here on this key signs: what another one promised binds only that one, until it is back
// (protocol R43).
struct KeyRecord {
  crypto::PublicKey key;
};
// What begins a statement of everything that a restart needs (protocol R34): after it nothing that
// stands before it in the log is missed. The chain up to `height` is final, executed, and in the
// store or in a snapshot; the records that follow say the rest. In a statement the KeyRecord of who
// signs stands before it.
struct BaseRecord {
  ValidatorSet set;  // of the epoch that the next block belongs to
  View first_view;
  Height epoch_height;  // the last block of the epoch before, its hash, and that of its header
  Hash epoch_block;
  Hash epoch_header;
  Height height;
  Hash block;
  WallTime time;
  std::optional<Certificate> proof;  // attest, of that height, if held
};
// Was accepted and cut again (protocol R28); part of a statement.
struct AbandonedRecord {
  Block block;
};
// Replicas write all of these. VoteRecord and CeilingRecord are otherwise the driver's; whoever
// opens the log also writes KeyRecord, the BaseRecord of an installed snapshot, and AmnesiaRecord
// where the log is behind.
using DurableRecord =
    std::variant<BatchRecord, BlockRecord, CertificateRecord, VoteRecord, EpochRecord,
                 CeilingRecord, AbstainRecord, ChainProofRecord, EvidenceRecord, ViewRecord,
                 ViewChangeRecord, NewViewRecord, NewViewIntentRecord, AmnesiaRecord, FloorRecord,
                 BaseRecord, AbandonedRecord, KeyRecord, BreachRecord>;

// --- 2 sign
// --------------------------------------------------------------------------------------------------------
struct VoteRequest {
  VoteContent content;
  ReplicaId voter;  // our place in the content's epoch
  // The primary's own prepare vote leaves inside a PrePrepare (protocol R7).
  std::optional<Block> proposal;
};

// --- 3 send
// --------------------------------------------------------------------------------------------------------
struct Outbound {
  std::optional<InstitutionId> to;  // nullopt: every other member
  Message message;
};

// --- 4 execute
// -----------------------------------------------------------------------------------------------------
struct CommittedBlock {
  Block block;
  Hash hash;
  std::vector<BatchPtr> batches;  // in the block's order
};

// --- 5 fetch
// -------------------------------------------------------------------------------------------------------
struct Fetch {
  InstitutionId from;
  std::variant<FetchChain, FetchBatches> what;
};

// --- 6 events
// ------------------------------------------------------------------------------------------------------
enum class EventType : std::uint8_t {
  BatchAccepted,
  BatchRefused,
  BlockProposed,
  BlockAccepted,
  Prepared,
  Committed,
  Executed,
  Stable,
  EpochEntered,
  Joined,       // a member of this epoch: voting
  Observing,    // none, or not with this key (detail: the institution): it follows, never votes
  ViewEntered,  // left the one before; detail 1: by a ViewChange of our own
  ViewActive,   // its anchor is held: voting in it
  Suspecting,
  SuspicionEnded,
  EvidenceFound,
  Diverged,
  Abstaining,    // no more votes in this view: what was committed is not what was accepted here
  VotesStopped,  // no more votes at all: more than f are faulty, or the key is used elsewhere
  VotesPaused,   // the disk has reached its reserve
  VotesResumed,  // and has room again
  FloorFound,    // how far a lost sign state may have allowed: the end of its epoch (R39)
  FloorRefuted,  // this key has signed above its floor: its sign state is an old copy (R39)
  AmnesiaEnded,  // above everything that was forgotten: taking part again (R39)
  Refused,
  BreachFound,  // more than f are faulty: `hash` is final here and `other` elsewhere
};
// That the own result contradicts what others attest, and what shows it (protocol R17): f+1 votes,
// or a certificate; neither where it is a snapshot's content that does.
struct Divergence {
  Epoch epoch;
  Height height;
  std::optional<Header> ours = {};  // absent: no longer held
  std::vector<Vote> votes = {};
  std::optional<Certificate> attest = {};
  friend bool operator==(const Divergence&, const Divergence&) = default;
};

struct Event {
  EventType type{};
  Epoch epoch;
  View view;
  Height height;
  Hash hash;                 // of the block, batch or header meant, if any
  std::uint32_t detail = 0;  // a RejectReason, a SuspectReason or an institution, by type
  Hash other = {};           // of BreachFound
};

struct Output {
  std::vector<DurableRecord> persist;
  std::vector<VoteRequest> sign;
  // To be signed after the votes, and sent to all. Their records are among `persist`.
  std::optional<ProvenViewChange> view_change;
  std::optional<NewView> new_view;
  std::vector<Outbound> send;
  std::vector<CommittedBlock> execute;
  std::vector<Fetch> fetch;
  std::vector<Event> events;
  std::optional<Divergence> divergence;  // once
  // `persist` holds a whole statement: once it is durable the log may be cut below (R34).
  bool is_statement = false;
  std::vector<Hash> needed_batches;  // with it: held, and not executed
  [[nodiscard]] bool empty() const {
    return persist.empty() && !signs() && send.empty() && execute.empty() && fetch.empty() &&
           events.empty() && !divergence;
  }
  [[nodiscard]] bool signs() const { return !sign.empty() || view_change || new_view; }
};

}  // namespace giro::consensus
