// What a block header's outcomes_root is made of (ledger 9.4, 10): one leaf for the sweep and one
// for each operation, each with the tree of its events. Also totals_root (ledger 9.3).
#pragma once

#include <expected>
#include <span>
#include <vector>

#include "node/ledger/ledger.h"

namespace giro::ledger {

// One event of the block store. Its canonical bytes are the leaf data of events_root.
struct EventRecord {
  std::uint64_t height{};
  std::uint32_t n{};      // of the block, from 1, the sweep's first
  std::uint32_t index{};  // of the operation; 0: the sweep
  std::uint16_t type{};   // events.h
  InstId actor{};         // of the operation
  OpId op_id{};           // of the operation
  TimeMs block_time{};
  std::vector<InstId> scope;  // ascending; empty: all institutions
  Bytes body;                 // canonical encoding of the type's message

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.height);
    visit(2, self.n);
    visit(3, self.index);
    visit(4, self.type);
    visit(5, self.actor);
    visit(6, self.op_id);
    visit(7, self.block_time);
    visit(8, self.scope);
    visit(9, self.body);
  }
};

struct OutcomeLeaf {
  std::uint64_t height{};
  std::uint32_t index{};  // place in the outcomes tree: 0 the sweep, operations from 1
  TimeMs block_time{};
  Hash operation_hash{};  // zero: the sweep, or bytes that failed step 1 or 2
  InstId actor{};
  OpId op_id{};
  Code code{};
  std::uint32_t detail_index{};
  Code detail_inner{};
  bool recorded{};
  std::uint32_t event_count{};
  Hash events_root{};  // RFC 6962 over the canonical bytes of its events

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.height);
    visit(2, self.index);
    visit(3, self.block_time);
    visit(4, self.operation_hash);
    visit(5, self.actor);
    visit(6, self.op_id);
    visit(7, self.code);
    visit(8, self.detail_index);
    visit(9, self.detail_inner);
    visit(10, self.recorded);
    visit(11, self.event_count);
    visit(12, self.events_root);
  }
  friend bool operator==(const OutcomeLeaf&, const OutcomeLeaf&) = default;
};

[[nodiscard]] Bytes encode_leaf(const OutcomeLeaf& leaf);
// nullopt: not the canonical encoding of a leaf.
[[nodiscard]] std::optional<OutcomeLeaf> decode_leaf(ByteView bytes);
[[nodiscard]] Hash leaf_hash(
    const OutcomeLeaf& leaf);  // crypto::merkle_leaf of the canonical encoding

[[nodiscard]] Bytes encode_event(const EventRecord& event);
[[nodiscard]] std::optional<EventRecord> decode_event(ByteView bytes);
[[nodiscard]] Hash events_root(std::span<const EventRecord> events);

struct BlockLeaves {
  std::vector<OutcomeLeaf> leaves;  // the sweep, then the operations: leaves[i].index == i
  std::vector<EventRecord> events;  // the block's, n ascending from 1 without a gap
  Hash outcomes_root{};
};
// `operations` as given to apply(), `result` as it answered. Takes the event bodies over. An
// operation that failed step 1 or 2 has no hash, actor or op_id in its leaf: nothing in it may be
// believed.
[[nodiscard]] BlockLeaves build_leaves(const BlockContext& block,
                                       std::span<const std::expected<Verified, Code>> operations,
                                       BlockResult& result);

// Leaf of totals_root: {token, issued, redeemed, outstanding, held, frozen, internal, positions}.
[[nodiscard]] Bytes encode_totals(const TokenTotals& totals);
[[nodiscard]] Hash totals_root(std::span<const TokenTotals> totals);

}  // namespace giro::ledger
