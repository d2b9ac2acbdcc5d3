// Proofs of misbehaviour as JSON, whole: who has the chain id and the validator set of the epoch
// can check the signatures offline (protocol R13, R23, R46).
#pragma once

#include <boost/json.hpp>

#include "consensus/evidence.h"

namespace giro::api {

[[nodiscard]] boost::json::object evidence_form(const consensus::Evidence& evidence);

}  // namespace giro::api
