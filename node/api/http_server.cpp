#include "node/api/http_server.h"

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>
#include <unordered_map>

#include "crypto/keys.h"
#include "node/api/limits.h"

namespace giro::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{
    100};  // after an error such as too many open files

std::string new_request_id() {
  std::array<std::byte, 16> bytes{};
  crypto::random_bytes(bytes);
  return crypto::to_hex(bytes);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class Session;
// Owns the open connections; loop thread only. A connection leaves it when it closes.
using Sessions = std::unordered_map<Session*, std::shared_ptr<Session>>;

struct Listening {
  Listening(asio::io_context& io, ListenerOptions with, Handler on_request, Refuse on_refused)
      : acceptor(io),
        pause(io),
        options(std::move(with)),
        handler(std::move(on_request)),
        refuse(std::move(on_refused)) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  ListenerOptions options;
  Handler handler;
  Refuse refuse;
  std::size_t connections = 0;
};

}  // namespace

struct HttpServer::Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::vector<std::shared_ptr<Listening>> listeners;
  Sessions sessions;
  std::atomic<bool> stopped{false};
  std::thread thread;
};

namespace {

// One connection. Every member is used on the loop's thread only. A Respond holds neither
// connection nor loop: it may outlive both.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<Listening> listening, Sessions& sessions,
          std::weak_ptr<asio::io_context> io)
      : stream_(std::move(socket)),
        listening_(std::move(listening)),
        sessions_(sessions),
        io_(std::move(io)) {
    beast::error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto remote = stream_.socket().remote_endpoint(ignored);
    if (!ignored) client_ = remote.address().to_string();
    ++listening_->connections;
  }
  ~Session() { --listening_->connections; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Waits for the first byte of a request, then for its head, then for its body: three different
  // patiences.
  void wait_for_request() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(listening_->options.body_bytes_max);
    request_id_ = new_request_id();
    if (buffer_.size() != 0) return read_head();
    stream_.expires_after(kIdleTime);
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](beast::error_code error, std::size_t size) {
                              if (error) return self->close();
                              self->buffer_.commit(size);
                              self->read_head();
                            });
  }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    sessions_.erase(this);
  }

 private:
  void read_head() {
    stream_.expires_after(kHeaderTime);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (error) return self->on_read_error(error);
                              self->on_head();
                            });
  }

  void on_head() {
    stream_.expires_after(kBodyTime);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      auto go_on = std::make_shared<http::response<http::empty_body>>(http::status::continue_,
                                                                      parser_->get().version());
      http::async_write(stream_, *go_on,
                        [self = shared_from_this(), go_on](beast::error_code error, std::size_t) {
                          if (error) return self->close();
                          self->read_body();
                        });
      return;
    }
    read_body();
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (error) return self->on_read_error(error);
                       self->on_request();
                     });
  }

  void on_read_error(beast::error_code error) {
    if (error == http::error::body_limit) return refuse(TransportError::BodyTooLarge);
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return refuse(TransportError::HeaderTooLarge);
    }
    const bool is_malformed =
        error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message;
    if (is_malformed) return refuse(TransportError::Malformed);
    close();
  }

  void refuse(TransportError error) {
    keep_alive_ = false;
    write(listening_->refuse(error, request_id_));
  }

  void on_request() {
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    auto request = std::make_shared<Request>();
    request->method = std::string(message.method_string());
    request->target = std::string(message.target());
    for (const auto& field : message) {
      request->headers[lower(field.name_string())] = std::string(field.value());
    }
    request->body = std::move(message.body());
    request->request_id = request_id_;
    request->client = client_;
    stream_.expires_never();  // the handler has its own deadlines
    listening_->handler(request, once(&Session::write));
  }

  template <typename Body>
  [[nodiscard]] std::shared_ptr<http::response<Body>> head_of(const Response& answer) const {
    auto message = std::make_shared<http::response<Body>>();
    message->version(11);
    message->result(answer.status);
    message->set(http::field::server, "giro");
    if (!answer.content_type.empty()) message->set(http::field::content_type, answer.content_type);
    message->set("X-Request-Id", request_id_);
    message->set("X-Content-Type-Options", "nosniff");
    message->set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : answer.headers) message->set(name, value);
    message->keep_alive(keep_alive_);
    return message;
  }

  void write(Response answer) {
    if (answer.pieces) return write_pieces(std::move(answer));
    const auto message = head_of<http::string_body>(answer);
    message->body() = std::move(answer.body);
    message->prepare_payload();
    stream_.expires_after(kWriteTime);
    http::async_write(stream_, *message,
                      [self = shared_from_this(), message](beast::error_code error, std::size_t) {
                        if (error) return self->close();
                        if (!self->keep_alive_) return self->finish();
                        self->wait_for_request();
                      });
  }

  void write_pieces(Response answer) {
    keep_alive_ = false;  // a reader that has enough closes
    const auto message = head_of<http::empty_body>(answer);
    message->chunked(true);
    pieces_ = std::move(answer.pieces);
    const auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    stream_.expires_after(kWriteTime);
    http::async_write_header(
        stream_, *serializer,
        [self = shared_from_this(), message, serializer](beast::error_code error, std::size_t) {
          if (error) return self->close();
          self->ask_for_piece();
        });
  }
  void ask_for_piece() {
    stream_.expires_never();  // who makes the pieces has deadlines of his own
    pieces_(once(&Session::write_piece));
  }
  void write_piece(std::optional<std::string> piece) {
    stream_.expires_after(kStreamStallTime);
    if (!piece || piece->empty()) {
      asio::async_write(stream_, http::make_chunk_last(),
                        [self = shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return self->close();
                          self->finish();
                        });
      return;
    }
    const auto text = std::make_shared<const std::string>(std::move(*piece));
    asio::async_write(stream_, http::make_chunk(asio::buffer(*text)),
                      [self = shared_from_this(), text](beast::error_code error, std::size_t) {
                        if (error) return self->close();
                        self->ask_for_piece();
                      });
  }

  // What others hold to go on here: works once, on the loop, and holds neither connection nor loop.
  template <typename Answer>
  [[nodiscard]] std::function<void(Answer)> once(void (Session::*then)(Answer)) {
    return [weak = weak_from_this(), io = io_, then,
            is_done = std::make_shared<std::atomic<bool>>(false)](Answer answer) {
      const auto loop = io.lock();
      if (!loop || is_done->exchange(true)) return;
      asio::dispatch(*loop, [weak, then, answer = std::move(answer)]() mutable {
        if (const auto self = weak.lock()) (self.get()->*then)(std::move(answer));
      });
    };
  }

  // Says that nothing more comes and takes what the client still sends, for a short time: closing
  // with unread bytes would reset the connection under the answer.
  void finish() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    drain(0);
  }
  void drain(std::size_t taken) {
    if (taken > kDrainBytesMax) return close();
    buffer_.clear();
    stream_.expires_after(kDrainTime);
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this(), taken](
                                                       beast::error_code error, std::size_t size) {
      if (error) return self->close();
      self->drain(taken + size);
    });
  }

  static constexpr std::size_t kDrainBytesMax = 4 * 1024 * 1024;
  static constexpr std::chrono::seconds kDrainTime{2};

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeaderBytesMax * 4};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<Listening> listening_;
  Sessions& sessions_;
  std::weak_ptr<asio::io_context> io_;
  std::string client_;
  std::string request_id_;
  bool keep_alive_ = false;
  Pieces pieces_;
};

void accept_next(const std::shared_ptr<Listening>& listening, Sessions& sessions,
                 const std::weak_ptr<asio::io_context>& io) {
  listening->acceptor.async_accept(
      [listening, &sessions, io](beast::error_code error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || !listening->acceptor.is_open()) return;
        if (error) {
          listening->pause.expires_after(kAcceptPause);
          listening->pause.async_wait([listening, &sessions, io](beast::error_code cancelled) {
            if (!cancelled) accept_next(listening, sessions, io);
          });
          return;
        }
        if (listening->connections < listening->options.connections_max) {
          auto session = std::make_shared<Session>(std::move(socket), listening, sessions, io);
          sessions.emplace(session.get(), session);
          session->wait_for_request();
        }
        accept_next(listening, sessions, io);
      });
}

}  // namespace

HttpServer::HttpServer() : loop_(std::make_shared<Loop>()) {}

HttpServer::~HttpServer() {
  stop();
}

std::expected<std::uint16_t, std::string> HttpServer::listen(const ListenerOptions& options,
                                                             Handler handler, Refuse refuse) {
  auto& io = loop_->io;
  const std::string name = options.address.to_string();
  beast::error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(options.address.host, std::to_string(options.address.port),
                                      tcp::resolver::passive, error);
  if (error || found.empty()) return std::unexpected(name + ": " + error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  auto listening = std::make_shared<Listening>(io, options, std::move(handler), std::move(refuse));
  auto& acceptor = listening->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected("cannot listen on " + name + ": " + error.message());
  const std::uint16_t port = acceptor.local_endpoint(error).port();
  loop_->listeners.push_back(std::move(listening));
  return port;
}

void HttpServer::start() {
  const std::shared_ptr<asio::io_context> io(loop_, &loop_->io);
  for (const auto& listening : loop_->listeners) accept_next(listening, loop_->sessions, io);
  loop_->thread = std::thread([loop = loop_] { loop->io.run(); });
}

void HttpServer::stop() {
  if (loop_->stopped.exchange(true)) return;
  if (!loop_->thread.joinable()) return;  // never started: the listeners close with the loop
  asio::post(loop_->io, [loop = loop_.get()] {
    for (const auto& listening : loop->listeners) {
      beast::error_code ignored;
      listening->acceptor.close(ignored);
      listening->pause.cancel();
    }
    const Sessions open = std::move(loop->sessions);
    loop->sessions.clear();
    for (const auto& [raw, session] : open) session->close();
    loop->io.stop();
  });
  loop_->thread.join();
}

HttpServer::Post HttpServer::post() const {
  return [weak = std::weak_ptr<Loop>(loop_)](std::function<void()> work) {
    const auto loop = weak.lock();
    if (loop && !loop->stopped) asio::post(loop->io, std::move(work));
  };
}

void HttpServer::after(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(loop_->io, delay);
  timer->async_wait([timer, work = std::move(work)](beast::error_code error) {
    if (!error) work();
  });
}

}  // namespace giro::api
