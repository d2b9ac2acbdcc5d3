// One attempt to reach a peer: look the name up, connect to one of its addresses. Included by the
// Asio part of this folder only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "p2p/status.h"

namespace giro::p2p {

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  struct Target {
    std::string host;
    std::uint16_t port = 0;
    std::uint64_t attempt = 0;  // of several addresses each attempt takes the next one
  };
  // Called at most once, from the loop, never after cancel(). The error is for people: "connect
  // refused 10.2.0.13:7300".
  using Done = std::function<void(std::expected<boost::asio::ip::tcp::socket, std::string>)>;

  Dial(boost::asio::io_context& context, Target target, SteadyTime deadline, Done done);
  void start();
  void tick(SteadyTime now);
  void forgive(SteadyTime::duration stalled) { deadline_ += stalled; }
  void cancel();
  // "10.2.0.13:7300", or the name while it is not looked up.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }

 private:
  void connect(const boost::asio::ip::tcp::endpoint& endpoint);
  void fail(const std::string& what);

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  Target target_;
  SteadyTime deadline_;
  Done done_;  // empty: over
  std::string endpoint_;
};

[[nodiscard]] std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace giro::p2p
