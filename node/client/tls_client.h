// The client's side of mutual TLS: which servers are believed, and the certificate that is shown.
// OpenSSL stays behind this header and http_client.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "node/config/profile.h"

namespace giro::client {

// A server is believed if its certificate is one of those in tls.ca, whatever its name and dates
// (the self-signed ones of `giro init`), or if one of those issued it for the host that was asked
// for.
class TlsClient {
 public:
  // The error names the file and says what is wrong with it.
  [[nodiscard]] static std::expected<std::shared_ptr<TlsClient>, std::string> make(
      const config::Profile::Tls& files);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] boost::asio::ssl::context& context() { return context_; }
  // Before the handshake: whom this connection is to reach.
  void expect(SSL* connection, const std::string& host) const;
  // After a failed one: what is wrong with the server's certificate; empty: nothing.
  [[nodiscard]] std::string why_not(SSL* connection) const;

 private:
  struct Believed;
  TlsClient();
  boost::asio::ssl::context context_;
  std::unique_ptr<Believed> believed_;
};

}  // namespace giro::client
