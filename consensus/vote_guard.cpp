#include "consensus/vote_guard.h"

#include <algorithm>

#include "crypto/check.h"
#include "crypto/mutant.h"

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

void VoteGuard::restore(const ViewChange& change) {
  view_changes_.try_emplace({change.epoch, change.view}, change.digest(chain_));
  leave_below(change.epoch, change.view);
}

void VoteGuard::restore(const NewView& new_view) {
  new_views_.try_emplace({new_view.epoch, new_view.view}, new_view.digest(chain_));
}

void VoteGuard::leave_below(Epoch epoch, View view) {
  if (Turn(epoch, view) <= lowest_) return;
  lowest_ = {epoch, view};
  view_changes_.erase(view_changes_.begin(), view_changes_.lower_bound(lowest_));
  new_views_.erase(new_views_.begin(), new_views_.lower_bound(lowest_));
}

void VoteGuard::forbid(const Floor& floor) {
  release(floor.height);
  leave_below(floor.epoch, floor.view);
  forbidden_ = Turn(floor.epoch, floor.view);
}

void VoteGuard::release(Height stable) {
  floor_ = std::max(floor_, stable);
  signed_.erase(signed_.begin(), signed_.upper_bound(Place(floor_, VoteKind::Snapshot,
                                                           Epoch{UINT64_MAX}, View{UINT64_MAX})));
}

std::optional<Ceiling> VoteGuard::needed(const Output& output) const {
  Ceiling next = ceiling_;
  const auto reach = [&](Epoch epoch, View view) {
    if (Turn(epoch, view) <= Turn(next.epoch, next.view)) return;
    next.epoch = epoch;
    next.view = view;
  };
  for (const VoteRequest& request : output.sign) {
    const VoteContent& content = request.content;
    // Attest votes have no view: they can raise the epoch, never the view of the present one.
    reach(content.epoch, content.view);
    if (content.height > next.height) next.height = {content.height.value + window_};
  }
  if (output.view_change) reach(output.view_change->change.epoch, output.view_change->change.view);
  if (output.new_view) reach(output.new_view->epoch, output.new_view->view);
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
  if (is_ordering(content.kind) && place < lowest_ && !GIRO_MUTANT(11))
    return SignRefusal::LeftView;
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

std::expected<crypto::Signature, SignRefusal> VoteGuard::sign_once(Signed& memory, const Turn& turn,
                                                                   const Hash& digest) {
  if (turn < lowest_) return std::unexpected(SignRefusal::LeftView);
  if (forbidden_ && turn <= *forbidden_) return std::unexpected(SignRefusal::BelowFloor);
  if (turn > Turn(ceiling_.epoch, ceiling_.view)) return std::unexpected(SignRefusal::AboveCeiling);
  if (memory.try_emplace(turn, digest).first->second != digest)
    return std::unexpected(SignRefusal::Conflict);
  const std::optional<crypto::Signature> signature = signer_.sign(digest);
  if (!signature) return std::unexpected(SignRefusal::SignerDown);
  return *signature;
}

std::expected<ProvenViewChange, SignRefusal> VoteGuard::sign(const DurableToken& token,
                                                             std::uint64_t position,
                                                             const ProvenViewChange& change) {
  if (token.position() < position) return std::unexpected(SignRefusal::NotDurable);
  const Turn turn(change.change.epoch, change.change.view);
  const auto signature = sign_once(view_changes_, turn, change.change.digest(chain_));
  if (!signature) return std::unexpected(signature.error());
  leave_below(turn.first, turn.second);
  ProvenViewChange out = change;
  out.change.signature = *signature;
  return out;
}

std::expected<NewView, SignRefusal> VoteGuard::sign(const DurableToken& token,
                                                    std::uint64_t position,
                                                    const NewView& new_view) {
  if (token.position() < position) return std::unexpected(SignRefusal::NotDurable);
  const auto signature =
      sign_once(new_views_, {new_view.epoch, new_view.view}, new_view.digest(chain_));
  if (!signature) return std::unexpected(signature.error());
  NewView out = new_view;
  out.signature = *signature;
  return out;
}

VerifiedMessage VoteGuard::own(const ProvenViewChange& change) const {
  return VerifiedMessage(self_, change);
}

VerifiedMessage VoteGuard::own(const NewView& new_view) const {
  return VerifiedMessage(self_, new_view);
}

VerifiedMessage VoteGuard::own(const VoteRequest& request, const Vote& vote) const {
  GIRO_CHECK(vote.content == request.content, vote.content.height, request.content.height);
  return VerifiedMessage(self_, vote);
}

}  // namespace giro::consensus
