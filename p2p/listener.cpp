#include "p2p/listener.h"

#include "p2p/dial.h"

namespace giro::p2p {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

}  // namespace

Listener::Listener(boost::asio::io_context& context, const AdmissionLimits& limits,
                   Accepted accepted)
    : acceptor_(context),
      bucket_(limits.accepts_per_second, limits.accept_burst, std::chrono::steady_clock::now()),
      accepted_(std::move(accepted)) {}

std::expected<void, std::string> Listener::start(const std::string& address, std::uint16_t port) {
  ErrorCode error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error) return std::unexpected("cannot listen: not an address: " + address);
  const tcp::endpoint endpoint(parsed, port);
  const auto failed = [&] {
    return std::unexpected("cannot listen on " + text_of(endpoint) + ": " + error.message());
  };
  if (acceptor_.open(endpoint.protocol(), error)) return failed();
  if (acceptor_.set_option(tcp::acceptor::reuse_address(true), error)) return failed();
  if (acceptor_.bind(endpoint, error)) return failed();
  if (acceptor_.listen(boost::asio::socket_base::max_listen_connections, error)) return failed();
  accept();
  return {};
}

void Listener::accept() {
  if (waiting_ || !acceptor_.is_open() || bucket_.is_over(std::chrono::steady_clock::now())) return;
  waiting_ = true;
  acceptor_.async_accept([self = shared_from_this()](const ErrorCode& error, tcp::socket socket) {
    self->waiting_ = false;
    if (!self->acceptor_.is_open()) return;
    if (error) return;  // out of file handles, or gone already: the next tick tries again
    self->bucket_.charge(std::chrono::steady_clock::now(), 1);
    self->accepted_(std::move(socket));
    self->accept();
  });
}

void Listener::tick() {
  accept();
}

void Listener::stop() {
  ErrorCode ignored;
  acceptor_.close(ignored);
}

std::uint16_t Listener::port() const {
  ErrorCode ignored;
  return acceptor_.local_endpoint(ignored).port();
}

}  // namespace giro::p2p
