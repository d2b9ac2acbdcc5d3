#include "crypto/merkle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace giro::crypto {
namespace {

Hash hash_of(std::string_view hex) {
  Hash hash;
  EXPECT_TRUE(from_hex(hex, hash.bytes)) << hex;
  return hash;
}

// The tree of eight leaves with which the Certificate Transparency project tests its
// implementations.
const std::vector<std::string> kLeafData{"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};

const std::vector<std::string> kRoots{
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct KnownPath {
  std::size_t index;
  std::size_t size;
  std::vector<std::string> path;
};
const std::vector<KnownPath> kPaths{
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};

std::vector<Hash> known_leaves(std::size_t size) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < size; ++i) leaves.push_back(merkle_leaf(*from_hex(kLeafData[i])));
  return leaves;
}

std::vector<Hash> numbered_leaves(std::size_t size) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < size; ++i) leaves.push_back(merkle_leaf(as_view(std::to_string(i))));
  return leaves;
}

// RFC 6962 2.1 and 2.1.1, as the definitions are written there.
Hash defined_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256(ByteView{});
  if (leaves.size() == 1) return leaves[0];
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  return merkle_node(defined_root(leaves.first(left)), defined_root(leaves.subspan(left)));
}
std::vector<Hash> defined_path(std::span<const Hash> leaves, std::size_t index) {
  if (leaves.size() == 1) return {};
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  const bool is_left = index < left;
  std::vector<Hash> path = is_left ? defined_path(leaves.first(left), index)
                                   : defined_path(leaves.subspan(left), index - left);
  path.push_back(defined_root(is_left ? leaves.subspan(left) : leaves.first(left)));
  return path;
}

TEST(Merkle, root_of_nothing_is_the_hash_of_nothing) {
  EXPECT_EQ(to_hex(merkle_root({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Merkle, gives_the_known_roots) {
  for (std::size_t size = 1; size <= kRoots.size(); ++size) {
    EXPECT_EQ(to_hex(merkle_root(known_leaves(size))), kRoots[size - 1]) << size;
  }
}

TEST(Merkle, gives_the_known_paths) {
  for (const KnownPath& known : kPaths) {
    const std::vector<Hash> leaves = known_leaves(known.size);
    const std::vector<Hash> path = merkle_path(leaves, known.index);
    std::vector<std::string> text;
    for (const Hash& hash : path) text.push_back(to_hex(hash));
    EXPECT_EQ(text, known.path) << known.index << " of " << known.size;
    EXPECT_TRUE(verify_merkle_path(leaves[known.index], known.index, known.size, path,
                                   hash_of(kRoots[known.size - 1])));
  }
}

TEST(Merkle, agrees_with_the_definition_at_every_size_and_index) {
  for (std::size_t size = 1; size <= 70; ++size) {
    const std::vector<Hash> leaves = numbered_leaves(size);
    const Hash root = merkle_root(leaves);
    ASSERT_EQ(root, defined_root(leaves)) << size;
    for (std::size_t index = 0; index < size; ++index) {
      const std::vector<Hash> path = merkle_path(leaves, index);
      ASSERT_EQ(path, defined_path(leaves, index)) << index << " of " << size;
      ASSERT_TRUE(verify_merkle_path(leaves[index], index, size, path, root));
    }
  }
}

TEST(Merkle, path_proves_one_place_in_one_size_only) {
  for (std::size_t size = 1; size <= 20; ++size) {
    const std::vector<Hash> leaves = numbered_leaves(size);
    const Hash root = merkle_root(leaves);
    for (std::size_t index = 0; index < size; ++index) {
      const std::vector<Hash> path = merkle_path(leaves, index);
      for (std::uint64_t other = 0; other < size + 2; ++other) {
        if (other == index) continue;
        ASSERT_FALSE(verify_merkle_path(leaves[index], other, size, path, root));
      }
    }
  }
}

TEST(Merkle, refuses_an_edited_path) {
  const std::vector<Hash> leaves = numbered_leaves(13);
  const Hash root = merkle_root(leaves);
  for (std::size_t index = 0; index < leaves.size(); ++index) {
    const std::vector<Hash> path = merkle_path(leaves, index);
    for (std::size_t i = 0; i < path.size(); ++i) {
      std::vector<Hash> edited = path;
      edited[i].bytes[i] ^= std::byte{1};
      ASSERT_FALSE(verify_merkle_path(leaves[index], index, 13, edited, root));
      edited = path;
      edited.erase(edited.begin() + static_cast<std::ptrdiff_t>(i));
      ASSERT_FALSE(verify_merkle_path(leaves[index], index, 13, edited, root));
      edited = path;
      edited.insert(edited.begin() + static_cast<std::ptrdiff_t>(i), root);
      ASSERT_FALSE(verify_merkle_path(leaves[index], index, 13, edited, root));
    }
    std::vector<Hash> longer = path;
    longer.push_back(Hash{});
    ASSERT_FALSE(verify_merkle_path(leaves[index], index, 13, longer, root));
    Hash other_leaf = leaves[index];
    other_leaf.bytes[31] ^= std::byte{0x80};
    ASSERT_FALSE(verify_merkle_path(other_leaf, index, 13, path, root));
  }
}

TEST(Merkle, check_is_total) {
  const Hash leaf = merkle_leaf(as_view("leaf"));
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  EXPECT_FALSE(verify_merkle_path(leaf, 0, 0, {}, leaf));
  EXPECT_FALSE(verify_merkle_path(leaf, kMax, kMax, {}, leaf));
  EXPECT_FALSE(verify_merkle_path(leaf, kMax - 1, kMax, {}, leaf));
  EXPECT_FALSE(verify_merkle_path(leaf, 0, kMax, std::vector<Hash>(64), leaf));
  EXPECT_FALSE(verify_merkle_path(leaf, kMax - 1, kMax, std::vector<Hash>(1000), leaf));
  EXPECT_TRUE(verify_merkle_path(leaf, 0, 1, {}, leaf));
}

// RFC 6962: a node cannot be shown as a leaf, and the last leaf is not doubled (CVE-2012-2459).
TEST(Merkle, leaves_and_nodes_are_different_domains) {
  const Hash a = merkle_leaf(as_view("a"));
  const Hash b = merkle_leaf(as_view("b"));
  Bytes both = to_bytes(a);
  Writer(both).raw(b);
  EXPECT_NE(merkle_leaf(both), merkle_node(a, b));
  EXPECT_NE(merkle_root(std::vector{a, b, b}), merkle_root(std::vector{a, b, b, b}));
}

TEST(Merkle, path_of_a_missing_leaf_is_our_mistake) {
  const std::vector<Hash> leaves = numbered_leaves(3);
  EXPECT_DEATH((void)merkle_path(leaves, 3), "index < leaves.size\\(\\)");
}

}  // namespace
}  // namespace giro::crypto
