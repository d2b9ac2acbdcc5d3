// F24, F27: Merkle paths; keys and signatures.
#include "crypto/keys.h"
#include "crypto/merkle.h"
#include "node/receipt/text.h"
#include "tests/fuzz/target.h"

namespace giro::fuzz::of_crypto {
namespace {

using namespace crypto;

// A path that is given, and one of a tree that is there: it proves its leaf at its place and no
// other.
bool run_merkle(ByteView input) {
  Reader in(input);
  const std::uint64_t index = in.u64(), size = in.u64();
  const Hash leaf = in.hash(), root = in.hash();
  if (!in.ok()) return false;
  std::vector<Hash> path(in.remaining() / 32);
  for (Hash& each : path) each = in.hash();
  if (verify_merkle_path(leaf, index, size, path, root)) GIRO_CHECK(index < size);
  if (path.empty()) return false;
  const std::size_t at = index % path.size();  // now they are leaves
  auto proof = merkle_path(path, at);
  const Hash top = merkle_root(path);
  GIRO_CHECK(verify_merkle_path(path[at], at, path.size(), proof, top));
  // Its place is bound: another one in this tree has another path, or is the same leaf.
  for (std::size_t other = 0; other < path.size(); ++other)
    GIRO_CHECK(other == at || path[other] == path[at] ||
               !verify_merkle_path(path[other], other, path.size(), proof, top) ||
               merkle_path(path, other) == proof);
  if (size != 0) {
    Hash changed = path[at];
    changed.bytes[size % 32] ^= std::byte{1};
    GIRO_CHECK(!verify_merkle_path(changed, at, path.size(), proof, top));
  }
  proof.push_back(root);
  GIRO_CHECK(!verify_merkle_path(path[at], at, path.size(), proof, top));
  return true;
}

std::vector<Bytes> merkle_seeds() {
  std::vector<Bytes> seeds;
  for (const std::size_t size : {1U, 3U, 8U}) {
    std::vector<Hash> leaves;
    for (std::size_t i = 0; i < size; ++i) leaves.push_back(merkle_leaf(Bytes{std::byte(i)}));
    Bytes seed;
    Writer out(seed);
    out.u64(size - 1).u64(size).raw(leaves.back()).raw(merkle_root(leaves));
    for (const Hash& each : merkle_path(leaves, size - 1)) out.raw(each);
    for (const Hash& each : leaves) out.raw(each);
    seeds.push_back(seed);
  }
  return seeds;
}

// secp256k1's order, for n - s.
constexpr std::string_view kOrder =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

Signature with_high_s(Signature signature) {
  const Bytes order = *from_hex(kOrder);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference =
        std::to_integer<int>(order[i]) - std::to_integer<int>(signature.bytes[32 + i]) - borrow;
    borrow = difference < 0 ? 1 : 0;
    signature.bytes[32 + i] = static_cast<std::byte>(difference + (borrow == 0 ? 0 : 256));
  }
  return signature;
}

// A key and signature that are given; then the key as a secret one, and what it signs, changed.
bool run_signature(ByteView input) {
  Reader in(input);
  PublicKey key;
  Signature given;
  const ByteView key_bytes = in.raw(key.bytes.size());
  const Hash digest = in.hash();
  const ByteView signature_bytes = in.raw(given.bytes.size());
  if (!in.ok()) return false;
  std::ranges::copy(key_bytes, key.bytes.begin());
  std::ranges::copy(signature_bytes, given.bytes.begin());
  const bool is_point = is_valid_point(key), verifies = verify(key, digest, given);
  GIRO_CHECK(is_point || !verifies);
  GIRO_CHECK(!verifies || !verify(key, digest, with_high_s(given)));
  const auto secret = SecretKey::from_bytes(key_bytes.subspan(1));
  if (!secret) return false;
  const Signature own = secret->sign(digest);
  GIRO_CHECK(is_valid_point(secret->public_key()) && verify(secret->public_key(), digest, own));
  GIRO_CHECK(!verify(secret->public_key(), digest, with_high_s(own)));
  GIRO_CHECK(given == own || !verify(secret->public_key(), digest, given));
  return verifies || is_point;
}

std::vector<Bytes> signature_seeds() {
  std::vector<Bytes> seeds;
  const auto key = SecretKey::from_bytes(sha256(as_view("key")));
  const Hash digest = sha256(as_view("said"));
  for (const Signature& signature :
       {key->sign(digest), with_high_s(key->sign(digest)), Signature{}}) {
    Bytes& seed = seeds.emplace_back();
    Writer(seed).raw(key->public_key()).raw(digest).raw(signature);
  }
  return seeds;
}

// Scalars of JSON answers: a reader takes the one text only.
bool run_text(ByteView input) {
  const std::string_view text = as_text(input);
  bool good = false;
  if (const auto bytes = receipt::from_base64(text)) {
    GIRO_CHECK(receipt::to_base64(*bytes) == text);
    good = bytes->size() > 4;
  }
  if (const auto id = receipt::from_uuid_text(text)) {
    GIRO_CHECK(receipt::to_uuid_text(*id) == text);
    good = true;
  }
  if (const auto time = receipt::from_time_text(text)) {
    GIRO_CHECK(receipt::to_time_text(*time) == text);
    good = true;
  }
  if (const auto bytes = from_hex(text)) GIRO_CHECK(to_hex(*bytes).size() == text.size());
  return good;
}

std::vector<Bytes> text_seeds() {
  return {text_bytes("Z2lybyBwYXlz"), text_bytes("Z2lybw=="),
          text_bytes("9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713"),
          text_bytes("2026-11-21T22:41:07.114Z")};
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F24", "merkle", run_merkle, merkle_seeds},
                                        {"F27", "signature", run_signature, signature_seeds},
                                        {"F11", "scalar_text", run_text, text_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_crypto
