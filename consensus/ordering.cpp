// Proposing, accepting blocks, and voting prepare (protocol R6 to R9).
#include <algorithm>
#include <set>

#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

// ---- R6: the primary proposes

Instant Replica::State::linger_until() const {
  const std::optional<Instant> oldest = pool.oldest_arrival();
  return {oldest.value_or(now.steady).us + usual.us() / 8};
}

bool Replica::State::is_time_to_propose() const {
  if (opening) return true;  // the view is new
  const bool in_flight = chain.tip() > committed;
  if (pool.available_count() > 0) {
    return !in_flight || pool.available_bytes() >= limits.block_target_bytes ||
           now.steady >= linger_until();
  }
  return is_idle_due(1, last_block);
}

void Replica::State::propose() {
  while (is_primary() && may_order() && chain.tip() < high_water() && is_time_to_propose()) {
    // The own prepare vote carries the proposal: it cannot be given while one below is outstanding
    // (R9).
    if (std::max(prepare_asked, committed) < chain.tip()) return;
    Block block{set.epoch, view, Height{chain.tip().value + 1}, chain.tip_hash(), {}, {}};
    block.time = std::max(WallTime{chain.tip_time().ms + 1}, now.wall);
    block.batches = pool.take({parameters.block_bytes, parameters.block_batches, block.time,
                               static_cast<std::int64_t>(parameters.batch_lifetime_ms)});
    // What is available may not fit this block's time, when the clock is far behind the chain's.
    if (block.batches.empty() && !opening && !is_idle_due(1, last_block)) return;
    const Hash hash = block.hash(chain_id);
    accept(block, hash, std::nullopt, false);
    emit(EventType::BlockProposed, block.height, hash,
         static_cast<std::uint32_t>(block.batches.size()));
    vote_prepare();
  }
}

// ---- R8: accepting

void Replica::State::on(const PrePrepare& proposal, InstitutionId from) {
  const Block& block = proposal.block;
  const VoteContent& content = proposal.vote.content;
  if (const RejectReason reason = place_reason(content); reason != RejectReason::None)
    return refuse(reason);
  if (me && proposal.vote.voter == *me) {
    const bool is_whole = !is_amnesic();
    watch_own_key(content);
    if (is_whole) return refuse(RejectReason::Duplicate);  // our own proposal comes back
  }
  count(proposal.vote);
  const Vote* counted = votes.find(content.kind, content.view, content.height, proposal.vote.voter);
  if (counted == nullptr || counted->content != content)
    return;  // over budget, or the second of two
  const Hash& hash = content.digest;
  const Slot* slot = content.view == view ? chain.find(block.height) : nullptr;
  if (GIRO_MUTANT(7) && slot != nullptr && slot->hash != hash && block.height > committed) {
    cut_above(Height{block.height.value - 1});
    asked.erase({block.height, VoteKind::Prepare, view});
    slot = nullptr;
  }
  if (slot != nullptr || block.height <= chain.base()) {
    const bool same = slot == nullptr || slot->hash == hash;
    refuse(same ? RejectReason::Duplicate : RejectReason::ConflictsWithAccepted);
  } else if (const RejectReason reason = waiting.add(block, hash, from, limits.peer_block_bytes);
             reason != RejectReason::None) {
    refuse(reason);
  }
  if (content.view == view) try_prepared(block.height);
}

// Blocks whose turn has come, in height order.
void Replica::State::accept_waiting() {
  waiting_until.reset();
  while (stage == Stage::Active && !storage_low) {
    const Height next{chain.tip().value + 1};
    WaitingBlocks::Waiting* candidate = waiting.find(view, next);
    if (candidate == nullptr) return;
    const auto [result, reason] = test(*candidate);
    if (reason != RejectReason::None && !candidate->reported) {
      candidate->reported = true;
      refuse(reason);
    }
    if (result == Test::Wait) return;
    const WaitingBlocks::Waiting taken = *candidate;
    waiting.erase(view, next);
    if (result == Test::Refuse) return;
    accept(taken.block, taken.hash, taken.sender, false);
    vote_prepare();
  }
}

std::pair<Replica::State::Test, RejectReason> Replica::State::test(
    const WaitingBlocks::Waiting& candidate) {
  const Block& block = candidate.block;
  const auto refused = [](RejectReason reason) { return std::pair(Test::Refuse, reason); };
  const auto wait = [](RejectReason reason = RejectReason::None) {
    return std::pair(Test::Wait, reason);
  };
  if (block.parent != chain.tip_hash()) return refused(RejectReason::BadParent);
  if (block.time <= chain.tip_time()) return refused(RejectReason::BadBlockTime);
  if (block.height > high_water()) return wait();
  if (const RejectReason reason = test_batches(block); reason != RejectReason::None)
    return refused(reason);
  if (!is_covered(block.height, candidate.hash)) {  // R8a
    const auto skew = static_cast<std::int64_t>(parameters.clock_skew_ms);
    const auto lag = static_cast<std::int64_t>(parameters.clock_lag_ms);
    if (const std::int64_t early = block.time.ms - skew - now.wall.ms; early > 0) {
      waiting_until = Instant{now.steady.us + std::min<std::int64_t>(early, 60'000) * 1000};
      return wait();
    }
    if (block.time.ms < now.wall.ms - lag) return wait(RejectReason::TooFarBehindClock);
  }
  return {Test::Accept, RejectReason::None};
}

// R5, as far as the batches are here.
RejectReason Replica::State::test_batches(const Block& block) const {
  if (block.batches.size() > parameters.block_batches) return RejectReason::BadBatchList;
  std::set<Hash> distinct;
  for (const Hash& id : block.batches) {
    if (!distinct.insert(id).second || named.height_of(id)) return RejectReason::BadBatchList;
  }
  std::uint64_t bytes = 0;
  for (const Hash& id : block.batches) {
    const BatchPtr batch = pool.find(id);
    if (batch == nullptr) continue;
    const auto lifetime = static_cast<std::int64_t>(parameters.batch_lifetime_ms);
    if (batch->expires_at < block.time || batch->expires_at.ms > block.time.ms + 2 * lifetime) {
      return RejectReason::BatchOutOfTime;
    }
    bytes += batch->bytes.size();
  }
  return bytes > parameters.block_bytes ? RejectReason::TooMuchPayload : RejectReason::None;
}

// By a certificate of this view, directly or through descendants that wait here (protocol R8a).
bool Replica::State::is_covered(Height height, const Hash& hash) const {
  const auto certified = [&](const std::map<Height, Certificate>& certificates, Height at,
                             const Hash& digest) {
    const auto found = certificates.find(at);
    return found != certificates.end() && found->second.content.digest == digest;
  };
  Hash link = hash;
  for (Height at = height; at <= kept_up_to(); at = {at.value + 1}) {
    if (certified(prepared, at, link) || certified(commits, at, link)) return true;
    const VoteContent content{VoteKind::Prepare, set.epoch, view, at, link};
    if (votes.count(content) >= set.quorum()) return true;
    const WaitingBlocks::Waiting* above = waiting.find(view, Height{at.value + 1});
    if (above == nullptr || above->block.parent != link) return false;
    link = above->hash;
  }
  return false;
}

// Puts a block on the chain; at_once: its payload will not come by itself.
Slot& Replica::State::place(const Block& block, const Hash& hash,
                            std::optional<InstitutionId> source, bool at_once) {
  Slot& slot = chain.append(block, hash, now.steady);
  for (const Hash& id : block.batches) {
    named.add(id, block.height);
    if (const BatchPtr batch = pool.find(id)) {
      named.set_expiry(id, batch->expires_at);
      pool.name(id);
    } else {
      ++slot.missing;
      requests.want(id, true, Instant{now.steady.us + (at_once ? 0 : kFetchGraceUs)}, source);
    }
  }
  if (slot.missing == 0) check_payload(slot);
  return slot;
}

void Replica::State::accept(const Block& block, const Hash& hash,
                            std::optional<InstitutionId> source, bool at_once) {
  out.persist.push_back(BlockRecord{block});
  place(block, hash, source, at_once);
  opening = false;
  last_block = now.steady;
  emit(EventType::BlockAccepted, block.height, hash);
  const auto commit = commits.find(block.height);
  if (commit == commits.end()) return;
  if (commit->second.content.digest == hash) {
    commit_up_to(block.height);
  } else {
    stop_ordering();
    cut_above(Height{block.height.value - 1});
  }
}

void Replica::State::cut_above(Height height) {
  GIRO_CHECK(height >= committed, height, committed);
  for (const Slot& slot : chain.cut_above(height)) {
    abandoned.add(slot.block, slot.hash);
    for (const Hash& id : slot.block.batches) {
      if (named.height_of(id) != slot.block.height) continue;
      named.remove(id, slot.block.height);
      if (!GIRO_MUTANT(29)) pool.unname(id);
      requests.done(id);
    }
  }
  prepare_asked = std::min(prepare_asked, height);
}

// ---- R9: voting prepare

void Replica::State::on_payload(const Hash& id) {
  const std::optional<Height> height = named.height_of(id);
  Slot* slot = height ? chain.find(*height) : nullptr;
  if (slot == nullptr || slot->missing == 0) return;
  named.set_expiry(id, pool.find(id)->expires_at);
  pool.name(id);
  if (*height <= committed) pool.order(id);
  if (--slot->missing == 0) check_payload(*slot);
}

void Replica::State::check_payload(Slot& slot) {
  std::uint64_t bytes = 0;
  const auto lifetime = static_cast<std::int64_t>(parameters.batch_lifetime_ms);
  for (const Hash& id : slot.block.batches) {
    const BatchPtr batch = pool.find(id);
    GIRO_CHECK(batch != nullptr);
    bytes += batch->bytes.size();
    if (batch->expires_at < slot.block.time ||
        batch->expires_at.ms > slot.block.time.ms + 2 * lifetime) {
      slot.invalid = true;
    }
  }
  if (bytes > parameters.block_bytes) slot.invalid = true;
  if (slot.invalid) {
    refuse(bytes > parameters.block_bytes ? RejectReason::TooMuchPayload
                                          : RejectReason::BatchOutOfTime);
  }
}

// In height order, as far as payload reaches. In a view that began on an anchor the first vote is
// for that, committed here or not: others may lack it (protocol R29).
void Replica::State::vote_prepare() {
  if (!may_order()) return;
  Height next{std::max(prepare_asked, committed).value + 1};
  if (anchor && prepare_asked < anchor->height && anchor->height > stable) next = anchor->height;
  for (; next <= chain.tip(); next = {std::max(next, committed).value + 1}) {
    // The block itself and, below an anchor, what is not committed there.
    for (Height at = std::min(next, Height{committed.value + 1}); at <= next; at = {at.value + 1}) {
      const Slot& slot = *chain.find(at);
      if (slot.missing > 0 || slot.invalid) return;
    }
    const Slot& slot = *chain.find(next);
    const auto voted = asked.find({next, VoteKind::Prepare, view});
    if (voted != asked.end() && voted->second != slot.hash) return stop_ordering();
    prepare_asked = next;
    const bool is_own = is_primary() && slot.block.view == view;
    ask_vote({VoteKind::Prepare, set.epoch, view, next, slot.hash},
             is_own ? std::optional(slot.block) : std::nullopt);
  }
}

void Replica::State::ask_vote(const VoteContent& content, std::optional<Block> proposal) {
  GIRO_CHECK(me && !stopped && content.epoch == set.epoch && content.height > stable,
             content.height);
  const auto [entry, added] =
      asked.try_emplace({content.height, content.kind, content.view}, content.digest);
  GIRO_CHECK(entry->second == content.digest,
             content.height);  // one vote for a place, ever (protocol R36)
  out.sign.push_back({content, *me, std::move(proposal)});
}

}  // namespace giro::consensus
