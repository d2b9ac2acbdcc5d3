#include "node/api/text.h"

#include <algorithm>
#include <charconv>

namespace giro::api {

std::string time_text(std::int64_t ms) {
  return receipt::to_time_text(std::clamp<std::int64_t>(ms, 0, receipt::kTimeMsMax));
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::pair<std::uint64_t, std::uint32_t>> parse_place(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(text.substr(0, dot));
  const auto second = parse_number(text.substr(dot + 1));
  if (!first || !second || *second > ~0U) return std::nullopt;
  return std::pair{*first, static_cast<std::uint32_t>(*second)};
}

std::string place_text(std::uint64_t height, std::uint32_t n) {
  return std::to_string(height) + "." + std::to_string(n);
}

}  // namespace giro::api
