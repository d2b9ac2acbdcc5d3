// Protocol 2 as its text has it: fixed layout, numbers as eight bytes, a kind as one. For those who
// judge from outside; nothing of consensus/ is used.
#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/digest.h"

namespace giro::sim {

class Layout {
 public:
  Layout& text(std::string_view tag) {
    for (const char c : tag) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Layout& one(std::uint8_t value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Layout& number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<std::byte>((value >> shift) & 0xFF));
    return *this;
  }
  Layout& raw(crypto::ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] crypto::Hash hash() const { return crypto::sha256(bytes_); }

 private:
  crypto::Bytes bytes_;
};

}  // namespace giro::sim
