#include "crypto/merkle.h"

#include <algorithm>

#include "crypto/check.h"

namespace giro::crypto {

namespace {

// One level up: neighbours are joined, an odd last one moves up as it is. Repeated, this is the
// tree of RFC 6962, whose left part is always the largest full tree.
std::vector<Hash> level_above(std::span<const Hash> level) {
  std::vector<Hash> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
    above.push_back(merkle_node(level[i], level[i + 1]));
  }
  if (level.size() % 2 == 1) above.push_back(level.back());
  return above;
}

}  // namespace

Hash merkle_leaf(ByteView data) {
  constexpr std::byte domain{0x00};
  return sha256({ByteView(&domain, 1), data});
}

Hash merkle_node(const Hash& left, const Hash& right) {
  std::array<std::byte, 65> node;
  node[0] = std::byte{0x01};
  std::copy(left.bytes.begin(), left.bytes.end(), node.begin() + 1);
  std::copy(right.bytes.begin(), right.bytes.end(), node.begin() + 33);
  return sha256(ByteView(node));
}

Hash merkle_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256(ByteView{});
  if (leaves.size() == 1) return leaves.front();
  std::vector<Hash> level = level_above(leaves);
  // In place from here on: slot i is written after slots 2i and 2i+1 are read.
  for (std::size_t size = level.size(); size > 1; size = (size + 1) / 2) {
    for (std::size_t i = 0; 2 * i + 1 < size; ++i)
      level[i] = merkle_node(level[2 * i], level[2 * i + 1]);
    if (size % 2 == 1) level[size / 2] = level[size - 1];
  }
  return level.front();
}

std::vector<Hash> merkle_path(std::span<const Hash> leaves, std::size_t index) {
  GIRO_CHECK(index < leaves.size(), index, leaves.size());
  std::vector<Hash> path;
  std::vector<Hash> owned;
  while (leaves.size() > 1) {
    const std::size_t sibling = index ^ 1;
    if (sibling < leaves.size()) path.push_back(leaves[sibling]);
    owned = level_above(leaves);
    leaves = owned;
    index /= 2;
  }
  return path;
}

bool verify_merkle_path(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                        std::span<const Hash> path, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash computed = leaf;
  for (const Hash& sibling : path) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      computed = merkle_node(sibling, computed);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      computed = merkle_node(computed, sibling);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 && computed == root;
}

}  // namespace giro::crypto
