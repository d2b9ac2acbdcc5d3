#include "crypto/keys.h"

#include <openssl/crypto.h>
#include <secp256k1.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "crypto/fast_signatures.h"
#include "crypto/raw_bytes.h"

namespace giro::crypto {

namespace {

// Blinded against timing and power leaks; constant after construction, so that all threads may sign
// with it.
const secp256k1_context* signing_context() {
  static const secp256k1_context* const context = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    GIRO_CHECK(made != nullptr);
    std::array<std::byte, 32> seed;
    random_bytes(seed);
    GIRO_CHECK(secp256k1_context_randomize(made, raw(seed.data())) == 1);
    OPENSSL_cleanse(seed.data(), seed.size());
    return made;
  }();
  return context;
}

bool parse(const PublicKey& key, secp256k1_pubkey& point) {
  return secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, raw(key.bytes.data()),
                                   key.bytes.size()) == 1;
}

// Points already decoded by this thread: sets of four, the oldest of a set makes room. The place of
// a key depends on a secret, so that nobody can choose keys that push out those of others. Pages
// are touched only when used.
class PointCache {
 public:
  PointCache() : entries_(static_cast<Entry*>(std::calloc(kSets * kWays, sizeof(Entry)))) {
    GIRO_CHECK(entries_ != nullptr);
    std::array<std::byte, 16> seed;
    random_bytes(seed);
    std::memcpy(&mask_, seed.data(), 8);
    std::memcpy(&factor_, seed.data() + 8, 8);
    factor_ |= 1;
  }
  ~PointCache() { std::free(entries_); }
  PointCache(const PointCache&) = delete;
  PointCache& operator=(const PointCache&) = delete;

  // The decoded point, valid until the next call; nullptr if `key` is no point.
  const secp256k1_pubkey* find_or_parse(const PublicKey& key) {
    Entry* const set = entries_ + set_of(key) * kWays;
    // An unused entry has prefix 0, which no point has.
    for (std::size_t way = 0; way < kWays; ++way) {
      if (std::memcmp(set[way].key, key.bytes.data(), sizeof(Entry::key)) == 0) {
        return std::to_integer<int>(key.bytes[0]) == 0 ? nullptr : &set[way].point;
      }
    }
    secp256k1_pubkey point;
    if (!parse(key, point)) return nullptr;
    std::memmove(set + 1, set, (kWays - 1) * sizeof(Entry));
    std::memcpy(set[0].key, key.bytes.data(), sizeof(Entry::key));
    set[0].point = point;
    return &set[0].point;
  }

 private:
  static constexpr std::size_t kSetBits = 14;
  static constexpr std::size_t kSets = std::size_t{1} << kSetBits;
  static constexpr std::size_t kWays = 4;
  struct Entry {
    unsigned char key[33];
    secp256k1_pubkey point;
  };
  static_assert(kSets * kWays == 65536);

  [[nodiscard]] std::size_t set_of(const PublicKey& key) const {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, key.bytes.data() + 1, 8);
    std::memcpy(&low, key.bytes.data() + 9, 8);
    const std::uint64_t mixed = ((high ^ mask_) * factor_) ^ low;
    return static_cast<std::size_t>((mixed * factor_) >> (64 - kSetBits));
  }

  Entry* entries_;
  std::uint64_t mask_ = 0;
  std::uint64_t factor_ = 0;
};

const secp256k1_pubkey* cached_point(const PublicKey& key) {
  thread_local PointCache cache;
  return cache.find_or_parse(key);
}

// The public key of a scalar; nullopt outside [1, n-1].
std::optional<PublicKey> derive(const std::array<std::byte, 32>& scalar) {
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_create(signing_context(), &point, raw(scalar.data())) != 1) {
    return std::nullopt;
  }
  PublicKey key;
  std::size_t size = key.bytes.size();
  GIRO_CHECK(secp256k1_ec_pubkey_serialize(secp256k1_context_static, raw(key.bytes.data()), &size,
                                           &point, SECP256K1_EC_COMPRESSED) == 1);
  return key;
}

#ifdef GIRO_SIM
bool fast_signatures = false;

Signature fast_signature(const PublicKey& key, const Hash& digest) {
  const Hash made =
      tagged_hash("giro/sim/signature", {ByteView(key.bytes), ByteView(digest.bytes)});
  Signature signature;
  std::copy(made.bytes.begin(), made.bytes.end(), signature.bytes.begin());
  return signature;
}
#endif

}  // namespace

#ifdef GIRO_SIM
void use_fast_signatures(bool fast) {
  fast_signatures = fast;
}
#endif

std::uint64_t key_id(const PublicKey& key) {
  const Hash digest = sha256(ByteView(key));
  return Reader(digest).u64();
}

bool is_valid_point(const PublicKey& key) {
  return cached_point(key) != nullptr;
}

bool verify(const PublicKey& key, const Hash& digest, const Signature& signature) {
#ifdef GIRO_SIM
  if (fast_signatures) return signature == fast_signature(key, digest);
#endif
  secp256k1_ecdsa_signature parsed;
  if (secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed,
                                              raw(signature.bytes.data())) != 1) {
    return false;
  }
  const secp256k1_pubkey* point = cached_point(key);
  // Refuses zero r or s, and high S.
  return point != nullptr && secp256k1_ecdsa_verify(secp256k1_context_static, &parsed,
                                                    raw(digest.bytes.data()), point) == 1;
}

SecretKey SecretKey::generate() {
  SecretKey key;
  std::optional<PublicKey> derived;
  do {
    random_bytes(key.scalar_);
    derived = derive(key.scalar_);
  } while (!derived);
  key.public_key_ = *derived;
  return key;
}

std::optional<SecretKey> SecretKey::from_bytes(ByteView scalar) {
  SecretKey key;
  if (scalar.size() != key.scalar_.size()) return std::nullopt;
  std::copy(scalar.begin(), scalar.end(), key.scalar_.begin());
  const std::optional<PublicKey> derived = derive(key.scalar_);
  if (!derived) return std::nullopt;
  key.public_key_ = *derived;
  return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept
    : scalar_(other.scalar_), public_key_(other.public_key_) {
  OPENSSL_cleanse(other.scalar_.data(), other.scalar_.size());
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this != &other) {
    scalar_ = other.scalar_;
    public_key_ = other.public_key_;
    OPENSSL_cleanse(other.scalar_.data(), other.scalar_.size());
  }
  return *this;
}

SecretKey::~SecretKey() {
  OPENSSL_cleanse(scalar_.data(), scalar_.size());
}

Signature SecretKey::sign(const Hash& digest) const {
#ifdef GIRO_SIM
  if (fast_signatures) return fast_signature(public_key_, digest);
#endif
  secp256k1_ecdsa_signature made;
  // Fails only for a scalar out of range: a key that was moved away.
  GIRO_CHECK(secp256k1_ecdsa_sign(signing_context(), &made, raw(digest.bytes.data()),
                                  raw(scalar_.data()), secp256k1_nonce_function_rfc6979,
                                  nullptr) == 1);
  Signature out;
  secp256k1_ecdsa_signature_serialize_compact(secp256k1_context_static, raw(out.bytes.data()),
                                              &made);
  return out;
}

void random_bytes(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    GIRO_CHECK(got > 0, got, errno);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace giro::crypto
