// A TCP relay between whoever dials it and one target: it hands bytes on, later, not now, or
// damaged, as its two links say. What it carries stays opaque: TLS runs through it from end to end.
#pragma once

#include <boost/asio.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace giro::testnet {

// How bytes fare in one direction between two nodes, whoever of them has dialled.
struct Link {
  std::chrono::milliseconds delay{};  // of every byte; the rate stays what it is
  std::uint64_t rate = 0;             // bytes per second, of all its connections; 0: no limit
  std::chrono::steady_clock::time_point free_at{};  // its rate lets nothing through before
  bool stalled = false;                             // held back, until the link is healed
  bool corrupts = false;      // one bit of what comes next flips; then false again
  std::uint64_t carried = 0;  // bytes handed on so far
};

// All on the thread of the io_context, which outlives it. The links outlive its connections.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  using Tcp = boost::asio::ip::tcp;
  static constexpr std::size_t kConnectionsMax = 64;         // more are reset
  static constexpr std::size_t kHeldBytesMax = 1024 * 1024;  // of a connection, each direction

  // `forward`: from the dialler to the target.
  Relay(boost::asio::io_context& context, const Tcp::endpoint& target, Link& forward,
        Link& backward);
  ~Relay();
  [[nodiscard]] std::expected<void, std::string> listen();  // on a free port of the loopback
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }  // since the start
  [[nodiscard]] std::size_t connections() const;                      // that are open
  [[nodiscard]] std::size_t held() const;                             // bytes, of all connections

  void reset();             // every connection that is open; new ones come in
  void refuse(bool is_on);  // new ones are reset, too
  void resume();            // a link has become better: what was held may go
  void close();             // for good

 private:
  class Connection;
  void accept();
  void on_accepted(Tcp::socket dialler);

  boost::asio::io_context& context_;
  const Tcp::endpoint target_;
  Link& forward_;
  Link& backward_;
  Tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  bool refuses_ = false;
  std::uint64_t accepted_ = 0;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace giro::testnet
