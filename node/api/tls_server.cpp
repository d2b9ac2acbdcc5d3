#include "node/api/tls_server.h"

#include "p2p/openssl.h"

namespace giro::api {
namespace {

constexpr long kCertificateBytesMax = 16 * 1024;  // what a client may send

int accept_any_client(X509_STORE_CTX*, void*) {
  return 1;
}

}  // namespace

std::expected<std::shared_ptr<TlsServer>, std::string> make_tls_server(
    const config::TlsFiles& files) {
  auto out = std::make_shared<TlsServer>(TlsServer::tls_server);
  SSL_CTX* context = out->native_handle();
  boost::system::error_code error;
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
    return std::unexpected("this system's OpenSSL has no TLS 1.3");
  out->use_certificate_chain_file(files.cert.string(), error);
  if (error)
    return std::unexpected(files.cert.string() + " is no certificate in PEM: " + error.message());
  out->use_private_key_file(files.key.string(), TlsServer::pem, error);
  if (error)
    return std::unexpected(files.key.string() +
                           " is not the private key, in PEM and without a passphrase, of " +
                           files.cert.string() + ": " + error.message());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, accept_any_client, nullptr);
  SSL_CTX_set_max_cert_list(context, kCertificateBytesMax);
  // No resumption: each connection shows its key.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  return out;
}

std::optional<ClientCertificate> client_certificate_of(SSL* connection) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return std::nullopt;
  const auto key = p2p::key_sha256_of(certificate);
  const auto end = p2p::not_after_of(certificate);
  if (!key || !end) return std::nullopt;
  return ClientCertificate{*key, *end};
}

}  // namespace giro::api
