// The signer port: who holds the validator's or an operator's key. The file signer is the first
// kind.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/keys.h"

namespace giro::crypto {

class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual const PublicKey& public_key() const = 0;
  // nullopt: the device is gone. The caller stops voting; it never falls back to another key.
  [[nodiscard]] virtual std::optional<Signature> sign(const Hash& digest) = 0;
};

// Signs with a key in memory.
class KeySigner final : public Signer {
 public:
  explicit KeySigner(SecretKey key) : key_(std::move(key)) {}
  [[nodiscard]] const PublicKey& public_key() const override { return key_.public_key(); }
  [[nodiscard]] std::optional<Signature> sign(const Hash& digest) override {
    return key_.sign(digest);
  }

 private:
  SecretKey key_;
};

enum class KeyFileError {
  Unreadable,       // missing, no permission, or not a regular file
  Malformed,        // not a giro key file, truncated, or a field out of bounds
  WrongPassphrase,  // the passphrase is wrong or the encrypted part was edited (AES-GCM cannot tell
                    // these apart)
  Edited,           // decrypts, but the public part does not belong to the secret
  WriteFailed,
  Exists,  // key files are never overwritten
};
[[nodiscard]] std::string_view describe(KeyFileError error);

// scrypt cost; the default takes about 100 ms and 32 MiB. `light` is for throw-away networks and
// tests.
struct ScryptCost {
  std::uint64_t n = 1 << 15;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  [[nodiscard]] static ScryptCost light() { return {1 << 10, 8, 1}; }
};

// Encrypted key file: scrypt (RFC 7914) then AES-256-GCM (SP 800-38D), the header authenticated
// with the secret.
[[nodiscard]] std::expected<void, KeyFileError> write_key_file(const std::filesystem::path& path,
                                                               const SecretKey& key,
                                                               std::string_view passphrase,
                                                               ScryptCost cost = {});
[[nodiscard]] std::expected<SecretKey, KeyFileError> read_key_file(
    const std::filesystem::path& path, std::string_view passphrase);
// The public key, without the passphrase. Not authenticated.
[[nodiscard]] std::expected<PublicKey, KeyFileError> peek_key_file(
    const std::filesystem::path& path);

}  // namespace giro::crypto
