#include "consensus/dissemination.h"

#include <algorithm>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus {

std::uint64_t BatchPool::charge(const Batch& batch) {
  return kBatchOverheadBytes + batch.bytes.size();
}

BatchPtr BatchPool::find(const Hash& id) const {
  const auto held = held_.find(id);
  return held == held_.end() ? nullptr : held->second.batch;
}

void BatchPool::insert(BatchPtr batch, bool charged, Instant now) {
  const Hash id = batch->id;
  Author& author = authors_[batch->author];
  if (charged) author.charged_bytes += charge(*batch);
  ++author.unordered;
  const auto [held, added] = held_.emplace(id, Held{std::move(batch), now, Place::Named, charged});
  GIRO_CHECK(added);
  move_to(held->second, Place::Available);
}

// Keeps the indexes of availability in step with the place.
void BatchPool::move_to(Held& held, Place place) {
  const Batch& batch = *held.batch;
  Author& author = authors_[batch.author];
  if (held.place == Place::Available) {
    author.available.erase({batch.author_seq, batch.id});
    by_arrival_.erase({held.arrived, batch.id});
    fresh_.erase({batch.expires_at, batch.id});
    available_bytes_ -= batch.bytes.size();
  } else if (held.place == Place::Stale) {
    stale_.erase({batch.expires_at, batch.id});
  }
  if (place == Place::Available && batch.expires_at < clock_) place = Place::Stale;
  held.place = place;
  if (place == Place::Available) {
    author.available.emplace(std::pair(batch.author_seq, batch.id), held.batch);
    by_arrival_.emplace(held.arrived, batch.id);
    fresh_.emplace(batch.expires_at, batch.id);
    available_bytes_ += batch.bytes.size();
  } else if (place == Place::Stale) {
    stale_.emplace(batch.expires_at, batch.id);
  }
}

void BatchPool::discharge(Held& held) {
  Author& author = authors_[held.batch->author];
  if (held.charged) author.charged_bytes -= charge(*held.batch);
  held.charged = false;
  if (held.place != Place::Ordered) --author.unordered;
}

void BatchPool::name(const Hash& id) {
  if (const auto held = held_.find(id);
      held != held_.end() && held->second.place != Place::Ordered) {
    move_to(held->second, Place::Named);
  }
}

void BatchPool::unname(const Hash& id) {
  if (const auto held = held_.find(id); held != held_.end() && held->second.place == Place::Named) {
    move_to(held->second, Place::Available);
  }
}

void BatchPool::order(const Hash& id) {
  const auto held = held_.find(id);
  if (held == held_.end() || held->second.place == Place::Ordered) return;
  discharge(held->second);
  move_to(held->second, Place::Ordered);
}

void BatchPool::forget(const Hash& id) {
  const auto held = held_.find(id);
  if (held == held_.end()) return;
  discharge(held->second);
  move_to(held->second, Place::Ordered);
  const InstitutionId author = held->second.batch->author;
  held_.erase(held);
  if (const auto entry = authors_.find(author);
      entry->second.unordered == 0 && entry->second.available.empty()) {
    GIRO_CHECK(entry->second.charged_bytes == 0, entry->second.charged_bytes);
    authors_.erase(entry);
  }
}

std::vector<Hash> BatchPool::ids() const {
  std::vector<Hash> ids;
  ids.reserve(held_.size());
  for (const auto& [id, batch] : held_) ids.push_back(id);
  return ids;
}

void BatchPool::set_clock(WallTime now) {
  clock_ = now;
  while (!fresh_.empty() && fresh_.begin()->first < now) {
    move_to(held_.at(fresh_.begin()->second), Place::Stale);
  }
  while (!stale_.empty() && stale_.rbegin()->first >= now) {  // the clock was set back
    move_to(held_.at(stale_.rbegin()->second), Place::Available);
  }
}

std::vector<Hash> BatchPool::drop_expired(WallTime block_time) {
  std::vector<Hash> dropped;
  for (auto* index : {&fresh_, &stale_}) {
    while (!index->empty() && index->begin()->first < block_time) {
      dropped.push_back(index->begin()->second);
      forget(dropped.back());
    }
  }
  return dropped;
}

std::uint64_t BatchPool::unordered_bytes(InstitutionId author) const {
  const auto entry = authors_.find(author);
  return entry == authors_.end() ? 0 : entry->second.charged_bytes;
}

std::uint64_t BatchPool::unordered_count(InstitutionId author) const {
  const auto entry = authors_.find(author);
  return entry == authors_.end() ? 0 : entry->second.unordered;
}

std::optional<Instant> BatchPool::oldest_arrival() const {
  if (by_arrival_.empty()) return std::nullopt;
  return by_arrival_.begin()->first;
}

std::vector<Hash> BatchPool::take(const Room& room) {
  std::vector<Hash> taken;
  struct Turn {
    InstitutionId author;
    const Author* state;
    std::map<std::pair<std::uint64_t, Hash>, BatchPtr>::const_iterator next;
  };
  std::vector<Turn> turns;
  for (const auto& [id, author] : authors_) {
    if (!author.available.empty()) turns.push_back({id, &author, author.available.begin()});
  }
  const auto first = std::ranges::upper_bound(turns, last_author_, {}, &Turn::author);
  std::rotate(turns.begin(), first, turns.end());
  std::uint64_t left = room.bytes;
  while (!turns.empty() && taken.size() < room.batches) {
    // One batch of each author a round; an author whose next one does not fit is done.
    std::erase_if(turns, [&](Turn& turn) {
      const auto usable = [&](const Batch& batch) {
        return batch.expires_at >= room.time &&
               batch.expires_at.ms <= room.time.ms + 2 * room.lifetime_ms;
      };
      while (turn.next != turn.state->available.end() && !usable(*turn.next->second)) ++turn.next;
      if (turn.next == turn.state->available.end() || taken.size() >= room.batches) return true;
      const Batch& batch = *turn.next->second;
      if (batch.bytes.size() > left) return true;
      left -= batch.bytes.size();
      taken.push_back(batch.id);
      last_author_ = turn.author;
      ++turn.next;
      return false;
    });
  }
  return taken;
}

std::vector<BatchPool::Oldest> BatchPool::oldest() const {
  std::vector<Oldest> oldest;
  for (const auto& [id, author] : authors_) {
    if (!author.available.empty()) oldest.push_back({id, author.available.begin()->first.second});
  }
  return oldest;
}

void OwnBatches::add(const Hash& id, std::optional<Instant> sent) {
  open_.try_emplace(id, Open{sent, {}, {}});
}

void OwnBatches::confirm(const Hash& id, InstitutionId peer) {
  if (const auto open = open_.find(id); open != open_.end()) open->second.confirmed.insert(peer);
}

std::vector<BatchPtr> OwnBatches::due(InstitutionId peer, Instant now, const BatchPool& pool,
                                      std::size_t bytes_max) {
  std::vector<BatchPtr> due;
  std::size_t bytes = 0;
  for (auto& [id, open] : open_) {
    if (open.confirmed.contains(peer)) continue;
    const auto sent = open.sent.find(peer);
    const std::optional<Instant> last = sent != open.sent.end() ? sent->second : open.first_sent;
    if (last && now.us - last->us < kResendBatchAfterUs) continue;
    BatchPtr batch = pool.find(id);
    GIRO_CHECK(batch != nullptr);
    bytes += batch->bytes.size();
    if (!due.empty() && bytes > bytes_max) break;
    open.sent[peer] = now;
    due.push_back(std::move(batch));
  }
  return due;
}

void PayloadRequests::want(const Hash& id, bool named, Instant due,
                           std::optional<InstitutionId> source) {
  const auto [entry, added] = wants_.try_emplace(id, Want{named, due, source, 0, 0});
  Want& wanted = entry->second;
  if (added) {
    if (!named) ++offered_;
    new_.emplace(due, id);
    return;
  }
  if (named && !wanted.named) {
    wanted.named = true;
    --offered_;
  }
}

void PayloadRequests::done(const Hash& id) {
  const auto entry = wants_.find(id);
  if (entry == wants_.end()) return;
  if (!entry->second.named) --offered_;
  (entry->second.tries == 0 ? new_ : in_flight_).erase({entry->second.due, id});
  wants_.erase(entry);
}

const PayloadRequests::Want* PayloadRequests::find(const Hash& id) const {
  const auto entry = wants_.find(id);
  return entry == wants_.end() ? nullptr : &entry->second;
}

std::optional<Instant> PayloadRequests::due() const {
  std::optional<Instant> due;
  for (const auto* index : {&new_, &in_flight_}) {
    if (!index->empty() && (!due || index->begin()->first < *due)) due = index->begin()->first;
  }
  return due;
}

std::vector<Hash> PayloadRequests::oldest(std::size_t count) const {
  std::vector<Hash> ids;
  for (const auto* index : {&in_flight_, &new_}) {
    for (const auto& [due, id] : *index) {
      if (ids.size() == count) return ids;
      ids.push_back(id);
    }
  }
  return ids;
}

InstitutionId PayloadRequests::choose(Want& wanted, const std::vector<InstitutionId>& peers,
                                      std::size_t& rotation) {
  if (wanted.tries++ == 0) {
    wanted.next_peer = rotation++;
    if (wanted.source && std::ranges::count(peers, *wanted.source) > 0) return *wanted.source;
  }
  return peers[wanted.next_peer++ % peers.size()];
}

std::vector<Fetch> PayloadRequests::ask(Instant now, const std::vector<InstitutionId>& peers,
                                        std::size_t in_flight_max) {
  std::map<InstitutionId, std::vector<Hash>> questions;
  const auto ask_first_of = [&](std::set<std::pair<Instant, Hash>>& index) {
    const Hash id = index.begin()->second;
    Want& wanted = wants_.at(id);
    if (!wanted.named && wanted.tries > peers.size()) return done(id);
    questions[choose(wanted, peers, rotation_)].push_back(id);
    index.erase(index.begin());
    wanted.due = {now.us + kFetchRetryUs};
    in_flight_.emplace(wanted.due, id);
  };
  if (peers.empty()) return {};
  while (!in_flight_.empty() && in_flight_.begin()->first <= now) ask_first_of(in_flight_);
  while (!new_.empty() && new_.begin()->first <= now && in_flight_.size() < in_flight_max)
    ask_first_of(new_);
  std::vector<Fetch> fetches;
  for (const auto& [peer, ids] : questions) {
    for (std::size_t from = 0; from < ids.size(); from += kFetchBatchesMax) {
      const auto first = ids.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = static_cast<std::ptrdiff_t>(std::min(kFetchBatchesMax, ids.size() - from));
      fetches.push_back({peer, FetchBatches{{first, first + count}}});
    }
  }
  return fetches;
}

}  // namespace giro::consensus
