#include "p2p/certificate.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

#include "crypto/check.h"
#include "crypto/digest.h"
#include "crypto/keys.h"
#include "p2p/limits.h"
#include "p2p/openssl.h"

namespace giro::p2p {
namespace {

constexpr int kX509Version3 = 2;
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kCommonNameBytesMax = 64;  // X.520 ub-common-name

BioPtr memory_bio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

void set_times(X509* certificate, const Validity& validity) {
  const auto seconds = [](std::chrono::sys_seconds time) {
    return static_cast<std::time_t>(time.time_since_epoch().count());
  };
  GIRO_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(validity.not_before)) !=
             nullptr);
  GIRO_CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(validity.not_after)) !=
             nullptr);
}

// The name is for people who look at the certificate: anything unusual in it becomes '?'.
std::string printable(std::string_view name) {
  std::string out(name.substr(0, kCommonNameBytesMax));
  for (char& letter : out) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return out.empty() ? "giro" : out;
}

void set_names(X509* certificate, std::string_view common_name) {
  const std::string name = printable(common_name);
  X509_NAME* subject = X509_get_subject_name(certificate);
  GIRO_CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(name.data()),
                                        static_cast<int>(name.size()), -1, 0) == 1);
  GIRO_CHECK(X509_set_issuer_name(certificate, subject) == 1);
}

void set_serial(X509* certificate) {
  std::array<std::byte, kSerialBytes> serial{};
  crypto::random_bytes(serial);
  serial[0] = (serial[0] & std::byte{0x3f}) | std::byte{0x40};  // positive, and of one length
  BIGNUM* number =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), kSerialBytes, nullptr);
  GIRO_CHECK(number != nullptr &&
             BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

std::expected<std::string, CertificateError> read_small_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  // One byte more than the limit tells an oversized file.
  text.resize(kCertificateBytesMax + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() == 0) return std::unexpected(CertificateError::Unreadable);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kCertificateBytesMax) return std::unexpected(CertificateError::Malformed);
  return text;
}

// A descriptor that is closed once, with the answer looked at.
std::expected<void, CertificateError> write_new_file(const std::filesystem::path& path,
                                                     std::string_view text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) {
    return std::unexpected(errno == EEXIST ? CertificateError::Exists
                                           : CertificateError::WriteFailed);
  }
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t size = ::write(file, text.data(), text.size());
    written = size > 0;
    if (written) text.remove_prefix(static_cast<std::size_t>(size));
  }
  const bool synced = ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  if (!written || !synced || !closed) return std::unexpected(CertificateError::WriteFailed);
  return {};
}

bool is_dns_name(std::string_view host) {
  constexpr std::size_t kDnsNameMax = 253;
  return !host.empty() && host.size() <= kDnsNameMax &&
         std::ranges::all_of(host, [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '.';
         });
}

void set_hosts(X509* certificate, std::span<const std::string> hosts) {
  std::string names;
  for (const auto& host : hosts) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
    if (address == nullptr && !is_dns_name(host)) continue;
    names += (names.empty() ? "" : ",") + std::string(address == nullptr ? "DNS:" : "IP:") + host;
    ASN1_OCTET_STRING_free(address);
  }
  ERR_clear_error();  // of names that are no addresses
  if (names.empty()) return;
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  GIRO_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

CertificatePtr parse_certificate(std::string_view pem) {
  ERR_clear_error();
  return CertificatePtr(
      PEM_read_bio_X509(memory_bio(pem).get(), nullptr, refuse_passphrase, nullptr));
}

KeyPtr parse_private_key(std::string_view pem) {
  ERR_clear_error();
  return KeyPtr(
      PEM_read_bio_PrivateKey(memory_bio(pem).get(), nullptr, refuse_passphrase, nullptr));
}

std::optional<std::chrono::sys_seconds> not_after_of(const X509* certificate) {
  using namespace std::chrono;
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return std::nullopt;
  const year_month_day date(year(time.tm_year + 1900),
                            month(static_cast<unsigned>(time.tm_mon + 1)),
                            day(static_cast<unsigned>(time.tm_mday)));
  if (!date.ok()) return std::nullopt;
  return sys_seconds(sys_days(date)) + hours(time.tm_hour) + minutes(time.tm_min) +
         seconds(time.tm_sec);
}

std::string_view describe(CertificateError error) {
  switch (error) {
    case CertificateError::Unreadable:
      return "cannot be read";
    case CertificateError::Malformed:
      return "is not a P-256 certificate and key in PEM";
    case CertificateError::KeyMismatch:
      return "the key does not belong to the certificate";
    case CertificateError::Exists:
      return "exists already";
    case CertificateError::WriteFailed:
      return "cannot be written";
  }
  return "unknown";
}

Validity usual_validity(std::chrono::sys_seconds now) {
  return {now - std::chrono::days(1),
          now + std::chrono::duration_cast<std::chrono::seconds>(kCertificateLifetime)};
}

PeerCertificate make_certificate(std::string_view common_name, const Validity& validity,
                                 std::span<const std::string> hosts) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  GIRO_CHECK(key != nullptr && certificate != nullptr);
  GIRO_CHECK(X509_set_version(certificate.get(), kX509Version3) == 1);
  set_serial(certificate.get());
  set_times(certificate.get(), validity);
  set_names(certificate.get(), common_name);
  set_hosts(certificate.get(), hosts);
  GIRO_CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1);
  GIRO_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  const BioPtr certificate_pem(BIO_new(BIO_s_mem()));
  const BioPtr key_pem(BIO_new(BIO_s_mem()));
  GIRO_CHECK(PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1);
  GIRO_CHECK(PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                           nullptr) == 1);
  return {text_of(certificate_pem.get()), text_of(key_pem.get())};
}

std::expected<void, CertificateError> write_certificate(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key,
                                                        const PeerCertificate& pair) {
  // The key first: a certificate without its key is of no use, and the other way round it can be
  // made again.
  if (std::filesystem::exists(certificate)) return std::unexpected(CertificateError::Exists);
  if (auto written = write_new_file(key, pair.key_pem, S_IRUSR | S_IWUSR); !written) return written;
  return write_new_file(certificate, pair.certificate_pem, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
}

std::expected<PeerCertificate, CertificateError> read_certificate(
    const std::filesystem::path& certificate, const std::filesystem::path& key) {
  PeerCertificate pair;
  for (auto [path, text] :
       {std::pair(&certificate, &pair.certificate_pem), std::pair(&key, &pair.key_pem)}) {
    auto content = read_small_file(*path);
    if (!content) return std::unexpected(content.error());
    *text = std::move(*content);
  }
  if (const auto checked = check_certificate(pair); !checked)
    return std::unexpected(checked.error());
  return pair;
}

std::expected<void, CertificateError> check_certificate(const PeerCertificate& pair) {
  const CertificatePtr certificate = parse_certificate(pair.certificate_pem);
  const KeyPtr key = parse_private_key(pair.key_pem);
  if (!certificate || !key || !is_p256(key.get()))
    return std::unexpected(CertificateError::Malformed);
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return std::unexpected(CertificateError::KeyMismatch);
  }
  return {};
}

std::expected<std::chrono::sys_seconds, CertificateError> certificate_not_after(
    std::string_view certificate_pem) {
  const CertificatePtr certificate = parse_certificate(certificate_pem);
  if (!certificate) return std::unexpected(CertificateError::Malformed);
  const auto time = not_after_of(certificate.get());
  if (!time) return std::unexpected(CertificateError::Malformed);
  return *time;
}

std::optional<crypto::Hash> key_sha256_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return std::nullopt;
  const auto hash = crypto::sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  return hash;
}

std::expected<crypto::Hash, CertificateError> certificate_key_sha256(
    std::string_view certificate_pem) {
  const CertificatePtr certificate = parse_certificate(certificate_pem);
  const auto hash = certificate ? key_sha256_of(certificate.get()) : std::nullopt;
  if (!hash) return std::unexpected(CertificateError::Malformed);
  return *hash;
}

}  // namespace giro::p2p
