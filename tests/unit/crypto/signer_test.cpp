#include "crypto/signer.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "crypto/digest.h"

namespace giro::crypto {
namespace {

namespace fs = std::filesystem;

constexpr ScryptCost kTiny{2, 1, 1};  // thousands of files are read here
constexpr std::string_view kPassphrase = "correct horse battery staple";
constexpr std::size_t kFileSize = 151;
constexpr std::size_t kHeaderSize = 103;

class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "giro-key-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ / "validator.key";
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Bytes content() const {
    std::ifstream in(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return to_bytes(as_view(text));
  }
  void replace(ByteView bytes) const {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    out << as_text(bytes);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  fs::path path_;
  SecretKey key_ = SecretKey::generate();
};

// The format written by hand, so that files can be made which the writer would not make.
Bytes sealed(const ScryptCost& cost, const PublicKey& public_key, ByteView scalar,
             std::string_view passphrase) {
  Bytes file;
  const Bytes salt(32, std::byte{0x51});
  const Bytes nonce(12, std::byte{0x17});
  Writer(file).text("giro-key").u16(1).u64(cost.n).u32(cost.r).u32(cost.p);
  Writer(file).raw(salt).raw(nonce).raw(public_key);
  EXPECT_EQ(file.size(), kHeaderSize);
  const auto* u = [](const Bytes& b) {
    return reinterpret_cast<const unsigned char*>(b.data());
  }(file);
  unsigned char file_key[32];
  EXPECT_EQ(EVP_PBE_scrypt(passphrase.data(), passphrase.size(),
                           reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), cost.n,
                           cost.r, cost.p, 1 << 30, file_key, 32),
            1);
  unsigned char out[48];
  int size = 0;
  EVP_CIPHER_CTX* c = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, file_key,
                     reinterpret_cast<const unsigned char*>(nonce.data()));
  EVP_EncryptUpdate(c, nullptr, &size, u, static_cast<int>(file.size()));
  EVP_EncryptUpdate(c, out, &size, reinterpret_cast<const unsigned char*>(scalar.data()), 32);
  EVP_EncryptFinal_ex(c, out + 32, &size);
  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, out + 32);
  EVP_CIPHER_CTX_free(c);
  Writer(file).raw(std::as_bytes(std::span(out)));
  return file;
}

TEST_F(KeyFile, gives_back_the_key) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, ScryptCost::light()));
  const auto read = read_key_file(path_, kPassphrase);
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::ranges::equal(read->reveal(), key_.reveal()));
  EXPECT_EQ(read->public_key(), key_.public_key());
  EXPECT_EQ(peek_key_file(path_), key_.public_key());
}

TEST_F(KeyFile, default_cost_is_within_the_bounds) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase));
  EXPECT_TRUE(read_key_file(path_, kPassphrase));
}

TEST_F(KeyFile, passphrase_may_be_empty_or_hold_any_byte) {
  for (const std::string_view passphrase : {std::string_view{}, std::string_view("a\0b", 3)}) {
    fs::remove(path_);
    ASSERT_TRUE(write_key_file(path_, key_, passphrase, kTiny));
    EXPECT_TRUE(read_key_file(path_, passphrase));
    EXPECT_EQ(read_key_file(path_, "a").error(), KeyFileError::WrongPassphrase);
  }
}

TEST_F(KeyFile, wrong_passphrase_is_an_error_and_never_another_key) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  for (const std::string_view wrong :
       {"", "correct horse battery stapl", "Correct horse battery staple",
        "correct horse battery staple "}) {
    const auto read = read_key_file(path_, wrong);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), KeyFileError::WrongPassphrase);
  }
}

TEST_F(KeyFile, never_written_twice_alike) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  const Bytes first = content();
  fs::remove(path_);
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  EXPECT_NE(content(), first);
}

TEST_F(KeyFile, holds_no_secret_in_the_clear) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  EXPECT_EQ(to_hex(content()).find(to_hex(key_.reveal())), std::string::npos);
}

TEST_F(KeyFile, is_private_and_alone_in_its_folder) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_nlink, 1u);
  EXPECT_EQ(files(), 1u);
}

TEST_F(KeyFile, is_never_overwritten) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  const Bytes before = content();
  EXPECT_EQ(write_key_file(path_, SecretKey::generate(), "other", kTiny).error(),
            KeyFileError::Exists);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(files(), 1u);
}

TEST_F(KeyFile, is_not_written_through_a_dangling_link) {
  fs::create_symlink(folder_ / "elsewhere", path_);
  EXPECT_EQ(write_key_file(path_, key_, kPassphrase, kTiny).error(), KeyFileError::Exists);
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

TEST_F(KeyFile, unwritable_place_is_reported) {
  EXPECT_EQ(write_key_file(folder_ / "missing" / "a.key", key_, kPassphrase, kTiny).error(),
            KeyFileError::WriteFailed);
}

TEST_F(KeyFile, unreadable_is_reported) {
  EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Unreadable);
  EXPECT_EQ(peek_key_file(path_).error(), KeyFileError::Unreadable);
  EXPECT_EQ(read_key_file(folder_, kPassphrase).error(), KeyFileError::Unreadable);
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_key_file(pipe, kPassphrase).error(), KeyFileError::Unreadable);
}

TEST_F(KeyFile, truncated_anywhere_is_malformed) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  const Bytes whole = content();
  ASSERT_EQ(whole.size(), kFileSize);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    replace(ByteView(whole).first(size));
    const auto read = read_key_file(path_, kPassphrase);
    ASSERT_FALSE(read) << size;
    ASSERT_EQ(read.error(), KeyFileError::Malformed) << size;
    ASSERT_EQ(peek_key_file(path_).error(), KeyFileError::Malformed) << size;
  }
}

TEST_F(KeyFile, longer_is_malformed) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  Bytes longer = content();
  longer.push_back(std::byte{0});
  replace(longer);
  EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Malformed);
  longer.resize(10000);
  replace(longer);
  EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Malformed);
}

TEST_F(KeyFile, any_edited_byte_is_an_error_and_never_another_key) {
  ASSERT_TRUE(write_key_file(path_, key_, kPassphrase, kTiny));
  const Bytes whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const int original = std::to_integer<int>(whole[at]);
    std::set<int> values{0x00, 0xff, original ^ 0xff, (original + 1) % 256};
    for (int bit = 0; bit < 8; ++bit) values.insert(original ^ (1 << bit));
    values.erase(original);
    for (const int value : values) {
      Bytes edited = whole;
      edited[at] = static_cast<std::byte>(value);
      replace(edited);
      const auto read = read_key_file(path_, kPassphrase);
      ASSERT_FALSE(read) << at << ' ' << value;
      ASSERT_TRUE(read.error() == KeyFileError::Malformed ||
                  read.error() == KeyFileError::WrongPassphrase)
          << at << ' ' << value;
      if (at >= kHeaderSize) {
        ASSERT_EQ(read.error(), KeyFileError::WrongPassphrase);
      } else if (at < 10) {
        ASSERT_EQ(read.error(), KeyFileError::Malformed);
      }
    }
  }
}

// An edited file must not make the program ask for gigabytes or work for hours.
TEST_F(KeyFile, cost_out_of_bounds_is_malformed_before_it_is_used) {
  const Bytes good = sealed(kTiny, key_.public_key(), key_.reveal(), kPassphrase);
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const std::vector<ScryptCost> costs{{0, 1, 1},
                                      {1, 1, 1},
                                      {3, 1, 1},
                                      {1000, 8, 1},
                                      {std::uint64_t{1} << 21, 1, 1},
                                      {std::uint64_t{1} << 63, 1, 1},
                                      {kHuge, 0xffffffff, 0xffffffff},
                                      {1 << 20, 1, 1},   // 128 MiB
                                      {1 << 16, 16, 1},  // 128 MiB
                                      {1 << 16, 8, 8},   // 64 MiB, eight times
                                      {1 << 10, 33, 1},
                                      {1 << 10, 0, 1},
                                      {1 << 10, 1, 0},
                                      {1 << 10, 1, 17}};
  for (const ScryptCost& cost : costs) {
    Bytes edited = to_bytes(ByteView(good).first(10));
    Writer(edited).u64(cost.n).u32(cost.r).u32(cost.p).raw(ByteView(good).subspan(26));
    replace(edited);
    EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Malformed) << cost.n;
    EXPECT_EQ(peek_key_file(path_).error(), KeyFileError::Malformed) << cost.n;
  }
}

TEST_F(KeyFile, dearest_cost_allowed_is_read) {
  replace(sealed({1 << 16, 8, 4}, key_.public_key(), key_.reveal(), kPassphrase));
  EXPECT_TRUE(read_key_file(path_, kPassphrase));
}

TEST_F(KeyFile, format_is_the_documented_one) {
  replace(sealed(kTiny, key_.public_key(), key_.reveal(), kPassphrase));
  const auto read = read_key_file(path_, kPassphrase);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->public_key(), key_.public_key());
}

TEST_F(KeyFile, public_key_that_is_not_of_the_secret_is_edited) {
  replace(sealed(kTiny, SecretKey::generate().public_key(), key_.reveal(), kPassphrase));
  EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Edited);
  replace(sealed(kTiny, key_.public_key(), Bytes(32), kPassphrase));
  EXPECT_EQ(read_key_file(path_, kPassphrase).error(), KeyFileError::Edited);
}

TEST(KeyFileErrors, are_described) {
  std::set<std::string_view> texts;
  for (const KeyFileError error :
       {KeyFileError::Unreadable, KeyFileError::Malformed, KeyFileError::WrongPassphrase,
        KeyFileError::Edited, KeyFileError::WriteFailed, KeyFileError::Exists}) {
    texts.insert(describe(error));
  }
  EXPECT_EQ(texts.size(), 6u);
}

TEST(KeySigner, signs_with_its_key) {
  KeySigner signer(SecretKey::generate());
  const Hash digest = sha256(as_view("vote"));
  const std::optional<Signature> signature = signer.sign(digest);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify(signer.public_key(), digest, *signature));
}

}  // namespace
}  // namespace giro::crypto
