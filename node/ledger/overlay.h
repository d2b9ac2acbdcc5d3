// The records of one block, decoded, between the state view and the write set. Operations change
// them in place under a savepoint; a failed operation is rolled back from the undo log, and the
// block's writes are encoded once, at the end. The cells stay behind as the RecordCache.
//
// A Cell is a record slot by key, present or known to be absent. Pointers to cells hold until
// end_block().
#pragma once

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "node/ledger/ledger.h"

namespace giro::ledger {

template <class Record>
struct Cell {
  Key key;
  Record value{};
  bool exists = false;
  bool in_state = false;       // as of the start of the block
  bool dirty = false;          // in the write set of the block
  std::uint64_t saved_in = 0;  // the savepoint in which the undo log already has its old value
  std::uint64_t used_in = 0;   // serial of the last block that looked at it
};

// From keys to places in a vector: open addressing, linear probing, load at most one half.
class KeyIndex {
 public:
  explicit KeyIndex(std::uint64_t seed) : seed_(seed) {}
  // Place for which `matches` holds, or nullopt.
  template <class Matches>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash,
                                                  const Matches& matches) const {
    if (entries_.empty()) return std::nullopt;
    const std::size_t mask = entries_.size() - 1;
    for (std::size_t at = static_cast<std::size_t>(hash) & mask; entries_[at].place != 0;
         at = (at + 1) & mask) {
      if (entries_[at].hash == hash && matches(entries_[at].place - 1))
        return entries_[at].place - 1;
    }
    return std::nullopt;
  }
  void insert(std::uint64_t hash, std::uint32_t place);
  void clear();
  [[nodiscard]] std::uint64_t hash(const Key& key) const;

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t place = 0;  // plus one; 0: free
  };
  void grow();

  std::uint64_t seed_;
  std::vector<Entry> entries_;
  std::size_t used_ = 0;
};

// What one block's accesses have in common.
struct OverlayClock {
  std::uint64_t block = 0;      // serial of the block
  std::uint64_t savepoint = 0;  // the innermost open savepoint
};

// The cells of one table.
template <class Record>
class Store {
 public:
  explicit Store(std::uint64_t seed) : index_(seed) {}

  // The cell of `key`, loaded from `state` if it is not here. Sets `corrupt` when its bytes are no
  // Record.
  Cell<Record>& cell(const Key& key, const StateView& state, const OverlayClock& clock,
                     std::optional<Key>& corrupt);
  // Call before every change of a cell's value or existence.
  void save(Cell<Record>& cell, const OverlayClock& clock);

  struct Mark {
    std::size_t undo = 0;
    std::size_t dirty = 0;
  };
  [[nodiscard]] Mark mark() const { return {undo_.size(), dirty_.size()}; }
  void rollback(Mark mark);
  void forget_undo();

  // Visits each cell changed since `mark` once, with its value at that time: visit(cell, before,
  // existed_before).
  template <class Visit>
  void changed_since(Mark mark, std::uint64_t savepoint, const Visit& visit) const {
    const Record blank{};
    for (std::size_t i = mark.undo; i < undo_.size(); ++i) {
      const Undo& undo = undo_[i];
      if (undo.saved_in < savepoint)
        visit(*undo.cell, undo.existed ? old_values_[undo.old_value] : blank, undo.existed);
    }
  }

  void append_writes(std::vector<Write>& writes, std::vector<Key>& created) const;
  [[nodiscard]] std::size_t dirty_size() const { return dirty_.size(); }
  void end_block(std::size_t keep);  // forgets what is not worth keeping
  void clear();
  [[nodiscard]] std::size_t size() const { return cells_.size(); }

 private:
  struct Undo {
    Cell<Record>* cell;
    std::uint64_t saved_in;
    std::size_t old_value;  // in old_values_, if it existed
    bool existed;
  };
  Cell<Record>& fresh_cell();
  void rebuild_index();

  KeyIndex index_;
  std::vector<std::unique_ptr<Cell<Record>[]>> chunks_;  // own the cells, which never move
  std::vector<Cell<Record>*> cells_;                     // in use; the index gives places in here
  std::vector<Cell<Record>*> free_;
  static constexpr std::size_t kFirstChunk = 4;
  std::size_t next_chunk_ = kFirstChunk;
  std::vector<Cell<Record>*> dirty_;
  std::vector<Undo> undo_;
  std::vector<Record> old_values_;
};

// Rows without a value (tables 21, 23, 24, 26): puts and deletes in order, settled at the end of
// the block.
class IndexRows {
 public:
  void put(const Key& key) { add(key, true); }
  void erase(const Key& key) { add(key, false); }

  struct Mark {
    std::array<std::size_t, 4> sizes{};
  };
  [[nodiscard]] Mark mark() const;
  void rollback(const Mark& mark);
  // This block's changes of `table` under `prefix`, in their order: visit(key, put).
  template <class Visit>
  void each(Table table, ByteView prefix, const Visit& visit) const {
    for (const Row& row : logs_[log_of(table)]) {
      if (std::ranges::equal(row.key.view().first(std::min(row.key.size(), prefix.size())), prefix))
        visit(row.key, row.put);
    }
  }
  // Net effect of `table`: a row that came and went inside the block leaves no trace.
  void append_writes(Table table, std::vector<Write>& writes) const;
  [[nodiscard]] std::size_t size() const;
  void clear();

 private:
  struct Row {
    Key key;
    bool put = false;
  };
  static std::size_t log_of(Table table);
  void add(const Key& key, bool put) { logs_[log_of(key.table())].push_back({key, put}); }

  std::array<std::vector<Row>, 4> logs_;  // one for each table
};

template <class... Records>
struct RecordList {
  using Stores = std::tuple<Store<Records>...>;
  [[nodiscard]] static Stores make(std::uint64_t seed) { return Stores{Store<Records>(seed)...}; }
};
// Ascending by table: the order of the write set.
using AllRecords =
    RecordList<Params, Institution, RolePolicy, InstitutionKey, ValidatorSet, Proposal,
               UsedValidatorKey, LeiOrName, Token, TokenByName, Account, Position, OwnAccount,
               Corridor, Deny, Payment, Hold, OutcomeRecord, MintReference, Meta>;

class Overlay {
 public:
  explicit Overlay(RecordCache::Limits limits);

  // ---- a block ----
  // `state` must outlive the block.
  void begin_block(const StateView& state);
  // Ascending, each key once. Gives the records created in the tree tables their slots, in key
  // order.
  [[nodiscard]] std::vector<Write> take_writes();
  void end_block();  // the cells now stand for the written state
  void clear();      // forgets everything
  [[nodiscard]] std::size_t size() const;

  // ---- records ----
  // nullptr: there is no such record.
  template <class Record>
  [[nodiscard]] Cell<Record>* find(const Key& key) {
    Cell<Record>& cell = store<Record>().cell(key, *state_, clock_, corrupt_);
    return cell.exists ? &cell : nullptr;
  }
  template <class Record>
  [[nodiscard]] Record& edit(Cell<Record>& cell) {
    store<Record>().save(cell, clock_);
    return cell.value;
  }
  // The record of `key`, blank; what stood there is replaced.
  template <class Record>
  Cell<Record>& create(const Key& key) {
    Cell<Record>& cell = store<Record>().cell(key, *state_, clock_, corrupt_);
    store<Record>().save(cell, clock_);
    cell.exists = true;
    cell.value = Record{};
    return cell;
  }
  template <class Record>
  void erase(Cell<Record>& cell) {
    store<Record>().save(cell, clock_);
    cell.exists = false;
    cell.value = Record{};
  }
  [[nodiscard]] IndexRows& rows() { return rows_; }
  [[nodiscard]] const StateView& state() const { return *state_; }
  // The first record whose bytes could not be decoded: the state is damaged.
  [[nodiscard]] const std::optional<Key>& corrupt() const { return corrupt_; }

  // ---- savepoints; they nest ----
  class Savepoint;
  [[nodiscard]] Savepoint begin();
  void rollback(const Savepoint& savepoint);
  void release(const Savepoint& savepoint);  // keeps the changes

  template <class Record, class Visit>
  void changed_since(const Savepoint& savepoint, const Visit& visit) const;

 private:
  template <class Record>
  Store<Record>& store() {
    return std::get<Store<Record>>(stores_);
  }
  template <class Visit>
  void each_store(const Visit& visit) {
    std::apply([&visit](auto&... stores) { (visit(stores), ...); }, stores_);
  }

  RecordCache::Limits limits_;
  AllRecords::Stores stores_;
  IndexRows rows_;
  const StateView* state_ = nullptr;
  OverlayClock clock_;
  std::uint64_t savepoints_ = 0;
  std::size_t depth_ = 0;
  std::optional<Key> corrupt_;
};

class Overlay::Savepoint {
 public:
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  friend class Overlay;
  std::uint64_t id_ = 0;
  std::uint64_t outer_ = 0;
  IndexRows::Mark rows_;
  std::size_t depth_ = 0;
  std::array<std::pair<std::size_t, std::size_t>, std::tuple_size_v<AllRecords::Stores>> marks_{};
};

template <class Record, class Visit>
void Overlay::changed_since(const Savepoint& savepoint, const Visit& visit) const {
  std::size_t i = 0;
  std::apply(
      [&](const auto&... stores) {
        const auto one = [&](const auto& each) {
          if constexpr (std::is_same_v<std::decay_t<decltype(each)>, Store<Record>>) {
            each.changed_since({savepoint.marks_[i].first, savepoint.marks_[i].second},
                               savepoint.id_, visit);
          }
          ++i;
        };
        (one(stores), ...);
      },
      stores_);
}

}  // namespace giro::ledger
