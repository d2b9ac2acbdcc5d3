// Byte strings, hexadecimal and the big-endian fixed layout in which everything signed or hashed is
// written.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace giro::crypto {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

// A SHA-256 digest, or the zero value where a fixed layout has "does not apply".
struct Hash {
  std::array<std::byte, 32> bytes{};
  friend auto operator<=>(const Hash&, const Hash&) = default;
  operator ByteView() const { return bytes; }  // NOLINT(google-explicit-constructor)
};

[[nodiscard]] ByteView as_view(std::string_view text);
[[nodiscard]] std::string_view as_text(ByteView bytes);
[[nodiscard]] Bytes to_bytes(ByteView bytes);

[[nodiscard]] std::string to_hex(ByteView bytes);  // lower case
// Exactly two lower- or upper-case digits a byte; nothing else is accepted.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);
// As from_hex, into a fixed size; false leaves `out` unspecified.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::byte> out);

// Appends in the fixed layout: integers big-endian, byte strings as they are.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}
  Writer& u8(std::uint8_t value);
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& u64(std::uint64_t value);
  Writer& raw(ByteView bytes);
  Writer& text(std::string_view text);

 private:
  Bytes& out_;
};

// Reads the fixed layout. After the first short read every further read gives zeros and ok() is
// false.
class Reader {
 public:
  explicit Reader(ByteView in) : in_(in) {}
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  ByteView raw(std::size_t size);  // empty on a short read
  Hash hash();
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return in_.size(); }

 private:
  ByteView in_;
  bool ok_ = true;
};

}  // namespace giro::crypto
