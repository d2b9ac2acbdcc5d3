// Why an input was refused: one reason for every refusal, counted, so that what tests reach is
// measurable. Most are nobody's fault (late, repeated, early); is_violation() names those that no
// correct peer causes (protocol R45).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace giro::consensus {

enum class RejectReason : std::uint8_t {
  None,
  // form: wire/codec
  Malformed,    // not the one encoding of a message, or a field that no correct sender writes
  TooLarge,     // a size or count above its limit
  UnknownType,  // no such message or record
  // signatures and membership: wire/verifier
  NotMember,  // the sender is not in the set of the epoch
  FromSelf,   // a channel in our own name
  NotVoter,   // a vote that is not the sender's own
  BadSignature,
  BadCertificate,  // form, quorum or a signature
  BadLink,         // blocks that do not name each other, or a header of another block
  NotPrimary,      // a proposal that the primary of its view did not sign
  Mismatch,        // vote and block, or certificate and block, say different things
  // place
  OldEpoch,
  FutureEpoch,
  OldView,
  FutureView,
  OldHeight,
  BeyondWindow,  // above twice the window (R13) or the epoch
  OverBudget,    // the sender's bytes for early votes or blocks are used up (R13)
  Duplicate,
  // blocks
  BadParent,               // does not extend the tip (R8)
  BadBlockTime,            // not after its parent's (R8)
  TooFarBehindClock,       // clock_lag (R8)
  ConflictsWithAccepted,   // another block was accepted at this place (R8)
  ConflictsWithCommitted,  // a valid certificate beside our committed chain: more than f are faulty
  BadBatchList,            // too many batches, or one named twice or by an ancestor (R5)
  BatchOutOfTime,          // a named batch is expired at the block's time, or expires too late (R5)
  TooMuchPayload,          // block_bytes
  // votes
  ConflictingVote,  // evidence (R13)
  // batches
  NotAuthor,  // neither from its author nor asked for (R3)
  AuthorNotMember,
  ExpiresTooLate,
  Expired,
  OverQuota,
  AlreadyOrdered,
  NotAsked,    // a confirmation of a batch that is not ours, an answer that nothing waits for
  StorageLow,  // it would have to be written, and the disk has reached its reserve (R40)
  Count
};

inline constexpr std::size_t kRejectReasons = static_cast<std::size_t>(RejectReason::Count);
using RejectCounts = std::array<std::uint64_t, kRejectReasons>;

[[nodiscard]] std::string_view name(RejectReason reason);
// No correct peer sends this: the channel may be cut. Everything else is late, repeated, early or
// full.
[[nodiscard]] bool is_violation(RejectReason reason);

}  // namespace giro::consensus
