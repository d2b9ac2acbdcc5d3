#include "consensus/chain.h"

#include <iterator>
#include <utility>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus {

Slot* Chain::find(Height height) {
  return const_cast<Slot*>(std::as_const(*this).find(height));
}

const Slot* Chain::find(Height height) const {
  if (height <= base_ || height > tip()) return nullptr;
  return &slots_[static_cast<std::size_t>(height.value - base_.value - 1)];
}

std::optional<Hash> Chain::hash_at(Height height) const {
  if (height == base_) return base_hash_;
  const Slot* slot = find(height);
  return slot == nullptr ? std::nullopt : std::optional(slot->hash);
}

Slot& Chain::append(Block block, const Hash& hash, Instant now) {
  GIRO_CHECK(block.height.value == tip().value + 1, block.height, tip());
  GIRO_CHECK(block.parent == tip_hash(), block.height);
  Slot& slot = slots_.emplace_back();
  slot.block = std::move(block);
  slot.hash = hash;
  slot.accepted_at = now;
  return slot;
}

std::vector<Slot> Chain::cut_above(Height height) {
  GIRO_CHECK(height >= base_, height, base_);
  std::vector<Slot> cut;
  if (height >= tip()) return cut;
  const auto first = slots_.begin() + static_cast<std::ptrdiff_t>(height.value - base_.value);
  cut.assign(std::make_move_iterator(first), std::make_move_iterator(slots_.end()));
  slots_.erase(first, slots_.end());
  return cut;
}

void Chain::release(Height height) {
  GIRO_CHECK(height <= tip(), height, tip());
  while (base_ < height) {
    base_ = slots_.front().block.height;
    base_hash_ = slots_.front().hash;
    base_time_ = slots_.front().block.time;
    slots_.pop_front();
  }
}

namespace {

std::uint64_t charge(const Block& block) {
  return kBlockOverheadBytes + block.batches.size() * sizeof(Hash);
}

}  // namespace

RejectReason WaitingBlocks::add(const Block& block, const Hash& hash, InstitutionId sender,
                                std::uint64_t budget) {
  const std::tuple place(block.view, block.height);
  if (places_.contains(place)) return RejectReason::Duplicate;
  std::uint64_t& used = bytes_[sender];
  if (used + charge(block) > budget) return RejectReason::OverBudget;
  used += charge(block);
  places_.emplace(place, Waiting{block, hash, sender});
  return RejectReason::None;
}

WaitingBlocks::Waiting* WaitingBlocks::find(View view, Height height) {
  return const_cast<Waiting*>(std::as_const(*this).find(view, height));
}

const WaitingBlocks::Waiting* WaitingBlocks::find(View view, Height height) const {
  const auto place = places_.find({view, height});
  return place == places_.end() ? nullptr : &place->second;
}

WaitingBlocks::Places::iterator WaitingBlocks::erase(Places::iterator place) {
  bytes_[place->second.sender] -= charge(place->second.block);
  return places_.erase(place);
}

void WaitingBlocks::erase(View view, Height height) {
  if (const auto place = places_.find({view, height}); place != places_.end()) erase(place);
}

void WaitingBlocks::release(Height height) {
  for (auto place = places_.begin(); place != places_.end();) {
    place = std::get<Height>(place->first) <= height ? erase(place) : std::next(place);
  }
}

void WaitingBlocks::release_views(View below) {
  while (!places_.empty() && std::get<View>(places_.begin()->first) < below) {
    erase(places_.begin());
  }
}

void WaitingBlocks::clear() {
  places_.clear();
  bytes_.clear();
}

std::uint64_t WaitingBlocks::bytes(InstitutionId sender) const {
  const auto used = bytes_.find(sender);
  return used == bytes_.end() ? 0 : used->second;
}

void AbandonedBlocks::add(const Block& block, const Hash& hash) {
  if (!blocks_.emplace(hash, block).second) return;
  by_view_.emplace(block.view, block.height, hash);
  bytes_ += charge(block);
  while (bytes_ > kAbandonedBytesMax) {
    const auto lowest = blocks_.find(std::get<Hash>(*by_view_.begin()));
    bytes_ -= charge(lowest->second);
    blocks_.erase(lowest);
    by_view_.erase(by_view_.begin());
  }
}

const Block* AbandonedBlocks::find(const Hash& hash) const {
  const auto found = blocks_.find(hash);
  return found == blocks_.end() ? nullptr : &found->second;
}

void AbandonedBlocks::release(Height height) {
  std::erase_if(by_view_, [&](const auto& place) {
    if (std::get<Height>(place) > height) return false;
    const auto block = blocks_.find(std::get<Hash>(place));
    bytes_ -= charge(block->second);
    blocks_.erase(block);
    return true;
  });
}

void NamedIds::add(const Hash& id, Height height) {
  ids_.try_emplace(id, Entry{height, std::nullopt});
}

void NamedIds::set_expiry(const Hash& id, WallTime expires_at) {
  const auto entry = ids_.find(id);
  if (entry == ids_.end() || entry->second.expires_at) return;
  entry->second.expires_at = expires_at;
  by_expiry_.emplace(expires_at, id);
}

void NamedIds::remove(const Hash& id, Height height) {
  const auto entry = ids_.find(id);
  if (entry == ids_.end() || entry->second.height != height) return;
  if (entry->second.expires_at) by_expiry_.erase({*entry->second.expires_at, id});
  ids_.erase(entry);
}

std::optional<Height> NamedIds::height_of(const Hash& id) const {
  const auto entry = ids_.find(id);
  return entry == ids_.end() ? std::nullopt : std::optional(entry->second.height);
}

void NamedIds::prune(WallTime block_time, Height committed) {
  for (auto next = by_expiry_.begin(); next != by_expiry_.end() && next->first < block_time;) {
    const auto entry = ids_.find(next->second);
    if (entry->second.height > committed) {
      ++next;
      continue;
    }
    ids_.erase(entry);
    next = by_expiry_.erase(next);
  }
}

}  // namespace giro::consensus
