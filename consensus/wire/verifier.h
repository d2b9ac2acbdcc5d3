// Makes a Claim of a Message: membership of the sender, every signature, every certificate, judged
// by the set of its epoch (protocol R8, R13, R43). The only maker of VerifiedMessages beside the
// vote guard. Costs a check per signature; ask Replica::wants first for votes. Thread-safe: no
// state but the chain id and the own institution.
#pragma once

#include <expected>

#include "consensus/message.h"
#include "consensus/reject.h"

namespace giro::consensus::wire {

class Verifier {
 public:
  Verifier(const Hash& chain, InstitutionId self) : chain_(chain), self_(self) {}

  // `from` is the peer that the channel authenticated; `set` the replica's present one. A message
  // of another epoch is answered with OldEpoch or FutureEpoch unless it needs no set (Status). Who
  // has no seat in the set may say where it stands (Status) and prove what is final (ChainSegment).
  // BatchMessage, FetchChain and FetchBatches carry no claim and are never given here.
  [[nodiscard]] std::expected<VerifiedMessage, RejectReason> verify(InstitutionId from,
                                                                    Message message,
                                                                    const ValidatorSet& set) const;

 private:
  Hash chain_;
  InstitutionId self_;
};

}  // namespace giro::consensus::wire
