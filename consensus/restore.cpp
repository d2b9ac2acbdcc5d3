// Starting from what the log remembers (protocol R38).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/check.h"

namespace giro::consensus {

void Replica::State::restore(const RecoveredState& recovered) {
  if (recovered.breach) remember(*recovered.breach);
  for (const VoteContent& content : recovered.votes) {
    if (content.epoch == set.epoch && content.height > stable)
      asked.emplace(std::tuple(content.height, content.kind, content.view), content.digest);
  }
  for (const Evidence& known : recovered.evidence) {
    if (epoch_of(known) == set.epoch) guilty.insert(set.at(culprit(known)).institution);
  }
  for (const OrderedId& id : recovered.ordered) {
    named.add(id.id, executed);
    named.set_expiry(id.id, id.expires_at);
  }
  for (const ChainProofRecord& proof : recovered.chain_proofs)
    chain_proofs.emplace(proof.header.height, proof);
  for (const Block& block : recovered.abandoned) abandoned.add(block, block.hash(chain_id));
  for (const BatchPtr& batch : recovered.batches) {
    pool.insert(batch, true, now.steady);
    if (batch->author == self) own.add(batch->id, std::nullopt);
  }
  for (const Header& header : recovered.unstable_headers) {
    headers.emplace(header.height, OwnHeader{header, header.hash(chain_id)});
  }
  // A torn tail may have cut the last of several blocks that a certificate had covered: what then
  // lies above the window is proven by nothing, and was never voted for. An anchor may lie there,
  // and what a certificate of the view began the chain with (R8a).
  Height highest = std::max(recovered.committed, high_water());
  if (new_view && new_view->anchor) highest = std::max(highest, new_view->anchor->content.height);
  const auto reach = [&](const VoteContent& content) {
    const bool orders = content.kind == VoteKind::Prepare || content.kind == VoteKind::Commit;
    if (orders && content.epoch == set.epoch && content.view == view)
      highest = std::max(highest, content.height);
  };
  for (const Certificate& certificate : recovered.certificates) reach(certificate.content);
  for (const VoteContent& content : recovered.votes) reach(content);
  for (const Block& block : recovered.chain) {
    const Hash hash = block.hash(chain_id);
    if (block.height > highest) {
      abandoned.add(block, hash);  // an older view may have voted for it
      continue;
    }
    if (block.height <= executed) {
      chain.append(block, hash,
                   now.steady);  // its ids are among the ordered ones, its payload in the store
    } else {
      place(block, hash, std::nullopt, true);
    }
  }
  if (recovered.committed > committed) commit_up_to(recovered.committed);
  GIRO_CHECK(stable <= committed, stable, committed);
  for (const Certificate& certificate : recovered.certificates) {
    const VoteContent& content = certificate.content;
    if (refutes(certificate)) continue;
    if (content.kind == VoteKind::Commit) commits.try_emplace(content.height, certificate);
    if (content.kind == VoteKind::Prepare && content.view == view &&
        chain.hash_at(content.height) == content.digest) {
      prepared.insert_or_assign(content.height, certificate);
    }
  }
  restore_view(recovered);
  // The log may end between a commit certificate and the record that it stopped our votes (R11).
  for (const auto& [height, certificate] : commits) meet_commit(certificate);
  ask_remembered_votes();
  drop_expired(committed_time);
}

// How far the view had come (protocol R28). Blocks above the place where its chain begins are of
// this view or were left behind by an older one; below it all are ancestors.
void Replica::State::restore_view(const RecoveredState& recovered) {
  committed_at_entry = committed;
  stage = Stage::Waiting;
  std::optional<Anchor> start;
  const auto begins_at = [&](Height height, const Hash& hash) {
    const std::optional<Hash> here = chain.hash_at(height);
    const bool is_final = !here && height < chain.base();
    if (!is_final && here != hash) return;
    if (!start || start->height < height) start = Anchor{height, hash};
  };
  if (view == first_view) begins_at(epoch_base.height, epoch_base.block);
  if (new_view && new_view->anchor)
    begins_at(new_view->anchor->content.height, new_view->anchor->content.digest);
  if (new_view && !new_view->anchor) begins_at(epoch_base.height, epoch_base.block);
  for (const Certificate& certificate : recovered.certificates) {
    const VoteContent& content = certificate.content;
    if (content.view == view) begins_at(content.height, content.digest);
  }
  for (const VoteContent& content : recovered.votes) {
    if (content.kind == VoteKind::Prepare && content.epoch == set.epoch && content.view == view)
      begins_at(content.height, content.digest);
  }
  if (!start && new_view) return begin_anchoring();
  if (!start) {
    // What was forgotten in this view may have been another ViewChange or NewView (R39).
    const auto& floor = recovered.floor;
    if (floor && std::pair(set.epoch, view) <= std::pair(floor->epoch, floor->view)) {
      own_change.reset();
      return;
    }
    if (may_vote() && own_change) out.view_change = own_change;  // the same bytes again (R23)
    if (may_vote() && recovered.new_view_intent) {
      out.new_view = recovered.new_view_intent;
      new_view_asked = true;
    }
    return;
  }
  stage = Stage::Active;
  if (view != first_view) anchor = start;
  if (new_view) {
    // One that came after the chain had begun is only kept to be passed on.
    const Anchor begun = anchor_of(*new_view);
    const bool is_final = begun.height < chain.base();
    const bool fits = begun.height <= start->height && chain.hash_at(begun.height) == begun.hash;
    // The log may end between the NewView and the record that it stopped our votes.
    if (is_final || fits) refutes_start(begun);
    if ((is_final || fits) && may_have_begun_at(begun.height, start->height)) anchor = begun;
  }
  if (anchor) refutes_start(*anchor);
  Height keep = std::max(start->height, committed);
  while (keep < chain.tip() && chain.find(Height{keep.value + 1})->block.view == view)
    keep = {keep.value + 1};
  // A torn tail may have cut the last of the blocks that a certificate above the window covers:
  // what was voted for in this view lies no higher than its start.
  cut_above(std::min(keep, std::max({start->height, committed, high_water()})));
}

// A chain that begins with a NewView has blocks of its view above the anchor, and none that was
// voted for beyond the window: else it began with a certificate (R8a).
bool Replica::State::may_have_begun_at(Height begun, Height start) const {
  if (start > std::max(begun, high_water())) return false;
  for (Height at{std::max(begun, committed).value + 1}; at <= start; at = {at.value + 1}) {
    if (chain.find(at)->block.view != view) return false;
  }
  return true;
}

// The same content again: signing it again is always allowed, and those who lost our message get it
// (protocol R35).
void Replica::State::ask_remembered_votes() {
  prepare_asked = stable;
  if (anchor && stage == Stage::Active && anchor->height > stable)
    prepare_asked = {anchor->height.value - 1};
  for (const auto& [place, digest] : asked) {
    const auto& [height, kind, at] = place;
    if (kind == VoteKind::Prepare && at == view) prepare_asked = std::max(prepare_asked, height);
  }
  prepare_asked = std::min(prepare_asked, chain.tip());
  for (const auto& [place, digest] : asked) {
    const auto& [height, kind, at] = place;
    if (!may_vote()) break;
    const VoteContent content{kind, set.epoch, at, height, digest};
    if (kind == VoteKind::Attest) {
      const auto header = headers.find(height);
      if (header != headers.end() && header->second.hash == digest) ask_vote(content);
    } else if (!abstain && at == view && stage == Stage::Active &&
               chain.hash_at(height) == digest) {
      const Slot* slot = chain.find(height);
      const bool is_proposal =
          kind == VoteKind::Prepare && slot != nullptr && is_primary() && slot->block.view == view;
      ask_vote(content, is_proposal ? std::optional(slot->block) : std::nullopt);
    }
  }
  if (may_vote()) attest_executed();  // of some the vote was not on disk
}

}  // namespace giro::consensus
