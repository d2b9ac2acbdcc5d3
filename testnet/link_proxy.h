// The links between the nodes of a network, each at the mercy of a test (surface 10.2): every node
// reaches every other one through a TCP relay of its own. Needs no root. A relay cannot lose or
// reorder what is inside TLS: loss shows as bytes that come late, or as a reset.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "testnet/network.h"

namespace giro::testnet {

// The bytes that one node says to another, whoever has dialled.
struct Direction {
  std::string from, to;
};

// Any thread. What a verb does is in force when it returns. The names must be the network's.
class LinkProxy {
 public:
  // Listens at once; the nodes need not run yet.
  [[nodiscard]] static std::expected<std::unique_ptr<LinkProxy>, std::string> start(
      const std::vector<Node>& nodes);
  ~LinkProxy();  // every connection is reset, every port closed
  LinkProxy(const LinkProxy&) = delete;
  LinkProxy& operator=(const LinkProxy&) = delete;

  // Where `from` is to dial `to`.
  [[nodiscard]] config::HostPort address(const std::string& from, const std::string& to) const;

  void delay(const Direction& link, std::chrono::milliseconds by);
  // At most so many bytes per second from now on; at least 1.
  void throttle(const Direction& link, std::uint64_t bytes_per_second);
  // Bytes are held, connections stay up: what a one-way cut looks like.
  void stall(const Direction& link);
  void corrupt(const Direction& link);  // one bit of what comes next
  // Connections of this pair, both ways. Once: they may dial again.
  void reset(const std::string& one, const std::string& other);
  // And no more from now on: a TCP connection cannot be cut in one direction alone.
  void cut(const std::string& one, const std::string& other);
  // Cuts every pair that no group has together.
  void partition(const std::vector<std::vector<std::string>>& groups);
  void heal();  // all links as at the start; what was held is handed on

  struct Traffic {
    std::uint64_t carried = 0;    // bytes handed on in this direction since the start
    std::uint64_t dialled = 0;    // connections that `from` has made since the start
    std::size_t connections = 0;  // of them, that are open
    std::size_t held = 0;         // bytes on those connections, both ways
  };
  [[nodiscard]] Traffic traffic(const Direction& link) const;

 private:
  struct Loop;
  explicit LinkProxy(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace giro::testnet
