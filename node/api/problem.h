// Errors as RFC 9457 problem+json (surface 5.5). `code` is stable; `definite` says that this
// request had and will have no effect; `retryable` that the same bytes may succeed later.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "node/api/http.h"
#include "node/ledger/codes.h"

namespace giro::api {

// What the API itself refuses. Ledger codes keep the ledger's names.
enum class Fault : std::uint8_t {
  BadRequest,              // 400
  IdempotencyKeyMismatch,  // 400
  Unauthenticated,         // 401
  Forbidden,               // 403
  NotFound,                // 404
  MethodNotAllowed,        // 405
  Pruned,                  // 410
  TooLarge,                // 413
  UnsupportedType,         // 415
  RateLimited,             // 429
  Capacity,                // 503
  DiskLow,                 // 503
  NotReady,                // 503
  Behind,                  // 503
  Internal,                // 500, not definite
};

struct Problem {
  unsigned status = 500;
  std::string code;
  std::string title;
  std::string detail;  // may be empty
  std::string hint;    // may be empty
  bool retryable = false;
  bool definite = true;
  std::optional<ledger::Code> ledger_code;
  std::string existing_hash, submitted_hash;  // of 212
  std::optional<unsigned> retry_after_s;
};

[[nodiscard]] Problem problem(Fault fault, std::string detail = {});
// Of an operation that was not recorded (steps 1-6 of ledger 4.4), or 212, or 902.
[[nodiscard]] Problem problem(ledger::Code code, std::string detail = {});
[[nodiscard]] boost::json::object problem_form(const Problem& problem, std::string_view request_id);
[[nodiscard]] Response response(const Problem& problem, std::string_view request_id);

}  // namespace giro::api
