#include "crypto/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "crypto/digest.h"

namespace giro::crypto {
namespace {

// SEC 2, section 2.4.1: order, half of it, field prime and base point of secp256k1.
constexpr std::string_view kOrder =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kOrderLessOne =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
constexpr std::string_view kHalfOrder =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
constexpr std::string_view kHalfOrderPlusOne =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
constexpr std::string_view kPrime =
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
constexpr std::string_view kBaseX =
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const std::string kZero(64, '0');
const std::string kOnes(64, 'f');
const std::string kOne = std::string(63, '0') + "1";

template <typename T>
T from(std::string_view hex) {
  T out;
  EXPECT_TRUE(from_hex(hex, out.bytes)) << hex;
  return out;
}

SecretKey secret(std::string_view hex) {
  std::optional<SecretKey> key = SecretKey::from_bytes(*from_hex(hex));
  EXPECT_TRUE(key.has_value()) << hex;
  return std::move(*key);
}

Hash digest_of(std::string_view text) {
  return sha256(as_view(text));
}

// order - scalar
std::array<std::byte, 32> negated(std::span<const std::byte> scalar) {
  const Bytes order = *from_hex(kOrder);
  std::array<std::byte, 32> out{};
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    int digit = std::to_integer<int>(order[i]) - std::to_integer<int>(scalar[i]) - borrow;
    borrow = digit < 0 ? 1 : 0;
    out[i] = static_cast<std::byte>(digit + 256 * borrow);
  }
  return out;
}

TEST(Keys, public_key_of_known_scalars) {
  EXPECT_EQ(to_hex(secret(kOne).public_key()), "02" + std::string(kBaseX));
  EXPECT_EQ(to_hex(secret(kOrderLessOne).public_key()), "03" + std::string(kBaseX));
  EXPECT_EQ(to_hex(secret(std::string(63, '0') + "2").public_key()),
            "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");
}

TEST(Keys, scalar_is_in_one_to_order_less_one) {
  EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kZero)));
  EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kOrder)));
  EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kOnes)));
  EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kOne.substr(2))));
  EXPECT_FALSE(SecretKey::from_bytes(*from_hex(kOne + "00")));
  EXPECT_FALSE(SecretKey::from_bytes({}));
  EXPECT_TRUE(SecretKey::from_bytes(*from_hex(kOne)));
  EXPECT_TRUE(SecretKey::from_bytes(*from_hex(kOrderLessOne)));
}

TEST(Keys, generated_keys_differ_and_sign) {
  const SecretKey a = SecretKey::generate();
  const SecretKey b = SecretKey::generate();
  EXPECT_NE(a.public_key(), b.public_key());
  const Hash digest = digest_of("message");
  EXPECT_TRUE(verify(a.public_key(), digest, a.sign(digest)));
  EXPECT_FALSE(verify(b.public_key(), digest, a.sign(digest)));
}

TEST(Keys, secret_is_moved_and_never_copied) {
  static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
  SecretKey first = secret(kOne);
  const SecretKey second = std::move(first);
  EXPECT_EQ(to_hex(second.reveal()), kOne);
  EXPECT_EQ(to_hex(first.reveal()),
            kZero);  // NOLINT(bugprone-use-after-move): wiped, which is the point
  EXPECT_DEATH((void)first.sign(Hash{}), "secp256k1_ecdsa_sign");
}

TEST(Keys, id_is_the_beginning_of_the_hash_of_the_key) {
  const PublicKey key = secret(kOne).public_key();
  const std::string hex = to_hex(sha256(ByteView(key)));
  EXPECT_EQ(key_id(key), std::stoull(hex.substr(0, 16), nullptr, 16));
}

// RFC 6979 over secp256k1 with SHA-256: the vectors that Bitcoin and Haskoin libraries share.
TEST(Signatures, are_deterministic_and_low) {
  struct Known {
    std::string_view scalar;
    std::string_view message;
    std::string_view signature;
  };
  const std::vector<Known> known{
      {kOne, "Satoshi Nakamoto",
       "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
       "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
      {kOne, "All those moments will be lost in time, like tears in rain. Time to die...",
       "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
       "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
      {kOrderLessOne, "Satoshi Nakamoto",
       "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
       "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
      {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
       "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
       "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"}};
  for (const Known& k : known) {
    const SecretKey key = secret(k.scalar);
    const Hash digest = digest_of(k.message);
    const Signature signature = key.sign(digest);
    EXPECT_EQ(to_hex(signature), k.signature);
    EXPECT_EQ(key.sign(digest), signature);
    EXPECT_TRUE(verify(key.public_key(), digest, signature));
  }
}

TEST(Signatures, are_never_high) {
  const Bytes half = *from_hex(kHalfOrder);
  const SecretKey key = secret(std::string(63, '0') + "7");
  for (int i = 0; i < 200; ++i) {
    const Signature signature = key.sign(digest_of(std::to_string(i)));
    ASSERT_FALSE(
        std::ranges::lexicographical_compare(half, std::span(signature.bytes).subspan(32)));
  }
}

TEST(Signatures, high_s_is_refused) {
  const SecretKey key = secret(std::string(63, '0') + "7");
  const Hash digest = digest_of("high");
  Signature signature = key.sign(digest);
  const std::array<std::byte, 32> high = negated(std::span(signature.bytes).subspan(32));
  std::copy(high.begin(), high.end(), signature.bytes.begin() + 32);
  EXPECT_FALSE(verify(key.public_key(), digest, signature));
}

TEST(Signatures, out_of_range_numbers_are_refused) {
  const SecretKey key = secret(std::string(63, '0') + "7");
  const Hash digest = digest_of("range");
  const std::string good = to_hex(key.sign(digest));
  const std::string r = good.substr(0, 64);
  const std::string s = good.substr(64);
  const std::vector<std::string> numbers{kZero,
                                         kOne,
                                         std::string(kHalfOrder),
                                         std::string(kHalfOrderPlusOne),
                                         std::string(kOrderLessOne),
                                         std::string(kOrder),
                                         std::string(kPrime),
                                         kOnes};
  for (const std::string& a : numbers) {
    EXPECT_FALSE(verify(key.public_key(), digest, from<Signature>(a + s))) << a;
    EXPECT_FALSE(verify(key.public_key(), digest, from<Signature>(r + a))) << a;
    for (const std::string& b : numbers) {
      EXPECT_FALSE(verify(key.public_key(), digest, from<Signature>(a + b))) << a << b;
    }
  }
  EXPECT_FALSE(verify(key.public_key(), digest, from<Signature>(s + r)));
  EXPECT_TRUE(verify(key.public_key(), digest, from<Signature>(good)));
}

TEST(Signatures, any_changed_bit_is_refused) {
  const SecretKey key = secret(std::string(63, '0') + "7");
  const Hash digest = digest_of("bits");
  const Signature signature = key.sign(digest);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature edited = signature;
    edited.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    ASSERT_FALSE(verify(key.public_key(), digest, edited)) << bit;
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Hash edited = digest;
    edited.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    ASSERT_FALSE(verify(key.public_key(), edited, signature)) << bit;
  }
  for (std::size_t bit = 0; bit < 264; ++bit) {
    PublicKey edited = key.public_key();
    edited.bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    ASSERT_FALSE(verify(edited, digest, signature)) << bit;
  }
}

// A digest of zero, or one that is zero modulo the order, is signed like any other (SEC 1, 4.1.4).
TEST(Signatures, digests_at_the_edge_of_the_order_verify) {
  const SecretKey key = secret(std::string(63, '0') + "7");
  for (const std::string& digest :
       {kZero, std::string(kOrder), std::string(kOrderLessOne), kOnes}) {
    const Hash hash = from<Hash>(digest);
    EXPECT_TRUE(verify(key.public_key(), hash, key.sign(hash))) << digest;
  }
}

struct BadKey {
  std::string_view name;
  std::string hex;
};
std::vector<BadKey> bad_keys() {
  const std::string x(kBaseX);
  return {{"all zero", std::string(66, '0')},
          {"x of no point", "02" + std::string(63, '0') + "5"},
          {"x is zero, which is on no point", "02" + kZero},
          {"x is the prime", "02" + std::string(kPrime)},
          {"x beyond the prime", "03" + kOnes},
          {"prefix of infinity", "00" + x},
          {"prefix 01", "01" + x},
          {"prefix of an uncompressed point", "04" + x},
          {"hybrid prefix 06", "06" + x},
          {"hybrid prefix 07", "07" + x},
          {"prefix 82", "82" + x}};
}

TEST(PublicKeys, only_compressed_points_are_valid) {
  for (const BadKey& bad : bad_keys()) {
    EXPECT_FALSE(is_valid_point(from<PublicKey>(bad.hex))) << bad.name;
  }
  EXPECT_TRUE(is_valid_point(from<PublicKey>("02" + std::string(kBaseX))));
  EXPECT_TRUE(is_valid_point(from<PublicKey>("03" + std::string(kBaseX))));
}

TEST(PublicKeys, nothing_verifies_under_an_invalid_key) {
  const SecretKey key = secret(kOne);
  const Hash digest = digest_of("bad key");
  const Signature signature = key.sign(digest);
  for (int round = 0; round < 2; ++round) {  // the second time past the cache
    for (const BadKey& bad : bad_keys()) {
      EXPECT_FALSE(verify(from<PublicKey>(bad.hex), digest, signature)) << bad.name;
    }
    EXPECT_TRUE(verify(key.public_key(), digest, signature));
  }
}

TEST(PublicKeys, cache_answers_as_parsing_does_when_full_of_others) {
  std::vector<SecretKey> keys;
  std::vector<Signature> signatures;
  const Hash digest = digest_of("many");
  for (std::uint64_t i = 1; i <= 300; ++i) {
    Bytes scalar(24);
    Writer(scalar).u64(i);
    keys.push_back(*SecretKey::from_bytes(scalar));
    signatures.push_back(keys.back().sign(digest));
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_TRUE(verify(keys[i].public_key(), digest, signatures[i]));
      ASSERT_FALSE(verify(keys[i].public_key(), digest, signatures[(i + 1) % keys.size()]));
    }
  }
}

TEST(RandomBytes, fill_everything) {
  Bytes a(1000);
  Bytes b(1000);
  random_bytes(a);
  random_bytes(b);
  EXPECT_NE(a, b);
  EXPECT_LT(std::ranges::count(a, std::byte{0}), 50);
  random_bytes({});
}

}  // namespace
}  // namespace giro::crypto
