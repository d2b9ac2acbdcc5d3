// A position proof shows, to someone who trusts only the genesis file, how one account stood in one
// token at one height: its record leads to the state root of a header that a quorum attested
// (ledger 9.2, 9.4). With it a statement is complete: its entry_chain must be that of the position.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "node/ledger/records.h"
#include "node/receipt/verify.h"

namespace giro::receipt {

struct PositionProof : Attested {  // its header is that of the block after which it stood so
  // One step up the tree of states. The side is said, and not the slot and the size of the tree,
  // which nothing signs.
  struct Neighbour {
    bool is_left = false;
    Hash hash;
    friend bool operator==(const Neighbour&, const Neighbour&) = default;
  };
  ledger::TokenId token = 0;
  ledger::AccountId account;
  ledger::Position position;
  std::vector<Neighbour> path;  // from the record upwards to the tree's root
  Hash chain_value;             // chain(h): state_root covers both
};

// The steps from a slot of a tree of `size` leaves, `hashes` being its audit path.
[[nodiscard]] std::vector<PositionProof::Neighbour> neighbours(std::uint64_t slot,
                                                               std::uint64_t size,
                                                               const std::vector<Hash>& hashes);

// What was learnt on the way, for people.
struct VerifiedPosition {
  Hash header_hash;
  consensus::ValidatorSet set;  // that attested; its epoch is that of the attested header
  std::size_t set_changes = 0;  // since genesis
};

// Total, and stops at the first failure, as verify() of a receipt does. There is no body.
[[nodiscard]] std::expected<VerifiedPosition, Failure> verify(const PositionProof& proof,
                                                              const Genesis& genesis);

inline constexpr std::string_view kPositionFormat = "giro.position/1";

// Each proof has exactly one text, as a receipt has (json.h). The record is in it in canonical
// encoding (ledger 4.1), in hexadecimal.
[[nodiscard]] std::string to_json(const PositionProof& proof);
[[nodiscard]] std::optional<PositionProof> position_from_json(std::string_view text);
[[nodiscard]] std::expected<VerifiedPosition, Failure> verify_position_json(std::string_view text,
                                                                            const Genesis& genesis);

}  // namespace giro::receipt
