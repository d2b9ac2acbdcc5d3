#include "node/ledger/roots.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace giro::ledger {
namespace {

Bytes bytes(std::string_view text) {
  return crypto::to_bytes(crypto::as_view(text));
}

const Hash kPrevious = crypto::sha256(crypto::as_view("previous"));

Write payment(std::uint8_t number, std::optional<Bytes> value) {
  return {payment_key(1, Uetr{{std::byte{number}}}).to_bytes(), std::move(value)};
}

TEST(Roots, Chain_hashes_the_length_prefixed_write_set) {
  const Write one = payment(1, bytes("value"));
  const Write two = payment(2, std::nullopt);
  Bytes set;
  crypto::Writer(set)
      .u32(static_cast<std::uint32_t>(one.key.size()))
      .raw(one.key)
      .u8(1)
      .u32(5)
      .text("value")
      .u32(static_cast<std::uint32_t>(two.key.size()))
      .raw(two.key)
      .u8(0);
  const Hash digest = crypto::sha256(set);
  const Hash expected = crypto::tagged_hash("giro/chain/v1", {kPrevious, digest});
  EXPECT_EQ(next_chain(kPrevious, std::vector{one, two}), expected);
}

TEST(Roots, Chain_of_an_empty_write_set_moves_on) {
  const Hash digest = crypto::sha256(ByteView{});
  EXPECT_EQ(next_chain(kPrevious, {}), crypto::tagged_hash("giro/chain/v1", {kPrevious, digest}));
}

TEST(Roots, Chain_leaves_out_the_meta_table) {
  const std::vector<Write> plain{payment(1, bytes("value"))};
  std::vector<Write> with_meta = plain;
  with_meta.push_back({meta_key().to_bytes(), bytes("meta")});
  EXPECT_EQ(next_chain(kPrevious, plain), next_chain(kPrevious, with_meta));
}

TEST(Roots, Chain_tells_a_delete_from_an_empty_value) {
  EXPECT_NE(next_chain(kPrevious, std::vector{payment(1, Bytes{})}),
            next_chain(kPrevious, std::vector{payment(1, std::nullopt)}));
}

TEST(Roots, Chain_depends_on_the_chain_before) {
  EXPECT_NE(next_chain(kPrevious, {}), next_chain(Hash{}, {}));
}

TEST(Roots, State_root_binds_tree_and_chain) {
  const Hash tree = crypto::sha256(crypto::as_view("tree"));
  EXPECT_EQ(state_root(tree, kPrevious), crypto::tagged_hash("giro/state/v1", {tree, kPrevious}));
}

TEST(Roots, Of_a_block_follow_from_its_writes_and_totals) {
  BlockResult result;
  result.writes = {{token_key(1).to_bytes(), bytes("token")},
                   payment(1, bytes("value")),
                   {slot_key(0).to_bytes(), token_key(1).to_bytes()}};
  result.totals = {{1, Amount{0, 5}, Amount{}, Amount{}, Amount{}, Amount{}, 4}};
  const Hash outcomes = crypto::sha256(crypto::as_view("outcomes"));

  StateTree tree;
  const BlockRoots roots = compute_roots(tree, kPrevious, result, outcomes);

  EXPECT_EQ(roots.tree_root, state_leaf(token_key(1).to_bytes(), bytes("token")));
  EXPECT_EQ(tree.root(), roots.tree_root);
  EXPECT_EQ(roots.chain, next_chain(kPrevious, result.writes));
  EXPECT_EQ(roots.state_root, state_root(roots.tree_root, roots.chain));
  EXPECT_EQ(roots.outcomes_root, outcomes);
  EXPECT_EQ(roots.totals_root, totals_root(result.totals));
}

TEST(RootsDeathTest, Writes_out_of_order_are_our_mistake) {
  const std::vector<Write> writes{payment(2, bytes("b")), payment(1, bytes("a"))};
  EXPECT_DEATH((void)next_chain(kPrevious, writes), "lexicographical_compare");
  const std::vector<Write> twice{payment(1, bytes("b")), payment(1, bytes("a"))};
  EXPECT_DEATH((void)next_chain(kPrevious, twice), "lexicographical_compare");
}

}  // namespace
}  // namespace giro::ledger
