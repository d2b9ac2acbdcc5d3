// Clients that only wait: connections with a request open on each for an operation that nobody has
// sent, asked again whenever it is answered.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "node/config/values.h"

namespace giro::testnet {

class Waiters {
 public:
  // Opens so many at that node, at the pace that its rate limits let through, and comes back when
  // all wait. The error says what kept them from it.
  [[nodiscard]] static std::expected<Waiters, std::string> open(const config::HostPort& node,
                                                                std::size_t count);
  Waiters(Waiters&&) noexcept;
  Waiters& operator=(Waiters&&) noexcept;
  ~Waiters();  // all are closed

  struct Counts {
    std::size_t waiting = 0;   // requests that are not answered
    std::size_t answered = 0;  // since the start, by their time limit
    std::size_t failed = 0;    // lost connections, refusals
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Crowd;
  explicit Waiters(std::unique_ptr<Crowd> crowd);
  std::unique_ptr<Crowd> crowd_;
};

}  // namespace giro::testnet
