#include "node/receipt/text.h"

#include <algorithm>
#include <chrono>

#include "crypto/check.h"

namespace giro::receipt {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::array<std::size_t, 4> kUuidDashes{8, 13, 18, 23};
// Digits are written as 0; everything else stands for itself.
constexpr std::string_view kTimeShape = "0000-00-00T00:00:00.000Z";

bool is_dash(std::size_t at) {
  return std::ranges::find(kUuidDashes, at) != kUuidDashes.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void put_digits(std::string& out, std::size_t at, std::size_t count, std::uint64_t value) {
  for (std::size_t i = count; i-- > 0; value /= 10)
    out[at + i] = static_cast<char>('0' + value % 10);
}

std::uint32_t digits(std::string_view text, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (const char c : text.substr(at, count))
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  return value;
}

}  // namespace

std::string to_base64(crypto::ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < size ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text.push_back(k <= size ? kBase64[(group >> (18 - 6 * k)) & 63] : '=');
    }
  }
  return text;
}

std::optional<crypto::Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  crypto::Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::string_view group = text.substr(i, 4);
    if (i + 4 == text.size()) {
      while (group.size() > 2 && group.ends_with('=')) group.remove_suffix(1);
    }
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::size_t digit = k < group.size() ? kBase64.find(group[k]) : 0;
      if (digit == std::string_view::npos) return std::nullopt;
      value = (value << 6) | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const auto byte = static_cast<std::byte>((value >> (16 - 8 * k)) & 0xff);
      if (k + 1 < group.size()) {
        bytes.push_back(byte);
      } else if (byte != std::byte{0}) {
        return std::nullopt;  // bits that are no part of the value
      }
    }
  }
  return bytes;
}

std::string to_uuid_text(const Uuid& id) {
  std::string text = crypto::to_hex(id);
  for (const std::size_t at : kUuidDashes) text.insert(at, 1, '-');
  return text;
}

std::optional<Uuid> from_uuid_text(std::string_view text) {
  std::string hex;
  if (text.size() != 36) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_dash(i)) {
      hex.push_back(text[i]);
    } else if (text[i] != '-') {
      return std::nullopt;
    }
  }
  Uuid id;
  if (!from_lower_hex(hex, id)) return std::nullopt;
  return id;
}

std::string to_time_text(std::int64_t ms) {
  GIRO_CHECK(ms >= 0 && ms <= kTimeMsMax, ms);
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(ms)};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::string text(kTimeShape);
  put_digits(text, 0, 4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, static_cast<std::uint64_t>(clock.hours().count()));
  put_digits(text, 14, 2, static_cast<std::uint64_t>(clock.minutes().count()));
  put_digits(text, 17, 2, static_cast<std::uint64_t>(clock.seconds().count()));
  put_digits(text, 20, 3, static_cast<std::uint64_t>(clock.subseconds().count()));
  return text;
}

std::optional<std::int64_t> from_time_text(std::string_view text) {
  if (text.size() != kTimeShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kTimeShape[i] == '0' ? !is_digit(text[i]) : text[i] != kTimeShape[i]) return std::nullopt;
  }
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(digits(text, 0, 4))), month(digits(text, 5, 2)),
                            day(digits(text, 8, 2))};
  const std::uint32_t h = digits(text, 11, 2);
  const std::uint32_t m = digits(text, 14, 2);
  const std::uint32_t s = digits(text, 17, 2);
  if (!date.ok() || date.year() < year(1970) || h > 23 || m > 59 || s > 59) return std::nullopt;
  const milliseconds since_midnight =
      hours(h) + minutes(m) + seconds(s) + milliseconds(digits(text, 20, 3));
  return (sys_days(date).time_since_epoch() + since_midnight).count();
}

bool from_lower_hex(std::string_view text, std::span<std::byte> out) {
  return std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'F'; }) &&
         crypto::from_hex(text, out);
}

}  // namespace giro::receipt
