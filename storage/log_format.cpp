#include "storage/log_format.h"

#include <algorithm>
#include <charconv>

#include "storage/crc32c.h"

namespace giro::storage {

namespace {

using crypto::Reader;
using crypto::Writer;

constexpr std::string_view kSegmentMagic = "giroLOG1";
constexpr std::string_view kFrameMagic = "gFRM";
constexpr std::string_view kSegmentSuffix = ".log";
constexpr std::size_t kSegmentNameDigits = 20;
constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kSegmentFieldBytes = 72;
constexpr std::size_t kFrameFieldBytes = 48;

ByteView first_16(const crypto::Hash& hash) {
  return ByteView(hash.bytes).first(kCheckBytes);
}

bool equal(ByteView left, ByteView right) {
  return std::ranges::equal(left, right);
}

crypto::Hash segment_check(ByteView fields) {
  return crypto::tagged_hash("giro/log/segment/v1", {fields});
}

crypto::Hash frame_check(const FramePlace& place, ByteView fields) {
  Bytes where;
  Writer(where).u64(place.segment_first_sequence).u64(place.offset);
  return crypto::tagged_hash("giro/log/frame/v1", {place.salt, where, fields});
}

template <std::size_t kSize>
std::array<std::byte, kSize> read_array(Reader& in) {
  std::array<std::byte, kSize> out{};
  const auto bytes = in.raw(kSize);
  std::ranges::copy(bytes, out.begin());
  return out;
}

// As crypto::Writer, without its allocation: this runs for every record.
void put_big_endian(std::span<std::byte> out, std::uint64_t value) {
  for (auto it = out.rbegin(); it != out.rend(); ++it, value >>= 8) {
    *it = static_cast<std::byte>(value & 0xFF);
  }
}

std::uint32_t record_crc(std::uint64_t sequence, RecordType type, std::uint64_t length,
                         std::span<const ByteView> pieces) {
  std::array<std::byte, 18> fields{};
  put_big_endian(std::span(fields).first<8>(), sequence);
  put_big_endian(std::span(fields).subspan<8, 2>(), static_cast<std::uint64_t>(type));
  put_big_endian(std::span(fields).last<8>(), length);
  auto crc = crc32c(fields);
  for (const auto piece : pieces) crc = crc32c(piece, crc);
  return crc;
}

}  // namespace

std::string segment_name(std::uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return std::string(kSegmentNameDigits - digits.size(), '0') + digits +
         std::string(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kSegmentNameDigits + kSegmentSuffix.size()) return std::nullopt;
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto* end = name.data() + kSegmentNameDigits;
  const auto parsed = std::from_chars(name.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

Bytes encode_segment_header(const SegmentHeader& header) {
  Bytes out;
  Writer writer(out);
  writer.text(kSegmentMagic).u64(header.first_sequence).u64(header.segment_bytes);
  writer.u64(header.floor).raw(header.salt).raw(header.chain).u64(0);
  const auto check = segment_check(out);
  writer.raw(first_16(check));
  out.resize(kSegmentHeaderBytes);
  return out;
}

std::optional<SegmentHeader> decode_segment_header(ByteView bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  const auto check = segment_check(bytes.first(kSegmentFieldBytes));
  if (!equal(first_16(check), bytes.subspan(kSegmentFieldBytes, kCheckBytes))) return std::nullopt;
  Reader in(bytes);
  if (crypto::as_text(in.raw(kSegmentMagic.size())) != kSegmentMagic) return std::nullopt;
  SegmentHeader header;
  header.first_sequence = in.u64();
  header.segment_bytes = in.u64();
  header.floor = in.u64();
  header.salt = read_array<16>(in);
  header.chain = read_array<16>(in);
  const bool is_sane = header.segment_bytes >= kLogSegmentBytesMin &&
                       header.segment_bytes <= kLogSegmentBytesMax && header.first_sequence > 0;
  return is_sane ? std::optional(header) : std::nullopt;
}

std::array<std::byte, kFrameBytes> encode_frame(const FramePlace& place, const Frame& frame) {
  Bytes out;
  Writer writer(out);
  writer.text(kFrameMagic).u32(frame.body_bytes).u64(frame.first_sequence).u64(frame.floor);
  writer.u32(frame.count).u32(static_cast<std::uint32_t>(frame.kind)).raw(frame.chain);
  const auto check = frame_check(place, out);
  writer.raw(first_16(check));
  std::array<std::byte, kFrameBytes> bytes{};
  std::ranges::copy(out, bytes.begin());
  return bytes;
}

std::optional<Frame> decode_frame(const FramePlace& place, ByteView bytes) {
  if (bytes.size() < kFrameBytes) return std::nullopt;
  if (crypto::as_text(bytes.first(kFrameMagic.size())) != kFrameMagic) return std::nullopt;
  const auto check = frame_check(place, bytes.first(kFrameFieldBytes));
  if (!equal(first_16(check), bytes.subspan(kFrameFieldBytes, kCheckBytes))) return std::nullopt;
  Reader in(bytes.subspan(kFrameMagic.size()));
  Frame frame;
  frame.body_bytes = in.u32();
  frame.first_sequence = in.u64();
  frame.floor = in.u64();
  frame.count = in.u32();
  frame.kind = static_cast<FrameKind>(in.u32());
  frame.chain = read_array<16>(in);
  return frame;
}

LogChain chain_record(const LogChain& before, std::uint64_t sequence, RecordType type,
                      std::uint64_t length, std::span<const ByteView> pieces) {
  thread_local crypto::Sha256 hasher;
  hasher.update("giro/log/record/v1").update(ByteView(before)).update_u64(sequence);
  hasher.update_u64(static_cast<std::uint64_t>(type)).update_u64(length);
  for (const auto piece : pieces) hasher.update(piece);
  const auto hash = hasher.finish();
  LogChain chain{};
  std::ranges::copy(first_16(hash), chain.begin());
  return chain;
}

void encode_record(Bytes& out, LogChain& chain, std::uint64_t sequence, RecordType type,
                   std::span<const ByteView> pieces) {
  std::uint64_t length = 0;
  for (const auto piece : pieces) length += piece.size();
  chain = chain_record(chain, sequence, type, length, pieces);
  Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(length)).u16(static_cast<std::uint16_t>(type)).u16(0);
  writer.u32(record_crc(sequence, type, length, pieces)).raw(chain);
  for (const auto piece : pieces) writer.raw(piece);
}

std::expected<ParsedRecord, std::string_view> parse_record(ByteView bytes, std::uint64_t sequence) {
  Reader in(bytes);
  const auto length = in.u32();
  ParsedRecord record;
  record.type = static_cast<RecordType>(in.u16());
  const auto zero = in.u16();
  const auto crc = in.u32();
  record.chain = read_array<16>(in);
  if (!in.ok()) return std::unexpected("record header cut short");
  if (length > kLogRecordBytesMax || length > in.remaining()) {
    return std::unexpected("record length out of bounds");
  }
  record.payload = in.raw(length);
  const std::array pieces{record.payload};
  if (zero != 0 || crc != record_crc(sequence, record.type, length, pieces)) {
    return std::unexpected("record fails its CRC");
  }
  return record;
}

}  // namespace giro::storage
