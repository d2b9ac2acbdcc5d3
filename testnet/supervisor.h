// Runs the nodes of one network as child processes and answers for them: none outlives it. Not for
// several threads.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "testnet/network.h"
#include "testnet/process.h"

namespace giro::testnet {

class Supervisor {
 public:
  Supervisor(Network network, std::filesystem::path giro);
  ~Supervisor();  // kills what still runs
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  [[nodiscard]] const Network& network() const { return network_; }
  // Nothing to do for a node that runs.
  [[nodiscard]] std::expected<void, std::string> start(const std::string& node);
  // And Prometheus, where the network wants it.
  [[nodiscard]] std::expected<void, std::string> start_all();
  [[nodiscard]] bool is_running(const std::string& node);
  void signal(const std::string& node, int number);
  [[nodiscard]] std::optional<Exit> wait_for_exit(const std::string& node,
                                                  std::chrono::milliseconds deadline);
  [[nodiscard]] pid_t pid(const std::string& node) const;  // 0: not started
  // SIGTERM to all, SIGKILL for those that take longer than the patience.
  void stop_all(std::chrono::milliseconds patience);

  // `giro testnet supervise`: starts all nodes, then SIGTERM or SIGINT ends it and SIGHUP starts
  // what has ended. Gives the exit code. Says what happens to nodes on stdout.
  [[nodiscard]] int run();

 private:
  void read_again();

  Network network_;
  std::filesystem::path giro_;
  std::map<std::string, Process> processes_;
};

}  // namespace giro::testnet
