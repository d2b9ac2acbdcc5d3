#include "node/client/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

namespace giro::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using Local = asio::local::stream_protocol;

// Runs one asynchronous operation to its end. The stream's own expiry bounds it.
template <typename Start>
beast::error_code run_to_end(asio::io_context& io, Start start) {
  beast::error_code result = asio::error::would_block;
  start([&result](beast::error_code error) { result = error; });
  io.restart();
  io.run();
  return result;
}

}  // namespace

struct HttpClient::Connection {
  Connection(config::ApiUrl to, std::shared_ptr<TlsClient> with)
      : url(std::move(to)), tls_client(std::move(with)) {}

  config::ApiUrl url;
  std::shared_ptr<TlsClient> tls_client;
  asio::io_context io{1};
  std::filesystem::path socket;            // if not empty: in place of the URL
  std::optional<beast::tcp_stream> plain;  // one of these while connected
  std::optional<TlsStream> tls;
  std::optional<beast::basic_stream<Local>> local;
  beast::flat_buffer buffer;
  steady_clock::time_point deadline;

  [[nodiscard]] HttpFailure failure(bool may_have_arrived, const std::string& what) {
    disconnect();
    return {may_have_arrived,
            (socket.empty() ? url.address.to_string() : socket.string()) + ": " + what};
  }

  [[nodiscard]] bool is_connected() const { return plain || tls || local; }
  void disconnect() {
    plain.reset();
    tls.reset();
    local.reset();
    buffer.clear();
  }
  [[nodiscard]] beast::tcp_stream& lowest() {
    return plain ? *plain : beast::get_lowest_layer(*tls);
  }
  template <typename Start>
  beast::error_code run(Start start) {
    return run_to_end(io, start);
  }

  std::optional<HttpFailure> connect() {
    if (is_connected()) return std::nullopt;
    beast::error_code error;
    if (!socket.empty()) {
      local.emplace(io);
      local->expires_at(deadline);
      error = run([&](auto done) {
        local->async_connect(Local::endpoint(socket.string()),
                             [done](beast::error_code e) mutable { done(e); });
      });
      if (error) return failure(false, error.message());
      return std::nullopt;
    }
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(url.address.host, std::to_string(url.address.port), error);
    if (error) return failure(false, error.message());
    if (url.tls)
      tls.emplace(io, tls_client->context());
    else
      plain.emplace(io);
    lowest().expires_at(deadline);
    error = run([&](auto done) {
      lowest().async_connect(
          found, [done](beast::error_code e, const tcp::endpoint&) mutable { done(e); });
    });
    if (error) return failure(false, error.message());
    lowest().socket().set_option(tcp::no_delay(true), error);
    if (!tls) return std::nullopt;
    tls_client->expect(tls->native_handle(), url.address.host);
    error = run([&](auto done) {
      tls->async_handshake(asio::ssl::stream_base::client,
                           [done](beast::error_code e) mutable { done(e); });
    });
    if (!error) return std::nullopt;
    const std::string why = tls_client->why_not(tls->native_handle());
    return failure(false, why.empty() ? error.message() : why);
  }

  std::expected<HttpAnswer, HttpFailure> exchange(http::request<http::string_body>& request) {
    if (local) return exchange_on(*local, request);
    return plain ? exchange_on(*plain, request) : exchange_on(*tls, request);
  }
  template <typename Stream>
  std::expected<HttpAnswer, HttpFailure> exchange_on(Stream& stream,
                                                     http::request<http::string_body>& request) {
    beast::get_lowest_layer(stream).expires_at(deadline);
    std::size_t written = 0;
    http::request_serializer<http::string_body> serializer(request);
    auto error = run([&](auto done) {
      http::async_write(stream, serializer,
                        [done, &written](beast::error_code e, std::size_t size) mutable {
                          written = size;
                          done(e);
                        });
    });
    if (error) return std::unexpected(failure(serializer.is_done(), error.message()));
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerBytesMax);
    error = run([&](auto done) {
      http::async_read(stream, buffer, parser,
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
    if (!message.keep_alive()) disconnect();
    return answer;
  }
};

HttpClient::HttpClient(config::ApiUrl url, std::shared_ptr<TlsClient> tls)
    : connection_(std::make_unique<Connection>(std::move(url), std::move(tls))) {}
HttpClient::HttpClient(const std::filesystem::path& socket)
    : HttpClient(config::ApiUrl{false, {"localhost", 0}}) {
  connection_->socket = socket;
}
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
  if (connection.url.tls && !connection.tls_client)
    return std::unexpected(HttpFailure{false, connection.url.to_string() +
                                                  ": no certificate to show; write tls = { "
                                                  "ca, cert, key } into the profile"});
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
  const bool is_reused = connection.is_connected();
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
