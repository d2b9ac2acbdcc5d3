// What the JSON forms of all proofs have in common. Each proof has exactly one text: members in a
// fixed order, no white space, no escapes. Private to node/receipt.
#pragma once

#include <charconv>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "node/receipt/receipt.h"
#include "node/receipt/text.h"

namespace giro::receipt {

template <typename Item, typename Write>
void put_list(std::string& out, const std::vector<Item>& items, Write write) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    write(items[i]);
  }
  out += ']';
}

void put_quoted(std::string& out, std::string_view text);
void put_hex(std::string& out, ByteView bytes);
// From `,"header":` to the end of the document.
void put_attested(std::string& out, const Attested& proof);

// Reads the one text that the functions above and their callers write. After the first fault it is
// not ok() and gives zeros.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

  bool accept(std::string_view literal) {
    if (!ok_ || !rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  void expect(std::string_view literal) {
    if (!accept(literal)) fail();
  }

  // Digits without a leading zero.
  std::uint64_t number(std::uint64_t max) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto size = static_cast<std::size_t>(end - rest_.data());
    if (!ok_ || error != std::errc() || value > max || (size > 1 && rest_.front() == '0')) {
      fail();
      return 0;
    }
    rest_.remove_prefix(size);
    return value;
  }
  template <typename Integer>
  Integer number() {
    return static_cast<Integer>(number(std::numeric_limits<Integer>::max()));
  }
  std::uint64_t quoted_number() {
    expect("\"");
    const std::uint64_t value = number<std::uint64_t>();
    expect("\"");
    return value;
  }

  // What stands between quotes. Nothing that we write needs an escape.
  std::string_view quoted(std::size_t size_max) {
    expect("\"");
    const std::size_t size = rest_.substr(0, size_max + 1).find('"');
    if (!ok_ || size == std::string_view::npos) {
      fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return text;
  }
  void hex(std::span<std::byte> out) {
    if (!from_lower_hex(quoted(out.size() * 2), out)) fail();
  }
  // The value of what `read` makes of a quoted text; the default value after a fault.
  template <typename Read>
  auto quoted_as(std::size_t size_max, Read read) {
    auto value = read(quoted(size_max));
    if (!value) fail();
    return value.value_or(typename decltype(value)::value_type{});
  }

  template <typename Item, typename Read>
  void list(std::vector<Item>& items, std::size_t size_max, Read read) {
    expect("[");
    if (!ok_ || accept("]")) return;
    do {
      if (items.size() == size_max) fail();
      if (!ok_) return;
      read(items.emplace_back());
    } while (accept(","));
    expect("]");
  }

  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// What put_attested() wrote; the chain has been read by then.
void read_attested(Scanner& in, Attested& proof);

}  // namespace giro::receipt
