#include "node/ledger/overlay.h"

#include <algorithm>

namespace giro::ledger {

// ---- KeyIndex ----

std::uint64_t KeyIndex::hash(const Key& key) const {
  const ByteView bytes = key.view();
  std::uint64_t state = seed_ ^ (bytes.size() * 0x9E3779B97F4A7C15ULL);
  const auto mix = [&state](std::uint64_t word) {
    state ^= word;
    state *= 0xFF51AFD7ED558CCDULL;
    state ^= state >> 32;
    state *= 0xC4CEB9FE1A85EC53ULL;
    state ^= state >> 29;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    mix(word);
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  mix(tail);
  return state;
}

void KeyIndex::grow() {
  std::vector<Entry> old = std::exchange(entries_, {});
  entries_.resize(old.empty() ? 64 : old.size() * 2);
  const std::size_t mask = entries_.size() - 1;
  for (const Entry& entry : old) {
    if (entry.place == 0) continue;
    std::size_t at = static_cast<std::size_t>(entry.hash) & mask;
    while (entries_[at].place != 0) at = (at + 1) & mask;
    entries_[at] = entry;
  }
}

void KeyIndex::insert(std::uint64_t hash, std::uint32_t place) {
  if ((used_ + 1) * 2 > entries_.size()) grow();
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  while (entries_[at].place != 0) at = (at + 1) & mask;
  entries_[at] = {hash, place + 1};
  ++used_;
}

void KeyIndex::clear() {
  std::fill(entries_.begin(), entries_.end(), Entry{});
  used_ = 0;
}

// ---- Store ----

template <class Record>
Cell<Record>& Store<Record>::cell(const Key& key, const StateView& state, const OverlayClock& clock,
                                  std::optional<Key>& corrupt) {
  const std::uint64_t hash = index_.hash(key);
  const auto place = index_.find(hash, [&](std::uint32_t at) { return cells_[at]->key == key; });
  if (place) {
    Cell<Record>& found = *cells_[*place];
    found.used_in = clock.block;
    return found;
  }
  Cell<Record>& fresh = fresh_cell();
  fresh.key = key;
  fresh.used_in = clock.block;
  if (const std::optional<Bytes> bytes = state.get(key)) {
    if (auto record = decode_record<Record>(*bytes)) {
      fresh.value = *std::move(record);
      fresh.exists = fresh.in_state = true;
    } else if (!corrupt) {
      corrupt = key;
    }
  }
  index_.insert(hash, static_cast<std::uint32_t>(cells_.size()));
  cells_.push_back(&fresh);
  return fresh;
}

// From the free list, which grows by ever larger chunks: an overlay of one operation stays small.
template <class Record>
Cell<Record>& Store<Record>::fresh_cell() {
  constexpr std::size_t kChunkMax = 64;
  if (free_.empty()) {
    auto& chunk = chunks_.emplace_back(std::make_unique<Cell<Record>[]>(next_chunk_));
    for (std::size_t i = next_chunk_; i > 0; --i) free_.push_back(&chunk[i - 1]);
    next_chunk_ = std::min(kChunkMax, 2 * next_chunk_);
  }
  Cell<Record>& cell = *free_.back();
  free_.pop_back();
  return cell;
}

template <class Record>
void Store<Record>::save(Cell<Record>& cell, const OverlayClock& clock) {
  if (cell.saved_in != clock.savepoint) {
    undo_.push_back({&cell, cell.saved_in, old_values_.size(), cell.exists});
    if (cell.exists) old_values_.push_back(cell.value);
    cell.saved_in = clock.savepoint;
  }
  if (!cell.dirty) {
    cell.dirty = true;
    dirty_.push_back(&cell);
  }
}

template <class Record>
void Store<Record>::rollback(Mark mark) {
  while (undo_.size() > mark.undo) {
    const Undo& undo = undo_.back();
    if (undo.existed) {
      undo.cell->value = std::move(old_values_.back());
      old_values_.pop_back();
    } else {
      undo.cell->value = Record{};
    }
    undo.cell->exists = undo.existed;
    undo.cell->saved_in = undo.saved_in;
    undo_.pop_back();
  }
  while (dirty_.size() > mark.dirty) {
    dirty_.back()->dirty = false;
    dirty_.pop_back();
  }
}

template <class Record>
void Store<Record>::forget_undo() {
  undo_.clear();
  old_values_.clear();
}

namespace {

// Keys are sorted by the 16 bytes after the table number, which tell most of them apart, without
// touching the cells.
template <class Item>
struct Sortable {
  std::uint64_t high;
  std::uint64_t low;
  const Item* item;
};
template <class Item>
Sortable<Item> sortable(const Item& item) {
  const ByteView bytes = item.key.view().subspan(1);
  std::array<std::byte, 16> head{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), head.size()), head.begin());
  const Amount number = from_big_endian(head);
  return {number.hi, number.lo, &item};
}
// Of one key, the earlier in `items` stays the earlier.
template <class Item>
void sort_by_key(std::vector<Sortable<Item>>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const Sortable<Item>& a, const Sortable<Item>& b) {
                     if (a.high != b.high) return a.high < b.high;
                     if (a.low != b.low) return a.low < b.low;
                     return a.item->key < b.item->key;
                   });
}

}  // namespace

template <class Record>
void Store<Record>::append_writes(std::vector<Write>& writes, std::vector<Key>& created) const {
  std::vector<Sortable<Cell<Record>>> changed;
  changed.reserve(dirty_.size());
  for (const Cell<Record>* cell : dirty_) changed.push_back(sortable(*cell));
  sort_by_key(changed);
  for (const auto& each : changed) {
    const Cell<Record>& cell = *each.item;
    if (cell.exists) {
      writes.push_back({cell.key.to_bytes(), encode(cell.value)});
      if (is_in_tree(Record::kTable) && !cell.in_state) created.push_back(cell.key);
    } else if (cell.in_state) {
      writes.push_back({cell.key.to_bytes(), std::nullopt});
    }
  }
}

template <class Record>
void Store<Record>::rebuild_index() {
  index_.clear();
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    index_.insert(index_.hash(cells_[i]->key), static_cast<std::uint32_t>(i));
  }
}

template <class Record>
void Store<Record>::end_block(std::size_t keep) {
  for (Cell<Record>* cell : dirty_) {
    cell->in_state = cell->exists;
    cell->dirty = false;
  }
  dirty_.clear();
  forget_undo();
  if (cells_.size() <= keep) return;
  // Down to half, so that the next blocks do not come back here at once: the most recently used
  // stay.
  const std::size_t target = keep / 2;
  if (target != 0) {
    std::nth_element(cells_.begin(), cells_.begin() + static_cast<std::ptrdiff_t>(target),
                     cells_.end(),
                     [](const auto* a, const auto* b) { return a->used_in > b->used_in; });
  }
  for (std::size_t i = target; i < cells_.size(); ++i) {
    *cells_[i] = {};
    free_.push_back(cells_[i]);
  }
  cells_.resize(target);
  rebuild_index();
}

template <class Record>
void Store<Record>::clear() {
  dirty_.clear();
  forget_undo();
  cells_.clear();
  free_.clear();
  chunks_.clear();
  next_chunk_ = kFirstChunk;
  index_.clear();
}

// ---- IndexRows ----

std::size_t IndexRows::log_of(Table table) {
  switch (table) {
    case Table::UetrIndex:
      return 0;
    case Table::HoldOfPosition:
      return 1;
    case Table::Deadline:
      return 2;
    default:
      return 3;  // Retention
  }
}

IndexRows::Mark IndexRows::mark() const {
  Mark mark;
  for (std::size_t i = 0; i < logs_.size(); ++i) mark.sizes[i] = logs_[i].size();
  return mark;
}

void IndexRows::rollback(const Mark& mark) {
  for (std::size_t i = 0; i < logs_.size(); ++i) logs_[i].resize(mark.sizes[i]);
}

std::size_t IndexRows::size() const {
  std::size_t sum = 0;
  for (const auto& log : logs_) sum += log.size();
  return sum;
}

void IndexRows::clear() {
  for (auto& log : logs_) log.clear();
}

void IndexRows::append_writes(Table table, std::vector<Write>& writes) const {
  const std::vector<Row>& log = logs_[log_of(table)];
  std::vector<Sortable<Row>> rows;
  rows.reserve(log.size());
  for (const Row& row : log) rows.push_back(sortable(row));
  sort_by_key(rows);
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first;
    while (last + 1 < rows.size() && rows[last + 1].item->key == rows[first].item->key) ++last;
    const bool existed = !rows[first].item->put;  // rows are put once and erased once, in turn
    const Row& net = *rows[last].item;
    if (net.put != existed) {
      writes.push_back({net.key.to_bytes(), net.put ? std::optional(Bytes{}) : std::nullopt});
    }
    first = last + 1;
  }
}

// ---- Overlay ----

namespace {

// How much of the cache a table may take, in 64ths that add up to 64. Outcomes and mint references
// are written once and hardly ever read again.
template <class Record>
constexpr std::size_t share_of(const Store<Record>&) {
  switch (Record::kTable) {
    case Table::Position:
    case Table::Account:
      return 20;
    case Table::Payment:
      return 8;
    case Table::Key:
      return 2;
    case Table::Outcome:
    case Table::MintReference:
      return 0;
    default:
      return 1;
  }
}

}  // namespace

Overlay::Overlay(RecordCache::Limits limits)
    : limits_(limits), stores_(AllRecords::make(limits.hash_seed)) {}

void Overlay::begin_block(const StateView& state) {
  state_ = &state;
  ++clock_.block;
  corrupt_.reset();
}

std::vector<Write> Overlay::take_writes() {
  std::vector<Write> writes;
  std::vector<Key> created;
  std::size_t most = rows_.size();
  each_store([&most](const auto& store) { most += store.dirty_size(); });
  writes.reserve(most + 64);  // and some slots
  // Index tables stand between record tables: 21 before holds, 23 and 24 before outcomes, 26 before
  // mint references.
  each_store([&]<class Record>(Store<Record>& store) {
    if constexpr (Record::kTable == Table::Hold) rows_.append_writes(Table::UetrIndex, writes);
    if constexpr (Record::kTable == Table::Outcome) {
      rows_.append_writes(Table::HoldOfPosition, writes);
      rows_.append_writes(Table::Deadline, writes);
    }
    if constexpr (Record::kTable == Table::MintReference)
      rows_.append_writes(Table::Retention, writes);
    if constexpr (Record::kTable == Table::Meta) {
      if (Cell<Meta>* meta = find<Meta>(meta_key()); meta != nullptr && !created.empty()) {
        std::uint64_t& next_slot = edit(*meta).next_slot;
        for (const Key& key : created)
          writes.push_back({slot_key(next_slot++).to_bytes(), key.to_bytes()});
      }
    }
    store.append_writes(writes, created);
  });
  return writes;
}

void Overlay::end_block() {
  each_store([this](auto& store) { store.end_block(limits_.records * share_of(store) / 64); });
  rows_.clear();
  state_ = nullptr;
}

void Overlay::clear() {
  each_store([](auto& store) { store.clear(); });
  rows_.clear();
  corrupt_.reset();
  clock_.savepoint = 0;
  depth_ = 0;
}

std::size_t Overlay::size() const {
  return std::apply([](const auto&... stores) { return (stores.size() + ...); }, stores_);
}

Overlay::Savepoint Overlay::begin() {
  Savepoint savepoint;
  savepoint.id_ = ++savepoints_;
  savepoint.outer_ = std::exchange(clock_.savepoint, savepoint.id_);
  savepoint.rows_ = rows_.mark();
  savepoint.depth_ = depth_++;
  std::size_t i = 0;
  each_store([&](auto& store) {
    const auto mark = store.mark();
    savepoint.marks_[i++] = {mark.undo, mark.dirty};
  });
  return savepoint;
}

void Overlay::rollback(const Savepoint& savepoint) {
  std::size_t i = 0;
  each_store([&](auto& store) {
    const auto& [undo, dirty] = savepoint.marks_[i++];
    store.rollback({undo, dirty});
  });
  rows_.rollback(savepoint.rows_);
  clock_.savepoint = savepoint.outer_;
  depth_ = savepoint.depth_;
}

void Overlay::release(const Savepoint& savepoint) {
  clock_.savepoint = savepoint.outer_;
  depth_ = savepoint.depth_;
  if (depth_ == 0) {
    each_store([](auto& store) { store.forget_undo(); });
  }
}

template class Store<Params>;
template class Store<Institution>;
template class Store<RolePolicy>;
template class Store<InstitutionKey>;
template class Store<ValidatorSet>;
template class Store<Proposal>;
template class Store<UsedValidatorKey>;
template class Store<LeiOrName>;
template class Store<Token>;
template class Store<TokenByName>;
template class Store<Account>;
template class Store<Position>;
template class Store<OwnAccount>;
template class Store<Corridor>;
template class Store<Deny>;
template class Store<Payment>;
template class Store<Hold>;
template class Store<OutcomeRecord>;
template class Store<MintReference>;
template class Store<Meta>;

}  // namespace giro::ledger
