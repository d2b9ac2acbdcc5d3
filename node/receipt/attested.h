// The steps of the procedure that are the same for every proof: that a quorum of the validators in
// force attested its header. Private to node/receipt.
#pragma once

#include <expected>
#include <optional>

#include "node/receipt/verify.h"

namespace giro::receipt {

// MALFORMED if not.
[[nodiscard]] bool is_within_bounds(const Attested& proof);
// Protocol R18, R43: the members that judge the attested header; nullopt if a link is broken:
// BAD_LINEAGE.
[[nodiscard]] std::optional<consensus::ValidatorSet> follow_lineage(const Attested& proof,
                                                                    const Genesis& genesis);
// From the header to the attested one: BAD_PATH if not.
[[nodiscard]] bool do_headers_follow(const Attested& proof);
// BAD_SIGNATURE, NO_QUORUM.
[[nodiscard]] std::expected<void, Failure> check_attestation(const Attested& proof,
                                                             const consensus::ValidatorSet& set);

}  // namespace giro::receipt
