// The authenticated state (ledger 9.2): an RFC 6962 tree over the slots of the records of the "yes"
// tables. It holds hashes only, never values, and is kept in step with the state block by block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"

namespace giro::ledger {

class StateView;
struct Write;

// Why a tree could not be built from a state: the state is damaged, or is no state of this ledger.
enum class TreeError : std::uint8_t {
  SlotGap,         // the slots are not 0, 1, 2, ...
  SlotMalformed,   // a row of table 30 whose key or value has the wrong size
  NotATreeRecord,  // a slot names a record of a table that is not in the tree
  SlotTwice,       // two slots name one record
  RecordMissing,   // a slot names a record that the state does not have
  NoSlot,          // a record of a table in the tree that no slot names
};
[[nodiscard]] std::string_view describe(TreeError error);

// leaf = SHA-256(00 ‖ key ‖ SHA-256(value)): the hash of the record `key` in the tree.
[[nodiscard]] crypto::Hash state_leaf(crypto::ByteView key, crypto::ByteView value);

// One owner, one thread. About 115 bytes a record, keys included: 64 for the levels, the rest for
// the index.
class StateTree {
 public:
  StateTree() = default;  // the tree of no records

  // From the slots of table 30 and the records they name. Reads every record of the tree once.
  [[nodiscard]] static std::expected<StateTree, TreeError> rebuild(const StateView& state);

  // Takes over the writes of one block (any order, each key once): rows of table 30 give new
  // records their slot, puts in tree tables change their leaf; everything else is ignored. Each
  // changed leaf and each inner node above one is hashed once. `writes` must come from apply(): a
  // tree record that has no slot, or is deleted, is our mistake.
  void apply(std::span<const Write> writes);

  [[nodiscard]] crypto::Hash root() const;  // of no records: SHA-256 of the empty string
  [[nodiscard]] std::uint64_t size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  [[nodiscard]] std::optional<std::uint64_t> slot_of(crypto::ByteView key) const;
  // Audit path of a slot < size(), for crypto::verify_merkle_path(state_leaf(key, value), slot,
  // size(), path, root()).
  [[nodiscard]] std::vector<crypto::Hash> path(std::uint64_t slot) const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  // From a record's key to its slot: open addressing in 256 shards that grow one by one, so that no
  // block pays for rehashing the whole. It keeps 24 bytes of the key's SHA-256 instead of the key:
  // as hard to collide as need be.
  class SlotIndex {
   public:
    [[nodiscard]] std::optional<std::uint64_t> find(const crypto::Hash& key) const;
    [[nodiscard]] bool insert(const crypto::Hash& key, std::uint64_t slot);  // false: it has a slot
    void prefetch(const crypto::Hash& key) const;  // soon to be found, or inserted
    [[nodiscard]] std::size_t memory_bytes() const;

   private:
    struct Entry {
      std::array<std::byte, 24> digest{};
      std::uint64_t slot_plus_one = 0;  // 0: free
    };
    struct Shard {
      std::vector<Entry> entries;
      std::size_t used = 0;
    };
    static std::size_t place(const Shard& shard, const std::array<std::byte, 24>& digest);
    static void grow(Shard& shard);
    std::array<Shard, 256> shards_;
  };

  void set_leaf(std::uint64_t slot, const crypto::Hash& leaf);
  void rehash(std::vector<std::uint64_t> changed);

  // levels_[0] are the leaves, levels_[k+1] has one node for two of levels_[k]; a last node without
  // a partner is carried up as it is, which gives exactly the tree of RFC 6962. A deque never moves
  // what it holds.
  std::vector<std::deque<crypto::Hash>> levels_;
  SlotIndex index_;
};

}  // namespace giro::ledger
