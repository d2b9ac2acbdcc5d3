// The value types of configuration files: addresses, durations, sizes, secrets by reference.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace giro::config {

struct HostPort {
  std::string host;  // a name, an IPv4 address or an IPv6 address without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string to_string() const;  // "[::1]:7400" for IPv6
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct TlsFiles {
  std::filesystem::path cert;
  std::filesystem::path key;
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

// Where a secret is; the secret itself never stands in a configuration.
struct SecretSource {
  enum class Kind : std::uint8_t { File, Variable } kind = Kind::File;
  std::string where;  // absolute path, or the variable's name
  friend bool operator==(const SecretSource&, const SecretSource&) = default;

  // The secret, without one trailing line break; the error says what could not be read and holds no
  // secret.
  [[nodiscard]] std::expected<std::string, std::string> read() const;
};

// "host:port", host a DNS name, IPv4, or bracketed IPv6. Port 0 only where `allow_any_port`.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text, bool allow_any_port);
[[nodiscard]] bool is_loopback(const HostPort& address);  // 127.0.0.0/8, ::1 or "localhost"

// scheme://host:port, nothing behind the port.
struct ApiUrl {
  bool tls = false;
  HostPort address;
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ApiUrl&, const ApiUrl&) = default;
};
[[nodiscard]] std::optional<ApiUrl> parse_api_url(std::string_view text);

// "250ms", "2s", "15m", "24h", "7d": digits and a unit, no space, no sign, no fraction.
[[nodiscard]] std::optional<std::uint64_t> parse_duration_ms(std::string_view text);
[[nodiscard]] std::string format_duration(
    std::uint64_t ms);  // with the largest unit that divides it
// "64KiB", "512MiB", "1GiB".
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);  // bytes must be a multiple of 1 KiB

}  // namespace giro::config
