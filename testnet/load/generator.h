// Sends what was signed before, over kept connections, and notes when each was answered. Open loop:
// each request has a time at which it is to be sent, and its latency counts from then, also when
// the connections were busy (coordinated omission: G. Tene, "How NOT to measure latency").
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "node/config/values.h"
#include "testnet/load/workload.h"

namespace giro::testnet {

struct LoadPlan {
  std::vector<config::HostPort> nodes;  // connection i speaks to node i modulo their number
  std::size_t connections = 1;
  // From the start, ascending, for each request; empty: closed loop, each connection sends its next
  // one when it is answered, and that is the intended time.
  std::vector<std::chrono::nanoseconds> intended;
};

struct Shot {
  std::chrono::nanoseconds intended{}, answered{};  // since the start of the run
  unsigned http_status = 0;                         // 0: no answer
  std::string status;                               // of the operation, as "COMMITTED"
  std::string code;                                 // of its outcome or of the problem, as "OK"
  std::uint64_t height = 0;                         // of the outcome
};

// Arrivals of a Poisson process of so many a second, drawn from the seed.
[[nodiscard]] std::vector<std::chrono::nanoseconds> poisson_arrivals(
    double rate, std::chrono::nanoseconds duration, std::uint64_t seed);

// One shot for each request, in their order. Runs on the calling thread until the last one is
// answered, or its connection is lost: what a client must not resend blindly, nobody does here.
[[nodiscard]] std::vector<Shot> fire(std::span<const LoadRequest> requests, const LoadPlan& plan);

// The value that a share of them does not exceed, by nearest rank; 0 of none. Sorts.
[[nodiscard]] std::chrono::nanoseconds percentile(std::vector<std::chrono::nanoseconds>& values,
                                                  double share);

}  // namespace giro::testnet
