// Text forms of surface 5.2 beyond those of receipt/text.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "node/receipt/text.h"

namespace giro::api {

using receipt::to_uuid_text;
using receipt::Uuid;

// RFC 3339 UTC with milliseconds; times outside the years 1970 to 9999 are clamped.
[[nodiscard]] std::string time_text(std::int64_t ms);

// Decimal digits without sign, space or leading zero.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
// "48212.4": two of them, the second of 32 bits, as the cursors of some lists are.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint32_t>> parse_place(
    std::string_view text);
[[nodiscard]] std::string place_text(std::uint64_t height, std::uint32_t n);

}  // namespace giro::api
