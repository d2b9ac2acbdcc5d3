// The JSON form of a receipt, `giro.receipt/1`. Each receipt has exactly one text: members in a
// fixed order, no white space, lower-case hexadecimal, canonical base64 and decimals. Any other
// text is refused, so that no byte of a receipt can be changed unnoticed. One line feed at the end
// is allowed.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "node/receipt/verify.h"

namespace giro::receipt {

inline constexpr std::string_view kJsonFormat = "giro.receipt/1";

// Without a line feed. The receipt is one of ours: its block time has a four-digit year.
[[nodiscard]] std::string to_json(const Receipt& receipt);

// nullopt: Failure::Malformed. Total; allocates in proportion to the text, which is at most
// kTextBytesMax long.
[[nodiscard]] std::optional<Receipt> from_json(std::string_view text);

// from_json, then verify: what `giro receipt verify` and the client do.
[[nodiscard]] std::expected<Verified, Failure> verify_json(std::string_view text,
                                                           const Genesis& genesis);

}  // namespace giro::receipt
