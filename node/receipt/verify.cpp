#include "node/receipt/verify.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "node/receipt/limits.h"
#include "node/receipt/text.h"

namespace giro::receipt {

namespace {

using consensus::Header;
using consensus::Member;
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
  if (outcome.height == 0 || outcome.index == 0) return false;  // genesis runs none; 0 is the sweep
  if (outcome.block_time.value < 0 || outcome.block_time.value > kTimeMsMax) return false;
  if (receipt.path.size() > kPathMax || receipt.later_headers.size() > kLaterHeadersMax ||
      receipt.attestation.size() > kMembersMax || receipt.lineage.size() > kSetChangesMax) {
    return false;
  }
  return std::ranges::all_of(receipt.lineage, [](const SetChange& change) {
    return change.attestation.size() <= kMembersMax && change.set.size() <= kMembersMax;
  });
}

// One institution and one key for each member, in order of institution id, every key a point.
bool is_valid_set(std::span<const Member> members) {
  if (members.empty() || members.size() > kMembersMax) return false;
  std::vector<crypto::PublicKey> keys;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0 && members[i].institution <= members[i - 1].institution) return false;
    if (!crypto::is_valid_point(members[i].key)) return false;
    keys.push_back(members[i].key);
  }
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) == keys.end();
}

// Distinct members, ascending, each with a vote for exactly this header. Does not count them.
bool are_votes(const Attestation& attestation, const Header& header,
               std::span<const Member> members, const Hash& chain) {
  const Hash signed_digest = attest_content(chain, header).sign_bytes(chain);
  for (std::size_t i = 0; i < attestation.size(); ++i) {
    const auto& [voter, signature] = attestation[i];
    if (voter.value >= members.size()) return false;
    if (i > 0 && voter <= attestation[i - 1].voter) return false;
    if (!crypto::verify(members[voter.value].key, signed_digest, signature)) return false;
  }
  return true;
}

// Step 2 (protocol R18, R43): the members that judge the attested header; nullopt if a link is
// broken.
std::optional<ValidatorSet> follow_lineage(const Receipt& receipt, const Genesis& genesis) {
  if (!is_valid_set(genesis.members)) return std::nullopt;
  ValidatorSet in_force{{}, genesis.members};
  consensus::Height below;
  for (const SetChange& change : receipt.lineage) {
    const Header& header = change.header;
    // The set in force since its epoch made the change, and it is a change.
    if (header.epoch < in_force.epoch || header.height <= below) return std::nullopt;
    if (header.epoch.value == std::numeric_limits<std::uint64_t>::max() ||
        change.set.epoch.value != header.epoch.value + 1) {
      return std::nullopt;
    }
    if (!is_valid_set(change.set.members) || change.set.members == in_force.members) {
      return std::nullopt;
    }
    if (header.next_set != change.set.digest(receipt.chain)) return std::nullopt;
    if (change.attestation.size() < in_force.quorum() ||
        !are_votes(change.attestation, header, in_force.members, receipt.chain)) {
      return std::nullopt;
    }
    in_force = change.set;
    below = header.height;
  }
  const Header& attested = receipt.attested_header();
  if (attested.epoch < in_force.epoch || attested.height <= below) return std::nullopt;
  in_force.epoch = attested.epoch;  // unchanged since
  return in_force;
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

// Step 3: leaf to header, header to attested header.
bool is_outcome_attested(const Receipt& receipt) {
  const ledger::OutcomeLeaf& outcome = receipt.outcome;
  if (outcome.height != receipt.header.height.value) return false;
  if (outcome.block_time.value != receipt.header.time.ms) return false;
  if (!leads_to_root(ledger::leaf_hash(outcome), outcome.index, receipt.path,
                     receipt.header.outcomes_root)) {
    return false;
  }
  const Header* below = &receipt.header;
  for (const Header& header : receipt.later_headers) {
    if (header.previous != below->hash(receipt.chain)) return false;
    if (header.height.value != below->height.value + 1 || header.epoch < below->epoch) return false;
    below = &header;
  }
  return true;
}

}  // namespace

std::string_view name(Failure failure) {
  switch (failure) {
    case Failure::Malformed:
      return "MALFORMED";
    case Failure::WrongChain:
      return "WRONG_CHAIN";
    case Failure::BadLineage:
      return "BAD_LINEAGE";
    case Failure::BadBody:
      return "BAD_BODY";
    case Failure::BadPath:
      return "BAD_PATH";
    case Failure::BadSignature:
      return "BAD_SIGNATURE";
    case Failure::NoQuorum:
      return "NO_QUORUM";
  }
  return "UNKNOWN";
}

std::expected<Verified, Failure> verify(const Receipt& receipt, const Genesis& genesis) {
  if (!is_well_formed(receipt)) return std::unexpected(Failure::Malformed);
  if (receipt.chain != genesis.chain) return std::unexpected(Failure::WrongChain);
  std::optional<ValidatorSet> set = follow_lineage(receipt, genesis);
  if (!set) return std::unexpected(Failure::BadLineage);
  if (receipt.operation && !is_body_of_outcome(receipt)) return std::unexpected(Failure::BadBody);
  if (!is_outcome_attested(receipt)) return std::unexpected(Failure::BadPath);
  if (!are_votes(receipt.attestation, receipt.attested_header(), set->members, receipt.chain)) {
    return std::unexpected(Failure::BadSignature);
  }
  if (receipt.attestation.size() < set->quorum()) return std::unexpected(Failure::NoQuorum);
  return Verified{receipt_id(receipt), receipt.header.hash(receipt.chain), std::move(*set),
                  receipt.lineage.size(), receipt.operation.has_value()};
}

}  // namespace giro::receipt
