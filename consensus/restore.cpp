// Starting from what the log remembers (protocol R38).
#include <algorithm>

#include "consensus/replica_state.h"
#include "crypto/check.h"

namespace giro::consensus {

void Replica::State::restore(const RecoveredState& recovered) {
  for (const OrderedId& id : recovered.ordered) {
    named.add(id.id, executed);
    named.set_expiry(id.id, id.expires_at);
  }
  for (const BatchPtr& batch : recovered.batches) {
    pool.insert(batch, true, now.steady);
    if (batch->author == self) own.add(batch->id, std::nullopt);
  }
  for (const Header& header : recovered.unstable_headers) {
    headers.emplace(header.height, OwnHeader{header, header.hash(chain_id)});
  }
  // A torn tail may have cut the last of several blocks that a certificate had covered: what then
  // lies above the window is proven by nothing, and was never voted for.
  const Height highest = std::max(recovered.committed, high_water());
  for (const Block& block : recovered.chain) {
    if (block.height > highest) break;
    const Hash hash = block.hash(chain_id);
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
    if (content.kind == VoteKind::Commit) restore_commit(certificate);
    if (content.kind == VoteKind::Prepare && content.view == view &&
        chain.hash_at(content.height) == content.digest) {
      prepared.insert_or_assign(content.height, certificate);
    }
  }
  ask_remembered_votes(recovered);
  drop_expired(committed_time);
}

// The log may end between a commit certificate and the record that it stopped our votes (R11).
void Replica::State::restore_commit(const Certificate& certificate) {
  const VoteContent& content = certificate.content;
  commits.insert_or_assign(content.height, certificate);
  const std::optional<Hash> here = chain.hash_at(content.height);
  if (content.height <= committed || !here || *here == content.digest) return;
  stop_ordering();
  cut_above(std::max(committed, Height{content.height.value - 1}));
}

// The same content again: signing it again is always allowed, and those who lost our message get it
// (protocol R35).
void Replica::State::ask_remembered_votes(const RecoveredState& recovered) {
  prepare_asked = stable;
  for (const VoteContent& content : recovered.votes) {
    if (content.epoch != set.epoch || content.height <= stable) continue;
    asked.emplace(std::tuple(content.height, content.kind, content.view), content.digest);
    if (content.kind == VoteKind::Prepare && content.view == view) {
      prepare_asked = std::max(prepare_asked, content.height);
    }
  }
  prepare_asked = std::min(prepare_asked, chain.tip());
  for (const auto& [place, digest] : asked) {
    const auto& [height, kind, at] = place;
    if (!me) break;
    const VoteContent content{kind, set.epoch, at, height, digest};
    if (kind == VoteKind::Attest) {
      const auto header = headers.find(height);
      if (header != headers.end() && header->second.hash == digest) ask_vote(content);
    } else if (!abstain && at == view && chain.hash_at(height) == digest) {
      const Slot* slot = chain.find(height);
      const bool is_proposal =
          kind == VoteKind::Prepare && slot != nullptr && is_primary() && slot->block.view == view;
      ask_vote(content, is_proposal ? std::optional(slot->block) : std::nullopt);
    }
  }
  if (me) attest_executed();  // of some the vote was not on disk
}

}  // namespace giro::consensus
