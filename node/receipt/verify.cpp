#include "node/receipt/verify.h"

#include <algorithm>
#include <bit>
#include <span>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/receipt/attested.h"
#include "node/receipt/limits.h"
#include "node/receipt/text.h"

namespace giro::receipt {

namespace {

using consensus::ValidatorSet;

// Step 1: the bounds, and what the JSON form cannot express.
bool is_well_formed(const Receipt& receipt) {
  if (receipt.operation) {
    const SignedBody& operation = *receipt.operation;
    if (operation.body.size() > kBodyBytesMax) return false;
    if (operation.signatures.size() > kBodySignaturesMax) return false;
    const auto not_ascending = [](const auto& a, const auto& b) {
      return a.public_key >= b.public_key;
    };
    if (std::ranges::adjacent_find(operation.signatures, not_ascending) !=
        operation.signatures.end()) {
      return false;
    }
  }
  const ledger::OutcomeLeaf& outcome = receipt.outcome;
  if (outcome.height == 0) return false;  // genesis runs none
  // The sweep has no body, and with nothing shown nothing to say.
  if (outcome.index == 0 && (receipt.operation || receipt.events.empty())) return false;
  if (receipt.events.size() > kEventsMax) return false;
  for (std::size_t i = 0; i < receipt.events.size(); ++i) {
    const DisclosedEvent& shown = receipt.events[i];
    if (i > 0 && shown.position <= receipt.events[i - 1].position) return false;
    if (shown.event.size() > kEventBytesMax || shown.path.size() > kPathMax) return false;
    if (!ledger::decode_event(shown.event)) return false;
  }
  if (outcome.block_time.value < 0 || outcome.block_time.value > kTimeMsMax) return false;
  return receipt.path.size() <= kPathMax && is_within_bounds(receipt);
}

// Step 3 (ledger 4.1).
bool is_body_of_outcome(const Receipt& receipt) {
  const SignedBody& operation = *receipt.operation;
  const Hash& hash = receipt.outcome.operation_hash;
  if (crypto::sha256(operation.body) != hash) return false;
  const Hash signed_digest = crypto::tagged_hash("giro/operation/v1", {receipt.chain, hash});
  return std::ranges::all_of(operation.signatures, [&](const SignedBody::Signature& entry) {
    return crypto::verify(entry.public_key, signed_digest, entry.signature);
  });
}

// Whether the leaf at `index` leads to `root` (RFC 6962 2.1.1), whatever the size of the tree. Each
// one in the index is a neighbour on the left; the other hashes are neighbours on the right, and
// belong to the lowest zeros: above them the node was the last of its level, and moved up alone. So
// index and length of the path say which hash is where.
bool leads_to_root(Hash computed, std::uint32_t index, std::span<const Hash> path,
                   const Hash& root) {
  const auto on_the_left = static_cast<std::size_t>(std::popcount(index));
  if (path.size() < on_the_left) return false;
  std::size_t on_the_right = path.size() - on_the_left;
  for (const Hash& neighbour : path) {
    if (on_the_right == 0) index >>= std::countr_zero(index);  // never 0: a left neighbour is due
    if (index % 2 == 1) {
      computed = crypto::merkle_node(neighbour, computed);
    } else {
      computed = crypto::merkle_node(computed, neighbour);
      --on_the_right;
    }
    index /= 2;
  }
  return computed == root;
}

// Step 3: the events that are shown to the leaf. It says how many there are: a path fits one place.
bool are_events_of_outcome(const Receipt& receipt) {
  return std::ranges::all_of(receipt.events, [&](const DisclosedEvent& shown) {
    return crypto::verify_merkle_path(crypto::merkle_leaf(shown.event), shown.position,
                                      receipt.outcome.event_count, shown.path,
                                      receipt.outcome.events_root);
  });
}

// Step 3: leaf to header, header to attested header.
bool is_outcome_attested(const Receipt& receipt) {
  const ledger::OutcomeLeaf& outcome = receipt.outcome;
  if (outcome.height != receipt.header.height.value) return false;
  if (outcome.block_time.value != receipt.header.time.ms) return false;
  if (!leads_to_root(ledger::leaf_hash(outcome), outcome.index, receipt.path,
                     receipt.header.outcomes_root)) {
    return false;
  }
  return are_events_of_outcome(receipt) && do_headers_follow(receipt);
}

}  // namespace

std::expected<Verified, Failure> verify(const Receipt& receipt, const Genesis& genesis) {
  if (!is_well_formed(receipt)) return std::unexpected(Failure::Malformed);
  if (receipt.chain != genesis.chain) return std::unexpected(Failure::WrongChain);
  std::optional<ValidatorSet> set = follow_lineage(receipt, genesis);
  if (!set) return std::unexpected(Failure::BadLineage);
  if (receipt.operation && !is_body_of_outcome(receipt)) return std::unexpected(Failure::BadBody);
  if (!is_outcome_attested(receipt)) return std::unexpected(Failure::BadPath);
  if (const auto attested = check_attestation(receipt, *set); !attested)
    return std::unexpected(attested.error());
  return Verified{receipt_id(receipt), receipt.header.hash(receipt.chain), std::move(*set),
                  receipt.lineage.size(), receipt.operation.has_value()};
}

}  // namespace giro::receipt
