// Merkle trees as in RFC 6962, section 2.1: SHA-256, leaves and nodes in separate domains, no
// duplicated last leaf.
#pragma once

#include <span>
#include <vector>

#include "crypto/digest.h"

namespace giro::crypto {

[[nodiscard]] Hash merkle_leaf(ByteView data);                        // SHA-256(00 ‖ data)
[[nodiscard]] Hash merkle_node(const Hash& left, const Hash& right);  // SHA-256(01 ‖ left ‖ right)

// Over leaf hashes. The root of no leaves is SHA-256 of the empty string.
[[nodiscard]] Hash merkle_root(std::span<const Hash> leaves);
// Audit path of leaf `index` < leaves.size(), from the leaf upwards.
[[nodiscard]] std::vector<Hash> merkle_path(std::span<const Hash> leaves, std::size_t index);
// RFC 9162 2.1.3.2. Total: any index, size and path length.
[[nodiscard]] bool verify_merkle_path(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                      std::span<const Hash> path, const Hash& root);

}  // namespace giro::crypto
