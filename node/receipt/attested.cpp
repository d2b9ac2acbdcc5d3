#include "node/receipt/attested.h"

#include <algorithm>
#include <limits>
#include <span>

#include "node/receipt/limits.h"

namespace giro::receipt {

namespace {

using consensus::Header;
using consensus::Member;
using consensus::ValidatorSet;

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

bool is_within_bounds(const Attested& proof) {
  if (proof.later_headers.size() > kLaterHeadersMax || proof.attestation.size() > kMembersMax ||
      proof.lineage.size() > kSetChangesMax) {
    return false;
  }
  return std::ranges::all_of(proof.lineage, [](const SetChange& change) {
    return change.attestation.size() <= kMembersMax && change.set.size() <= kMembersMax;
  });
}

std::optional<ValidatorSet> follow_lineage(const Attested& proof, const Genesis& genesis) {
  if (!is_valid_set(genesis.members)) return std::nullopt;
  ValidatorSet in_force{{}, genesis.members};
  consensus::Height below;
  for (const SetChange& change : proof.lineage) {
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
    if (header.next_set != change.set.digest(proof.chain)) return std::nullopt;
    if (change.attestation.size() < in_force.quorum() ||
        !are_votes(change.attestation, header, in_force.members, proof.chain)) {
      return std::nullopt;
    }
    in_force = change.set;
    below = header.height;
  }
  const Header& attested = proof.attested_header();
  if (attested.epoch < in_force.epoch || attested.height <= below) return std::nullopt;
  in_force.epoch = attested.epoch;  // unchanged since
  return in_force;
}

bool do_headers_follow(const Attested& proof) {
  const Header* below = &proof.header;
  for (const Header& header : proof.later_headers) {
    if (header.previous != below->hash(proof.chain)) return false;
    if (header.height.value != below->height.value + 1 || header.epoch < below->epoch) return false;
    below = &header;
  }
  return true;
}

std::expected<void, Failure> check_attestation(const Attested& proof, const ValidatorSet& set) {
  if (!are_votes(proof.attestation, proof.attested_header(), set.members, proof.chain))
    return std::unexpected(Failure::BadSignature);
  if (proof.attestation.size() < set.quorum()) return std::unexpected(Failure::NoQuorum);
  return {};
}

}  // namespace giro::receipt
