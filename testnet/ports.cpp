#include "testnet/ports.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace giro::testnet {
namespace {

constexpr std::chrono::seconds kLockPatience{60};
constexpr std::chrono::milliseconds kLockPause{50};
constexpr std::uint16_t kThousand = 1000;

}  // namespace

// A listener would make listen() fail; connections that are still closing do not.
bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool is_ours =
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, 1) == 0;
  ::close(fd);
  return is_ours;
}

bool are_free(const Network& network) {
  return std::ranges::all_of(network.nodes, [](const Node& node) {
    return is_free(node.p2p) && is_free(node.api) && is_free(node.ops);
  });
}

std::expected<void, std::string> choose_ports(Network& network) {
  const auto count = static_cast<std::uint16_t>(network.nodes.size());
  // 7301, 7305, ... inside the hundred, then the same a thousand higher.
  for (std::uint16_t thousand = 0; thousand <= 20 * kThousand; thousand += kThousand) {
    for (std::uint16_t step = 0; step + count <= 100;
         step = static_cast<std::uint16_t>(step + count)) {
      const auto up = static_cast<std::uint16_t>(thousand + step);
      for (std::uint16_t i = 0; i < count; ++i) {
        network.nodes[i].p2p = static_cast<std::uint16_t>(kP2pPort + up + i);
        network.nodes[i].api = static_cast<std::uint16_t>(kApiPort + up + i);
        network.nodes[i].ops = static_cast<std::uint16_t>(kOpsPort + up + i);
      }
      if (are_free(network)) return {};
    }
  }
  return std::unexpected("no free ports for " + std::to_string(count) +
                         " nodes from 7301, 7401 and 7501 on");
}

std::expected<PortLock, std::string> PortLock::take() {
  std::error_code ignored;
  const auto file = std::filesystem::temp_directory_path(ignored) /
                    ("giro-testnet-" + std::to_string(::getuid()) + ".lock");
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return std::unexpected(file.string() + ": " + std::strerror(errno));
  const auto end = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= end) {
      ::close(fd);
      return std::unexpected("another giro testnet up holds " + file.string());
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return PortLock(fd);
}

PortLock::PortLock(PortLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
PortLock& PortLock::operator=(PortLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
PortLock::~PortLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace giro::testnet
