// Accepts connections at a bounded rate; beyond it they wait in the kernel. Included by the Asio
// part of this folder only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "p2p/budget.h"
#include "p2p/limits.h"

namespace giro::p2p {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Accepted = std::function<void(boost::asio::ip::tcp::socket)>;
  Listener(boost::asio::io_context& context, const AdmissionLimits& limits, Accepted accepted);

  [[nodiscard]] std::expected<void, std::string> start(const std::string& address,
                                                       std::uint16_t port);
  void tick();  // goes on after a pause
  void stop();
  [[nodiscard]] std::uint16_t port() const;

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  TokenBucket bucket_;
  Accepted accepted_;
  bool waiting_ = false;
};

}  // namespace giro::p2p
