// Votes and certificates (protocol 2). A certificate is q votes of one kind that agree.
#pragma once

#include <span>
#include <vector>

#include "consensus/types.h"

namespace giro::consensus {

enum class VoteKind : std::uint8_t { Prepare = 1, Commit = 2, Attest = 3, Snapshot = 4 };

// What a vote says. Attest and snapshot votes have view 0 and the header's or the manifest's hash
// as digest.
struct VoteContent {
  VoteKind kind{};
  Epoch epoch;
  View view;
  Height height;
  Hash digest;
  // SHA-256("giro/vote/v1" ‖ chain ‖ kind ‖ epoch ‖ view ‖ height ‖ digest): what is signed.
  [[nodiscard]] Hash sign_bytes(const Hash& chain) const;
  friend auto operator<=>(const VoteContent&, const VoteContent&) = default;
};

struct Vote {
  VoteContent content;
  ReplicaId voter;
  crypto::Signature signature;
  friend bool operator==(const Vote&, const Vote&) = default;
};

struct Certificate {
  struct Signed {
    ReplicaId voter;
    crypto::Signature signature;
    friend bool operator==(const Signed&, const Signed&) = default;
  };
  VoteContent content;
  std::vector<Signed> signatures;  // ascending voter, no duplicates

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// Certificates of one chain are ordered by (epoch, view, height).
[[nodiscard]] bool ranks_higher(const Certificate& left, const Certificate& right);

// Form, quorum and every signature, judged by the set of its epoch (protocol R43). Costs a check
// per signature.
[[nodiscard]] bool verify_certificate(const Certificate& certificate, const ValidatorSet& set,
                                      const Hash& chain);

}  // namespace giro::consensus
