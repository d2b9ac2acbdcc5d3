#include "consensus/vote_guard.h"

#include <algorithm>

#include "crypto/check.h"

namespace giro::consensus {
namespace {

bool is_ordering(VoteKind kind) {
  return kind == VoteKind::Prepare || kind == VoteKind::Commit;
}

}  // namespace

VoteGuard::VoteGuard(crypto::Signer& signer, const Hash& chain, InstitutionId self, Ceiling ceiling,
                     std::uint64_t window)
    : signer_(signer), chain_(chain), self_(self), ceiling_(ceiling), window_(window) {}

void VoteGuard::restore(const VoteContent& content) {
  if (content.height <= floor_) return;
  const auto [entry, added] = signed_.try_emplace(
      Place(content.height, content.kind, content.epoch, content.view), content.digest);
  GIRO_CHECK(added || entry->second == content.digest, content.height);
  if (is_ordering(content.kind)) leave_below(content.epoch, content.view);
}

void VoteGuard::leave_below(Epoch epoch, View view) {
  lowest_ = std::max(lowest_, std::pair(epoch, view));
}

void VoteGuard::release(Height stable) {
  floor_ = std::max(floor_, stable);
  signed_.erase(signed_.begin(), signed_.upper_bound(Place(floor_, VoteKind::Snapshot,
                                                           Epoch{UINT64_MAX}, View{UINT64_MAX})));
}

std::optional<Ceiling> VoteGuard::needed(std::span<const VoteRequest> requests) const {
  Ceiling next = ceiling_;
  for (const VoteRequest& request : requests) {
    const VoteContent& content = request.content;
    // Attest votes have no view: they can raise the epoch, never the view of the present one.
    if (std::pair(content.epoch, content.view) > std::pair(next.epoch, next.view)) {
      next.epoch = content.epoch;
      next.view = content.view;
    }
    if (content.height > next.height) next.height = {content.height.value + window_};
  }
  if (next == ceiling_) return std::nullopt;
  ++next.number;
  return next;
}

void VoteGuard::raised(const Ceiling& ceiling) {
  GIRO_CHECK(ceiling.number > ceiling_.number, ceiling.number, ceiling_.number);
  GIRO_CHECK(std::pair(ceiling.epoch, ceiling.view) >= std::pair(ceiling_.epoch, ceiling_.view),
             ceiling.epoch, ceiling.view);
  GIRO_CHECK(ceiling.height >= ceiling_.height, ceiling.height, ceiling_.height);
  ceiling_ = ceiling;
}

std::optional<SignRefusal> VoteGuard::refusal(const VoteContent& content) const {
  if (content.height <= floor_) return SignRefusal::BelowFloor;
  const std::pair place(content.epoch, content.view);
  if (is_ordering(content.kind) && place < lowest_) return SignRefusal::LeftView;
  if (place > std::pair(ceiling_.epoch, ceiling_.view) || content.height > ceiling_.height) {
    return SignRefusal::AboveCeiling;
  }
  const auto known = signed_.find(Place(content.height, content.kind, content.epoch, content.view));
  if (known != signed_.end() && known->second != content.digest) return SignRefusal::Conflict;
  return std::nullopt;
}

std::expected<Vote, SignRefusal> VoteGuard::sign(const DurableToken& token, std::uint64_t position,
                                                 const VoteContent& content, ReplicaId self) {
  if (token.position() < position) return std::unexpected(SignRefusal::NotDurable);
  if (const std::optional<SignRefusal> reason = refusal(content)) return std::unexpected(*reason);
  signed_.try_emplace(Place(content.height, content.kind, content.epoch, content.view),
                      content.digest);
  if (is_ordering(content.kind)) leave_below(content.epoch, content.view);
  const std::optional<crypto::Signature> signature = signer_.sign(content.sign_bytes(chain_));
  if (!signature) return std::unexpected(SignRefusal::SignerDown);
  return Vote{content, self, *signature};
}

VerifiedMessage VoteGuard::own(const VoteRequest& request, const Vote& vote) const {
  GIRO_CHECK(vote.content == request.content, vote.content.height, request.content.height);
  return VerifiedMessage(self_, vote);
}

}  // namespace giro::consensus
