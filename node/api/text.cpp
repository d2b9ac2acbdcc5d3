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

}  // namespace giro::api
