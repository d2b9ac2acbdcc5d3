// The self-signed P-256 certificate that TLS wants. It carries no authority (protocol R44):
// identity comes from the proof by the validator key, so any certificate is accepted, expired ones
// too, and an operator may make a new one at will.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace giro::p2p {

struct PeerCertificate {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8, unencrypted
};

enum class CertificateError {
  Unreadable,
  Malformed,    // not PEM, or not a P-256 key
  KeyMismatch,  // the key is not the certificate's
  Exists,       // files are never overwritten
  WriteFailed,
};
[[nodiscard]] std::string_view describe(CertificateError error);

struct Validity {
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
};
inline constexpr std::chrono::years kCertificateLifetime{20};
// From a day before `now`, so that clocks need not agree, for kCertificateLifetime.
[[nodiscard]] Validity usual_validity(std::chrono::sys_seconds now);

// `hosts`: DNS names and addresses under which it is met, for clients that compare them (curl).
// What is neither is left out.
[[nodiscard]] PeerCertificate make_certificate(std::string_view common_name,
                                               const Validity& validity,
                                               std::span<const std::string> hosts = {});

// The key file gets mode 0600. Both are synced; neither is overwritten.
[[nodiscard]] std::expected<void, CertificateError> write_certificate(
    const std::filesystem::path& certificate, const std::filesystem::path& key,
    const PeerCertificate& pair);
// Parsed and matched before it is given.
[[nodiscard]] std::expected<PeerCertificate, CertificateError> read_certificate(
    const std::filesystem::path& certificate, const std::filesystem::path& key);
// Checks what make_certificate and read_certificate give: form and match.
[[nodiscard]] std::expected<void, CertificateError> check_certificate(const PeerCertificate& pair);

// For the operator: when it ends. It goes on working after that.
[[nodiscard]] std::expected<std::chrono::sys_seconds, CertificateError> certificate_not_after(
    std::string_view certificate_pem);

// SHA-256 of the SubjectPublicKeyInfo, DER: what an API knows its clients by (surface 5.1).
[[nodiscard]] std::expected<crypto::Hash, CertificateError> certificate_key_sha256(
    std::string_view certificate_pem);

}  // namespace giro::p2p
