// The offline check of a receipt (surface 6). Pure: needs the receipt and the facts of the genesis
// file, nothing else.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "node/receipt/receipt.h"

namespace giro::receipt {

// In the order of the checks. Verification stops at the first that fails.
enum class Failure : std::uint8_t {
  Malformed,     // not in canonical form, or beyond a bound of limits.h
  WrongChain,    // of another genesis file
  BadLineage,    // a change of the validator set that was not made by the set in force
  BadBody,       // the body is not the one that ran, or a signature under it does not verify
  BadPath,       // the outcome is not in the attested header's chain
  BadSignature,  // an attestation that is not a member's vote for exactly this header
  NoQuorum,      // too few attestations
};
[[nodiscard]] std::string_view name(Failure failure);  // "NO_QUORUM"

// What the verifier knows from the genesis file.
struct Genesis {
  Hash chain;                              // SHA-256 of the file's bytes
  std::vector<consensus::Member> members;  // the validator set of epoch 0, ascending institution id
};

// What was learnt on the way, for people.
struct Verified {
  Hash receipt_id;
  Hash header_hash;             // of the block that ran the operation
  consensus::ValidatorSet set;  // that attested; its epoch is that of the attested header
  std::size_t set_changes = 0;  // since genesis
  bool body_checked = false;    // false: redacted
};

// Total: any receipt, in time proportional to its size. The body's signatures are checked as
// signatures of their keys; that these keys had authority is what the quorum attests.
[[nodiscard]] std::expected<Verified, Failure> verify(const Receipt& receipt,
                                                      const Genesis& genesis);

}  // namespace giro::receipt
