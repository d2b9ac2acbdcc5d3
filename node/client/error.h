// What goes wrong for a client, and the exit code each kind has (surface 2.2).
#pragma once

#include <cstdint>
#include <string>

namespace giro::client {

enum class ErrorKind : std::uint8_t {
  No,           // 1: rejected, expired, receipt invalid, not found: an answer, and it is no
  Usage,        // 2: the request makes no sense
  Unreachable,  // 69: no node reachable, or a file that is needed is missing
  Internal,     // 70: a node or this program broke its own rules
  WriteFailed,  // 74
  Undecided,    // 75: not decided yet; run the same command again
  NotAllowed,   // 77: not authenticated, or a key or role is missing
};

struct Error {
  ErrorKind kind{};
  std::string code;     // of the ledger or the API, as "INSUFFICIENT_FUNDS"; may be empty
  std::string message;  // for people, one line

  [[nodiscard]] std::string to_string() const;  // "CODE: message", or the message
};

[[nodiscard]] int exit_code(ErrorKind kind);

}  // namespace giro::client
