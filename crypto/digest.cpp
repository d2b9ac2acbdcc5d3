#include "crypto/digest.h"

#include <openssl/evp.h>

#include "crypto/check.h"

namespace giro::crypto {

namespace {

// Fetched once: a lookup by name for every message costs more than hashing a short one. Never
// freed; it is immutable and shared by all threads until the process ends.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  GIRO_CHECK(algorithm != nullptr);
  return algorithm;
}

Sha256& context_of_this_thread() {
  thread_local Sha256 context;
  return context;
}

}  // namespace

struct Sha256::Context {
  Context() : md(EVP_MD_CTX_new()) {
    GIRO_CHECK(md != nullptr);
    GIRO_CHECK(EVP_DigestInit_ex2(md, sha256_algorithm(), nullptr) == 1);
  }
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* md;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;

Sha256& Sha256::update(ByteView bytes) {
  GIRO_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1, bytes.size());
  return *this;
}

Sha256& Sha256::update(std::string_view text) {
  return update(as_view(text));
}

Sha256& Sha256::update_u8(std::uint8_t value) {
  const std::byte byte{value};
  return update(ByteView(&byte, 1));
}

Sha256& Sha256::update_u64(std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>((value >> (8 * (7 - i))) & 0xff);
  }
  return update(ByteView(bytes));
}

Hash Sha256::finish() {
  Hash out;
  GIRO_CHECK(EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(out.bytes.data()),
                                nullptr) == 1);
  GIRO_CHECK(EVP_DigestInit_ex2(context_->md, nullptr, nullptr) == 1);
  return out;
}

Hash sha256(ByteView bytes) {
  return context_of_this_thread().update(bytes).finish();
}

Hash sha256(std::initializer_list<ByteView> parts) {
  Sha256& context = context_of_this_thread();
  for (const ByteView part : parts) context.update(part);
  return context.finish();
}

Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts) {
  Sha256& context = context_of_this_thread();
  context.update(tag);
  for (const ByteView part : parts) context.update(part);
  return context.finish();
}

}  // namespace giro::crypto
