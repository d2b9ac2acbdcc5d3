// What our key has signed and we do not remember: it is used elsewhere (protocol R40).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/overloaded.h"

namespace giro::consensus {

void Replica::State::stop_voting(RejectReason why) {
  refuse(why);
  if (stopped) return;
  stopped = true;
  out.sign.clear();
  out.view_change.reset();
  out.new_view.reset();
  emit(EventType::VotesStopped, committed, {}, static_cast<std::uint32_t>(why));
}

// Kept over a restart: what the sign state allows is not all that the key may have signed.
void Replica::State::stop_for_own_key(Height height) {
  stop_voting(RejectReason::NotAsked);
  forget_everything(height);
}

bool Replica::State::remembers(const VoteContent& content) const {
  const auto known = asked.find({content.height, content.kind, content.view});
  return known != asked.end() && known->second == content.digest;
}

// Above stable and of this epoch, as others have it: in a certificate, evidence, or a proposal that
// is told on. A bare vote comes from its own voter only.
void Replica::State::watch_own_key(const VoteContent& signed_by_us) {
  if (floor_search || signed_by_us.height <= stable) return;
  if (amnesic_below) return watch_floor(signed_by_us);
  if (!remembers(signed_by_us)) stop_for_own_key(signed_by_us.height);
}

void Replica::State::watch_own_key(const Certificate& certificate) {
  const bool signed_by_us =
      me && std::ranges::any_of(certificate.signatures,
                                [&](const auto& entry) { return entry.voter == *me; });
  if (signed_by_us) watch_own_key(certificate.content);
}

// No complete memory signs both halves of it, wherever they lie: one is not ours. But what was
// forgotten once may be the other; and a header that others contradict may be our own mistake
// (R17), of which nothing is remembered once its height is stable. All evidence is looked at, not
// only what is kept: the first of an epoch may prove less than a later one.
void Replica::State::watch_own_key(const Evidence& against_us) {
  if (floor_search) return;
  const auto watch = [&](const VoteContent& content) {
    if (amnesic_below) return watch_floor(content);
    const bool is_forgotten = past_floor && content.height <= past_floor->height;
    if (!is_forgotten) stop_for_own_key(content.height);
  };
  std::visit(crypto::Overloaded{[&](const ConflictingVotes& e) { watch(e.first.content); },
                                [&](const ForgottenCommit& e) { watch(e.commit.content); },
                                [&](const FalseAttest& e) {
                                  const VoteContent& attest = e.vote.content;
                                  if (attest.height > stable && !remembers(attest)) watch(attest);
                                }},
             against_us);
}

}  // namespace giro::consensus
