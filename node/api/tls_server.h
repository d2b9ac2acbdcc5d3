// The API's side of mutual TLS (surface 5.1): TLS 1.3, a client certificate is required, and any is
// taken: who may do what is decided by its key, not by its issuer or its dates. OpenSSL stays
// behind this header and http_server.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "node/api/http.h"
#include "node/config/values.h"

namespace giro::api {

using TlsServer = boost::asio::ssl::context;

// The error names the file and says what is wrong with it.
[[nodiscard]] std::expected<std::shared_ptr<TlsServer>, std::string> make_tls_server(
    const config::TlsFiles& files);

// The client's, after the handshake.
[[nodiscard]] std::optional<ClientCertificate> client_certificate_of(SSL* connection);

}  // namespace giro::api
