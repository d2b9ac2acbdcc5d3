// secp256k1 keys and compact low-S ECDSA signatures (SEC 1, SEC 2, RFC 6979; by libsecp256k1).
#pragma once

#include <memory>
#include <optional>

#include "crypto/bytes.h"

namespace giro::crypto {

// 33-byte compressed point. Holding one does not mean that it decodes: see is_valid_point.
struct PublicKey {
  std::array<std::byte, 33> bytes{};
  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
  operator ByteView() const { return bytes; }  // NOLINT(google-explicit-constructor)
};

// r ‖ s, 64 bytes. Only low-S verifies.
struct Signature {
  std::array<std::byte, 64> bytes{};
  friend auto operator<=>(const Signature&, const Signature&) = default;
  operator ByteView() const { return bytes; }  // NOLINT(google-explicit-constructor)
};

// First 8 bytes of SHA-256(public key), big-endian.
[[nodiscard]] std::uint64_t key_id(const PublicKey& key);

[[nodiscard]] bool is_valid_point(const PublicKey& key);

// True only for a valid point, r and s in range, low S, and a signature of `digest`. Total for all
// inputs. Parsed points are cached per thread (bounded), since parsing costs about a tenth of a
// check.
[[nodiscard]] bool verify(const PublicKey& key, const Hash& digest, const Signature& signature);

// A secret scalar. Wiped when destroyed; not copyable by accident.
class SecretKey {
 public:
  [[nodiscard]] static SecretKey generate();  // from the system's random source
  [[nodiscard]] static std::optional<SecretKey> from_bytes(
      ByteView scalar);  // 32 bytes in [1, n-1]
  SecretKey(SecretKey&&) noexcept;
  SecretKey& operator=(SecretKey&&) noexcept;
  ~SecretKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  // Deterministic (RFC 6979): the same digest gives the same signature.
  [[nodiscard]] Signature sign(const Hash& digest) const;
  // The scalar itself: for the key file only.
  [[nodiscard]] ByteView reveal() const { return scalar_; }

 private:
  SecretKey() = default;
  std::array<std::byte, 32> scalar_{};
  PublicKey public_key_{};
};

void random_bytes(std::span<std::byte> out);  // system random source; aborts if there is none

}  // namespace giro::crypto
