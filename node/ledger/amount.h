// Amounts: unsigned 128-bit integers in minor units (ledger 2). Only checked addition and
// subtraction exist.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace giro::ledger {

struct Amount {
  std::uint64_t hi{};
  std::uint64_t lo{};
  friend constexpr auto operator<=>(const Amount&, const Amount&) = default;
  [[nodiscard]] constexpr bool is_zero() const { return (hi | lo) == 0; }
};

// 10^18 - 1: the largest amount of an operation (18 digits, ISO 20022).
inline constexpr Amount kOperationAmountMax{0, 999'999'999'999'999'999};

// nullopt: the sum does not fit 128 bits (code 409).
[[nodiscard]] constexpr std::optional<Amount> checked_add(Amount a, Amount b) {
  const std::uint64_t lo = a.lo + b.lo;
  const std::uint64_t carry = lo < a.lo ? 1 : 0;
  const std::uint64_t hi = a.hi + b.hi;
  if (hi < a.hi || hi + carry < hi) return std::nullopt;
  return Amount{hi + carry, lo};
}

// nullopt: b is larger than a.
[[nodiscard]] constexpr std::optional<Amount> checked_subtract(Amount a, Amount b) {
  if (a < b) return std::nullopt;
  const std::uint64_t borrow = a.lo < b.lo ? 1 : 0;
  return Amount{a.hi - b.hi - borrow, a.lo - b.lo};
}

// a - b, or 0 when b is larger.
[[nodiscard]] constexpr Amount subtract_or_zero(Amount a, Amount b) {
  return checked_subtract(a, b).value_or(Amount{});
}

// 16 bytes, big-endian: the one form in messages, records and hashes.
[[nodiscard]] std::array<std::byte, 16> to_big_endian(Amount amount);
[[nodiscard]] Amount from_big_endian(std::span<const std::byte, 16> bytes);

// "1234.56" for 123456 at scale 2; no separator or point at scale 0. The edges only (CLI, HTTP).
[[nodiscard]] std::string to_decimal(Amount amount, std::uint8_t scale);

enum class DecimalError : std::uint8_t {
  Syntax,      // anything but digits with at most one point between digits
  TooPrecise,  // more decimals than the scale (code 114)
  OutOfRange,  // more than 10^18 - 1 minor units (code 108)
};
// The decimals may be fewer than the scale ("12.5" at scale 2 is 1250). Sets `error` when the
// answer is nullopt.
[[nodiscard]] std::optional<Amount> from_decimal(std::string_view text, std::uint8_t scale,
                                                 DecimalError& error);

}  // namespace giro::ledger
