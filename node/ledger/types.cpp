#include "node/ledger/types.h"

#include <limits>

#include "node/ledger/limits.h"

namespace giro::ledger {

TimeMs add_ms(TimeMs time, std::uint64_t ms) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto base = static_cast<std::uint64_t>(std::max<std::int64_t>(time.value, 0));
  const std::uint64_t room = static_cast<std::uint64_t>(kMax) - base;
  return ms > room ? TimeMs{kMax} : TimeMs{static_cast<std::int64_t>(base + ms)};
}

bool is_valid(const Id& id) {
  const auto all = [&id](std::byte value) {
    return std::all_of(id.bytes.begin(), id.bytes.end(),
                       [value](std::byte b) { return b == value; });
  };
  return !all(std::byte{0}) && !all(std::byte{0xFF});
}

bool is_uuid_version_4(const Id& id) {
  return (id.bytes[6] & std::byte{0xF0}) == std::byte{0x40} &&
         (id.bytes[8] & std::byte{0xC0}) == std::byte{0x80};
}

bool is_country(const CountryCode& country) {
  return std::ranges::all_of(country.text(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_institution_name(std::string_view name) {
  return !name.empty() && name.size() <= kInstitutionNameMax &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

namespace {

struct CurrencyRow {
  std::string_view code;
  std::uint8_t scale;
};
// ISO 4217, rules version 1 (ledger 2). Ascending.
constexpr CurrencyRow kCurrencies[] = {
    {"AUD", 2}, {"BHD", 3}, {"BRL", 2}, {"CAD", 2}, {"CHF", 2}, {"CLF", 4}, {"CLP", 0},
    {"CNY", 2}, {"EUR", 2}, {"GBP", 2}, {"HKD", 2}, {"INR", 2}, {"IQD", 3}, {"ISK", 0},
    {"JOD", 3}, {"JPY", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3}, {"MXN", 2}, {"OMR", 3},
    {"SGD", 2}, {"TND", 3}, {"USD", 2}, {"VND", 0},
};

constexpr std::string_view kRoleNames[kRoleCount] = {
    "ADMIN",   "ISSUER",  "TREASURY", "COMPLIANCE", "LEGAL",   "MAKER",
    "CHECKER", "ONBOARD", "PAUSER",   "GOVERNOR",   "AUDITOR",
};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<std::uint8_t> currency_scale(const Currency& currency) {
  const std::string_view code = currency.text();
  const auto* row =
      std::lower_bound(std::begin(kCurrencies), std::end(kCurrencies), code,
                       [](const CurrencyRow& a, std::string_view b) { return a.code < b; });
  if (row == std::end(kCurrencies) || row->code != code) return std::nullopt;
  return row->scale;
}

bool is_valid_lei(const Lei& lei) {
  const std::string_view text = lei.text();
  unsigned remainder = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit(c)) {
      remainder = (remainder * 10 + static_cast<unsigned>(c - '0')) % 97;
    } else if (is_upper(c) && i < 18) {
      remainder = (remainder * 100 + static_cast<unsigned>(c - 'A') + 10) % 97;
    } else {
      return false;
    }
  }
  return remainder == 1;
}

bool is_valid_bic(std::string_view bic) {
  if (bic.size() != 8 && bic.size() != 11) return false;
  for (std::size_t i = 0; i < bic.size(); ++i) {
    const bool letters_only = i < 6;
    if (!is_upper(bic[i]) && (letters_only || !is_digit(bic[i]))) return false;
  }
  return true;
}

std::string_view name(Role role) {
  const auto index = static_cast<std::size_t>(role);
  return index < kRoleCount ? kRoleNames[index] : "UNKNOWN";
}

}  // namespace giro::ledger
