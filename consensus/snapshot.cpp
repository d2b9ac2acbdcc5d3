#include "consensus/snapshot.h"

#include <utility>

#include "consensus/limits.h"
#include "crypto/digest.h"

namespace giro::consensus {

Hash SnapshotManifest::digest(const Hash& chain) const {
  Bytes bytes;
  crypto::Writer writer(bytes);
  writer.raw(chain).u64(header.height.value).raw(header.hash(chain)).u64(chunks.size());
  for (const Hash& chunk : chunks) writer.raw(chunk);
  return crypto::tagged_hash("giro/snapshot/v1", {bytes});
}

VoteContent snapshot_content(const Hash& chain, const SnapshotManifest& manifest,
                             std::uint64_t epoch_blocks) {
  const Height height = manifest.header.height;
  return {VoteKind::Snapshot, epoch_of(height, epoch_blocks), View{}, height,
          manifest.digest(chain)};
}

namespace {

// The change is what the set in force says it is, and leads to another one.
RejectReason judge_change(const SetChange& change, const ValidatorSet& in_force, const Hash& chain,
                          std::uint64_t epoch_blocks) {
  const Header& last = change.last;
  if (last.height != last_height(last.epoch, epoch_blocks) || change.members.empty() ||
      change.members.size() > kMembersMax) {
    return RejectReason::BadLink;
  }
  const ValidatorSet next{Epoch{last.epoch.value + 1}, change.members};
  if (next.digest(chain) != last.next_set) return RejectReason::BadLink;
  const VoteContent attested{VoteKind::Attest, last.epoch, View{}, last.height, last.hash(chain)};
  if (change.attest.content != attested) return RejectReason::Mismatch;
  return verify_certificate(change.attest, in_force, chain) ? RejectReason::None
                                                            : RejectReason::BadCertificate;
}

}  // namespace

RejectReason judge_offer(const SnapshotOffer& offer, const ValidatorSet& trusted, const Hash& chain,
                         std::uint64_t epoch_blocks, std::uint64_t interval) {
  const Header& header = offer.manifest.header;
  const bool is_certified_height = header.height.value > 0 && header.height.value % interval == 0 &&
                                   header.epoch == epoch_of(header.height, epoch_blocks) &&
                                   !offer.manifest.chunks.empty();
  if (!is_certified_height) return RejectReason::Malformed;
  if (header.epoch < trusted.epoch) return RejectReason::OldEpoch;
  if (offer.certificate.content != snapshot_content(chain, offer.manifest, epoch_blocks))
    return RejectReason::Mismatch;
  // Between two changes the same keys sign, epoch after epoch (R18).
  ValidatorSet in_force = trusted;
  std::optional<ValidatorSet> signers;
  for (const SetChange& change : offer.changes) {
    // What was asked for in an epoch that has ended since.
    if (change.last.epoch < trusted.epoch) return RejectReason::OldEpoch;
    const bool is_own = change.last == header;  // the height ends its epoch: the last change
    const bool has_place = is_own || change.last.epoch < header.epoch;
    if (signers || change.last.epoch < in_force.epoch || !has_place) return RejectReason::BadLink;
    in_force.epoch = change.last.epoch;
    if (const RejectReason reason = judge_change(change, in_force, chain, epoch_blocks);
        reason != RejectReason::None) {
      return reason;
    }
    if (is_own) signers = in_force;
    in_force = {Epoch{change.last.epoch.value + 1}, change.members};
  }
  if (!signers) signers = std::move(in_force);
  signers->epoch = header.epoch;
  return verify_certificate(offer.certificate, *signers, chain) ? RejectReason::None
                                                                : RejectReason::BadCertificate;
}

}  // namespace giro::consensus
