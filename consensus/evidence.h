// Two signed statements of one member that no correct one makes together (protocol R46). Anybody
// who has the validator set of the epoch can check it. It punishes nobody by itself.
#pragma once

#include <variant>

#include "consensus/view_change.h"

namespace giro::consensus {

// The same place, another digest (protocol R13).
struct ConflictingVotes {
  Vote first;
  Vote second;
  friend bool operator==(const ConflictingVotes&, const ConflictingVotes&) = default;
};

// A commit vote, and a ViewChange for a higher view of its epoch that does not know of it. A lost
// log shows the same.
struct ForgottenCommit {
  Vote commit;
  ViewChange change;
  friend bool operator==(const ForgottenCommit&, const ForgottenCommit&) = default;
};

// An attest vote beside what a quorum attested for that height.
struct FalseAttest {
  Vote vote;
  Certificate certificate;
  friend bool operator==(const FalseAttest&, const FalseAttest&) = default;
};

using Evidence = std::variant<ConflictingVotes, ForgottenCommit, FalseAttest>;

[[nodiscard]] ReplicaId culprit(const Evidence& evidence);
[[nodiscard]] Epoch epoch_of(const Evidence& evidence);
[[nodiscard]] Height height_of(const Evidence& evidence);
// That the statements contradict each other, whoever signed them.
[[nodiscard]] bool contradicts(const Evidence& evidence);
// And that their signatures are the culprit's.
[[nodiscard]] bool verify_evidence(const Evidence& evidence, const ValidatorSet& set,
                                   const Hash& chain);

}  // namespace giro::consensus
