// The body of POST /v1/operations: a SignedOperation as JSON or as the protobuf message itself
// (surface 5.2, 5.3).
#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "crypto/bytes.h"
#include "node/api/http.h"
#include "node/api/problem.h"
#include "node/api/text.h"
#include "node/ledger/ledger.h"

namespace giro::api {

struct Submission {
  crypto::Bytes bytes;  // SignedOperation
  crypto::Hash operation_hash;
  Uuid op_id{};
  std::uint32_t actor = 0;
  std::uint32_t type = 0;
};

// Form only: no signature is checked here.
[[nodiscard]] std::expected<Submission, Problem> read_submission(const Request& request,
                                                                 const crypto::Hash& chain_id);

// {"operations": [...]} or an OperationBatch of ledger.proto, each as it would be sent alone, at
// most kBatchOperationsMax. The error is of the request as a whole.
using SubmissionBatch = std::vector<std::expected<Submission, Problem>>;
[[nodiscard]] std::expected<SubmissionBatch, Problem> read_batch(const Request& request,
                                                                 const crypto::Hash& chain_id);

// {"body"} alone, or all that read_submission() takes.
struct Simulation {
  ledger::Decoded operation;
  bool is_signed = false;
};
[[nodiscard]] std::expected<Simulation, Problem> read_simulation(const Request& request,
                                                                 const crypto::Hash& chain_id);

}  // namespace giro::api
