// The scalars of JSON answers (surface 5.2) in their one canonical text: base64, UUID, RFC 3339
// time in milliseconds. Readers accept that text only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace giro::receipt {

// RFC 4648 section 4, with padding; unused bits must be zero.
[[nodiscard]] std::string to_base64(crypto::ByteView bytes);
[[nodiscard]] std::optional<crypto::Bytes> from_base64(std::string_view text);

using Uuid = std::array<std::byte, 16>;
[[nodiscard]] std::string to_uuid_text(const Uuid& id);  // lower case, 8-4-4-4-12
[[nodiscard]] std::optional<Uuid> from_uuid_text(std::string_view text);

// Milliseconds since 1970 UTC as "2026-11-21T22:41:07.114Z": years 1970 to 9999.
inline constexpr std::int64_t kTimeMsMax = 253'402'300'799'999;
[[nodiscard]] std::string to_time_text(std::int64_t ms);  // 0 <= ms <= kTimeMsMax
[[nodiscard]] std::optional<std::int64_t> from_time_text(std::string_view text);

// Lower-case hexadecimal of exactly out.size() bytes; false leaves `out` unspecified.
[[nodiscard]] bool from_lower_hex(std::string_view text, std::span<std::byte> out);

}  // namespace giro::receipt
