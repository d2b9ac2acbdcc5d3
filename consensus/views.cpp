// Leaving a view and beginning the next (protocol R10a, R23 to R29). A view is a number, not a
// cost: nothing here loops over views or keeps anything for each of them.
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

// ---- entering

// The views below are left for good. Whoever calls this persists it in the same Output.
void Replica::State::enter_view(View next) {
  GIRO_CHECK(next > view, next, view);
  if (committed == committed_at_entry) timer.on_view_without_commit();
  committed_at_entry = committed;
  view = next;
  stage = Stage::Waiting;
  anchor.reset();
  anchor_fetch.reset();
  new_view.reset();
  own_change.reset();
  new_view_intent.reset();
  new_view_asked = false;
  changes_since.reset();
  std::erase_if(changes, [&](const auto& entry) { return entry.second.change.view < view; });
  for (auto& [voter, straggler] : stragglers) straggler.since = now.steady;
  abstain = false;
  suspicions.clear();
  censorship.reset();
  prepared.clear();
  prepare_asked = stable;
  const View oldest{view.value - std::min(view.value, kViewsAhead)};
  votes.release_views(GIRO_MUTANT(11) ? oldest : view, oldest);
  waiting.release_views(view);
  // What was asked for and not signed yet belongs to the views that were left.
  std::erase_if(out.sign, [](const VoteRequest& request) {
    return request.content.kind != VoteKind::Attest;
  });
  out.view_change.reset();
  out.new_view.reset();
  timer.restart();
  emit(EventType::ViewEntered, committed);
}

// R10a: others are there already, so no ViewChange is sent; the NewView is asked for by Status.
void Replica::State::enter_certified_view(const Certificate& certificate) {
  if (!GIRO_MUTANT(30)) out.persist.push_back(ViewRecord{set.epoch, certificate.content.view});
  enter_view(certificate.content.view);
  send_status();
}

// A certificate of the present view whose block is held begins the chain of the view where no
// NewView has (protocol R8a, R10a).
void Replica::State::begin_chain(const Certificate& certificate) {
  const VoteContent& content = certificate.content;
  if (stage == Stage::Active || content.view != view) return;
  if (chain.hash_at(content.height) == content.digest) activate({content.height, content.digest});
}

// The accepted chain of the view begins; nothing above it but what was committed stays.
void Replica::State::activate(const Anchor& start) {
  if (refutes_start(start)) return;
  cut_above(std::max(start.height, committed));
  stage = Stage::Active;
  anchor = start;
  anchor_fetch.reset();
  // R29: it counts as accepted in this view, and is voted for unless it is stable.
  prepare_asked =
      start.height > stable && !GIRO_MUTANT(17) ? Height{start.height.value - 1} : start.height;
  opening = true;
  last_block = now.steady;
  timer.restart();
  end_suspicion(SuspectReason::Silent);
  emit(EventType::ViewActive, start.height, start.hash);
  for (const auto& [height, certificate] : commits) meet_commit(certificate);
  // A commit certificate may have come before its block.
  for (auto entry = commits.rbegin(); entry != commits.rend() && entry->first > committed;
       ++entry) {
    if (chain.hash_at(entry->first) == entry->second.content.digest)
      return commit_up_to(entry->first);
  }
}

// ---- R23, R24: leaving

std::size_t Replica::State::suspecting_members() const {
  std::size_t count = 1;  // itself
  for (const auto& [id, peer] : peers) {
    const auto change = changes.find(*set.find(id));
    const bool moved_on = change != changes.end() && change->second.change.view > view;
    if (peer.suspects == view || moved_on) ++count;
  }
  return count;
}

std::vector<View> Replica::State::views_above() const {
  std::vector<View> above;
  for (const auto& [voter, message] : changes) {
    if (message.change.view > view) above.push_back(message.change.view);
  }
  return above;
}

void Replica::State::change_views() {
  if (!may_vote() || leaving) return;
  while (true) {  // each turn leaves fewer above
    const std::vector<View> above = views_above();
    const std::size_t enough = GIRO_MUTANT(28) ? 1 : set.weak_quorum();
    if (above.size() < enough || GIRO_MUTANT(21)) break;
    leave_for(*std::ranges::min_element(above));
  }
  const std::size_t enough = GIRO_MUTANT(27) ? 1 : set.weak_quorum();
  if (is_suspecting() && suspecting_members() >= enough) leave_for(View{view.value + 1});
}

void Replica::State::leave_for(View next) {
  enter_view(next);
  ProvenViewChange mine;
  mine.change.epoch = set.epoch;
  mine.change.view = next;
  mine.change.voter = *me;
  if (high && !GIRO_MUTANT(12)) {
    mine.change.high = mark_of(*high);
    mine.high = high;
  }
  // Only what can be proven (R25): of a snapshot's height, where a chain may begin, no attest
  // certificate is held.
  mine.change.stable = epoch_base.height;
  mine.change.stable_header = epoch_base.header;
  if (stable > epoch_base.height && stable_proof) {
    mine.attest = stable_proof;
    mine.change.stable = stable_proof->content.height;
    mine.change.stable_header = stable_proof->content.digest;
  }
  GIRO_CHECK(mine.change.high.view < next || mine.change.high.is_none(), next);  // A8
  if (!GIRO_MUTANT(22)) out.persist.push_back(ViewChangeRecord{mine});
  out.view_change = mine;
  own_change = std::move(mine);
}

// R25, what the verifier cannot know; then only the highest of each member is kept.
void Replica::State::on(const ProvenViewChange& message, InstitutionId) {
  const ViewChange& change = message.change;
  if (change.epoch != set.epoch) {
    return refuse(change.epoch < set.epoch ? RejectReason::OldEpoch : RejectReason::FutureEpoch);
  }
  if (message.attest) {
    if (change.stable <= epoch_base.height || change.stable > last_height())
      return refuse(RejectReason::Mismatch);
  } else if (change.stable != epoch_base.height || change.stable_header != epoch_base.header) {
    return refuse(RejectReason::Mismatch);
  }
  for (const auto* proof : {&message.high, &message.attest}) {
    if (*proof && refutes(**proof)) return;
  }
  if (change.view < view || (change.view == view && stage != Stage::Waiting))
    return refuse(RejectReason::OldView);
  const auto known = changes.find(change.voter);
  if (known != changes.end() && known->second.change.view >= change.view)
    return refuse(RejectReason::Duplicate);
  if (message.high) watch_own_key(*message.high);
  changes.insert_or_assign(change.voter, message);
  if (const Vote* forgotten = votes.commit_above(change.voter, change.view, change.high))
    on_evidence(ForgottenCommit{*forgotten, change});
}

// ---- R26: the primary begins the view

// Members that have promised to leave the views below this one, itself included (protocol R29).
std::size_t Replica::State::members_at_view() const {
  std::size_t count = 1;
  for (const auto& [voter, message] : changes) {
    if (voter != *me && message.change.view >= view) ++count;
  }
  return count;
}

bool Replica::State::holds(const HighMark& mark) const {
  return mark.is_none() || mark.height <= chain.base() || chain.hash_at(mark.height) == mark.digest;
}

// A quorum of ViewChanges for this view; preferably one whose highest mark is held here. Empty: not
// yet.
std::vector<ViewChange> Replica::State::choose_changes() const {
  std::vector<ViewChange> candidates;
  for (const auto& [voter, message] : changes) {
    if (message.change.view == view) candidates.push_back(message.change);
  }
  const std::size_t quorum = set.quorum() - (GIRO_MUTANT(3) ? 1 : 0);
  if (candidates.size() < quorum) return {};
  std::ranges::stable_sort(candidates, std::greater{}, &ViewChange::high);
  std::size_t first = 0;
  while (first + quorum <= candidates.size() && !holds(candidates[first].high)) ++first;
  if (first + quorum > candidates.size()) {
    const bool all_are_here = candidates.size() == set.size();
    if (!all_are_here && changes_since && now.steady < new_view_due()) return {};
    first = 0;
  }
  const auto begin = candidates.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<ViewChange> chosen(begin, begin + static_cast<std::ptrdiff_t>(quorum));
  std::ranges::sort(chosen, {}, &ViewChange::voter);
  return chosen;
}

Instant Replica::State::new_view_due() const {
  return {changes_since->us + static_cast<std::int64_t>(parameters.view_timeout_base_ms) * 100};
}

void Replica::State::make_new_view() {
  // Only who asked for this view itself: one that came later may have begun it before it forgot.
  if (stage != Stage::Waiting || !is_primary() || !may_vote() || !own_change || new_view_asked)
    return;
  const auto asking = std::ranges::count_if(
      changes, [&](const auto& entry) { return entry.second.change.view == view; });
  if (static_cast<std::size_t>(asking) < set.quorum() - (GIRO_MUTANT(3) ? 1 : 0)) return;
  if (!changes_since) changes_since = now.steady;
  NewView made{set.epoch, view, choose_changes(), {}, {}};
  if (made.changes.empty()) return;
  const HighMark mark = highest_mark(made.changes);
  for (const ViewChange& change : made.changes) {
    if (!mark.is_none() && change.high == mark) made.anchor = changes.at(change.voter).high;
  }
  new_view_asked = true;
  out.persist.push_back(NewViewIntentRecord{made});
  new_view_intent = made;
  out.new_view = std::move(made);
}

// ---- R27, R28: adopting

void Replica::State::on(const NewView& message, InstitutionId) {
  if (message.epoch != set.epoch) {
    return refuse(message.epoch < set.epoch ? RejectReason::OldEpoch : RejectReason::FutureEpoch);
  }
  if (message.anchor && refutes(*message.anchor)) return;
  if (message.view < view) return refuse(RejectReason::OldView);
  if (message.view == view && stage != Stage::Waiting) {
    const bool is_other = new_view && new_view->digest(chain_id) != message.digest(chain_id);
    if (is_other) suspect(SuspectReason::Equivocation);
    if (new_view || view == first_view) return refuse(RejectReason::Duplicate);
    // The chain of this view began by R8a: kept for those who still lack it.
    new_view = message;
    out.persist.push_back(NewViewRecord{message});
    return;
  }
  if (message.anchor) watch_own_key(*message.anchor);
  if (message.view > view) enter_view(message.view);
  new_view = message;
  out.persist.push_back(NewViewRecord{message});
  if (message.anchor) raise_high(*message.anchor);
  begin_anchoring();
}

Anchor Replica::State::anchor_of(const NewView& begun) const {
  if (!begun.anchor) return {epoch_base.height, epoch_base.block};
  return {begun.anchor->content.height, begun.anchor->content.digest};
}

// From the NewView to its anchor: what lies below it and is not here is fetched from those who
// signed for it.
void Replica::State::begin_anchoring() {
  stage = Stage::Anchoring;
  anchor = anchor_of(*new_view);
  anchor_fetch = AnchorFetch{{}, anchor->height, anchor->hash, {}, {}};
  if (new_view->anchor) {
    for (const Certificate::Signed& entry : new_view->anchor->signatures) {
      const InstitutionId holder = set.at(entry.voter).institution;
      if (holder != self) anchor_fetch->holders.push_back(holder);
    }
  }
  timer.restart();
  end_suspicion(SuspectReason::Silent);
  link_anchor();
}

}  // namespace giro::consensus
