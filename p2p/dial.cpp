#include "p2p/dial.h"

#include <utility>

namespace giro::p2p {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::string describe_failure(const ErrorCode& error) {
  if (error == asio::error::connection_refused) return "connect refused";
  if (error == asio::error::timed_out) return "connect timed out";
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable)
    return "no route";
  return "connect failed (" + error.message() + ")";
}

}  // namespace

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

Dial::Dial(asio::io_context& context, Target target, SteadyTime deadline, Done done)
    : resolver_(context),
      socket_(context),
      target_(std::move(target)),
      deadline_(deadline),
      done_(std::move(done)),
      endpoint_(target_.host + ":" + std::to_string(target_.port)) {}

void Dial::start() {
  ErrorCode error;
  const auto address = asio::ip::make_address(target_.host, error);
  if (!error) return connect(tcp::endpoint(address, target_.port));
  resolver_.async_resolve(
      target_.host, std::to_string(target_.port), tcp::resolver::numeric_service,
      [self = shared_from_this()](const ErrorCode& failure,
                                  const tcp::resolver::results_type& results) {
        if (!self->done_) return;
        if (failure || results.empty()) return self->fail("name not found");
        auto chosen = results.begin();
        std::advance(chosen, static_cast<std::ptrdiff_t>(self->target_.attempt % results.size()));
        self->connect(chosen->endpoint());
      });
}

void Dial::connect(const tcp::endpoint& endpoint) {
  endpoint_ = text_of(endpoint);
  socket_.async_connect(endpoint, [self = shared_from_this()](const ErrorCode& failure) {
    if (!self->done_) return;
    if (failure) return self->fail(describe_failure(failure));
    std::exchange(self->done_, nullptr)(std::move(self->socket_));
  });
}

void Dial::fail(const std::string& what) {
  std::exchange(done_, nullptr)(std::unexpected(what + " " + endpoint_));
}

void Dial::tick(SteadyTime now) {
  if (!done_ || now < deadline_) return;
  const auto self = shared_from_this();
  const Done done = std::exchange(done_, nullptr);
  cancel();
  done(std::unexpected("connect timed out " + endpoint_));
}

void Dial::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace giro::p2p
