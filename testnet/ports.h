// Free ports for a whole network (surface 10.1): the preferred ones, and all of them moved up
// together when one is busy.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "testnet/network.h"

namespace giro::testnet {

inline constexpr std::uint16_t kP2pPort = 7301, kApiPort = 7401, kOpsPort = 7501;

// True if nobody listens there now.
[[nodiscard]] bool is_free(std::uint16_t port);
[[nodiscard]] bool are_free(const Network& network);

// Gives every node of the network its three ports. The error: no room anywhere.
[[nodiscard]] std::expected<void, std::string> choose_ports(Network& network);

// Held from the choice of ports until every node listens on its own, so that two networks that
// start at once do not choose the same. One for each user of the machine; another user's network
// that wins a port makes the start fail and choose again.
class PortLock {
 public:
  [[nodiscard]] static std::expected<PortLock, std::string>
  take();  // waits for the other, at most a minute
  PortLock(PortLock&& other) noexcept;
  PortLock& operator=(PortLock&& other) noexcept;
  ~PortLock();

 private:
  explicit PortLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace giro::testnet
