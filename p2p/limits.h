// Every size and time that a peer can influence, named (architecture 7, protocol R45). Families are
// classes of traffic with a budget of their own; what a frame of a family says is not this folder's
// business.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace giro::p2p {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// protocol 14: one frame on the wire, header included.
inline constexpr std::size_t kFrameBytesMax = 8 * kMiB;
inline constexpr std::size_t kFrameHeaderBytes = 6;  // length u32, family u8, type u8
inline constexpr std::size_t kPayloadBytesMax = kFrameBytesMax - kFrameHeaderBytes;
// Until the peer has proven its key nothing larger is read, whatever the family.
inline constexpr std::size_t kHandshakeFrameBytesMax = 512;

// In the order in which they leave: every gathered write takes some of each, the first ones first.
enum class Family : std::uint8_t {
  Control = 0,    // the mesh's own: handshake, ping, goodbye. Never sent or delivered by the user.
  Agreement = 1,  // blocks, votes, view changes
  Status = 2,     // status, suspicion, confirmations, hints
  Evidence = 3,   // gossiped once
  Payload = 4,    // batches
  Sync = 5,       // what was asked for: missing batches, blocks, certificates, snapshot chunks
};
inline constexpr std::size_t kFamilyCount = 6;
[[nodiscard]] std::string_view describe(
    Family family);  // "agreement": stable, used as a metric label

struct FamilyLimits {
  std::size_t frame_bytes_max;  // header included; a larger one is a violation
  std::size_t queue_bytes_max;  // waiting to be written to one peer
  bool droppable;               // queue full: drop the new frame and count it, else cut the channel
  std::size_t
      inbound_bytes_per_second;  // over it, reading from the peer pauses until it is refilled
  std::size_t inbound_burst_bytes;
  std::chrono::milliseconds over_budget_max;  // never refilled for so long: cut; zero is never
};
using FamilyTable = std::array<FamilyLimits, kFamilyCount>;

inline constexpr FamilyTable kFamilyDefaults{{
    {kHandshakeFrameBytesMax, 64 * kKiB, true, 64 * kKiB, 64 * kKiB, std::chrono::seconds(10)},
    {4 * kMiB, 32 * kMiB, false, 16 * kMiB, 32 * kMiB, std::chrono::seconds(30)},
    {1 * kMiB, 4 * kMiB, true, 2 * kMiB, 8 * kMiB, std::chrono::seconds(30)},
    {256 * kKiB, 1 * kMiB, true, 256 * kKiB, 1 * kMiB, std::chrono::seconds(30)},
    {kFrameBytesMax, 64 * kMiB, true, 64 * kMiB, 64 * kMiB, std::chrono::seconds(0)},
    {kFrameBytesMax, 64 * kMiB, true, 64 * kMiB, 32 * kMiB, std::chrono::seconds(0)},
}};

// A family that is over budget by one whole frame is refilled within a second, so that a pause in
// reading is never mistaken for silence, and a burst always holds the largest frame.
[[nodiscard]] constexpr bool is_sound(const FamilyTable& table) {
  for (const FamilyLimits& family : table) {
    if (family.frame_bytes_max > kFrameBytesMax || family.frame_bytes_max < kFrameHeaderBytes ||
        family.frame_bytes_max > family.inbound_bytes_per_second ||
        family.frame_bytes_max > family.inbound_burst_bytes ||
        family.frame_bytes_max > family.queue_bytes_max) {
      return false;
    }
  }
  return true;
}
static_assert(is_sound(kFamilyDefaults));

// Plain text encrypted for one socket write. A frame that is longer is written in slices.
inline constexpr std::size_t kWriteBytesMax = 256 * kKiB;
// What one family may put into a write before the next family has its turn (always at least one
// slice).
inline constexpr std::size_t kFamilyQuantumBytes = 64 * kKiB;
// Taken from a socket at once; then the other sockets have their turn.
inline constexpr std::size_t kReadBytesMax = 128 * kKiB;
// Cipher text that TLS itself makes (alerts, key updates) and the peer does not take: more is a
// violation.
inline constexpr std::size_t kTlsBacklogBytesMax = 1 * kMiB;
inline constexpr std::size_t kCertificateBytesMax = 16 * kKiB;
// RFC 8446 5.5 allows 2^24.5 records under one AES-GCM key; we change the sending key well before.
inline constexpr std::uint64_t kTlsRecordsPerKey = 1U << 22;
// A peer may change its key once for each of these bytes, and a few times at will.
inline constexpr std::uint64_t kTlsBytesPerKeyUpdate = 1 * kMiB;
inline constexpr std::uint64_t kTlsKeyUpdatesFree = 8;

// Connections that have not proven a key yet. Beyond a bound the oldest one gives way.
struct AdmissionLimits {
  std::size_t pending_max = 128;
  std::size_t pending_per_address_max = 32;
  std::uint32_t accepts_per_second = 200;  // over it, connections wait in the kernel's backlog
  std::uint32_t accept_burst = 200;
};

struct MeshTiming {
  using Duration = std::chrono::milliseconds;
  Duration connect_deadline{3000};    // name look-up and TCP
  Duration handshake_deadline{4000};  // TLS and proofs, both directions
  Duration goodbye_deadline{1000};    // to say why and hang up
  Duration ping_interval{1000};
  Duration silent_after{3000};      // no complete frame for so long: SILENT, the channel is kept
  Duration silent_cut{15000};       // then it is cut and dialled again
  Duration write_stall_cut{15000};  // a write that makes no progress at all
  Duration backoff_min{50};
  Duration backoff_max{2000};
  Duration stable_after{5000};         // a channel that lived so long resets the back-off
  Duration simultaneous_window{3000};  // see README, Decisions: one channel per identity
  Duration tick{50};                   // how finely all of these are looked at
};

}  // namespace giro::p2p
