#include "node/ledger/amount.h"

#include <algorithm>

namespace giro::ledger {

std::array<std::byte, 16> to_big_endian(Amount amount) {
  std::array<std::byte, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    const auto shift = static_cast<unsigned>(56 - 8 * i);
    out[i] = static_cast<std::byte>(amount.hi >> shift);
    out[8 + i] = static_cast<std::byte>(amount.lo >> shift);
  }
  return out;
}

Amount from_big_endian(std::span<const std::byte, 16> bytes) {
  Amount amount;
  for (std::size_t i = 0; i < 8; ++i) {
    amount.hi = amount.hi << 8 | static_cast<std::uint64_t>(bytes[i]);
    amount.lo = amount.lo << 8 | static_cast<std::uint64_t>(bytes[8 + i]);
  }
  return amount;
}

namespace {

// amount /= 10 in 32-bit limbs; gives the remainder.
std::uint64_t divide_by_ten(Amount& amount) {
  std::uint64_t remainder = 0;
  const auto step = [&remainder](std::uint64_t limb) {
    const std::uint64_t value = remainder << 32 | limb;
    remainder = value % 10;
    return value / 10;
  };
  for (std::uint64_t* half : {&amount.hi, &amount.lo}) {
    const std::uint64_t high = step(*half >> 32);
    const std::uint64_t low = step(*half & 0xFFFF'FFFF);
    *half = high << 32 | low;
  }
  return remainder;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string to_decimal(Amount amount, std::uint8_t scale) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + divide_by_ten(amount)));
  } while (!amount.is_zero() || digits.size() <= scale);
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return digits;
}

std::optional<Amount> from_decimal(std::string_view text, std::uint8_t scale, DecimalError& error) {
  error = DecimalError::Syntax;
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && decimals.empty())) return std::nullopt;
  if (!std::all_of(whole.begin(), whole.end(), is_digit)) return std::nullopt;
  if (!std::all_of(decimals.begin(), decimals.end(), is_digit)) return std::nullopt;
  if (decimals.size() > scale) {
    error = DecimalError::TooPrecise;
    return std::nullopt;
  }
  error = DecimalError::OutOfRange;
  std::uint64_t value = 0;
  const auto append = [&value](char digit) {
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    return value <= kOperationAmountMax.lo;
  };
  for (const char digit : whole) {
    if (!append(digit)) return std::nullopt;
  }
  for (std::size_t i = 0; i < scale; ++i) {
    if (!append(i < decimals.size() ? decimals[i] : '0')) return std::nullopt;
  }
  return Amount{0, value};
}

}  // namespace giro::ledger
