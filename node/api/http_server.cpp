#include "node/api/http_server.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>

#include "crypto/keys.h"
#include "node/api/limits.h"

namespace giro::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{
    100};  // after an error such as too many open files
constexpr std::chrono::milliseconds kDrainPoll{10};

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

// One open connection, as its listener sees it; loop thread only.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void begin() = 0;
  virtual void close() = 0;
  // If its listener is draining and no request has begun.
  virtual void close_if_idle() = 0;
  [[nodiscard]] virtual const std::optional<ClientCertificate>& certificate() const = 0;
};
// Owns the open connections; loop thread only. A connection leaves it when it closes.
using Sessions = std::unordered_map<Connection*, std::shared_ptr<Connection>>;

struct Listening {
  Listening(std::variant<tcp::acceptor, local::acceptor> at, ListenerOptions with,
            Handler on_request, Refuse on_refused)
      : acceptor(std::move(at)),
        pause(std::visit([](auto& one) { return one.get_executor(); }, acceptor)),
        options(std::move(with)),
        handler(std::move(on_request)),
        refuse(std::move(on_refused)) {}
  std::variant<tcp::acceptor, local::acceptor> acceptor;
  asio::steady_timer pause;
  ListenerOptions options;
  Handler handler;
  Refuse refuse;
  std::size_t connections = 0;
  bool is_draining = false;
};

}  // namespace

struct HttpServer::Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::vector<std::shared_ptr<Listening>> listeners;
  std::vector<std::filesystem::path> socket_files;
  Sessions sessions;
  std::atomic<bool> stopped{false};
  std::thread thread;
};

namespace {

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using LocalStream = beast::basic_stream<local>;

// One connection. Every member is used on the loop's thread only. A Respond holds neither
// connection nor loop: it may outlive both.
template <typename Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  // `layers`: what the stream is made of, the socket first.
  template <typename... Layers>
  Session(std::shared_ptr<Listening> listening, Sessions& sessions,
          std::weak_ptr<asio::io_context> io, Layers&&... layers)
      : stream_(std::forward<Layers>(layers)...),
        listening_(std::move(listening)),
        sessions_(sessions),
        io_(std::move(io)) {
    if constexpr (!std::is_same_v<Stream, LocalStream>) {
      beast::error_code ignored;
      lowest().socket().set_option(tcp::no_delay(true), ignored);
      const auto remote = lowest().socket().remote_endpoint(ignored);
      if (!ignored) client_ = remote.address().to_string();
    }
    ++listening_->connections;
  }
  ~Session() override { --listening_->connections; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void begin() override {
    if constexpr (kIsTls) {
      lowest().expires_after(kHeaderTime);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](beast::error_code error) {
                                if (error) return self->close();
                                self->certificate_ =
                                    client_certificate_of(self->stream_.native_handle());
                                self->wait_for_request();
                              });
    } else {
      wait_for_request();
    }
  }

  void close() override {
    beast::error_code ignored;
    lowest().socket().shutdown(asio::socket_base::shutdown_both, ignored);
    lowest().close();
    sessions_.erase(this);
  }

  void close_if_idle() override {
    if (is_idle_ && listening_->is_draining) close();
  }

  [[nodiscard]] const std::optional<ClientCertificate>& certificate() const override {
    return certificate_;
  }

 private:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  [[nodiscard]] auto& lowest() { return beast::get_lowest_layer(stream_); }

  // Waits for the first byte of a request, then for its head, then for its body: three different
  // patiences.
  void wait_for_request() {
    if (listening_->is_draining) return finish();
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(listening_->options.body_bytes_max);
    request_id_ = new_request_id();
    if (buffer_.size() != 0) return read_head();
    lowest().expires_after(kIdleTime);
    is_idle_ = true;
    stream_.async_read_some(buffer_.prepare(4096), [self = this->shared_from_this()](
                                                       beast::error_code error, std::size_t size) {
      self->is_idle_ = false;
      if (error) return self->close();
      self->buffer_.commit(size);
      self->read_head();
    });
  }

  void read_head() {
    lowest().expires_after(kHeaderTime);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](beast::error_code error, std::size_t) {
          if (error) return self->on_read_error(error);
          self->on_head();
        });
  }

  void on_head() {
    lowest().expires_after(kBodyTime);
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      auto go_on = std::make_shared<http::response<http::empty_body>>(http::status::continue_,
                                                                      parser_->get().version());
      http::async_write(
          stream_, *go_on,
          [self = this->shared_from_this(), go_on](beast::error_code error, std::size_t) {
            if (error) return self->close();
            self->read_body();
          });
      return;
    }
    read_body();
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](beast::error_code error, std::size_t) {
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
    request->certificate = certificate_;
    lowest().expires_never();  // the handler has its own deadlines
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
    if (listening_->is_draining) keep_alive_ = false;
    if (answer.pieces) return write_pieces(std::move(answer));
    const auto message = head_of<http::string_body>(answer);
    message->body() = std::move(answer.body);
    message->prepare_payload();
    lowest().expires_after(kWriteTime);
    http::async_write(
        stream_, *message,
        [self = this->shared_from_this(), message](beast::error_code error, std::size_t) {
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
    lowest().expires_after(kWriteTime);
    http::async_write_header(stream_, *serializer,
                             [self = this->shared_from_this(), message, serializer](
                                 beast::error_code error, std::size_t) {
                               if (error) return self->close();
                               self->ask_for_piece();
                             });
  }
  void ask_for_piece() {
    lowest().expires_never();  // who makes the pieces has deadlines of his own
    pieces_(once(&Session::write_piece));
  }
  void write_piece(std::optional<std::string> piece) {
    lowest().expires_after(kStreamStallTime);
    if (!piece || piece->empty()) {
      asio::async_write(stream_, http::make_chunk_last(),
                        [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                          if (error) return self->close();
                          self->finish();
                        });
      return;
    }
    const auto text = std::make_shared<const std::string>(std::move(*piece));
    asio::async_write(
        stream_, http::make_chunk(asio::buffer(*text)),
        [self = this->shared_from_this(), text](beast::error_code error, std::size_t) {
          if (error) return self->close();
          self->ask_for_piece();
        });
  }

  // What others hold to go on here: works once, on the loop, and holds neither connection nor loop.
  template <typename Answer>
  [[nodiscard]] std::function<void(Answer)> once(void (Session::*then)(Answer)) {
    return [weak = this->weak_from_this(), io = io_, then,
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
    if constexpr (kIsTls) {
      lowest().expires_after(linger_time());
      stream_.async_shutdown(
          [self = this->shared_from_this()](beast::error_code) { self->close(); });
    } else {
      beast::error_code ignored;
      lowest().socket().shutdown(asio::socket_base::shutdown_send, ignored);
      linger(0);
    }
  }
  void linger(std::size_t taken) {
    if (taken > kLingerBytesMax) return close();
    buffer_.clear();
    lowest().expires_after(linger_time());
    stream_.async_read_some(buffer_.prepare(4096), [self = this->shared_from_this(), taken](
                                                       beast::error_code error, std::size_t size) {
      if (error) return self->close();
      self->linger(taken + size);
    });
  }

  [[nodiscard]] std::chrono::milliseconds linger_time() const {
    return listening_->is_draining ? kLingerTimeAtStop : kLingerTime;
  }

  static constexpr std::size_t kLingerBytesMax = 4 * 1024 * 1024;
  static constexpr std::chrono::milliseconds kLingerTime{2000};
  static constexpr std::chrono::milliseconds kLingerTimeAtStop{200};

  Stream stream_;
  beast::flat_buffer buffer_{kHeaderBytesMax * 4};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<Listening> listening_;
  Sessions& sessions_;
  std::weak_ptr<asio::io_context> io_;
  std::string client_;
  std::optional<ClientCertificate> certificate_;
  std::string request_id_;
  bool keep_alive_ = false;
  bool is_idle_ = false;  // between two requests
  Pieces pieces_;
};

std::shared_ptr<Connection> make_session(const std::shared_ptr<Listening>& listening,
                                         Sessions& sessions,
                                         const std::weak_ptr<asio::io_context>& io,
                                         tcp::socket socket) {
  if (const auto& tls = listening->options.tls)
    return std::make_shared<Session<TlsStream>>(listening, sessions, io, std::move(socket), *tls);
  return std::make_shared<Session<PlainStream>>(listening, sessions, io, std::move(socket));
}
std::shared_ptr<Connection> make_session(const std::shared_ptr<Listening>& listening,
                                         Sessions& sessions,
                                         const std::weak_ptr<asio::io_context>& io,
                                         local::socket socket) {
  return std::make_shared<Session<LocalStream>>(listening, sessions, io, std::move(socket));
}

template <typename Acceptor>
void accept_next(Acceptor& acceptor, const std::shared_ptr<Listening>& listening,
                 Sessions& sessions, const std::weak_ptr<asio::io_context>& io) {
  using Socket = typename Acceptor::protocol_type::socket;
  acceptor.async_accept(
      [&acceptor, listening, &sessions, io](beast::error_code error, Socket socket) {
        if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
        if (error) {
          listening->pause.expires_after(kAcceptPause);
          listening->pause.async_wait(
              [&acceptor, listening, &sessions, io](beast::error_code cancelled) {
                if (!cancelled) accept_next(acceptor, listening, sessions, io);
              });
          return;
        }
        if (listening->connections < listening->options.connections_max) {
          const auto session = make_session(listening, sessions, io, std::move(socket));
          sessions.emplace(session.get(), session);
          session->begin();
        }
        accept_next(acceptor, listening, sessions, io);
      });
}

void stop_accepting(Listening& listening) {
  beast::error_code ignored;
  std::visit([&ignored](auto& acceptor) { acceptor.close(ignored); }, listening.acceptor);
  listening.pause.cancel();
}

// Nobody listens there any more: the process that made it was killed.
void remove_left_socket(asio::io_context& io, const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_socket(path, ignored)) return;
  beast::error_code error;
  local::socket probe(io);
  probe.connect(local::endpoint(path), error);
  if (error == asio::error::connection_refused) std::filesystem::remove(path, ignored);
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
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected("cannot listen on " + name + ": " + error.message());
  const std::uint16_t port = acceptor.local_endpoint(error).port();
  loop_->listeners.push_back(std::make_shared<Listening>(std::move(acceptor), options,
                                                         std::move(handler), std::move(refuse)));
  return port;
}

std::expected<void, std::string> HttpServer::listen_at(const std::filesystem::path& socket,
                                                       const ListenerOptions& options,
                                                       Handler handler, Refuse refuse) {
  auto& io = loop_->io;
  const std::string path = socket.string();
  remove_left_socket(io, path);
  beast::error_code error;
  local::acceptor acceptor(io);
  acceptor.open(local(), error);
  // Nobody else may connect, not even before its mode could be changed.
  const mode_t before = ::umask(S_IRWXG | S_IRWXO | S_IXUSR);
  if (!error) acceptor.bind(local::endpoint(path), error);
  ::umask(before);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected("cannot listen on " + path + ": " + error.message());
  loop_->listeners.push_back(std::make_shared<Listening>(std::move(acceptor), options,
                                                         std::move(handler), std::move(refuse)));
  loop_->socket_files.push_back(socket);
  return {};
}

void HttpServer::start() {
  const std::shared_ptr<asio::io_context> io(loop_, &loop_->io);
  for (const auto& listening : loop_->listeners) {
    std::visit([&](auto& acceptor) { accept_next(acceptor, listening, loop_->sessions, io); },
               listening->acceptor);
  }
  loop_->thread = std::thread([loop = loop_] { loop->io.run(); });
}

void HttpServer::drain(std::chrono::milliseconds grace, const std::function<void()>& begin) {
  if (loop_->stopped || !loop_->thread.joinable()) return;
  std::promise<void> gone;
  const auto deadline = std::chrono::steady_clock::now() + grace;
  const std::function<void()> look = [this, &look, &gone, deadline] {
    const bool is_open = std::ranges::any_of(loop_->listeners, [](const auto& listening) {
      return listening->is_draining && listening->connections != 0;
    });
    if (is_open && std::chrono::steady_clock::now() < deadline) return after(kDrainPoll, look);
    gone.set_value();
  };
  asio::post(loop_->io, [this, &begin, &look] {
    for (const auto& listening : loop_->listeners) {
      if (!listening->options.is_for_clients) continue;
      listening->is_draining = true;
      stop_accepting(*listening);
    }
    const Sessions open = loop_->sessions;  // who closes leaves the original
    for (const auto& [raw, session] : open) session->close_if_idle();
    begin();
    asio::post(loop_->io, look);  // who has gone has left `open` too
  });
  gone.get_future().wait();
}

void HttpServer::stop() {
  if (loop_->stopped.exchange(true)) return;
  if (!loop_->thread.joinable()) return;  // never started: the listeners close with the loop
  asio::post(loop_->io, [loop = loop_.get()] {
    for (const auto& listening : loop->listeners) stop_accepting(*listening);
    const Sessions open = std::move(loop->sessions);
    loop->sessions.clear();
    for (const auto& [raw, session] : open) session->close();
    loop->io.stop();
  });
  loop_->thread.join();
  std::error_code ignored;
  for (const auto& file : loop_->socket_files) std::filesystem::remove(file, ignored);
}

void HttpServer::close_clients(const std::function<bool(const crypto::Hash& key)>& is_meant) {
  const Sessions open = loop_->sessions;  // who closes leaves the original
  for (const auto& [raw, session] : open) {
    if (session->certificate() && is_meant(session->certificate()->key)) session->close();
  }
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
