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

// A bare vote comes from its own voter only: another's word is a certificate, or evidence.
void Replica::State::watch_own_key(const Certificate& certificate) {
  const VoteContent& content = certificate.content;
  const bool signed_by_us =
      me && std::ranges::any_of(certificate.signatures,
                                [&](const auto& entry) { return entry.voter == *me; });
  if (!signed_by_us || floor_search || content.height <= stable) return;
  if (amnesic_below) return watch_floor(content);
  if (!remembers(content)) stop_for_own_key(content.height);
}

// No complete memory signs both halves of it, wherever they lie: one is not ours. But what was
// forgotten once may be the other; and a header that others contradict may be our own mistake
// (R17).
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
                                  if (!remembers(e.vote.content)) watch(e.vote.content);
                                }},
             against_us);
}

}  // namespace giro::consensus
