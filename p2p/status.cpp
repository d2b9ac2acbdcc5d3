#include "p2p/status.h"

namespace giro::p2p {

std::string_view describe(PeerState state) {
  switch (state) {
    case PeerState::Idle:
      return "idle";
    case PeerState::Dialing:
      return "dialing";
    case PeerState::Connected:
      return "connected";
    case PeerState::Backoff:
      return "backoff";
    case PeerState::Refused:
      return "refused";
  }
  return "unknown";
}

std::string_view code_of(PeerCause cause) {
  switch (cause) {
    case PeerCause::None:
      return "";
    case PeerCause::Unreachable:
      return "UNREACHABLE";
    case PeerCause::WrongKey:
      return "WRONG_KEY";
    case PeerCause::WrongChain:
      return "WRONG_CHAIN";
    case PeerCause::VersionMismatch:
      return "VERSION_MISMATCH";
    case PeerCause::Silent:
      return "SILENT";
    // Whoever hung up and has not come back is, to the operator, not there.
    case PeerCause::Closed:
      return "UNREACHABLE";
    case PeerCause::Violation:
      return "VIOLATION";
    case PeerCause::OverBudget:
      return "OVER_BUDGET";
    case PeerCause::SlowReader:
      return "SLOW_READER";
    case PeerCause::Replaced:
      return "REPLACED";
    case PeerCause::Removed:
      return "REMOVED";
    case PeerCause::SignerDown:
      return "SIGNER_DOWN";
    case PeerCause::Stopped:
      return "STOPPED";
  }
  return "";
}

std::string_view describe(Reject reject) {
  switch (reject) {
    case Reject::FrameTooShort:
      return describe(FrameReject::TooShort);
    case Reject::FrameTooLong:
      return describe(FrameReject::TooLong);
    case Reject::FrameUnknownFamily:
      return describe(FrameReject::UnknownFamily);
    case Reject::ControlMalformed:
      return "control_malformed";
    case Reject::TlsFailed:
      return "tls_failed";
    case Reject::HandshakeTimeout:
      return "handshake_timeout";
    case Reject::HandshakeMalformed:
      return "handshake_malformed";
    case Reject::WrongVersion:
      return "wrong_version";
    case Reject::WrongChain:
      return "wrong_chain";
    case Reject::WrongParameters:
      return "wrong_parameters";
    case Reject::UnknownKey:
      return "unknown_key";
    case Reject::WrongKey:
      return "wrong_key";
    case Reject::BadProof:
      return "bad_proof";
    case Reject::Evicted:
      return "evicted";
    case Reject::OverBudget:
      return "over_budget";
    case Reject::SlowReader:
      return "slow_reader";
    case Reject::QueueFull:
      return "queue_full";
  }
  return "unknown";
}

}  // namespace giro::p2p
