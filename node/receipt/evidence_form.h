// Proofs of misbehaviour as JSON, whole: who has the chain id and the validator set of the epoch
// can check the signatures offline (protocol R13, R23, R46).
#pragma once

#include <boost/json.hpp>
#include <functional>

#include "consensus/evidence.h"
#include "consensus/output.h"

namespace giro::receipt {

[[nodiscard]] boost::json::object evidence_form(const consensus::Evidence& evidence);
// Two proofs that different blocks, or headers, are final (protocol R11), and who signed which.
// `name` tells who had a seat.
[[nodiscard]] boost::json::object breach_form(
    const consensus::BreachRecord& breach,
    const std::function<boost::json::value(consensus::ReplicaId)>& name);

// That the node's own result contradicts what others attest (protocol R17).
[[nodiscard]] boost::json::object divergence_form(const consensus::Divergence& divergence,
                                                  const crypto::Hash& chain);

}  // namespace giro::receipt
