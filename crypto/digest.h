// SHA-256 (FIPS 180-4, by OpenSSL) and the tagged hashes built on it.
#pragma once

#include <memory>
#include <string_view>

#include "crypto/bytes.h"

namespace giro::crypto {

// A reusable SHA-256 context. Feed it, then finish(); it is then ready for the next message. One
// thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(ByteView bytes);
  Sha256& update(std::string_view text);
  Sha256& update_u8(std::uint8_t value);
  Sha256& update_u64(std::uint64_t value);  // big-endian
  [[nodiscard]] Hash finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// SHA-256 of the parts, one after another. Uses a context of the calling thread.
[[nodiscard]] Hash sha256(ByteView bytes);
[[nodiscard]] Hash sha256(std::initializer_list<ByteView> parts);

// SHA-256(tag ‖ parts): tags look like "giro/vote/v1" and keep the domains of signatures and hashes
// apart.
[[nodiscard]] Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts);

}  // namespace giro::crypto
