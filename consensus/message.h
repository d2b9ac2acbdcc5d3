// What validators say to one another, decoded but not yet believed. Only wire::Verifier makes a
// VerifiedMessage of one.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "consensus/evidence.h"
#include "consensus/snapshot.h"
#include "consensus/types.h"
#include "consensus/view_change.h"

namespace giro::consensus {

// The primary's proposal. Its prepare vote is the only signature (protocol R7).
struct PrePrepare {
  Block block;
  Vote vote;
};

// "I hold this batch durably" (protocol R3), from a member to the batch's author. The channel
// authenticates it.
struct BatchConfirm {
  Hash batch;
};

// "I hold these, and no block names them": sent to the primary, which fetches what it lacks
// (protocol R20).
struct BatchOffer {
  std::vector<Hash> batches;
};

// A block whose sender lacks nothing to prove: a certificate that covers it proves it (protocol
// R8a). Sent to members that are behind, from the last block the other has committed upwards.
struct CertifiedBlocks {
  std::vector<Block> blocks;  // ascending heights, linked by parent
  Certificate certificate;    // prepare or commit, for the last of them
};

// A stretch of the chain below a stable height: the answer to FetchChain (protocol R30).
struct ChainSegment {
  std::vector<Block>
      blocks;          // ascending, linked by parent; may be empty: then only the proof is news
  Header header;       // of the last of them; when empty, of a height that the asker holds
  Certificate attest;  // over that header: proves that the block is committed (protocol R16)
};

// An own attest certificate above the other's stable height (protocol R22). The header is the
// receiver's own.
struct AttestProof {
  Certificate attest;
};

// Why a validator wants another primary (protocol R20).
enum class SuspectReason : std::uint8_t {
  Silent = 1,        // work, and no commit within the view's time
  Censorship = 2,    // an author's oldest batch is passed over
  Equivocation = 3,  // two proposals signed for one place
  Leaving = 4,       // it says so
  Straggler = 5,     // a member waits in a later view, and only a view change brings it back
};

struct Suspect {
  Epoch epoch;
  View view;
  SuspectReason reason{};
};

// Exchanged every status_interval (protocol R22). Nothing in it is believed but the sender's own
// suspicion.
struct Status {
  Epoch epoch;
  View view;
  bool suspected = false;
  bool awaits_new_view = false;  // it lacks the NewView of its view
  Height stable;
  Height committed;
  Height tip;
  VoteContent high;           // all zero: none
  Height log_start;           // lowest height whose payload it can serve; 0: all
  std::vector<Hash> missing;  // batches it lacks, oldest first
  // Hints for the operator's views, never for the protocol.
  WallTime clock;
  std::uint64_t disk_free = 0;
  std::string version;
  std::vector<InstitutionId> sees{};  // with whom it has a channel
  std::string stopped{};  // why it votes no more in this run, a code; empty: nothing of the kind
  Height snapshot{};      // newest certified snapshot that it can serve; 0: none
};

// Asks for the chain above a height; answered by the runtime from its store, not by the replica,
// with a ChainSegment of at most kSegmentBlocksMax blocks whose last one has an attest certificate.
struct FetchChain {
  Epoch epoch;    // the asker's: the answer stays inside it
  Height stable;  // at or below this the asker needs nothing; may lie above its stable height
};

// Asks for payload by id, because a block names it; answered by the runtime with batches.
struct FetchBatches {
  std::vector<Hash> batches;
};

// Asks a member for blocks that it has accepted: `hash` at `height` and its ancestors above `above`
// (protocol R28).
struct FetchBlocks {
  Epoch epoch;
  Height height;
  Hash hash;
  Height above;
};

// The answer: the highest of them, as many as a message takes. Proven by the hash that was asked
// for.
struct BlockRange {
  std::vector<Block> blocks;  // ascending heights, linked by parent
};

// Told once to all by whoever finds it (protocol R46).
struct EvidenceMessage {
  Evidence evidence;
};

// How far has the other come? Asked by a validator whose sign state is lost, to learn how far its
// key may have signed (protocol R39). Query-stable and reply-stable of Castro and Liskov, TOCS
// 2002.
struct QueryStable {
  std::uint64_t number{};  // of the asker's search: an answer to an earlier one is none
};
struct ReplyStable {
  std::uint64_t number{};
  Epoch epoch;           // in which the answerer is
  bool amnesic = false;  // it does not know itself: counts for nothing, and shows no certificate
  // Its highest commit or attest certificate of that epoch; none: it stands at the epoch's base.
  std::optional<Certificate> highest;
};

// A batch travels as its own bytes and reaches the replica as BatchAvailable.
struct BatchMessage {
  BatchPtr batch;
};

using Message =
    std::variant<BatchMessage, BatchConfirm, PrePrepare, Vote, CertifiedBlocks, ChainSegment,
                 AttestProof, Suspect, Status, FetchChain, FetchBatches, BatchOffer,
                 ProvenViewChange, NewView, FetchBlocks, BlockRange, EvidenceMessage, QueryStable,
                 ReplyStable, FetchSnapshot, SnapshotOffer, FetchChunk, SnapshotChunk>;

// What reaches the replica: the parts of Message that carry a claim, checked.
using Claim = std::variant<BatchConfirm, PrePrepare, Vote, CertifiedBlocks, ChainSegment,
                           AttestProof, Suspect, Status, BatchOffer, ProvenViewChange, NewView,
                           FetchBlocks, BlockRange, EvidenceMessage, QueryStable, ReplyStable>;

namespace wire {
class Verifier;
}
class VoteGuard;

// A message whose form, membership and every signature were checked against the set of its epoch,
// together with the member that sent it over its authenticated channel. Cannot be made elsewhere.
class VerifiedMessage {
 public:
  [[nodiscard]] InstitutionId sender() const { return sender_; }
  [[nodiscard]] const Claim& claim() const { return claim_; }
  [[nodiscard]] Claim&& take() && { return std::move(claim_); }

 private:
  friend class wire::Verifier;
  friend class VoteGuard;  // what we sign comes back through step() like everybody's
  VerifiedMessage(InstitutionId sender, Claim claim) : sender_(sender), claim_(std::move(claim)) {}
  InstitutionId sender_;
  Claim claim_;
};

}  // namespace giro::consensus
