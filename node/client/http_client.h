// One HTTP/1.1 request at a time to one node, with a deadline for the whole exchange. Keeps the
// connection while the node does. Not for several threads at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "node/client/tls_client.h"
#include "node/config/profile.h"

namespace giro::client {

struct HttpAnswer {
  unsigned status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // lower-case names
  std::string body;
};

struct HttpFailure {
  // False: the request did not leave this host whole, so that it cannot have had an effect.
  bool may_have_arrived = false;
  std::string message;  // "127.0.0.1:7401: connection refused"
};

inline constexpr std::uint64_t kAnswerBytesMax = 16 * 1024 * 1024;

class HttpClient {
 public:
  // `tls` for https, and not used for http.
  explicit HttpClient(config::ApiUrl url, std::shared_ptr<TlsClient> tls = nullptr);
  explicit HttpClient(const std::filesystem::path& socket);  // a Unix socket
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  [[nodiscard]] const config::ApiUrl& url() const;
  // An empty content type sends no body.
  [[nodiscard]] std::expected<HttpAnswer, HttpFailure> send(std::string_view method,
                                                            std::string_view target,
                                                            std::string_view content_type,
                                                            std::string body,
                                                            std::chrono::milliseconds deadline);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace giro::client
