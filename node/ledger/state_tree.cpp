#include "node/ledger/state_tree.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/ledger/key.h"
#include "node/ledger/ledger.h"
#include "node/ledger/records.h"

namespace giro::ledger {
namespace {

constexpr std::size_t kSlotKeyBytes = 9;  // table, slot
constexpr std::size_t kShardStart = 8;

bool has_table(ByteView key, Table table) {
  return !key.empty() && static_cast<Table>(key[0]) == table;
}
bool is_tree_key(ByteView key) {
  return !key.empty() && is_in_tree(static_cast<Table>(key[0]));
}

// The slot that a row of table 30 is about; nullopt: its key has another form.
std::optional<std::uint64_t> slot_of_row(ByteView key) {
  if (key.size() != kSlotKeyBytes) {
    return std::nullopt;
  }
  crypto::Reader reader(key.subspan(1));
  return reader.u64();
}

}  // namespace

std::string_view describe(TreeError error) {
  switch (error) {
    case TreeError::SlotGap:
      return "the slots of the state tree have a gap";
    case TreeError::SlotMalformed:
      return "a slot of the state tree is malformed";
    case TreeError::NotATreeRecord:
      return "a slot names a record that is not in the state tree";
    case TreeError::SlotTwice:
      return "two slots name one record";
    case TreeError::RecordMissing:
      return "a slot names a record that does not exist";
    case TreeError::NoSlot:
      return "a record of the state tree has no slot";
  }
  return "unknown";
}

crypto::Hash state_leaf(ByteView key, ByteView value) {
  static constexpr std::byte kLeaf[] = {std::byte{0}};
  const crypto::Hash digest = crypto::sha256(value);
  return crypto::sha256({kLeaf, key, digest});
}

// ---- SlotIndex ----

// Where the search for a digest begins: its second to ninth byte as a fraction of the shard (the
// first chose the shard). Works for any number of entries, so that a shard can grow by half.
std::size_t StateTree::SlotIndex::place(const Shard& shard,
                                        const std::array<std::byte, 24>& digest) {
  std::uint64_t fraction = 0;
  std::memcpy(&fraction, digest.data() + 1, sizeof fraction);  // any order of bytes is as good
  using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(fraction) * shard.entries.size()) >> 64U);
}

std::optional<std::uint64_t> StateTree::SlotIndex::find(const crypto::Hash& key) const {
  std::array<std::byte, 24> digest;
  std::copy_n(key.bytes.begin(), digest.size(), digest.begin());
  const Shard& shard = shards_[static_cast<std::size_t>(digest[0])];
  if (shard.used == 0) {
    return std::nullopt;
  }
  std::size_t at = place(shard, digest);
  while (shard.entries[at].slot_plus_one != 0) {
    if (shard.entries[at].digest == digest) {
      return shard.entries[at].slot_plus_one - 1;
    }
    at = at + 1 == shard.entries.size() ? 0 : at + 1;
  }
  return std::nullopt;
}

bool StateTree::SlotIndex::insert(const crypto::Hash& key, std::uint64_t slot) {
  Entry entry;
  std::copy_n(key.bytes.begin(), entry.digest.size(), entry.digest.begin());
  entry.slot_plus_one = slot + 1;
  Shard& shard = shards_[static_cast<std::size_t>(entry.digest[0])];
  if ((shard.used + 1) * 5 > shard.entries.size() * 4) {
    grow(shard);
  }
  std::size_t at = place(shard, entry.digest);
  while (shard.entries[at].slot_plus_one != 0) {
    if (shard.entries[at].digest == entry.digest) {
      return false;
    }
    at = at + 1 == shard.entries.size() ? 0 : at + 1;
  }
  shard.entries[at] = entry;
  ++shard.used;
  return true;
}

void StateTree::SlotIndex::prefetch(const crypto::Hash& key) const {
  std::array<std::byte, 24> digest;
  std::copy_n(key.bytes.begin(), digest.size(), digest.begin());
  const Shard& shard = shards_[static_cast<std::size_t>(digest[0])];
  if (!shard.entries.empty()) __builtin_prefetch(&shard.entries[place(shard, digest)]);
}

void StateTree::SlotIndex::grow(Shard& shard) {
  Shard larger;
  larger.used = shard.used;
  larger.entries.resize(shard.entries.empty() ? kShardStart : shard.entries.size() * 3 / 2);
  for (const Entry& entry : shard.entries) {
    if (entry.slot_plus_one == 0) {
      continue;
    }
    std::size_t at = place(larger, entry.digest);
    while (larger.entries[at].slot_plus_one != 0) {
      at = at + 1 == larger.entries.size() ? 0 : at + 1;
    }
    larger.entries[at] = entry;
  }
  shard = std::move(larger);
}

std::size_t StateTree::SlotIndex::memory_bytes() const {
  std::size_t bytes = sizeof *this;
  for (const Shard& shard : shards_) {
    bytes += shard.entries.capacity() * sizeof(Entry);
  }
  return bytes;
}

// ---- StateTree ----

// Each record lands somewhere in an index and a level that are far larger than the processor's
// caches: some at once, so that it waits for them together.
std::expected<StateTree, TreeError> StateTree::rebuild(const StateView& state) {
  StateTree tree;
  std::optional<TreeError> error;
  const auto fail = [&](TreeError reason) {
    error = reason;
    return false;
  };
  constexpr std::size_t kGroup = 64;
  struct Pending {
    crypto::Hash key, leaf;
    std::uint64_t slot = 0;
  };
  std::vector<Pending> group;
  group.reserve(kGroup);

  const auto insert_group = [&] {
    for (const Pending& one : group) {
      if (!tree.index_.insert(one.key, one.slot)) return fail(TreeError::SlotTwice);
    }
    group.clear();
    return true;
  };
  const auto take_slot = [&](ByteView row, ByteView record) {
    const std::optional<std::uint64_t> slot = slot_of_row(row);
    if (!slot || record.empty()) return fail(TreeError::SlotMalformed);
    if (*slot != tree.size()) return fail(TreeError::SlotGap);
    if (!is_tree_key(record)) return fail(TreeError::NotATreeRecord);
    group.push_back({crypto::sha256(record), {}, *slot});
    tree.index_.prefetch(group.back().key);
    tree.set_leaf(*slot, {});
    return group.size() < kGroup || insert_group();
  };
  state.scan(table_begin(Table::Slot), table_end(Table::Slot), take_slot);
  if (error || !insert_group()) return std::unexpected(*error);

  // One after another in the order of their keys, as a store reads them fastest.
  std::uint64_t filled = 0;
  const auto fill_group = [&] {
    for (Pending& one : group) {
      const std::optional<std::uint64_t> slot = tree.index_.find(one.key);
      if (!slot) return fail(TreeError::NoSlot);
      one.slot = *slot;
      __builtin_prefetch(&tree.levels_[0][*slot], 1);
    }
    for (const Pending& one : group) tree.levels_[0][one.slot] = one.leaf;
    filled += group.size();
    group.clear();
    return true;
  };
  const auto take_record = [&](ByteView key, ByteView value) {
    group.push_back({crypto::sha256(key), state_leaf(key, value), 0});
    tree.index_.prefetch(group.back().key);
    return group.size() < kGroup || fill_group();
  };
  for (unsigned number = 0; number <= 0xff && !error; ++number) {
    const auto table = static_cast<Table>(number);
    if (is_in_tree(table)) state.scan(table_begin(table), table_end(table), take_record);
  }
  if (!error && fill_group() && filled != tree.size()) fail(TreeError::RecordMissing);
  if (error) return std::unexpected(*error);
  std::vector<std::uint64_t> slots(tree.size());
  std::iota(slots.begin(), slots.end(), std::uint64_t{0});
  tree.rehash(std::move(slots));
  return tree;
}

void StateTree::apply(std::span<const Write> writes) {
  // New slots first, in the order of their numbers: a record and its slot may come in either order.
  std::vector<std::pair<std::uint64_t, const Write*>> fresh;
  for (const Write& write : writes) {
    if (has_table(write.key, Table::Slot)) {
      const std::optional<std::uint64_t> slot = slot_of_row(write.key);
      GIRO_CHECK(slot && write.value && is_tree_key(*write.value), crypto::to_hex(write.key));
      fresh.emplace_back(*slot, &write);
    }
  }
  std::ranges::sort(fresh, {}, &std::pair<std::uint64_t, const Write*>::first);
  const std::uint64_t known = size();
  for (const auto& [slot, write] : fresh) {
    GIRO_CHECK(slot == size(), slot, size());
    GIRO_CHECK(index_.insert(crypto::sha256(*write->value), slot), crypto::to_hex(*write->value));
    set_leaf(slot, crypto::Hash{});
  }
  std::vector<std::uint64_t> changed;
  std::uint64_t filled = 0;
  for (const Write& write : writes) {
    if (!is_tree_key(write.key)) {
      continue;
    }
    GIRO_CHECK(write.value.has_value(), crypto::to_hex(write.key));
    const std::optional<std::uint64_t> slot = slot_of(write.key);
    GIRO_CHECK(slot.has_value(), crypto::to_hex(write.key));
    levels_[0][*slot] = state_leaf(write.key, *write.value);
    changed.push_back(*slot);
    filled += *slot >= known ? 1 : 0;
  }
  GIRO_CHECK(filled == fresh.size(), filled, fresh.size());  // a slot comes with its record
  std::sort(changed.begin(), changed.end());
  rehash(std::move(changed));
}

void StateTree::set_leaf(std::uint64_t slot, const crypto::Hash& leaf) {
  if (levels_.empty()) {
    levels_.emplace_back();
  }
  GIRO_CHECK(slot == levels_[0].size(), slot);
  levels_[0].push_back(leaf);
}

// `changed`: ascending indices of changed leaves. Brings every level above up to date.
void StateTree::rehash(std::vector<std::uint64_t> changed) {
  for (std::size_t level = 0; !changed.empty() && levels_[level].size() > 1; ++level) {
    if (level + 1 == levels_.size()) {
      levels_.emplace_back();
    }
    const std::deque<crypto::Hash>& below = levels_[level];
    std::deque<crypto::Hash>& nodes = levels_[level + 1];
    nodes.resize((below.size() + 1) / 2);
    for (std::uint64_t& index : changed) {
      index /= 2;
    }
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const std::uint64_t index : changed) {
      const std::uint64_t left = index * 2;
      nodes[index] =
          left + 1 < below.size() ? crypto::merkle_node(below[left], below[left + 1]) : below[left];
    }
  }
}

crypto::Hash StateTree::root() const {
  return levels_.empty() ? crypto::merkle_root({}) : levels_.back()[0];
}

std::optional<std::uint64_t> StateTree::slot_of(ByteView key) const {
  return index_.find(crypto::sha256(key));
}

std::vector<crypto::Hash> StateTree::path(std::uint64_t slot) const {
  GIRO_CHECK(slot < size(), slot, size());
  std::vector<crypto::Hash> path;
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
    const std::uint64_t sibling = slot ^ 1U;
    if (sibling < levels_[level].size()) {
      path.push_back(levels_[level][sibling]);
    }
    slot /= 2;
  }
  return path;
}

std::size_t StateTree::memory_bytes() const {
  std::size_t bytes = sizeof *this + index_.memory_bytes();
  for (const auto& level : levels_) {
    bytes += level.size() * sizeof(crypto::Hash);
  }
  return bytes;
}

}  // namespace giro::ledger
