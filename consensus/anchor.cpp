// Fetching what lies below an anchor, by hash, from those who signed for it (protocol R28).
#include <algorithm>
#include <utility>

#include "consensus/replica_state.h"
#include "crypto/check.h"

namespace giro::consensus {

// Whether the fetched blocks, those that were abandoned, and what was committed or caught up with
// meanwhile reach from the anchor down to a block of the chain.
void Replica::State::link_anchor() {
  if (stage != Stage::Anchoring || stopped) return;
  AnchorFetch& fetch = *anchor_fetch;
  // What was fetched may have been overtaken: another block is committed in the place of one.
  for (const auto& [height, block] : fetch.blocks) {
    if (height > committed) break;
    const std::optional<Hash> here = chain.hash_at(height);
    if (!here || *here == block.hash(chain_id)) continue;
    fetch.next = height;
    return leave_anchor();
  }
  while (true) {
    const std::optional<Hash> here = chain.hash_at(fetch.next);
    const bool is_below = !here && fetch.next < chain.base();  // final, and released
    if (is_below || here == fetch.next_hash) return place_ancestors();
    if (fetch.next <= committed) return leave_anchor();
    const Block* block = abandoned.find(fetch.next_hash);
    if (block == nullptr) return;
    fetch.blocks.emplace(block->height, *block);
    fetch.next = {block->height.value - 1};
    fetch.next_hash = block->parent;
    fetch.deadline.reset();
  }
}

// What is committed here does not lie below the anchor. With a commit certificate of a lower view
// that takes more than f liars (R27). Without, it was committed in this view or a later one: the
// primary signed two NewViews, and this is the one that the others do not follow, or they went on
// without it to a later view (R11).
void Replica::State::leave_anchor() {
  const auto refuting = std::ranges::find_if(commits, [&](const auto& entry) {
    return entry.first >= anchor_fetch->next && entry.second.content.view < view;
  });
  if (refuting != commits.end()) return stop_for_anchor(refuting->second, *anchor);
  abstain_here();
  activate({committed, *chain.hash_at(committed)});
}

// The chain is held up to where the fetched blocks begin.
void Replica::State::place_ancestors() {
  if (anchor_fetch->next >= committed) cut_above(anchor_fetch->next);
  const std::map<Height, Block> blocks = std::move(anchor_fetch->blocks);
  for (const auto& [height, block] : blocks) {
    if (height <= committed) continue;
    const bool repeats = std::ranges::any_of(
        block.batches, [&](const Hash& id) { return named.height_of(id).has_value(); });
    const Hash hash = block.hash(chain_id);
    if (repeats) return stop_for_repeat(block, hash);
    out.persist.push_back(BlockRecord{block});
    place(block, hash, std::nullopt, true);
    emit(EventType::BlockAccepted, height, hash);
  }
  activate(*anchor);
}

// One question at a time, to one holder after another. Far behind, the chain is caught up with
// first (protocol R30).
void Replica::State::ask_for_anchor() {
  if (stage != Stage::Anchoring || stopped || storage_low) return;
  AnchorFetch& fetch = *anchor_fetch;
  if (anchor->height > kept_up_to() || fetch.holders.empty()) return;
  if (fetch.deadline && now.steady < *fetch.deadline) return;
  std::vector<InstitutionId> holders = fetch.holders;
  const std::vector<InstitutionId> heard = responsive();
  std::erase_if(holders, [&](InstitutionId id) { return !std::ranges::count(heard, id); });
  if (holders.empty()) holders = fetch.holders;
  const InstitutionId holder = holders[anchor_turn++ % holders.size()];
  fetch.deadline = Instant{now.steady.us + kFetchRetryUs};
  send(FetchBlocks{set.epoch, fetch.next, fetch.next_hash, committed}, holder);
}

void Replica::State::on(const BlockRange& answer, InstitutionId) {
  if (storage_low) return refuse(RejectReason::StorageLow);
  const Block& top = answer.blocks.back();
  const bool is_asked_for = stage == Stage::Anchoring && anchor_fetch->deadline &&
                            anchor->height <= kept_up_to() && top.height == anchor_fetch->next &&
                            top.hash(chain_id) == anchor_fetch->next_hash;
  if (!is_asked_for) return refuse(RejectReason::NotAsked);
  AnchorFetch& fetch = *anchor_fetch;
  for (auto block = answer.blocks.rbegin(); block != answer.blocks.rend(); ++block) {
    if (block->height <= committed) break;
    fetch.blocks.emplace(block->height, *block);
    fetch.next = {block->height.value - 1};
    fetch.next_hash = block->parent;
    if (chain.hash_at(fetch.next) == fetch.next_hash) break;
  }
  fetch.deadline.reset();
}

const Block* Replica::State::held_block(Height height, const Hash& hash) const {
  const Slot* slot = chain.find(height);
  return slot != nullptr && slot->hash == hash ? &slot->block : abandoned.find(hash);
}

// From what is in memory: what lies below is final, and caught up with in another way.
void Replica::State::on(const FetchBlocks& question, InstitutionId from) {
  if (question.epoch != set.epoch) return refuse(RejectReason::OldEpoch);
  Peer& peer = peers.at(from);
  if (peer.served && now.steady.us - peer.served->us < kServeBlocksPauseUs)
    return refuse(RejectReason::OverBudget);
  BlockRange answer;
  std::size_t bytes = 0;
  Height height = question.height;
  Hash hash = question.hash;
  while (height > std::max(question.above, chain.base()) &&
         answer.blocks.size() < kCertifiedBlocksMax && bytes < kPushBytesMax) {
    const Block* block = held_block(height, hash);
    if (block == nullptr || block->height != height) break;
    answer.blocks.push_back(*block);
    bytes += kBlockOverheadBytes + block->batches.size() * sizeof(Hash);
    hash = block->parent;
    height = {height.value - 1};
  }
  if (answer.blocks.empty()) return refuse(RejectReason::NotAsked);
  peer.served = now.steady;
  std::ranges::reverse(answer.blocks);
  send(std::move(answer), from);
}

}  // namespace giro::consensus
