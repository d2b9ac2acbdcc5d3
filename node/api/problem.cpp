#include "node/api/problem.h"

#include <array>
#include <boost/json.hpp>

namespace giro::api {
namespace {

struct FaultRow {
  Fault fault;
  unsigned status;
  std::string_view code;
  std::string_view title;
  bool retryable;
};

constexpr std::array kFaults{
    FaultRow{Fault::BadRequest, 400, "BAD_REQUEST", "The request is not well formed", false},
    FaultRow{Fault::IdempotencyKeyMismatch, 400, "IDEMPOTENCY_KEY_MISMATCH",
             "Idempotency-Key is not the operation's op_id", false},
    FaultRow{Fault::Unauthenticated, 401, "UNAUTHENTICATED", "The client is not known", false},
    FaultRow{Fault::Forbidden, 403, "FORBIDDEN", "The client may not do this", false},
    FaultRow{Fault::NotFound, 404, "NOT_FOUND", "There is no such thing here", false},
    FaultRow{Fault::MethodNotAllowed, 405, "METHOD_NOT_ALLOWED",
             "The path does not answer this method", false},
    FaultRow{Fault::Pruned, 410, "PRUNED", "This node no longer holds it", false},
    FaultRow{Fault::TooLarge, 413, "TOO_LARGE", "The request is too large", false},
    FaultRow{Fault::UnsupportedType, 415, "UNSUPPORTED_TYPE", "The content type is not understood",
             false},
    FaultRow{Fault::RateLimited, 429, "RATE_LIMITED", "Too many requests from this client", true},
    FaultRow{Fault::Capacity, 503, "CAPACITY", "The node has no room for more operations", true},
    FaultRow{Fault::DiskLow, 503, "DISK_LOW", "The node's disk is full up to its reserve", true},
    FaultRow{Fault::NotReady, 503, "NOT_READY", "The node is starting or stopping", true},
    FaultRow{Fault::Behind, 503, "BEHIND", "The node has not reached that height", true},
    FaultRow{Fault::Internal, 500, "INTERNAL", "The node failed", true},
};

// Surface 5.4: malformed 400; signature, key or role 403; expired, too far ahead or a missing
// record 422.
unsigned status_of(ledger::Code code) {
  const auto number = static_cast<unsigned>(code);
  if (code == ledger::Code::IdempotencyConflict) return 409;
  if (code == ledger::Code::Capacity) return 503;
  if (code == ledger::Code::TooLarge) return 413;
  if (number >= 100 && number < 200) return 400;
  if (number >= 200 && number <= 207) return 403;
  return 422;
}

// Authority does not come by waiting; a window, a record or room may.
bool is_retryable(ledger::Code code) {
  const auto number = static_cast<unsigned>(code);
  return code == ledger::Code::ValidUntilTooFar || code == ledger::Code::Capacity ||
         (number >= 300 && number < 400) || (number >= 600 && number < 700);
}

std::string title_of(ledger::Code code) {
  if (code == ledger::Code::IdempotencyConflict)
    return "The id is already used by another operation";
  if (code == ledger::Code::Capacity) return "The node has no room for more operations";
  if (code == ledger::Code::TooLarge) return "The operation is larger than this network takes";
  return "The operation was not admitted";
}

}  // namespace

Problem problem(Fault fault, std::string detail) {
  for (const auto& row : kFaults) {
    if (row.fault != fault) continue;
    Problem made;
    made.status = row.status;
    made.code = row.code;
    made.title = row.title;
    made.detail = std::move(detail);
    made.retryable = row.retryable;
    made.definite = fault != Fault::Internal;
    if (row.status == 503 || row.status == 429) made.retry_after_s = 1;
    return made;
  }
  return problem(Fault::Internal);
}

Problem problem(ledger::Code code, std::string detail) {
  Problem made;
  made.status = status_of(code);
  made.code = ledger::code_name(code);
  made.title = title_of(code);
  made.detail = std::move(detail);
  made.retryable = is_retryable(code);
  made.ledger_code = code;
  if (code == ledger::Code::IdempotencyConflict) made.hint = "use a new op_id for a new payment";
  if (code == ledger::Code::OperationExpired) made.hint = "sign it again with a later valid_until";
  if (code == ledger::Code::Capacity) made.retry_after_s = 1;
  return made;
}

boost::json::object problem_form(const Problem& problem, std::string_view request_id) {
  boost::json::object body{{"type", "urn:giro:error:" + problem.code},
                           {"title", problem.title},
                           {"status", problem.status},
                           {"code", problem.code}};
  if (problem.ledger_code) {
    body["number"] = static_cast<unsigned>(*problem.ledger_code);
    const auto iso = ledger::iso_reason(*problem.ledger_code);
    body["iso_reason"] =
        iso.empty() ? boost::json::value(nullptr) : boost::json::value(std::string(iso));
  }
  body["retryable"] = problem.retryable;
  body["definite"] = problem.definite;
  if (!problem.detail.empty()) body["detail"] = problem.detail;
  if (!problem.hint.empty()) body["hint"] = problem.hint;
  if (!problem.existing_hash.empty()) body["existing_hash"] = problem.existing_hash;
  if (!problem.submitted_hash.empty()) body["submitted_hash"] = problem.submitted_hash;
  body["request_id"] = std::string(request_id);
  return body;
}

Response response(const Problem& problem, std::string_view request_id) {
  Response out;
  out.status = problem.status;
  out.content_type = "application/problem+json";
  out.body = boost::json::serialize(problem_form(problem, request_id));
  if (problem.retry_after_s) {
    out.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_s));
  }
  return out;
}

}  // namespace giro::api
