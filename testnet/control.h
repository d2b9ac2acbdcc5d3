// The life of a test network from outside: up, down, status (surface 2.3, 10.1). One supervisor
// process a network runs its nodes in the background; this speaks to it through its pid file and
// signals, and to the nodes through their ports.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/client/error.h"
#include "node/client/payment.h"
#include "node/client/session.h"
#include "testnet/network.h"

namespace giro::testnet {

using Progress = std::function<void(const std::string&)>;

struct UpOptions {
  std::filesystem::path directory = ".giro-testnet";
  bool fresh = false;                                             // what is there is thrown away
  bool mtls = false;                                              // of a new network
  bool monitoring = false;                                        // Prometheus beside the nodes
  std::chrono::milliseconds patience = std::chrono::seconds(60);  // until all nodes are ready
};

struct NodeStatus {
  Node node;
  pid_t pid = 0;  // 0: not running
  bool ready = false;
  std::string condition;  // "voting", "starting", "exit code 78", ...
  std::uint64_t height = 0, view = 0;
};

struct NetworkStatus {
  Network network;
  pid_t supervisor = 0;  // 0: not running
  std::vector<NodeStatus> nodes;
  [[nodiscard]] bool is_ready() const;
};

struct FirstPayment {
  client::PaymentDraft draft;
  client::Sent sent;
};

struct Up {
  NetworkStatus status;
  std::chrono::milliseconds took{};
  bool was_running = false;
  std::uint64_t quorum = 0, faults = 0;
  FirstPayment payment;
};

// A network that runs is left alone but for nodes that have ended, which start again. One that does
// not is resumed with its data. Ready means: all nodes ready, a payment committed, its receipt
// verified.
[[nodiscard]] std::expected<Up, client::Error> up(const UpOptions& options,
                                                  const Progress& progress);

// Nothing runs and no port is open when this returns. True: something ran before.
[[nodiscard]] std::expected<bool, client::Error> down(const std::filesystem::path& directory);

// No: there is no network in the directory.
[[nodiscard]] std::expected<NetworkStatus, client::Error> status(
    const std::filesystem::path& directory);

// What `giro testnet supervise` does: takes the lock of the directory, runs the nodes, gives the
// exit code.
[[nodiscard]] int supervise(const std::filesystem::path& directory);

// Asks every node's /readyz until all say yes. The error names those that do not. `gave_up`, asked
// now and then, may end the wait with a reason.
[[nodiscard]] std::expected<void, std::string> wait_until_ready(
    const std::vector<Node>& nodes, std::chrono::milliseconds patience, const Progress& progress,
    const std::function<std::optional<std::string>()>& gave_up = {});

// EUR 10.00 from ALICE at bank-a to BOB at bank-b, receipt verified.
[[nodiscard]] std::expected<FirstPayment, client::Error> first_payment(const Network& network);

}  // namespace giro::testnet
