#include "p2p/frame.h"

#include <algorithm>

#include "crypto/check.h"

namespace giro::p2p {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kReadAtLeast = 4 * kKiB;
// A buffer that grew for a large frame is given back once it is empty.
constexpr std::size_t kKeptBytesMax = 1 * kMiB;

}  // namespace

std::string_view describe(Family family) {
  switch (family) {
    case Family::Control:
      return "control";
    case Family::Agreement:
      return "agreement";
    case Family::Status:
      return "status";
    case Family::Evidence:
      return "evidence";
    case Family::Payload:
      return "payload";
    case Family::Sync:
      return "sync";
  }
  return "unknown";
}

std::string_view describe(FrameReject reject) {
  switch (reject) {
    case FrameReject::TooShort:
      return "frame_too_short";
    case FrameReject::TooLong:
      return "frame_too_long";
    case FrameReject::UnknownFamily:
      return "frame_unknown_family";
  }
  return "unknown";
}

Frame encode_frame(Family family, std::uint8_t type, crypto::ByteView payload) {
  return encode_frame(family, type, {payload});
}

Frame encode_frame(Family family, std::uint8_t type,
                   std::initializer_list<crypto::ByteView> parts) {
  std::size_t size = 0;
  for (const crypto::ByteView part : parts) {
    GIRO_CHECK(part.size() <= kPayloadBytesMax, part.size());
    size += part.size();
  }
  GIRO_CHECK(fits_frame(size), size);
  GIRO_CHECK(static_cast<std::size_t>(family) < kFamilyCount, static_cast<int>(family));
  auto bytes = std::make_shared<crypto::Bytes>();
  bytes->reserve(kFrameHeaderBytes + size);
  crypto::Writer writer(*bytes);
  writer.u32(static_cast<std::uint32_t>(kFrameHeaderBytes - kLengthBytes + size));
  writer.u8(static_cast<std::uint8_t>(family)).u8(type);
  for (const crypto::ByteView part : parts) writer.raw(part);
  return bytes;
}

Family family_of(const Frame& frame) {
  GIRO_CHECK(frame && frame->size() >= kFrameHeaderBytes);
  return static_cast<Family>((*frame)[kLengthBytes]);
}

FrameDecoder::FrameDecoder(const FamilyTable& families) : families_(families) {}

std::span<std::byte> FrameDecoder::prepare(std::size_t size) {
  size = std::max<std::size_t>(size, 1);
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (buffer_.size() > kKeptBytesMax) crypto::Bytes().swap(buffer_);
  }
  if (buffer_.size() - end_ < size && begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < size) {
    // Doubling follows what has arrived; the claimed length has no part in it.
    buffer_.resize(std::max({end_ + size, 2 * end_, kReadAtLeast}));
  }
  return {buffer_.data() + end_, size};
}

void FrameDecoder::commit(std::size_t size) {
  GIRO_CHECK(size <= buffer_.size() - end_, size, end_, buffer_.size());
  end_ += size;
}

void FrameDecoder::append(crypto::ByteView bytes) {
  if (bytes.empty()) return;
  std::ranges::copy(bytes, prepare(bytes.size()).begin());
  commit(bytes.size());
}

std::expected<std::optional<FrameView>, FrameReject> FrameDecoder::next() {
  const auto reject = [this](FrameReject reason) {
    rejected_ = reason;
    return std::unexpected(reason);
  };
  if (rejected_) return std::unexpected(*rejected_);
  const crypto::ByteView held(buffer_.data() + begin_, end_ - begin_);
  if (held.size() < kLengthBytes) return std::nullopt;
  crypto::Reader reader(held);
  const std::size_t total = kLengthBytes + reader.u32();
  if (total < kFrameHeaderBytes) return reject(FrameReject::TooShort);
  if (total > (handshake_ ? kHandshakeFrameBytesMax : kFrameBytesMax)) {
    return reject(FrameReject::TooLong);
  }
  if (held.size() <= kLengthBytes) return std::nullopt;
  const std::uint8_t family = reader.u8();
  if (family >= kFamilyCount) return reject(FrameReject::UnknownFamily);
  if (total > families_[family].frame_bytes_max) return reject(FrameReject::TooLong);
  if (held.size() < total) return std::nullopt;
  begin_ += total;
  return FrameView{static_cast<Family>(family), reader.u8(),
                   held.subspan(kFrameHeaderBytes, total - kFrameHeaderBytes)};
}

}  // namespace giro::p2p
