// The roots of one block's header, from what apply() answered (ledger 9.2 to 9.4). Computed off the
// apply thread.
#pragma once

#include <span>

#include "node/ledger/outcome_leaf.h"
#include "node/ledger/state_tree.h"

namespace giro::ledger {

// chain(h) = SHA-256("giro/chain/v1" ‖ chain(h-1) ‖ SHA-256(write set of h)). The write set is
// every put and delete but those of the meta table, ascending by key: key length (u32) ‖ key ‖ 1 ‖
// value length (u32) ‖ value, and for a delete key length (u32) ‖ key ‖ 0. `writes` must ascend,
// each key once, as apply() gives them. chain(-1) is zero: genesis is chained like a block.
[[nodiscard]] Hash next_chain(const Hash& previous, std::span<const Write> writes);

// SHA-256("giro/state/v1" ‖ tree_root ‖ chain(h)).
[[nodiscard]] Hash state_root(const Hash& tree_root, const Hash& chain);

struct BlockRoots {
  Hash tree_root;
  Hash chain;  // to be kept in the row chain_key() of the state
  Hash state_root;
  Hash outcomes_root;
  Hash totals_root;
  friend bool operator==(const BlockRoots&, const BlockRoots&) = default;
};

// Brings `tree` up to date with the block and gives its roots. `previous_chain` is chain(h-1);
// `outcomes_root` is that of build_leaves().
[[nodiscard]] BlockRoots compute_roots(StateTree& tree, const Hash& previous_chain,
                                       const BlockResult& result, const Hash& outcomes_root);

}  // namespace giro::ledger
