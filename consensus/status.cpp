// What validators tell one another, and what those who are ahead send to those who are behind
// (protocol R22).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/mutant.h"

namespace giro::consensus {

void Replica::State::send_status(std::optional<InstitutionId> to) {
  Status status;
  status.epoch = set.epoch;
  status.view = view;
  status.suspected = is_suspecting();
  status.stable = stable;
  status.committed = committed;
  status.awaits_new_view = stage == Stage::Waiting;
  status.tip = stage == Stage::Active ? chain.tip() : committed;
  if (high) status.high = high->content;
  status.missing = requests.oldest(kStatusMissingMax);
  status.snapshot = kept.snapshot;
  status.log_start = kept.log_start;
  status.clock = now.wall;
  send(std::move(status), to);
  if (to) return;
  query_stable();
  // The same bytes until the view is active (R23).
  if (stage == Stage::Waiting && me && !GIRO_MUTANT(18)) {
    const auto mine = changes.find(*me);
    if (mine != changes.end() && mine->second.change.view == view) send(mine->second);
  }
  status_due = {now.steady.us + static_cast<std::int64_t>(parameters.status_interval_ms) * 1000};
}

namespace {

bool has_moved(const Status& before, const Status& after) {
  const auto place = [](const Status& s) {
    return std::tuple(s.view, s.stable, s.committed, s.tip);
  };
  return place(before) != place(after);
}

}  // namespace

// Of one that has no seat here: an observer, a member of an epoch to come, or one that lost its
// seat in an epoch that it has not reached. Where it stands is all that is noted, and whoever is
// behind is told where we stand (R42).
void Replica::State::on_outsider(const Status& status, InstitutionId from) {
  if (!outsiders.contains(from) && outsiders.size() >= kOutsidersMax)
    return refuse(RejectReason::OverBudget);
  Peer& peer = outsiders[from];
  peer.status = status;
  peer.heard = now.steady;
  if (std::pair(status.epoch, status.stable) < std::pair(set.epoch, stable))
    answer_status(from, peer);
}

void Replica::State::on(const Status& status, InstitutionId from) {
  Peer& peer = peers.at(from);
  const bool fresh = !peer.status || peer.status->epoch != status.epoch;
  const bool stuck = fresh || !has_moved(*peer.status, status);
  peer.status = status;
  peer.heard = now.steady;
  const std::uint64_t far = stable.value - std::min(stable.value, parameters.window / 2);
  const bool is_behind =
      status.epoch < set.epoch || (status.epoch == set.epoch && status.stable.value < far);
  if (is_behind) answer_status(from, peer);
  if (status.epoch != set.epoch) return;  // behind: it asks for the chain; ahead: we do
  if (status.suspected) note_suspicion(from, status.epoch, status.view);
  if (!status.suspected && peer.suspects == status.view) peer.suspects.reset();
  // Who enters our epoch is helped at once, but however often it says so, not more than ten times
  // an interval.
  const auto pause = static_cast<std::int64_t>(parameters.status_interval_ms) * (fresh ? 100 : 500);
  if (peer.pushed && now.steady.us - peer.pushed->us < pause) return;
  if (me) {  // nobody takes a batch of an author without a seat
    for (BatchPtr& batch : own.due(from, now.steady, pool, kResendBatchBytesMax)) {
      peer.pushed = now.steady;
      send(BatchMessage{std::move(batch)}, from);
    }
  }
  if (stuck || status.awaits_new_view || status.view < view) push(from, status);
}

// It is about to ask for the chain: it learns how far there is to go without waiting for our turn.
void Replica::State::answer_status(InstitutionId to, Peer& peer) {
  const auto pause = static_cast<std::int64_t>(parameters.status_interval_ms) * 100;
  if (peer.answered && now.steady.us - peer.answered->us < pause) return;
  peer.answered = now.steady;
  send_status(to);
}

void Replica::State::on(const Suspect& suspicion, InstitutionId from) {
  if (suspicion.epoch != set.epoch) {
    return refuse(suspicion.epoch < set.epoch ? RejectReason::OldEpoch : RejectReason::FutureEpoch);
  }
  note_suspicion(from, suspicion.epoch, suspicion.view);
  const bool is_of_primary = set.find(from) == set.primary(view) && suspicion.view == view;
  if (is_of_primary && suspicion.reason == SuspectReason::Leaving) suspect(SuspectReason::Leaving);
}

void Replica::State::note_suspicion(InstitutionId from, Epoch epoch, View suspected) {
  if (epoch == set.epoch) peers.at(from).suspects = suspected;
}

void Replica::State::push(InstitutionId to, const Status& status) {
  const std::size_t before = out.send.size();
  if (status.stable < stable && stable_proof && stable_proof->content.epoch == set.epoch) {
    send(AttestProof{*stable_proof}, to);
  }
  push_view(to, status);
  push_committed(to, status);
  if (status.view == view) {
    push_proposals(to, status);
    push_votes(to, status);
  }
  if (out.send.size() > before) peers.at(to).pushed = now.steady;
}

// The NewView that began our view, or what else proves that others are in it.
void Replica::State::push_view(InstitutionId to, const Status& status) {
  const bool lacks = status.view < view || (status.view == view && status.awaits_new_view);
  if (!lacks) return;
  if (new_view) return send(*new_view, to);
  const Slot* slot = high ? chain.find(high->content.height) : nullptr;
  if (status.view < view && slot != nullptr && high->content.view == view &&
      slot->hash == high->content.digest) {
    send(CertifiedBlocks{{slot->block}, *high}, to);
  }
}

// Committed blocks with a certificate that covers them.
void Replica::State::push_committed(InstitutionId to, const Status& status) {
  if (status.committed < chain.base() || status.committed >= committed) return;
  auto last = commits.upper_bound(Height{status.committed.value + kPushHeightsMax});
  if (last != commits.begin() && std::prev(last)->first > status.committed) --last;
  if (last == commits.end() || last->first > committed ||
      last->first.value - status.committed.value > kCertifiedBlocksMax) {
    return;
  }
  CertifiedBlocks proof{{}, last->second};
  for (Height next{status.committed.value + 1}; next <= last->first; next = {next.value + 1})
    proof.blocks.push_back(chain.find(next)->block);
  send(std::move(proof), to);
}

// What lies above, as its primary signed it.
void Replica::State::push_proposals(InstitutionId to, const Status& status) {
  if (stage != Stage::Active) return;
  // What a Status claims may be any number.
  Height next = {
      std::min(std::max({status.tip, status.committed, chain.base()}), chain.tip()).value + 1};
  std::size_t bytes = 0;
  for (std::uint64_t sent = 0;
       next <= chain.tip() && sent < kPushHeightsMax && bytes < kPushBytesMax; ++sent) {
    const Slot& slot = *chain.find(next);
    const Vote* signature =
        votes.find(VoteKind::Prepare, slot.block.view, next, set.primary(slot.block.view));
    if (signature != nullptr && signature->content.digest == slot.hash) {
      send(PrePrepare{slot.block, *signature}, to);
      bytes += slot.block.batches.size() * sizeof(Hash);
    } else if (const auto proof = prepared.find(next);
               proof != prepared.end() && proof->second.content.digest == slot.hash) {
      send(CertifiedBlocks{{slot.block}, proof->second}, to);
    }
    next = {next.value + 1};
  }
}

// The own votes that the other may lack.
void Replica::State::push_votes(InstitutionId to, const Status& status) {
  if (!me) return;
  const auto send_own = [&](VoteKind kind, View at, Height height) {
    if (const Vote* vote = votes.find(kind, at, height, *me)) send(*vote, to);
  };
  const Height first{std::min(std::max(status.committed, stable), chain.tip()).value + 1};
  for (std::uint64_t i = 0; i < kPushHeightsMax && first.value + i <= chain.tip().value; ++i) {
    const Height height{first.value + i};
    send_own(VoteKind::Prepare, view, height);
    send_own(VoteKind::Commit, view, height);
  }
  const Height lowest{std::min(std::max(status.stable, stable), chain.tip()).value + 1};
  for (std::uint64_t i = 0; i < kPushHeightsMax && lowest.value + i <= executed.value; ++i) {
    send_own(VoteKind::Attest, View{}, Height{lowest.value + i});
  }
}

}  // namespace giro::consensus
