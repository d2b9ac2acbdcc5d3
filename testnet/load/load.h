// A load on a test network that runs: what is sent, when, and what became of it (surface 10.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "node/client/error.h"
#include "testnet/load/workload.h"

namespace giro::testnet {

struct LoadOptions {
  std::filesystem::path directory;  // of the network
  double rate = 200;                // operations a second, open loop; 0: closed loop
  std::chrono::seconds duration{10};
  std::size_t operations = 20'000;  // of a closed loop, in place of rate and duration
  std::size_t connections = 64;     // over all nodes, in turn
  std::size_t accounts = 64;
  std::uint64_t seed = 1;   // of the arrivals
  std::size_t waiters = 0;  // at the first node, in every second round
  std::size_t rounds = 1;   // each without waiters and, if there are to be any, then with them
};

struct LoadRound {
  std::size_t waiters = 0;  // that were open when it began
  std::size_t offered = 0;
  std::map<std::string, std::size_t> ended;  // "COMMITTED", "REJECTED AM04", "HTTP 503 CAPACITY"
  std::chrono::duration<double> took{};
  std::vector<std::chrono::nanoseconds> latencies;  // of what committed, from the intended send
  std::chrono::duration<double> cpu{};              // of all validators
};

struct LoadResult {
  std::vector<LoadRound> rounds;
  std::size_t validators = 0;
  unsigned cores = 0;
  std::chrono::duration<double, std::micro> check{};  // of a signature, before and after
};

// Unreachable: no network runs there, all of it. What became of each operation is in `ended`, and
// is no error.
[[nodiscard]] std::expected<LoadResult, client::Error> run_load(const LoadOptions& options,
                                                                const Workload::Progress& progress);

}  // namespace giro::testnet
