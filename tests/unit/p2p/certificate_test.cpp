#include "p2p/certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "p2p/limits.h"

namespace giro::p2p {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

const sys_seconds kNow{seconds(1'795'300'000)};

class CertificateFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "giro_certificate_XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const char* name, const std::string& text) { std::ofstream(folder / name) << text; }

  std::filesystem::path folder;
};

TEST(Certificate, lasts_for_twenty_years_from_a_day_ago) {
  const Validity validity = usual_validity(kNow);
  EXPECT_LT(validity.not_before, kNow);
  EXPECT_GT(validity.not_after, kNow + std::chrono::days(365 * 19));
  const PeerCertificate pair = make_certificate("bank-b", validity);
  EXPECT_EQ(certificate_not_after(pair.certificate_pem), validity.not_after);
  EXPECT_TRUE(check_certificate(pair));
}

TEST(Certificate, dates_before_and_after_2050_are_read_back) {
  for (const long end : {1'000'000'000L, 2'524'607'999L, 2'524'608'000L, 4'000'000'000L}) {
    const sys_seconds not_after{seconds(end)};
    const PeerCertificate pair =
        make_certificate("x", {not_after - std::chrono::days(1), not_after});
    EXPECT_EQ(certificate_not_after(pair.certificate_pem), not_after);
  }
}

TEST(Certificate, names_of_any_length_are_taken_and_no_two_are_alike) {
  for (const std::size_t size : {0U, 1U, 64U, 65U, 1000U}) {
    EXPECT_TRUE(check_certificate(make_certificate(std::string(size, 'n'), usual_validity(kNow))))
        << size;
  }
  EXPECT_TRUE(check_certificate(
      make_certificate("Bank für Gemeinwirtschaft \xff\n", usual_validity(kNow))));
  EXPECT_NE(make_certificate("a", usual_validity(kNow)).key_pem,
            make_certificate("a", usual_validity(kNow)).key_pem);
}

TEST_F(CertificateFiles, are_written_once_with_a_private_key_and_read_back) {
  const PeerCertificate pair = make_certificate("bank-b", usual_validity(kNow));
  const auto certificate = folder / "peer.pem", key = folder / "peer.key";
  ASSERT_TRUE(write_certificate(certificate, key, pair));
  struct stat info{};
  ASSERT_EQ(::stat(key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto read = read_certificate(certificate, key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->certificate_pem, pair.certificate_pem);
  EXPECT_EQ(read->key_pem, pair.key_pem);
  EXPECT_EQ(write_certificate(certificate, key, pair).error(), CertificateError::Exists);
  EXPECT_EQ(write_certificate(folder / "other.pem", key, pair).error(), CertificateError::Exists);
  EXPECT_FALSE(std::filesystem::exists(folder / "other.pem"));
  EXPECT_EQ(write_certificate(folder / "no" / "a", folder / "no" / "b", pair).error(),
            CertificateError::WriteFailed);
}

TEST_F(CertificateFiles, that_are_missing_broken_or_strangers_are_refused_with_a_reason) {
  const PeerCertificate a = make_certificate("a", usual_validity(kNow));
  const PeerCertificate b = make_certificate("b", usual_validity(kNow));
  write("a.pem", a.certificate_pem);
  write("a.key", a.key_pem);
  write("b.key", b.key_pem);
  write("empty", "");
  write("junk", "not a certificate");
  write("cut", a.certificate_pem.substr(0, a.certificate_pem.size() / 2));
  write("huge", std::string(kCertificateBytesMax + 1, 'x'));
  const auto error = [&](const char* certificate, const char* key) {
    return read_certificate(folder / certificate, folder / key).error();
  };
  EXPECT_EQ(error("none", "a.key"), CertificateError::Unreadable);
  EXPECT_EQ(error("a.pem", "none"), CertificateError::Unreadable);
  EXPECT_EQ(error("empty", "a.key"), CertificateError::Unreadable);
  EXPECT_EQ(error("junk", "a.key"), CertificateError::Malformed);
  EXPECT_EQ(error("cut", "a.key"), CertificateError::Malformed);
  EXPECT_EQ(error("huge", "a.key"), CertificateError::Malformed);
  EXPECT_EQ(error("a.pem", "junk"), CertificateError::Malformed);
  EXPECT_EQ(error("a.key", "a.pem"), CertificateError::Malformed);
  EXPECT_EQ(error("a.pem", "b.key"), CertificateError::KeyMismatch);
  EXPECT_EQ(certificate_not_after("junk").error(), CertificateError::Malformed);
}

}  // namespace
}  // namespace giro::p2p
