#include "node/receipt/position.h"

#include "crypto/check.h"
#include "crypto/merkle.h"
#include "node/ledger/roots.h"
#include "node/receipt/attested.h"
#include "node/receipt/limits.h"

namespace giro::receipt {

namespace {

Hash root_of(const PositionProof& proof) {
  const auto key = ledger::position_key(proof.token, proof.account);
  Hash computed = ledger::state_leaf(key, ledger::encode(proof.position));
  for (const auto& neighbour : proof.path) {
    computed = neighbour.is_left ? crypto::merkle_node(neighbour.hash, computed)
                                 : crypto::merkle_node(computed, neighbour.hash);
  }
  return ledger::state_root(computed, proof.chain_value);
}

}  // namespace

std::vector<PositionProof::Neighbour> neighbours(std::uint64_t slot, std::uint64_t size,
                                                 const std::vector<Hash>& hashes) {
  GIRO_CHECK(slot < size, slot, size);
  std::vector<PositionProof::Neighbour> path;
  path.reserve(hashes.size());
  std::uint64_t last = size - 1;  // of this level
  for (const Hash& hash : hashes) {
    for (; slot == last && slot % 2 == 0; slot /= 2, last /= 2) {  // alone: it moves up
      GIRO_CHECK(last != 0, size, hashes.size());
    }
    path.push_back({slot % 2 == 1, hash});
    slot /= 2;
    last /= 2;
  }
  return path;
}

std::expected<VerifiedPosition, Failure> verify(const PositionProof& proof,
                                                const Genesis& genesis) {
  if (proof.path.size() > kStatePathMax || !is_within_bounds(proof))
    return std::unexpected(Failure::Malformed);
  if (proof.chain != genesis.chain) return std::unexpected(Failure::WrongChain);
  auto set = follow_lineage(proof, genesis);
  if (!set) return std::unexpected(Failure::BadLineage);
  if (root_of(proof) != proof.header.state_root || !do_headers_follow(proof))
    return std::unexpected(Failure::BadPath);
  if (const auto attested = check_attestation(proof, *set); !attested)
    return std::unexpected(attested.error());
  return VerifiedPosition{proof.header.hash(proof.chain), std::move(*set), proof.lineage.size()};
}

}  // namespace giro::receipt
