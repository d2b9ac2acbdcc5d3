#include "node/ledger/outcome_leaf.h"

#include <utility>

#include "crypto/merkle.h"
#include "node/ledger/wire.h"

namespace giro::ledger {

namespace {

template <typename T>
std::optional<T> decode_exactly(ByteView bytes) {
  T value;
  if (wire::decode(bytes, value) != wire::Fault::None) return std::nullopt;
  return value;
}

// Leaf of totals_root (ledger 9.3).
struct TotalsLeaf {
  TokenId token{};
  Amount issued{}, redeemed{}, outstanding{}, held{}, frozen{}, internal{};
  std::uint64_t positions{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(1, self.token);
    visit(2, self.issued);
    visit(3, self.redeemed);
    visit(4, self.outstanding);
    visit(5, self.held);
    visit(6, self.frozen);
    visit(7, self.internal);
    visit(8, self.positions);
  }
};

// Turns the events of one leaf into records and finishes the leaf.
void append(BlockLeaves& out, OutcomeLeaf leaf, std::vector<Event>& events) {
  const std::size_t first = out.events.size();
  for (Event& event : events) {
    out.events.push_back({.height = leaf.height,
                          .n = static_cast<std::uint32_t>(out.events.size() + 1),
                          .index = leaf.index,
                          .type = event.type,
                          .actor = leaf.actor,
                          .op_id = leaf.op_id,
                          .block_time = leaf.block_time,
                          .scope = std::move(event.scope),
                          .body = std::move(event.body)});
  }
  events.clear();
  const auto own = std::span<const EventRecord>(out.events).subspan(first);
  leaf.event_count = static_cast<std::uint32_t>(own.size());
  leaf.events_root = events_root(own);
  out.leaves.push_back(leaf);
}

}  // namespace

Bytes encode_leaf(const OutcomeLeaf& leaf) {
  return wire::encode(leaf);
}
std::optional<OutcomeLeaf> decode_leaf(ByteView bytes) {
  return decode_exactly<OutcomeLeaf>(bytes);
}
Hash leaf_hash(const OutcomeLeaf& leaf) {
  return crypto::merkle_leaf(encode_leaf(leaf));
}

Bytes encode_event(const EventRecord& event) {
  return wire::encode(event);
}
std::optional<EventRecord> decode_event(ByteView bytes) {
  return decode_exactly<EventRecord>(bytes);
}

Hash events_root(std::span<const EventRecord> events) {
  std::vector<Hash> hashes;
  hashes.reserve(events.size());
  for (const EventRecord& event : events) {
    wire::Encoder canonical;
    EventRecord::fields(event, canonical);
    hashes.push_back(crypto::merkle_leaf(canonical.view()));
  }
  return crypto::merkle_root(hashes);
}

BlockLeaves build_leaves(const BlockContext& block,
                         std::span<const std::expected<Verified, Code>> operations,
                         BlockResult& result) {
  BlockLeaves out;
  out.leaves.reserve(operations.size() + 1);
  append(out, {.height = block.height, .block_time = block.time}, result.sweep_events);
  for (std::size_t i = 0; i < operations.size() && i < result.outcomes.size(); ++i) {
    Outcome& outcome = result.outcomes[i];
    OutcomeLeaf leaf{.height = block.height,
                     .index = static_cast<std::uint32_t>(i + 1),
                     .block_time = block.time,
                     .code = outcome.code,
                     .detail_index = outcome.index,
                     .detail_inner = outcome.inner,
                     .recorded = outcome.recorded};
    if (const auto& operation = operations[i]) {
      leaf.operation_hash = operation->operation_hash();
      leaf.actor = operation->actor();
      leaf.op_id = operation->op_id();
    }
    append(out, leaf, outcome.events);
  }
  std::vector<Hash> hashes;
  hashes.reserve(out.leaves.size());
  for (const OutcomeLeaf& leaf : out.leaves) hashes.push_back(leaf_hash(leaf));
  out.outcomes_root = crypto::merkle_root(hashes);
  return out;
}

Bytes encode_totals(const TokenTotals& totals) {
  return wire::encode(TotalsLeaf{.token = totals.token,
                                 .issued = totals.issued,
                                 .redeemed = totals.redeemed,
                                 .outstanding = subtract_or_zero(totals.issued, totals.redeemed),
                                 .held = totals.held,
                                 .frozen = totals.frozen,
                                 .internal = totals.internal,
                                 .positions = totals.positions});
}

Hash totals_root(std::span<const TokenTotals> totals) {
  std::vector<Hash> hashes;
  hashes.reserve(totals.size());
  for (const TokenTotals& each : totals) hashes.push_back(crypto::merkle_leaf(encode_totals(each)));
  return crypto::merkle_root(hashes);
}

}  // namespace giro::ledger
