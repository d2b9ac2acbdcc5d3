// What an operator can be told about a peer: is it there, if not why, and since when (surface 2.3,
// 5).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "p2p/frame.h"
#include "p2p/handshake.h"

namespace giro::p2p {

enum class PeerState : std::uint8_t {
  Idle,       // not dialled (no address), waiting to be dialled
  Dialing,    // name look-up, TCP, TLS and proofs
  Connected,  // frames flow; cause is None or Silent
  Backoff,    // waits before it dials again
  Refused,    // waits too, but dialling again will not mend it: see cause
};
[[nodiscard]] std::string_view describe(PeerState state);

enum class PeerCause : std::uint8_t {
  None,
  Unreachable,  // name, route, refused, timed out
  WrongKey,     // another key there, or they do not know ours
  WrongChain,   // chain or genesis parameters differ
  VersionMismatch,
  Silent,      // TCP answers, the process does not
  Closed,      // the peer hung up: it stops, restarts, or replaced the channel
  Violation,   // malformed frames or handshake
  OverBudget,  // it sent too much for too long
  SlowReader,  // it does not take what we send
  Replaced,    // another process used the same key
  Removed,
  SignerDown,  // our own signer gives no proof
  Stopped,     // this mesh stops
};
// Stable code: "UNREACHABLE", "WRONG_KEY", …; "" for None.
[[nodiscard]] std::string_view code_of(PeerCause cause);

// Why frames, handshakes or channels of others were refused: counted,
// `peer_invalid_total{peer,reason}`.
enum class Reject : std::uint8_t {
  FrameTooShort,
  FrameTooLong,
  FrameUnknownFamily,
  ControlMalformed,  // a control frame out of place or not of its layout
  TlsFailed,         // garbage, TLS 1.2, a broken record, a flood of key updates
  HandshakeTimeout,
  HandshakeMalformed,
  WrongVersion,
  WrongChain,
  WrongParameters,
  UnknownKey,
  WrongKey,
  BadProof,
  Evicted,     // gave way to younger connections before it proved a key
  OverBudget,  // cut after it was slowed
  SlowReader,  // cut because it did not drain
  QueueFull,   // a frame for it was dropped
};
inline constexpr std::size_t kRejectCount = 17;
[[nodiscard]] std::string_view describe(Reject reject);  // "frame_too_long": stable metric label
using RejectCounts = std::array<std::uint64_t, kRejectCount>;

struct FamilyCounts {
  std::uint64_t frames_in = 0;
  std::uint64_t bytes_in = 0;    // headers included
  std::uint64_t frames_out = 0;  // written to TLS
  std::uint64_t bytes_out = 0;
  std::uint64_t dropped = 0;  // the queue was full
  std::uint64_t slowed = 0;   // times that this family paused the reading
};

using SteadyTime = std::chrono::steady_clock::time_point;

struct PeerStatus {
  std::uint32_t institution = 0;
  std::string name;
  PeerState state = PeerState::Idle;
  PeerCause cause = PeerCause::None;
  std::string text;      // "connect refused 10.2.0.13:7300"; both chain ids if they differ
  SteadyTime since{};    // of the cause, or of the connection if there is none
  std::string endpoint;  // "10.2.0.13:7300", of the channel or the last dial
  bool dialled = false;  // the channel was dialled by this side
  std::optional<std::chrono::microseconds> rtt;  // last ping
  std::optional<SteadyTime> last_frame;          // last complete frame received
  std::optional<std::chrono::sys_seconds> certificate_not_after;
  std::size_t queued_bytes = 0;
  std::uint64_t dials = 0;
  std::uint64_t connects = 0;
  std::array<FamilyCounts, kFamilyCount> families{};
  RejectCounts rejected{};
};

// Connections that never became a peer's.
struct MeshStatus {
  std::size_t peers = 0;
  std::size_t connected = 0;
  std::size_t pending = 0;  // accepted, key not yet proven
  std::uint64_t accepted = 0;
  RejectCounts rejected{};
};

}  // namespace giro::p2p
