#include "node/client/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

namespace giro::client {

using Context = boost::asio::ssl::context;

struct TlsClient::Believed {
  std::vector<X509*> certificates;
  Believed() = default;
  Believed(const Believed&) = delete;
  Believed& operator=(const Believed&) = delete;
  ~Believed() {
    for (X509* one : certificates) X509_free(one);
  }
  [[nodiscard]] bool has(X509* certificate) const {
    return std::ranges::any_of(
        certificates, [certificate](X509* one) { return X509_cmp(one, certificate) == 0; });
  }
  static int verify(X509_STORE_CTX* store, void* self) {
    X509* shown = X509_STORE_CTX_get0_cert(store);
    if (shown != nullptr && static_cast<const Believed*>(self)->has(shown)) {
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    }
    return X509_verify_cert(store);
  }
  // All certificates of a PEM file; false: it has none.
  bool read(const std::string& file) {
    BIO* in = BIO_new_file(file.c_str(), "r");
    if (in == nullptr) return false;
    while (X509* one = PEM_read_bio_X509(in, nullptr, nullptr, nullptr))
      certificates.push_back(one);
    ERR_clear_error();  // the end of the file is one
    BIO_free(in);
    return !certificates.empty();
  }
};

TlsClient::TlsClient() : context_(Context::tls_client), believed_(std::make_unique<Believed>()) {}
TlsClient::~TlsClient() = default;

std::expected<std::shared_ptr<TlsClient>, std::string> TlsClient::make(
    const config::Profile::Tls& files) {
  std::shared_ptr<TlsClient> out(new TlsClient());
  SSL_CTX* native = out->context_.native_handle();
  if (SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION) != 1)
    return std::unexpected("this system's OpenSSL has no TLS 1.3");
  if (!out->believed_->read(files.ca.string()))
    return std::unexpected("tls.ca: " + files.ca.string() +
                           " has no certificate in PEM; it names the servers' certificates, or "
                           "those who issue them");
  X509_STORE* store = SSL_CTX_get_cert_store(native);
  for (X509* one : out->believed_->certificates) X509_STORE_add_cert(store, one);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(native, &Believed::verify, out->believed_.get());
  boost::system::error_code error;
  out->context_.use_certificate_chain_file(files.client.cert.string(), error);
  if (error)
    return std::unexpected("tls.cert: " + files.client.cert.string() +
                           " is no certificate in PEM: " + error.message());
  out->context_.use_private_key_file(files.client.key.string(), Context::pem, error);
  if (error)
    return std::unexpected("tls.key: " + files.client.key.string() +
                           " is not the private key of tls.cert, in PEM and without a "
                           "passphrase: " +
                           error.message());
  return out;
}

void TlsClient::expect(SSL* connection, const std::string& host) const {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) return;
  SSL_set1_host(connection, host.c_str());
  SSL_set_tlsext_host_name(connection, host.c_str());
}

std::string TlsClient::why_not(SSL* connection) const {
  const long result = SSL_get_verify_result(connection);
  if (result == X509_V_OK) return {};
  return std::string("its certificate is not believed (") + X509_verify_cert_error_string(result) +
         "); tls.ca of the profile has those that are";
}

}  // namespace giro::client
