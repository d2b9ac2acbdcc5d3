// Certified snapshots as agreement sees them (protocol 2, R34): what a manifest says, and how it
// becomes certified.
#pragma once

#include <optional>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/reject.h"

namespace giro::consensus {

// The state, cut into chunks, at the height of its header.
struct SnapshotManifest {
  Header header;
  std::vector<Hash> chunks;
  // SHA-256("giro/snapshot/v1" ‖ chain ‖ height ‖ header hash ‖ count ‖ chunk digests): what a
  // snapshot vote signs.
  [[nodiscard]] Hash digest(const Hash& chain) const;
  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;
};

// What a vote for it says. Its epoch is that of the height, in whatever epoch it is cast.
[[nodiscard]] VoteContent snapshot_content(const Hash& chain, const SnapshotManifest& manifest,
                                           std::uint64_t epoch_blocks);

// One change of the validator set: the last header of its epoch names the next one (R18, R41).
struct SetChange {
  Header last;
  Certificate attest;  // by the set in force
  std::vector<Member> members;
  friend bool operator==(const SetChange&, const SetChange&) = default;
};

// ---- messages (protocol R31)

// Asks for the newest certified snapshot above a height. Answered by the runtime, like all of
// these.
struct FetchSnapshot {
  Epoch epoch;  // whose set the asker trusts: the answer leads on from there
  Height above;
};
struct SnapshotOffer {
  SnapshotManifest manifest;
  Certificate certificate;  // by the set of the height's epoch
  // From the asker's set to that one, ascending; and where the height ends its epoch, to the next.
  std::vector<SetChange> changes;
};
// Asks for a piece of a chunk. The manifest is named by its digest: who holds another one for that
// height does not answer.
struct FetchChunk {
  Height height;
  Hash manifest;
  std::uint32_t index{};
  std::uint32_t offset{};
  friend auto operator<=>(const FetchChunk&, const FetchChunk&) = default;
};
struct SnapshotChunk {
  FetchChunk place;
  std::uint32_t size{};  // of the whole chunk; 0: it is not held here any more
  Bytes bytes;           // as many as a message takes
};

// Whether the offer stands, judged from a set that is trusted: the lineage, the certificate, and
// that its height is one at which snapshots are certified.
[[nodiscard]] RejectReason judge_offer(const SnapshotOffer& offer, const ValidatorSet& trusted,
                                       const Hash& chain, std::uint64_t epoch_blocks,
                                       std::uint64_t interval);

}  // namespace giro::consensus
