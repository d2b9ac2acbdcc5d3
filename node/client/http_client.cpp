#include "node/client/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace giro::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using std::chrono::steady_clock;

struct HttpClient::Connection {
  explicit Connection(config::ApiUrl to) : url(std::move(to)) {}

  config::ApiUrl url;
  asio::io_context io{1};
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  steady_clock::time_point deadline;

  [[nodiscard]] HttpFailure failure(bool may_have_arrived, const std::string& what) {
    stream.reset();
    buffer.clear();
    return {may_have_arrived, url.address.to_string() + ": " + what};
  }

  // Runs one asynchronous operation to its end. The stream's own expiry bounds it.
  template <typename Start>
  beast::error_code run(Start start) {
    beast::error_code result = asio::error::would_block;
    start([&result](beast::error_code error) { result = error; });
    io.restart();
    io.run();
    return result;
  }

  std::optional<HttpFailure> connect() {
    if (stream) return std::nullopt;
    beast::error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(url.address.host, std::to_string(url.address.port), error);
    if (error) return failure(false, error.message());
    stream.emplace(io);
    stream->expires_at(deadline);
    error = run([&](auto done) {
      stream->async_connect(found,
                            [done](beast::error_code e, const tcp::endpoint&) mutable { done(e); });
    });
    if (error) return failure(false, error.message());
    stream->socket().set_option(tcp::no_delay(true), error);
    return std::nullopt;
  }

  std::expected<HttpAnswer, HttpFailure> exchange(http::request<http::string_body>& request) {
    stream->expires_at(deadline);
    std::size_t written = 0;
    http::request_serializer<http::string_body> serializer(request);
    auto error = run([&](auto done) {
      http::async_write(*stream, serializer,
                        [done, &written](beast::error_code e, std::size_t size) mutable {
                          written = size;
                          done(e);
                        });
    });
    if (error) return std::unexpected(failure(serializer.is_done(), error.message()));
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerBytesMax);
    error = run([&](auto done) {
      http::async_read(*stream, buffer, parser,
                       [done](beast::error_code e, std::size_t) mutable { done(e); });
    });
    if (error) return std::unexpected(failure(true, error.message()));
    HttpAnswer answer;
    auto message = parser.release();
    answer.status = message.result_int();
    for (const auto& field : message) {
      std::string name(field.name_string());
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      answer.headers[std::move(name)] = std::string(field.value());
    }
    answer.body = std::move(message.body());
    if (!message.keep_alive()) stream.reset();
    return answer;
  }
};

HttpClient::HttpClient(config::ApiUrl url)
    : connection_(std::make_unique<Connection>(std::move(url))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

const config::ApiUrl& HttpClient::url() const {
  return connection_->url;
}

std::expected<HttpAnswer, HttpFailure> HttpClient::send(std::string_view method,
                                                        std::string_view target,
                                                        std::string_view content_type,
                                                        std::string body,
                                                        std::chrono::milliseconds deadline) {
  auto& connection = *connection_;
  if (connection.url.tls) {
    return std::unexpected(HttpFailure{
        false, connection.url.to_string() + ": this version speaks plain HTTP on loopback only"});
  }
  connection.deadline = steady_clock::now() + deadline;
  http::request<http::string_body> request;
  request.version(11);
  request.method_string({method.data(), method.size()});
  request.target({target.data(), target.size()});
  request.set(http::field::host, connection.url.address.to_string());
  request.set(http::field::user_agent, "giro");
  if (!content_type.empty()) {
    request.set(http::field::content_type, {content_type.data(), content_type.size()});
    request.body() = std::move(body);
  }
  request.prepare_payload();
  const bool is_reused = connection.stream.has_value();
  if (auto failed = connection.connect()) return std::unexpected(*failed);
  auto answer = connection.exchange(request);
  // A kept connection that the node closed in the meantime is no news about the node: ask once
  // more. Every request of this API may be repeated (surface 5.4).
  if (answer || !is_reused || steady_clock::now() >= connection.deadline) return answer;
  if (auto failed = connection.connect()) {
    failed->may_have_arrived = failed->may_have_arrived || answer.error().may_have_arrived;
    return std::unexpected(*failed);
  }
  return connection.exchange(request);
}

}  // namespace giro::client
