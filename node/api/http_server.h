// The HTTP/1.1 listeners of a node on one thread of their own (architecture 6): connections, bounds
// and time-outs of surface 5.5, nothing about giro. All of Beast is behind this header.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "node/api/http.h"
#include "node/api/tls_server.h"
#include "node/config/values.h"

namespace giro::api {

struct ListenerOptions {
  config::HostPort address;  // port 0: any free one
  std::uint64_t body_bytes_max = 1024 * 1024;
  std::size_t connections_max = 1024;
  std::shared_ptr<TlsServer> tls{};  // null: plain HTTP
  bool is_for_clients = true;        // false: it answers until the stop, also while drain() runs
};

// What the server itself refuses: a request that never became one. Answered by `refuse`, then the
// connection closes.
enum class TransportError { Malformed, HeaderTooLarge, BodyTooLarge };
using Refuse = std::function<Response(TransportError, const std::string& request_id)>;

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();  // as stop()
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and accepts, from start() on. Gives the port; the error names the address. Call before
  // start().
  [[nodiscard]] std::expected<std::uint16_t, std::string> listen(const ListenerOptions& options,
                                                                 Handler handler, Refuse refuse);
  // The same at a Unix socket, mode 0600, which a process that was killed may have left behind. The
  // address in the options is of no meaning.
  [[nodiscard]] std::expected<void, std::string> listen_at(const std::filesystem::path& socket,
                                                           const ListenerOptions& options,
                                                           Handler handler, Refuse refuse);
  void start();
  // Takes no more clients, closes connections as they have had the answer to what they asked, and
  // returns when all have gone or `grace` is over. `begin` runs on the loop's thread before
  // anything else is answered. Not on the loop's thread.
  void drain(std::chrono::milliseconds grace, const std::function<void()>& begin);
  // Closes every connection and joins the thread. Answers that come later are dropped.
  void stop();

  // Closes the connections of the clients that are meant, streams and waiters included. On the
  // loop's thread.
  void close_clients(const std::function<bool(const crypto::Hash& key)>& is_meant);

  // Runs `work` on the loop's thread; drops it after stop(). May be called from any thread, and may
  // outlive the server: for callbacks that others hold.
  using Post = std::function<void(std::function<void()> work)>;
  [[nodiscard]] Post post() const;
  // On the loop's thread, after `delay`; not at all after stop().
  void after(std::chrono::milliseconds delay, std::function<void()> work);

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace giro::api
