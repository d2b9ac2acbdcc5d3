// Owning pointers for what certificate.cpp and tls.cpp take from OpenSSL. Included by these two,
// and by the API's side of TLS.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "crypto/bytes.h"

namespace giro::p2p {

template <auto Free>
struct OpenSslFree {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

// nullptr if it is not one PEM object of this kind. An encrypted key is refused, nobody is asked
// for a passphrase.
[[nodiscard]] CertificatePtr parse_certificate(std::string_view pem);
[[nodiscard]] KeyPtr parse_private_key(std::string_view pem);
[[nodiscard]] std::optional<std::chrono::sys_seconds> not_after_of(const X509* certificate);
[[nodiscard]] std::optional<crypto::Hash> key_sha256_of(const X509* certificate);

}  // namespace giro::p2p
