// HTTP requests and responses as plain values: what handlers see. No Beast here, so that routes
// compile fast and are tested without a socket.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/bytes.h"

namespace giro::api {
struct ClientCertificate {
  crypto::Hash key;              // SHA-256 of its SubjectPublicKeyInfo
  std::chrono::sys_seconds end;  // not after
};

struct Request {
  std::string method;                 // "GET"
  std::string target;                 // as received
  std::vector<std::string> segments;  // of the path, percent-decoded; "/" has none
  std::map<std::string, std::string, std::less<>> query;
  std::map<std::string, std::string, std::less<>>
      headers;  // lower-case names; of repeated ones the last
  std::string body;
  std::string request_id;                        // ours, 32 hex digits
  std::string client;                            // the remote address
  std::optional<ClientCertificate> certificate;  // with mutual TLS

  [[nodiscard]] std::string_view header(std::string_view name) const;  // empty if absent
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

// What an answer without an end says next. The connection asks for a piece when the one before has
// left, so that a slow reader waits for nobody but itself; on the loop's thread. `give` is called
// once, from any thread; nullopt or an empty piece ends the answer. Goes with the connection.
using Give = std::function<void(std::optional<std::string> piece)>;
using Pieces = std::function<void(Give give)>;

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  Pieces pieces{};  // empty: the body is all
};

// Called exactly once, from any thread. Calls after the first are ignored.
using Respond = std::function<void(Response)>;
// Runs on the loop's thread; must not block. May answer later.
using Handler = std::function<void(std::shared_ptr<const Request>, Respond)>;

// Fills segments and query of a request from its target. The error is a text for people.
[[nodiscard]] std::expected<void, std::string> split_target(Request& request);

}  // namespace giro::api
