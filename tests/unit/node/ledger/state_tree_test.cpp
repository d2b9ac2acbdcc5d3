#include "node/ledger/state_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/ledger/ledger.h"

namespace giro::ledger {
namespace {

// A state in a map, changed by writes like the store.
class MapState final : public StateView {
 public:
  [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
    const auto at = rows_.find(crypto::to_bytes(key));
    return at == rows_.end() ? std::nullopt : std::optional(at->second);
  }
  void scan(ByteView from, ByteView to,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    for (auto at = rows_.lower_bound(crypto::to_bytes(from));
         at != rows_.end() && at->first < crypto::to_bytes(to); ++at) {
      if (!visit(at->first, at->second)) {
        return;
      }
    }
  }
  void apply(const std::vector<Write>& writes) {
    for (const Write& write : writes) {
      if (write.value) {
        rows_[write.key] = *write.value;
      } else {
        rows_.erase(write.key);
      }
    }
  }
  std::map<Bytes, Bytes> rows_;
};

Bytes bytes(std::string_view text) {
  return crypto::to_bytes(crypto::as_view(text));
}

// The record `number` of the table of tokens.
Bytes record_key(std::uint64_t number) {
  return token_key(static_cast<TokenId>(number + 1)).to_bytes();
}
Write put(std::uint64_t number, std::string_view value) {
  return {record_key(number), bytes(value)};
}
Write slot(std::uint64_t slot, std::uint64_t number) {
  return {slot_key(slot).to_bytes(), record_key(number)};
}

// Records 0 .. count-1 with their slots.
std::vector<Write> create(std::uint64_t from, std::uint64_t count) {
  std::vector<Write> writes;
  for (std::uint64_t number = from; number < from + count; ++number) {
    writes.push_back(put(number, "v" + std::to_string(number)));
  }
  for (std::uint64_t number = from; number < from + count; ++number) {
    writes.push_back(slot(number, number));
  }
  return writes;
}

crypto::Hash reference_root(const MapState& state, std::uint64_t count) {
  std::vector<crypto::Hash> leaves;
  for (std::uint64_t number = 0; number < count; ++number) {
    leaves.push_back(state_leaf(record_key(number), *state.get(record_key(number))));
  }
  return crypto::merkle_root(leaves);
}

TEST(StateTree, Leaf_is_the_hash_of_key_and_value_digest) {
  const Bytes key = bytes("key");
  const Bytes value = bytes("value");
  Bytes data = key;
  const crypto::Hash digest = crypto::sha256(value);
  data.insert(data.end(), digest.bytes.begin(), digest.bytes.end());
  EXPECT_EQ(state_leaf(key, value), crypto::merkle_leaf(data));
}

TEST(StateTree, Of_no_records_has_the_root_of_the_empty_string) {
  const StateTree tree;
  EXPECT_EQ(tree.size(), 0U);
  EXPECT_EQ(tree.root(), crypto::sha256(ByteView{}));
}

TEST(StateTree, Is_the_tree_of_RFC_6962_at_every_size) {
  StateTree tree;
  MapState state;
  for (std::uint64_t count = 1; count <= 130; ++count) {
    const std::vector<Write> writes = create(count - 1, 1);
    state.apply(writes);
    tree.apply(writes);
    ASSERT_EQ(tree.root(), reference_root(state, count)) << count;
  }
}

TEST(StateTree, Many_creations_and_changes_in_one_block_equal_a_rebuild) {
  StateTree tree;
  MapState state;
  std::uint64_t count = 0;
  for (const std::uint64_t fresh : {1U, 2U, 5U, 64U, 63U, 1000U}) {
    std::vector<Write> writes = create(count, fresh);
    for (std::uint64_t number = 0; number < count; number += 7) {
      writes.push_back(put(number, "changed at " + std::to_string(count)));
    }
    count += fresh;
    state.apply(writes);
    tree.apply(writes);
    ASSERT_EQ(tree.size(), count);
    ASSERT_EQ(tree.root(), reference_root(state, count));
    const auto rebuilt = StateTree::rebuild(state);
    ASSERT_TRUE(rebuilt.has_value());
    EXPECT_EQ(rebuilt->root(), tree.root());
    EXPECT_EQ(rebuilt->size(), tree.size());
  }
}

TEST(StateTree, Ignores_tables_that_are_not_in_the_tree) {
  StateTree tree;
  tree.apply(create(0, 3));
  const crypto::Hash root = tree.root();
  const Uetr uetr{{std::byte{1}}};
  tree.apply(std::vector<Write>{{payment_key(1, uetr).to_bytes(), bytes("payment")},
                                {outcome_key(1, uetr).to_bytes(), std::nullopt},
                                {meta_key().to_bytes(), bytes("meta")}});
  EXPECT_EQ(tree.root(), root);
}

TEST(StateTree, Slot_rows_may_come_before_their_records) {
  StateTree tree;
  StateTree other;
  const std::vector<Write> writes = create(0, 10);
  tree.apply(writes);
  other.apply(std::vector<Write>(writes.rbegin(), writes.rend()));
  EXPECT_EQ(tree.root(), other.root());
}

TEST(StateTree, Every_path_verifies) {
  for (const std::uint64_t count : {1U, 2U, 3U, 7U, 8U, 21U}) {
    StateTree tree;
    const std::vector<Write> writes = create(0, count);
    tree.apply(writes);
    for (std::uint64_t number = 0; number < count; ++number) {
      const crypto::Hash leaf = state_leaf(writes[number].key, *writes[number].value);
      ASSERT_EQ(tree.slot_of(writes[number].key), number);
      EXPECT_TRUE(crypto::verify_merkle_path(leaf, number, count, tree.path(number), tree.root()));
    }
  }
}

TEST(StateTree, Unknown_record_has_no_slot) {
  StateTree tree;
  EXPECT_EQ(tree.slot_of(record_key(0)), std::nullopt);
  tree.apply(create(0, 3));
  EXPECT_EQ(tree.slot_of(record_key(3)), std::nullopt);
}

TEST(StateTree, Needs_about_115_bytes_a_record) {
  StateTree tree;
  tree.apply(create(0, 50'000));
  EXPECT_LT(tree.memory_bytes() / tree.size(), 130U);
}

TEST(StateTree, Rebuild_refuses_a_damaged_state) {
  const auto rebuilt = [](auto damage) {
    MapState state;
    state.apply(create(0, 5));
    damage(state);
    return StateTree::rebuild(state);
  };
  const auto gap = rebuilt([](MapState& state) { state.rows_.erase(slot_key(2).to_bytes()); });
  EXPECT_EQ(gap.error(), TreeError::SlotGap);
  const auto missing = rebuilt([](MapState& state) { state.rows_.erase(record_key(2)); });
  EXPECT_EQ(missing.error(), TreeError::RecordMissing);
  const auto stray = rebuilt([](MapState& state) { state.rows_[record_key(9)] = Bytes(3); });
  EXPECT_EQ(stray.error(), TreeError::NoSlot);
  const auto twice =
      rebuilt([](MapState& state) { state.rows_[slot_key(3).to_bytes()] = record_key(2); });
  EXPECT_EQ(twice.error(), TreeError::SlotTwice);
  const auto foreign =
      rebuilt([](MapState& state) { state.rows_[slot_key(3).to_bytes()] = meta_key().to_bytes(); });
  EXPECT_EQ(foreign.error(), TreeError::NotATreeRecord);
  const auto empty =
      rebuilt([](MapState& state) { state.rows_[slot_key(3).to_bytes()] = Bytes{}; });
  EXPECT_EQ(empty.error(), TreeError::SlotMalformed);
  const auto long_key = rebuilt([](MapState& state) {
    Bytes key = slot_key(4).to_bytes();
    key.push_back(std::byte{0});
    state.rows_[key] = record_key(9);
  });
  EXPECT_EQ(long_key.error(), TreeError::SlotMalformed);
  EXPECT_FALSE(describe(TreeError::SlotGap).empty());
}

using StateTreeDeathTest = ::testing::Test;

TEST(StateTreeDeathTest, Writes_that_apply_never_gives_are_our_mistake) {
  StateTree tree;
  tree.apply(create(0, 2));
  const std::vector<Write> no_slot{put(2, "x")};
  EXPECT_DEATH(tree.apply(no_slot), "slot.has_value");
  const std::vector<Write> deleted{{record_key(0), std::nullopt}};
  EXPECT_DEATH(tree.apply(deleted), "write.value");
  const std::vector<Write> gap{put(2, "x"), slot(3, 2)};
  EXPECT_DEATH(tree.apply(gap), "slot == size");
  const std::vector<Write> no_record{slot(2, 2)};
  EXPECT_DEATH(tree.apply(no_record), "filled");
}

}  // namespace
}  // namespace giro::ledger
