#include "crypto/signer.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "crypto/check.h"
#include "crypto/raw_bytes.h"

namespace giro::crypto {

namespace {

// The layout, 151 bytes:
//   magic[8] version:u16 n:u64 r:u32 p:u32 salt[32] nonce[12] public_key[33]   the header,
//   authenticated ciphertext[32] tag[16] AES-256-GCM of the scalar
constexpr std::string_view kMagic{"giro-key", 8};
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kScalarSize = 32;
constexpr std::size_t kHeaderSize = 8 + 2 + 8 + 4 + 4 + kSaltSize + kNonceSize + 33;
constexpr std::size_t kFileSize = kHeaderSize + kScalarSize + kTagSize;

// scrypt takes 128·n·r bytes and a time in proportion to n·r·p. An edited file cannot ask for more
// than this.
constexpr std::uint64_t kCostNMin = 2;
constexpr std::uint64_t kCostNMax = std::uint64_t{1} << 20;
constexpr std::uint32_t kCostRMax = 32;
constexpr std::uint32_t kCostPMax = 16;
constexpr std::uint64_t kMemoryBytesMax = std::uint64_t{64} << 20;
constexpr std::uint64_t kWorkBytesMax = std::uint64_t{256} << 20;  // 128·n·r·p

bool is_within_bounds(const ScryptCost& cost) {
  if (cost.n < kCostNMin || cost.n > kCostNMax || !std::has_single_bit(cost.n)) return false;
  if (cost.r < 1 || cost.r > kCostRMax || cost.p < 1 || cost.p > kCostPMax) return false;
  const std::uint64_t memory_bytes = 128 * cost.n * cost.r;
  return memory_bytes <= kMemoryBytesMax && memory_bytes * cost.p <= kWorkBytesMax;
}

struct Header {
  ScryptCost cost;
  std::array<std::byte, kSaltSize> salt{};
  std::array<std::byte, kNonceSize> nonce{};
  PublicKey public_key;
};

Bytes encode(const Header& header) {
  Bytes out;
  out.reserve(kFileSize);
  Writer(out)
      .text(kMagic)
      .u16(kVersion)
      .u64(header.cost.n)
      .u32(header.cost.r)
      .u32(header.cost.p)
      .raw(header.salt)
      .raw(header.nonce)
      .raw(header.public_key);
  return out;
}

void take(Reader& in, std::span<std::byte> out) {
  const ByteView taken = in.raw(out.size());
  std::copy(taken.begin(), taken.end(), out.begin());
}

// The header of a whole file; nullopt unless every field is in bounds.
std::optional<Header> decode_header(ByteView file) {
  if (file.size() != kFileSize) return std::nullopt;
  Reader in(file);
  if (as_text(in.raw(kMagic.size())) != kMagic || in.u16() != kVersion) return std::nullopt;
  Header header;
  header.cost.n = in.u64();
  header.cost.r = in.u32();
  header.cost.p = in.u32();
  take(in, header.salt);
  take(in, header.nonce);
  take(in, header.public_key.bytes);
  if (!is_within_bounds(header.cost) || !is_valid_point(header.public_key)) return std::nullopt;
  return header;
}

// A key or plaintext that is wiped when it goes.
struct Secret {
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  std::array<std::byte, 32> bytes{};
};

// False if the memory cannot be had.
bool derive_file_key(std::string_view passphrase, const Header& header, Secret& key) {
  return EVP_PBE_scrypt(passphrase.data() == nullptr ? "" : passphrase.data(), passphrase.size(),
                        raw(header.salt.data()), header.salt.size(), header.cost.n, header.cost.r,
                        header.cost.p, 2 * kMemoryBytesMax, raw(key.bytes.data()),
                        key.bytes.size()) == 1;
}

struct CipherContext {
  CipherContext() : context(EVP_CIPHER_CTX_new()) { GIRO_CHECK(context != nullptr); }
  ~CipherContext() { EVP_CIPHER_CTX_free(context); }
  CipherContext(const CipherContext&) = delete;
  CipherContext& operator=(const CipherContext&) = delete;
  EVP_CIPHER_CTX* context;
};

// Appends ciphertext and tag to `file`, which holds the header.
void seal(const Secret& file_key, const Header& header, ByteView scalar, Bytes& file) {
  const CipherContext cipher;
  EVP_CIPHER_CTX* const c = cipher.context;
  std::array<std::byte, kScalarSize> ciphertext;
  std::array<std::byte, kTagSize> tag;
  int size = 0;
  const bool sealed =
      EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, raw(file_key.bytes.data()),
                         raw(header.nonce.data())) == 1 &&
      EVP_EncryptUpdate(c, nullptr, &size, raw(file.data()), static_cast<int>(file.size())) == 1 &&
      EVP_EncryptUpdate(c, raw(ciphertext.data()), &size, raw(scalar.data()),
                        static_cast<int>(scalar.size())) == 1 &&
      EVP_EncryptFinal_ex(c, raw(ciphertext.data()) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()) == 1;
  GIRO_CHECK(sealed);
  Writer(file).raw(ciphertext).raw(tag);
}

// False if the tag does not fit key, header and ciphertext.
bool open(const Secret& file_key, const Header& header, ByteView file, Secret& scalar) {
  const CipherContext cipher;
  EVP_CIPHER_CTX* const c = cipher.context;
  const ByteView ciphertext = file.subspan(kHeaderSize, kScalarSize);
  std::array<std::byte, kTagSize> tag;
  std::copy_n(file.begin() + kHeaderSize + kScalarSize, kTagSize, tag.begin());
  int size = 0;
  return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, raw(file_key.bytes.data()),
                            raw(header.nonce.data())) == 1 &&
         EVP_DecryptUpdate(c, nullptr, &size, raw(file.data()), static_cast<int>(kHeaderSize)) ==
             1 &&
         EVP_DecryptUpdate(c, raw(scalar.bytes.data()), &size, raw(ciphertext.data()),
                           static_cast<int>(ciphertext.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
         EVP_DecryptFinal_ex(c, raw(scalar.bytes.data()) + size, &size) == 1;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::expected<Bytes, KeyFileError> read_whole(const std::filesystem::path& path) {
  // Not blocking: opening a pipe must not hang.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::unexpected(KeyFileError::Unreadable);
  }
  Bytes bytes(kFileSize + 1);  // one more, to notice a longer file
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(KeyFileError::Unreadable);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

bool write_synced(const std::filesystem::path& path, ByteView bytes) {
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open() || ::fchmod(file.get(), 0600) != 0) return false;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(file.get()) == 0;
}

bool sync_directory_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.is_open() && ::fsync(directory.get()) == 0;
}

}  // namespace

std::string_view describe(KeyFileError error) {
  switch (error) {
    case KeyFileError::Unreadable:
      return "the key file cannot be read";
    case KeyFileError::Malformed:
      return "not a giro key file, or a damaged one";
    case KeyFileError::WrongPassphrase:
      return "wrong passphrase, or the key file was edited";
    case KeyFileError::Edited:
      return "the public key in the file does not belong to the secret";
    case KeyFileError::WriteFailed:
      return "the key file cannot be written";
    case KeyFileError::Exists:
      return "the key file exists and is not overwritten";
  }
  return "unknown key file error";
}

std::expected<void, KeyFileError> write_key_file(const std::filesystem::path& path,
                                                 const SecretKey& key, std::string_view passphrase,
                                                 ScryptCost cost) {
  GIRO_CHECK(is_within_bounds(cost), cost.n, cost.r, cost.p);
  struct stat existing{};
  if (::lstat(path.c_str(), &existing) == 0) return std::unexpected(KeyFileError::Exists);

  Header header;
  header.cost = cost;
  random_bytes(header.salt);
  random_bytes(header.nonce);
  header.public_key = key.public_key();
  Bytes file = encode(header);
  Secret file_key;
  if (!derive_file_key(passphrase, header, file_key)) {
    return std::unexpected(KeyFileError::WriteFailed);
  }
  seal(file_key, header, key.reveal(), file);
  GIRO_CHECK(file.size() == kFileSize, file.size());

  // Whole under another name first; link() then refuses to replace a file that appeared meanwhile.
  std::array<std::byte, 8> suffix;
  random_bytes(suffix);
  std::filesystem::path draft = path;
  draft += ".draft-" + to_hex(suffix);
  if (!write_synced(draft, file)) {
    ::unlink(draft.c_str());
    return std::unexpected(KeyFileError::WriteFailed);
  }
  const bool linked = ::link(draft.c_str(), path.c_str()) == 0;
  const bool exists = !linked && errno == EEXIST;
  ::unlink(draft.c_str());
  if (exists) return std::unexpected(KeyFileError::Exists);
  if (!linked || !sync_directory_of(path)) return std::unexpected(KeyFileError::WriteFailed);
  return {};
}

std::expected<SecretKey, KeyFileError> read_key_file(const std::filesystem::path& path,
                                                     std::string_view passphrase) {
  const std::expected<Bytes, KeyFileError> file = read_whole(path);
  if (!file) return std::unexpected(file.error());
  const std::optional<Header> header = decode_header(*file);
  if (!header) return std::unexpected(KeyFileError::Malformed);
  Secret file_key;
  Secret scalar;
  if (!derive_file_key(passphrase, *header, file_key)) {
    return std::unexpected(KeyFileError::Unreadable);
  }
  if (!open(file_key, *header, *file, scalar)) {
    return std::unexpected(KeyFileError::WrongPassphrase);
  }
  std::optional<SecretKey> key = SecretKey::from_bytes(scalar.bytes);
  if (!key || key->public_key() != header->public_key) {
    return std::unexpected(KeyFileError::Edited);
  }
  return std::move(*key);
}

std::expected<PublicKey, KeyFileError> peek_key_file(const std::filesystem::path& path) {
  const std::expected<Bytes, KeyFileError> file = read_whole(path);
  if (!file) return std::unexpected(file.error());
  const std::optional<Header> header = decode_header(*file);
  if (!header) return std::unexpected(KeyFileError::Malformed);
  return header->public_key;
}

}  // namespace giro::crypto
