// The bytes of the log. All integers are big-endian; every structure of a segment starts at a
// multiple of 64, so that a header never straddles two disk sectors.
//
//   segment file  <first sequence number, 20 digits>.log, preallocated with zeros
//     header      128  "giroLOG1" ‖ first sequence ‖ segment bytes ‖ floor ‖ salt 16 ‖ chain 16 ‖
//     zeros 8 ‖ check 16, zeros group       frame 64 ‖ records ‖ zeros to a multiple of 64
//     ...
//     seal        a frame without records; the next group is written over it
//     zeros       to the end
//   frame         64   "gFRM" ‖ body bytes u32 ‖ first sequence u64 ‖ floor u64 ‖ count u32 ‖ 0 u32
//   ‖ chain 16 ‖ check 16 record        28   length u32 ‖ type u16 ‖ 0 u16 ‖ CRC-32C u32 ‖ chain
//   16, then the payload
//
// A record's CRC covers its sequence number, type, length and payload. Its chain is the first 16
// bytes of SHA-256("giro/log/record/v1" ‖ chain of the record before ‖ sequence ‖ type ‖ length ‖
// payload); frames and headers carry the chain of the last record before them. 16 bytes: it finds
// accidents and misplaced blocks; what must withstand an attacker (hashes, signatures) is inside
// the payloads. A check is the first 16 bytes of a tagged hash over the salt, the place (segment
// and offset) and the fields, so bytes of another place or time, or crafted ones inside a payload,
// are never taken for a frame.
//
// Only one frame at a time is not yet durable, and everything after it is zeros: the writer syncs a
// group before it writes anything behind it. So a frame that is valid proves everything before it
// was durable, and whatever is broken with something after it is damage; broken with nothing after
// it, it is a torn tail. The seal, written without a sync of its own after each sync, lets the last
// group prove itself like the others.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "storage/log.h"

namespace giro::storage {

inline constexpr std::uint64_t kLogAlignment = 64;
inline constexpr std::uint64_t kSegmentHeaderBytes = 128;
inline constexpr std::uint64_t kFrameBytes = 64;
inline constexpr std::uint64_t kRecordHeaderBytes = 28;

using LogChain = std::array<std::byte, 16>;

[[nodiscard]] constexpr std::uint64_t align_log(std::uint64_t bytes) {
  return (bytes + kLogAlignment - 1) / kLogAlignment * kLogAlignment;
}

struct SegmentHeader {
  std::uint64_t first_sequence = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t floor = 0;  // everything below may have been cut
  LogSalt salt{};
  LogChain chain{};
};

[[nodiscard]] std::string segment_name(std::uint64_t first_sequence);
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

[[nodiscard]] Bytes encode_segment_header(const SegmentHeader& header);
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(ByteView bytes);

struct FramePlace {
  LogSalt salt{};
  std::uint64_t segment_first_sequence = 0;
  std::uint64_t offset = 0;
};

enum class FrameKind : std::uint32_t { Group = 0, Seal = 1, Mark = 2 };

struct Frame {
  FrameKind kind = FrameKind::Group;
  std::uint32_t body_bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t floor = 0;
  std::uint32_t count = 0;
  LogChain chain{};

  [[nodiscard]] std::uint64_t extent() const { return align_log(kFrameBytes + body_bytes); }
};

[[nodiscard]] std::array<std::byte, kFrameBytes> encode_frame(const FramePlace& place,
                                                              const Frame& frame);
[[nodiscard]] std::optional<Frame> decode_frame(const FramePlace& place, ByteView bytes);

struct RecordPlace {
  std::uint32_t offset = 0;  // of the record's header, in its segment
  std::uint32_t length = 0;  // of its payload
};

struct ParsedRecord {
  RecordType type{};
  LogChain chain{};  // as stored
  ByteView payload;
};

// Appends header and payload to `out` and moves `chain` on.
void encode_record(Bytes& out, LogChain& chain, std::uint64_t sequence, RecordType type,
                   std::span<const ByteView> pieces);
// The record at the start of `bytes`, its CRC checked; the error says what is wrong.
[[nodiscard]] std::expected<ParsedRecord, std::string_view> parse_record(ByteView bytes,
                                                                         std::uint64_t sequence);
[[nodiscard]] LogChain chain_record(const LogChain& before, std::uint64_t sequence, RecordType type,
                                    std::uint64_t length, std::span<const ByteView> pieces);

}  // namespace giro::storage
