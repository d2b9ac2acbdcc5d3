// The way back of a validator that does not remember what it signed (protocol R39).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/mutant.h"

namespace giro::consensus {

// ---- without a sign state: how far may the key have signed?

// Of everybody whose answer is still missing, with each Status.
void Replica::State::query_stable() {
  if (!floor_search || floor_search->found) return;
  for (const InstitutionId peer : others()) {
    if (!floor_search->answers.contains(peer)) send(QueryStable{floor_search->number}, peer);
  }
}

// None in this epoch: it stands at the epoch's base.
const Certificate* Replica::State::highest_proof() const {
  const Certificate* highest = nullptr;
  const auto consider = [&](const Certificate& proof) {
    if (highest == nullptr || proof.content.height > highest->content.height) highest = &proof;
  };
  if (stable_proof && stable_proof->content.epoch == set.epoch) consider(*stable_proof);
  if (!commits.empty()) consider(commits.rbegin()->second);
  if (!proofs.empty()) consider(proofs.rbegin()->second);
  return highest;
}

// Asked by whoever may read the chain, with a seat or without: nothing is believed for it.
void Replica::State::on(const QueryStable& query, InstitutionId from) {
  const auto member = peers.find(from);
  const auto outsider = outsiders.find(from);
  if (member == peers.end() && outsider == outsiders.end())
    return refuse(RejectReason::NotMember);  // it has not said yet where it stands
  Peer& peer = member != peers.end() ? member->second : outsider->second;
  const auto pause = static_cast<std::int64_t>(parameters.status_interval_ms) * 500;
  if (peer.replied && now.steady.us - peer.replied->us < pause)
    return refuse(RejectReason::OverBudget);
  ReplyStable reply{query.number, set.epoch, is_amnesic(), {}};
  if (!reply.amnesic) {
    const Certificate* highest = highest_proof();
    // What it attested is committed here. While it holds no certificate that reaches so far, as
    // after a restart in the middle of catching up, it would say too little: it is asked again.
    const Height proven = highest == nullptr ? epoch_base.height : highest->content.height;
    if (proven < committed) return;
    if (highest != nullptr) reply.highest = *highest;
  }
  peer.replied = now.steady;
  send(std::move(reply), from);
}

// Counts from a member that is in our epoch or in an earlier one: what the latter could show lies
// below the base of ours.
void Replica::State::on(const ReplyStable& reply, InstitutionId from) {
  if (!floor_search || floor_search->number != reply.number) return refuse(RejectReason::NotAsked);
  if (reply.amnesic) return;
  if (reply.epoch > set.epoch) return refuse(RejectReason::FutureEpoch);
  Height height = epoch_base.height;
  if (reply.epoch == set.epoch && reply.highest) height = reply.highest->content.height;
  if (height > last_height()) return refuse(RejectReason::BeyondWindow);
  if (reply.epoch == set.epoch && reply.highest && refutes(*reply.highest)) return;
  floor_search->answers.try_emplace(from, height);
}

// Once a quorum has answered. While our key signed in an epoch, a quorum had attested the last
// height of the one before; one of them, correct and not amnesic, is among those who answered, and
// showed that height or was in a later epoch. So if the end of our epoch is not among what they
// showed, the key has signed nothing in a later one; if it is, we enter the next and ask on.
void Replica::State::find_floor() {
  if (!floor_search || floor_search->found) return;
  if (floor_search->answers.size() < set.quorum()) return;
  Height highest = committed;
  for (const auto& [member, height] : floor_search->answers) highest = std::max(highest, height);
  if (highest >= last_height()) return;
  const Epoch ends = epoch_of(Height{highest.value + parameters.window}, parameters.epoch_blocks);
  floor_search->found =
      GIRO_MUTANT(34)
          ? Floor{set.epoch, view, highest}
          : Floor{ends, View{UINT64_MAX}, consensus::last_height(ends, parameters.epoch_blocks)};
  // In the log first, as each raise of the sign state: it is the only record that takes the place
  // of kUnknownFloor.
  out.persist.push_back(AmnesiaRecord{*floor_search->found});
  emit(EventType::FloorFound, floor_search->found->height);
}

// ---- above the floor

// A vote of ours above what the sign state allowed: that was restored from a copy, beside a log
// that was lost as well. It counts as missing, restarts included.
void Replica::State::watch_floor(const VoteContent& signed_by_us) {
  const bool is_within = signed_by_us.height <= amnesic_below->height &&
                         std::pair(signed_by_us.epoch, signed_by_us.view) <=
                             std::pair(amnesic_below->epoch, amnesic_below->view);
  if (!is_within) forget_everything(signed_by_us.height);
}

// The key has signed what neither log nor sign state tells: it is not known how far. For good,
// until a search has given it a floor.
void Replica::State::forget_everything(Height height) {
  amnesic_below = kUnknownFloor;
  out.persist.push_back(AmnesiaRecord{kUnknownFloor});
  emit(EventType::FloorRefuted, height);
}

// Above everything that it may have signed, on a certificate of a view not below, whose block the
// forgotten ones cannot contradict; or in a later epoch, where it has signed nothing. Attest votes
// for what it executed meanwhile follow.
void Replica::State::end_amnesia() {
  if (!amnesic_below || floor_search) return;
  const Floor floor = GIRO_MUTANT(33) ? Floor{} : *amnesic_below;
  if (stable < floor.height) return;
  if (set.epoch <= floor.epoch) {
    if (stable == floor.height || !me) return;
    const auto proof = std::ranges::find_if(commits, [&](const auto& entry) {
      const VoteContent& content = entry.second.content;
      return entry.first <= committed &&
             std::pair(content.epoch, content.view) >= std::pair(floor.epoch, floor.view);
    });
    if (proof == commits.end()) return;
    raise_high(proof->second);
  }
  amnesic_below.reset();
  past_floor = floor;
  out.persist.push_back(FloorRecord{floor});
  emit(EventType::AmnesiaEnded, stable);
  if (may_vote()) attest_executed();
}

}  // namespace giro::consensus
