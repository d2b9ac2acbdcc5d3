#include "crypto/bytes.h"

#include <algorithm>

namespace giro::crypto {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Value of a hexadecimal digit, or -1.
constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

template <typename Integer>
void append_big_endian(Bytes& out, Integer value) {
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    out.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
  }
}

template <typename Integer>
Integer read_big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::byte b : bytes) value = (value << 8) | std::to_integer<std::uint64_t>(b);
  return static_cast<Integer>(value);
}

}  // namespace

ByteView as_view(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text.push_back(kHexDigits[std::to_integer<std::size_t>(b >> 4)]);
    text.push_back(kHexDigits[std::to_integer<std::size_t>(b & std::byte{0x0f})]);
  }
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out(text.size() / 2);
  if (!from_hex(text, out)) return std::nullopt;
  return out;
}

bool from_hex(std::string_view text, std::span<std::byte> out) {
  if (text.size() % 2 != 0 || text.size() / 2 != out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

Writer& Writer::u8(std::uint8_t value) {
  append_big_endian(out_, value);
  return *this;
}

Writer& Writer::u16(std::uint16_t value) {
  append_big_endian(out_, value);
  return *this;
}

Writer& Writer::u32(std::uint32_t value) {
  append_big_endian(out_, value);
  return *this;
}

Writer& Writer::u64(std::uint64_t value) {
  append_big_endian(out_, value);
  return *this;
}

Writer& Writer::raw(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

Writer& Writer::text(std::string_view text) {
  return raw(as_view(text));
}

std::uint8_t Reader::u8() {
  return read_big_endian<std::uint8_t>(raw(1));
}
std::uint16_t Reader::u16() {
  return read_big_endian<std::uint16_t>(raw(2));
}
std::uint32_t Reader::u32() {
  return read_big_endian<std::uint32_t>(raw(4));
}
std::uint64_t Reader::u64() {
  return read_big_endian<std::uint64_t>(raw(8));
}

ByteView Reader::raw(std::size_t size) {
  if (!ok_ || size > in_.size()) {
    ok_ = false;
    return {};
  }
  const ByteView taken = in_.first(size);
  in_ = in_.subspan(size);
  return taken;
}

Hash Reader::hash() {
  Hash out;
  const ByteView taken = raw(out.bytes.size());
  std::copy(taken.begin(), taken.end(), out.bytes.begin());
  return out;
}

}  // namespace giro::crypto
