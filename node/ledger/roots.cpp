#include "node/ledger/roots.h"

#include <algorithm>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "node/ledger/key.h"

namespace giro::ledger {

Hash next_chain(const Hash& previous, std::span<const Write> writes) {
  crypto::Sha256 hash;
  Bytes head;
  const Write* before = nullptr;
  for (const Write& write : writes) {
    GIRO_CHECK(before == nullptr || std::ranges::lexicographical_compare(before->key, write.key),
               crypto::to_hex(write.key));
    before = &write;
    if (!write.key.empty() && static_cast<Table>(write.key[0]) == Table::Meta) {
      continue;
    }
    head.clear();
    crypto::Writer writer(head);
    writer.u32(static_cast<std::uint32_t>(write.key.size())).raw(write.key);
    if (write.value) {
      writer.u8(1).u32(static_cast<std::uint32_t>(write.value->size()));
    } else {
      writer.u8(0);
    }
    hash.update(head);
    if (write.value) {
      hash.update(*write.value);
    }
  }
  const Hash write_set = hash.finish();
  return crypto::tagged_hash("giro/chain/v1", {previous, write_set});
}

Hash state_root(const Hash& tree_root, const Hash& chain) {
  return crypto::tagged_hash("giro/state/v1", {tree_root, chain});
}

BlockRoots compute_roots(StateTree& tree, const Hash& previous_chain, const BlockResult& result,
                         const Hash& outcomes_root) {
  tree.apply(result.writes);
  BlockRoots roots;
  roots.tree_root = tree.root();
  roots.chain = next_chain(previous_chain, result.writes);
  roots.state_root = state_root(roots.tree_root, roots.chain);
  roots.outcomes_root = outcomes_root;
  roots.totals_root = totals_root(result.totals);
  return roots;
}

}  // namespace giro::ledger
