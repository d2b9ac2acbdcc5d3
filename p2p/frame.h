// The frame codec. On the wire, big-endian: length u32 of what follows, family u8, type u8,
// payload. Pure.
#pragma once

#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>

#include "crypto/bytes.h"
#include "p2p/limits.h"

namespace giro::p2p {

// An encoded frame, immutable and shared: a broadcast is encoded once and queued for each peer.
using Frame = std::shared_ptr<const crypto::Bytes>;

[[nodiscard]] constexpr bool fits_frame(std::size_t payload_size) {
  return payload_size <= kPayloadBytesMax;
}

// Smaller families have smaller limits: bound what you build by these.
[[nodiscard]] constexpr bool fits_frame(Family family, std::size_t payload_size) {
  return payload_size <=
         kFamilyDefaults[static_cast<std::size_t>(family)].frame_bytes_max - kFrameHeaderBytes;
}

// The payload is the parts, one after another, and must fit (checked: an oversized frame is our own
// mistake).
[[nodiscard]] Frame encode_frame(Family family, std::uint8_t type, crypto::ByteView payload);
[[nodiscard]] Frame encode_frame(Family family, std::uint8_t type,
                                 std::initializer_list<crypto::ByteView> parts);
[[nodiscard]] Family family_of(const Frame& frame);

struct FrameView {
  Family family;
  std::uint8_t type;
  crypto::ByteView
      payload;  // into the decoder; valid until its next non-const call other than next()
};

enum class FrameReject : std::uint8_t {
  TooShort,  // a length that cannot hold family and type
  TooLong,   // over the limit of the family, or over the handshake's before the proof
  UnknownFamily,
};
inline constexpr std::size_t kFrameRejectCount = 3;
[[nodiscard]] std::string_view describe(FrameReject reject);

// Incremental decoder of one direction of one channel. Memory follows the bytes that arrived, never
// the length that they claim, and is at most one frame and one read. After a reject it stays
// rejected.
class FrameDecoder {
 public:
  explicit FrameDecoder(const FamilyTable& families);

  // Nothing above kHandshakeFrameBytesMax until this is called.
  void allow_full_frames() { handshake_ = false; }

  // Room for up to `size` bytes (at least one is given), to be filled in part and then committed.
  [[nodiscard]] std::span<std::byte> prepare(std::size_t size);
  void commit(std::size_t size);
  // prepare + copy + commit.
  void append(crypto::ByteView bytes);

  // The next complete frame; nullopt: more bytes are needed. The header is judged as soon as it is
  // there.
  [[nodiscard]] std::expected<std::optional<FrameView>, FrameReject> next();

  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const { return buffer_.size(); }

 private:
  FamilyTable families_;
  crypto::Bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool handshake_ = true;
  std::optional<FrameReject> rejected_;
};

}  // namespace giro::p2p
