// Clients that lie (assurance 4, B30 to B34): what they send to a node's door. What a node may
// never admit breaks a rule; what it may is watched like the operations of honest clients.
#pragma once

#include <map>
#include <string>

#include "tests/simulation/clients.h"

namespace giro::sim {

class FalseClients {
 public:
  FalseClients(const NetworkSetup& setup, Clients& clients, Clients::Nodes& nodes,
               Scheduler& scheduler, std::uint64_t seed);

  // From now until end(): one of the behaviours, by its id.
  void begin(std::string_view behaviour, Time mean_interval);
  void end() { running_ = false; }
  // How often a correct node was given the like.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& activations() const {
    return activations_;
  }

 private:
  using Deed = void (FalseClients::*)(std::size_t node);
  void go_on();
  void no_operation(std::size_t node);
  void two_under_one_id(std::size_t node);
  void the_same_again(std::size_t node);
  void flood(std::size_t node);
  void old_id(std::size_t node);

  enum class Must : std::uint8_t { Anything, Refuse };
  void give(std::size_t node, crypto::Bytes bytes, Must must = Must::Anything);
  [[nodiscard]] DemoPayment fresh();
  [[nodiscard]] std::int64_t now_ms() const;

  const NetworkSetup& setup_;
  Clients& clients_;
  Clients::Nodes& nodes_;
  Scheduler& scheduler_;
  Random random_;
  std::string behaviour_;
  Deed deed_ = nullptr;
  Time mean_interval_ = 0;
  bool running_ = false;
  std::uint64_t number_ = 0;
  std::map<std::string, std::uint64_t> activations_;
};

}  // namespace giro::sim
