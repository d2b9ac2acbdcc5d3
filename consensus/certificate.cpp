#include "consensus/certificate.h"

#include <tuple>

#include "crypto/digest.h"
#include "crypto/mutant.h"

namespace giro::consensus {

Hash VoteContent::sign_bytes(const Hash& chain) const {
  Bytes bytes;
  bytes.reserve(128);
  crypto::Writer writer(bytes);
  writer.text("giro/vote/v1").raw(chain).u8(static_cast<std::uint8_t>(kind));
  writer.u64(epoch.value).u64(view.value).u64(height.value).raw(digest);
  return crypto::sha256(bytes);
}

bool ranks_higher(const Certificate& left, const Certificate& right) {
  const auto rank = [](const Certificate& c) {
    return std::tuple(c.content.epoch, c.content.view, c.content.height);
  };
  return rank(left) > rank(right);
}

bool verify_certificate(const Certificate& certificate, const ValidatorSet& set,
                        const Hash& chain) {
  if (certificate.content.epoch != set.epoch) return false;
  if (certificate.signatures.size() < set.quorum()) return false;
  if (certificate.signatures.size() > set.size()) return false;
  const Hash digest = certificate.content.sign_bytes(chain);
  std::optional<ReplicaId> previous;
  for (const Certificate::Signed& entry : certificate.signatures) {
    if (entry.voter.value >= set.size()) return false;
    if (previous && entry.voter <= *previous && !GIRO_MUTANT(5))
      return false;  // distinct members, one canonical order
    if (!crypto::verify(set.at(entry.voter).key, digest, entry.signature)) return false;
    previous = entry.voter;
  }
  return true;
}

}  // namespace giro::consensus
