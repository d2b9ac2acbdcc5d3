// Proposals and votes of the consortium (ledger 5.1).
#pragma once

#include "node/client/operations.h"

namespace giro::client {

inline constexpr std::uint32_t kProposalTtlDefaultS = 24 * 60 * 60;

// A seat of the validator set. Keys and signatures are hexadecimal digits, as `giro keys prove`
// prints them.
struct SeatRequest {
  std::string actor;        // the proposing institution
  std::string change;       // add, remove, replace
  std::string institution;  // whose seat
  std::string public_key;   // of its validator; empty: remove
  std::string possession;   // by that key
  std::uint32_t ttl_s = kProposalTtlDefaultS;
  bool urgent = false;
};
[[nodiscard]] std::expected<Draft, Error> draft_seat_proposal(const Directory& directory,
                                                              const SeatRequest& request,
                                                              const DraftOptions& options);

struct VoteRequest {
  std::string actor;
  std::string proposal;  // "bank-a/ID": proposer and id
  bool yes = false;
};
[[nodiscard]] std::expected<Draft, Error> draft_vote(const Directory& directory,
                                                     const VoteRequest& request,
                                                     const DraftOptions& options);

}  // namespace giro::client
