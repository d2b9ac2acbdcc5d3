#include "node/client/error.h"

namespace giro::client {

std::string Error::to_string() const {
  return code.empty() ? message : code + ": " + message;
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::No:
      return 1;
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::Unreachable:
      return 69;
    case ErrorKind::Internal:
      return 70;
    case ErrorKind::WriteFailed:
      return 74;
    case ErrorKind::Undecided:
      return 75;
    case ErrorKind::NotAllowed:
      return 77;
  }
  return 70;
}

}  // namespace giro::client
