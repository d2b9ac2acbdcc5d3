#include "node/config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

namespace giro::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// Largest first, so that format finds the largest that divides.
constexpr std::array kDurations{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array kSizes{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                            Unit{"KiB", 1ULL << 10}};

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text,
                                             const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest == text.data()) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(static_cast<std::size_t>(rest - text.data()));
  for (const Unit& unit : units) {
    if (unit.name == name) {
      if (number > std::numeric_limits<std::uint64_t>::max() / unit.factor) {
        return std::nullopt;
      }
      return number * unit.factor;
    }
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value / units.back().factor) + std::string(units.back().name);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) {
    return false;
  }
  bool label_start = true;
  char last = '.';
  for (const char c : host) {
    const bool alnum = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '.') {
      if (label_start || last == '-') {
        return false;
      }
      label_start = true;
    } else if (alnum || c == '_' || (c == '-' && !label_start)) {
      label_start = false;
    } else {
      return false;
    }
    last = c;
  }
  return last != '-' && last != '.';
}

// Digits and dots only: must be four numbers of at most 255.
bool is_ipv4(std::string_view host) {
  int parts = 0;
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    unsigned value = 0;
    const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || rest != part.data() + part.size() || value > 255 ||
        part.size() > 3) {
      return false;
    }
    ++parts;
    if (dot == std::string_view::npos) {
      return parts == 4;
    }
    host.remove_prefix(dot + 1);
  }
}

// The form only (hex groups and at most one "::"); the dialler judges the rest.
bool is_ipv6(std::string_view host) {
  if (host.size() < 2 || host.size() > 45 || host.find(':') == std::string_view::npos) {
    return false;
  }
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  });
}

}  // namespace

std::string HostPort::to_string() const {
  const bool bracket = host.find(':') != std::string::npos;
  return (bracket ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<HostPort> parse_host_port(std::string_view text, bool allow_any_port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > 300) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return std::nullopt;
  }
  unsigned port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port > 65535 || (port == 0 && !allow_any_port)) {
    return std::nullopt;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host)) {
      return std::nullopt;
    }
  } else {
    const bool numeric =
        std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
    if (numeric ? !is_ipv4(host) : !is_host_name(host)) {
      return std::nullopt;
    }
  }
  return HostPort{std::string(host), static_cast<std::uint16_t>(port)};
}

bool is_loopback(const HostPort& address) {
  return address.host == "localhost" || address.host == "::1" ||
         (address.host.starts_with("127.") && is_ipv4(address.host));
}

std::string ApiUrl::to_string() const {
  return (tls ? "https://" : "http://") + address.to_string();
}

std::optional<ApiUrl> parse_api_url(std::string_view text) {
  ApiUrl url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  if (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  const std::optional<HostPort> address = parse_host_port(text, false);
  if (!address) {
    return std::nullopt;
  }
  url.address = *address;
  return url;
}

std::optional<std::uint64_t> parse_duration_ms(std::string_view text) {
  return parse_with_unit(text, kDurations);
}
std::string format_duration(std::uint64_t ms) {
  return format_with_unit(ms, kDurations);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizes);
}
std::string format_size(std::uint64_t bytes) {
  return format_with_unit(bytes, kSizes);
}

std::expected<std::string, std::string> SecretSource::read() const {
  constexpr std::size_t kLongest = 4096;
  std::string secret;
  if (kind == Kind::Variable) {
    const char* value = std::getenv(where.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr) {
      return std::unexpected("the variable " + where + " is not set");
    }
    secret = value;
  } else {
    std::ifstream in(where, std::ios::binary);
    if (!in) {
      return std::unexpected("the file " + where + " cannot be read");
    }
    secret.resize(kLongest + 2);
    in.read(secret.data(), static_cast<std::streamsize>(secret.size()));
    secret.resize(static_cast<std::size_t>(in.gcount()));
    if (secret.ends_with('\n')) {
      secret.pop_back();
    }
    if (secret.ends_with('\r')) {
      secret.pop_back();
    }
  }
  const std::string place = (kind == Kind::Variable ? "the variable " : "the file ") + where;
  if (secret.empty()) {
    return std::unexpected(place + " is empty");
  }
  if (secret.size() > kLongest) {
    return std::unexpected(place + " is longer than 4096 bytes");
  }
  return secret;
}

}  // namespace giro::config
