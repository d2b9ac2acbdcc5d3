// Votes, certificates, and what they decide (protocol R10 to R13).
#include <algorithm>

#include "consensus/limits.h"
#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

// None: a vote at this place could still matter.
RejectReason Replica::State::place_reason(const VoteContent& content) const {
  if (content.epoch < set.epoch) return RejectReason::OldEpoch;
  if (content.epoch > set.epoch) return RejectReason::FutureEpoch;
  if (content.height <= stable) return RejectReason::OldHeight;
  if (content.height > kept_up_to()) return RejectReason::BeyondWindow;
  if (content.kind == VoteKind::Attest) return RejectReason::None;
  if (content.kind == VoteKind::Snapshot)
    return RejectReason::UnknownType;  // not the replica's business
  // A commit quorum of a view that was left still makes a block final (R11).
  const bool is_late_commit = (content.kind == VoteKind::Commit || GIRO_MUTANT(11)) &&
                              !GIRO_MUTANT(36) && view.value - content.view.value <= kViewsAhead;
  if (content.view < view) return is_late_commit ? RejectReason::None : RejectReason::OldView;
  return content.view.value - view.value > kViewsAhead ? RejectReason::FutureView
                                                       : RejectReason::None;
}

void Replica::State::on(const Vote& vote, InstitutionId from) {
  const VoteContent& content = vote.content;
  if (const RejectReason reason = place_reason(content); reason != RejectReason::None)
    return refuse(reason);
  if (from == self) GIRO_CHECK(remembers(content), content.height);  // invariant A4
  if (!count(vote)) return;
  if (const auto peer = peers.find(from); peer != peers.end()) {
    peer->second.last_vote = std::max(peer->second.last_vote, content.height);
  }
  if (content.kind == VoteKind::Prepare && content.view == view) try_prepared(content.height);
  if (content.kind == VoteKind::Prepare && content.view > view) try_later_view(content);
  if (GIRO_MUTANT(11) && content.kind == VoteKind::Prepare && content.view < view && me &&
      votes.count(content) >= set.quorum() && chain.hash_at(content.height) == content.digest) {
    out.persist.push_back(CertificateRecord{votes.certificate(content, set.quorum())});
    ask_vote({VoteKind::Commit, set.epoch, content.view, content.height, content.digest});
  }
  if (content.kind == VoteKind::Commit) {
    watch_promise(vote);
    try_committed(content.view, content.height);
  }
  if (content.kind == VoteKind::Attest) try_stable(content.height);
}

bool Replica::State::count(const Vote& vote) {
  const bool ordering = vote.content.kind != VoteKind::Attest;
  const bool early = vote.content.height > high_water() || (ordering && vote.content.view != view);
  const VoteBook::Added added =
      votes.add(vote, early ? std::optional(limits.peer_vote_bytes) : std::nullopt);
  if (added.reason != RejectReason::None) refuse(added.reason);
  if (added.evidence) on_evidence(*added.evidence);
  return added.reason == RejectReason::None;
}

// R46: kept, and told to all, once for each member and epoch: more would let the culprit write our
// log.
void Replica::State::on_evidence(const Evidence& found) {
  const ReplicaId member = culprit(found);
  const auto* votes_of_one = std::get_if<ConflictingVotes>(&found);
  if (votes_of_one != nullptr && votes_of_one->first.content.kind == VoteKind::Prepare &&
      votes_of_one->first.content.view == view && member == set.primary(view)) {
    suspect(SuspectReason::Equivocation);
  }
  if (member == me) watch_own_key(found);
  const InstitutionId institution = set.at(member).institution;
  if (!guilty.insert(institution).second) return;
  out.persist.push_back(EvidenceRecord{found});
  evidence.push_back(found);
  if (evidence.size() > kEvidenceMax) evidence.erase(evidence.begin());
  emit(EventType::EvidenceFound, height_of(found), {}, institution.value);
  send(EvidenceMessage{found});
}

void Replica::State::on(const EvidenceMessage& message, InstitutionId) {
  if (epoch_of(message.evidence) != set.epoch) return refuse(RejectReason::OldEpoch);
  const bool is_known = guilty.contains(set.at(culprit(message.evidence)).institution);
  on_evidence(message.evidence);
  if (is_known) refuse(RejectReason::Duplicate);
}

// A commit vote beside a later promise that does not know of it.
void Replica::State::watch_promise(const Vote& commit) {
  const auto promise = changes.find(commit.voter);
  if (promise == changes.end()) return;
  const ViewChange& change = promise->second.change;
  const VoteContent& content = commit.content;
  const bool forgets =
      content.view < change.view &&
      std::tuple(change.high.view, change.high.height) < std::tuple(content.view, content.height);
  if (forgets) on_evidence(ForgottenCommit{commit, change});
}

// ---- R10: prepared

void Replica::State::try_prepared(Height height) {
  const Slot* slot = chain.find(height);
  if (slot == nullptr || !me) return;
  if (prepared.contains(height))
    return vote_commit(height);  // learnt before the own vote, or before a restart
  const VoteContent content{VoteKind::Prepare, set.epoch, view, height, slot->hash};
  const Vote* own_vote = votes.find(VoteKind::Prepare, view, height, *me);
  if (own_vote == nullptr || own_vote->content != content) return;  // it voted prepare
  const std::size_t quorum = set.quorum() - (GIRO_MUTANT(1) ? 1 : 0);
  if (votes.count(content) < quorum) return;
  learn_prepared(votes.certificate(content, quorum));
}

// A prepare quorum of a view that the others have entered without us (R10a).
void Replica::State::try_later_view(const VoteContent& content) {
  if (votes.count(content) < set.quorum()) return;
  const Certificate certificate = votes.certificate(content, set.quorum());
  enter_certified_view(certificate);
  note_prepared(certificate);
  begin_chain(certificate);
}

// A prepare certificate of this view, for a block of the accepted chain.
void Replica::State::learn_prepared(const Certificate& certificate) {
  note_prepared(certificate);
  vote_commit(certificate.content.height);
}

// Its block may not be here.
void Replica::State::note_prepared(const Certificate& certificate) {
  const VoteContent& content = certificate.content;
  if (!prepared.try_emplace(content.height, certificate).second) return;
  out.persist.push_back(CertificateRecord{certificate});
  raise_high(certificate);
  emit(EventType::Prepared, content.height, content.digest);
}

// Needs the own prepare vote, durable, and the certificate.
void Replica::State::vote_commit(Height height) {
  const auto certificate = prepared.find(height);
  const bool is_anchor = anchor && anchor->height == height;
  const bool is_done = height <= (is_anchor ? stable : committed);
  if (!may_order() || certificate == prepared.end() || is_done) return;
  if (asked.contains({height, VoteKind::Commit, view})) return;
  const Hash& digest = certificate->second.content.digest;
  const Vote* own_vote = votes.find(VoteKind::Prepare, view, height, *me);
  if (own_vote == nullptr || own_vote->content.digest != digest) return;
  if (chain.hash_at(height) != digest) return;  // never off the accepted chain
  ask_vote({VoteKind::Commit, set.epoch, view, height, digest});
}

void Replica::State::raise_high(const Certificate& certificate) {
  if (!high || ranks_higher(certificate, *high) || GIRO_MUTANT(13)) high = certificate;
}

// ---- R11: committed

void Replica::State::try_committed(View vote_view, Height height) {
  const std::size_t quorum = set.quorum() - (GIRO_MUTANT(2) ? 1 : 0);
  const std::optional<Hash> digest = votes.agreed(VoteKind::Commit, vote_view, height, quorum);
  if (!digest) return;
  const Certificate certificate =
      votes.certificate({VoteKind::Commit, set.epoch, vote_view, height, *digest}, quorum);
  if (refutes(certificate)) return;
  if (vote_view > view) enter_certified_view(certificate);
  learn_committed(certificate);
  begin_chain(certificate);
}

// A commit certificate of this view or a lower one, which refutes nothing. Its block may not be
// here. Of several for one block the first is kept: that of the lowest view binds more NewViews
// (R27). A later one may still be the highest certificate (R10a).
void Replica::State::learn_committed(const Certificate& certificate) {
  const auto& [kind, epoch, certified_view, height, digest] = certificate.content;
  const std::optional<Hash> here = chain.hash_at(height);
  const bool is_first = commits.try_emplace(height, certificate).second;
  if (is_first || !high || ranks_higher(certificate, *high)) {
    out.persist.push_back(CertificateRecord{certificate});
    raise_high(certificate);
  }
  if (height <= committed) return;
  if (!breach && stage == Stage::Active && anchor) refutes_start(*anchor);
  if (here == digest) return commit_up_to(height);
  meet_commit(certificate);
}

// R11: what is committed is not what stands here.
void Replica::State::meet_commit(const Certificate& certificate) {
  const VoteContent& content = certificate.content;
  const std::optional<Hash> here = chain.hash_at(content.height);
  if (content.height <= committed || !here || *here == content.digest) return;
  stop_ordering();
  cut_above(std::max(committed, Height{content.height.value - 1}));
}

void Replica::State::commit_up_to(Height height) {
  const auto commit = commits.find(height);
  if (forks_below(height, commit == commits.end() ? std::nullopt : std::optional(commit->second)))
    return;
  for (Height next{committed.value + 1}; next <= height; next = {next.value + 1}) {
    const Slot& slot = *chain.find(next);
    for (const Hash& id : slot.block.batches) {
      pool.order(id);
      own.remove(id);
    }
    committed = next;
    committed_time = slot.block.time;
    if (now.steady > slot.accepted_at) usual.sample(now.steady.us - slot.accepted_at.us);
    censorship.on_commit();
    emit(EventType::Committed, next, slot.hash);
  }
  named.prune(committed_time, committed);
  drop_expired(committed_time);
  last_commit = now.steady;
  timer.on_commit(now.steady);
  end_suspicion(SuspectReason::Silent);
}

// Blocks that a commit certificate or an attested header proves, linked to a committed block of
// ours: they replace whatever stands in their place.
void Replica::State::adopt(const std::vector<Block>& blocks, std::optional<InstitutionId> source) {
  for (const Block& block : blocks) {
    if (block.height <= committed) continue;
    const Hash hash = block.hash(chain_id);
    if (const Slot* slot = chain.find(block.height)) {
      if (slot->hash == hash) continue;
      stop_ordering();
      cut_above(Height{block.height.value - 1});
    }
    const bool repeats = std::ranges::any_of(
        block.batches, [&](const Hash& id) { return named.height_of(id).has_value(); });
    if (repeats) stop_for_repeat(block, hash);
    out.persist.push_back(BlockRecord{block});
    place(block, hash, source, true);
    last_block = now.steady;
    emit(EventType::BlockAccepted, block.height, hash);
  }
}

void Replica::State::on(const CertifiedBlocks& message, InstitutionId from) {
  const Certificate& certificate = message.certificate;
  const VoteContent& content = certificate.content;
  if (content.epoch != set.epoch) {
    return refuse(content.epoch < set.epoch ? RejectReason::OldEpoch : RejectReason::FutureEpoch);
  }
  if (refutes(certificate, message.blocks)) return;
  if (content.height <= committed) return refuse(RejectReason::OldHeight);
  if (content.height > last_height()) return refuse(RejectReason::BeyondWindow);
  const bool is_prepare = content.kind == VoteKind::Prepare;
  if (is_prepare && content.view < view) return refuse(RejectReason::OldView);
  if (is_prepare && content.height > kept_up_to()) return refuse(RejectReason::BeyondWindow);
  watch_own_key(certificate);
  if (content.view > view) enter_certified_view(certificate);  // R10a: the view first
  if (content.kind == VoteKind::Commit) {
    if (message.blocks.front().height.value > committed.value + 1)
      return refuse(RejectReason::BeyondWindow);
    // The certificate goes into the log before the blocks that nothing else justifies.
    learn_committed(certificate);
    adopt(message.blocks, from);
    if (content.height > committed) commit_up_to(content.height);
    return begin_chain(certificate);
  }
  if (stage == Stage::Active) return accept_certified(message, from);
  note_prepared(certificate);
  if (!continues_chain(message.blocks)) return refuse(RejectReason::BadParent);
  adopt(message.blocks, from);
  begin_chain(certificate);
}

// Where no chain of the view has begun: the blocks stand on one that is held.
bool Replica::State::continues_chain(const std::vector<Block>& blocks) const {
  const Block& first = blocks.front();
  return first.height > committed && chain.hash_at(Height{first.height.value - 1}) == first.parent;
}

// R8a: blocks that a prepare certificate of this view covers need no test of sender and clock.
void Replica::State::accept_certified(const CertifiedBlocks& message, InstitutionId source) {
  for (const Block& block : message.blocks) {
    const Hash hash = block.hash(chain_id);
    const std::optional<Hash> here = chain.hash_at(block.height);
    if (here && *here != hash) {
      return refuse(block.height <= committed ? RejectReason::ConflictsWithCommitted
                                              : RejectReason::ConflictsWithAccepted);
    }
    if (here || block.height <= chain.base()) continue;
    if (block.parent != chain.tip_hash() || block.height.value != chain.tip().value + 1) {
      return refuse(RejectReason::BadParent);
    }
    if (block.height > high_water()) return refuse(RejectReason::BeyondWindow);
    if (block.time <= chain.tip_time()) return refuse(RejectReason::BadBlockTime);
    if (const RejectReason reason = test_batches(block); reason != RejectReason::None)
      return refuse(reason);
    accept(block, hash, source, true);
  }
  vote_prepare();
  learn_prepared(message.certificate);
}

// R11: what was committed is not what was accepted here. No more votes in this view, restarts
// included.
void Replica::State::stop_ordering() {
  if (stage == Stage::Active) abstain_here();
}

void Replica::State::abstain_here() {
  if (abstain) return;
  abstain = true;
  out.persist.push_back(AbstainRecord{set.epoch, view});
  std::erase_if(out.sign, [](const VoteRequest& request) {
    return request.content.kind != VoteKind::Attest;
  });
  emit(EventType::Abstaining, committed);
}

// ---- R12: execution, in height order, once each, when the payload is here
void Replica::State::execute() {
  while (handed < committed) {
    const Height next{handed.value + 1};
    const Slot& slot = *chain.find(next);
    if (slot.missing > 0) return;
    CommittedBlock block{slot.block, slot.hash, {}};
    for (const Hash& id : slot.block.batches) block.batches.push_back(pool.find(id));
    out.execute.push_back(std::move(block));
    handed = next;
  }
}

}  // namespace giro::consensus
