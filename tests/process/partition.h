// A cluster whose validators find each other through the link proxy alone.
#pragma once

#include <iostream>

#include "testnet/link_proxy.h"
#include "testnet/setup.h"
#include "tests/process/stream.h"

namespace giro::process_test {

// assurance L1, four validators.
inline constexpr std::chrono::seconds kResumeBound{30};

class PartitionTest : public StreamTest {
 protected:
  void before_start(const testnet::Network& network) override {
    auto started = testnet::LinkProxy::start(network.nodes);
    ASSERT_TRUE(started.has_value()) << started.error();
    proxy_ = std::move(*started);
    const auto routed =
        testnet::route(network, [this](const testnet::Node& from, const testnet::Node& to) {
          return proxy_->address(from.name, to.name);
        });
    ASSERT_TRUE(routed.has_value()) << routed.error();
  }
  // Nobody has committed for so long; then the highest stored block of all.
  std::uint64_t wait_without_commit(std::uint64_t ms) const {
    std::uint64_t highest = 0;
    for (const auto& node : nodes()) {
      EXPECT_TRUE(until([&] {
        return client::number_field(ask(node, "/v1/node"), "milliseconds_since_commit") >= ms;
      })) << node.name;
      highest = std::max(highest, newest(node).height);
    }
    return highest;
  }
  // Until one of them, or all, stores a block above that height.
  void expect_block_above(std::uint64_t height, const std::string& what) const {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(until([&] {
      return std::ranges::any_of(nodes(),
                                 [&](const auto& node) { return newest(node).height > height; });
    }));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    std::cout << "first commit after " << what << ": " << took.count() << " ms\n";
    EXPECT_LE(took, kResumeBound);
  }
  void wait_connected() const {
    for (const auto& node : nodes()) {
      EXPECT_TRUE(until([&] {
        return client::number_field(ask(node, "/v1/node"), "connected") == nodes().size();
      })) << node.name;
    }
  }
  void expect_caught_up(const std::string& name) const {
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t highest = 0;
    for (const auto& node : nodes()) highest = std::max(highest, newest(node).height);
    EXPECT_TRUE(until([&] { return newest(node(name)).height >= highest; })) << name;
    EXPECT_LE(std::chrono::steady_clock::now() - begin, kVotingAgain) << name;
  }
  std::vector<std::string> others_than(const std::string& name) const {
    std::vector<std::string> out;
    for (const auto& node : nodes()) {
      if (node.name != name) out.push_back(node.name);
    }
    return out;
  }
  // A client asks the validators in turn, so it may begin with any.
  std::size_t place_of(const std::string& name) const {
    const auto found = std::ranges::find(nodes(), name, &testnet::Node::name);
    return static_cast<std::size_t>(found - nodes().begin());
  }

  std::unique_ptr<testnet::LinkProxy> proxy_;
};

}  // namespace giro::process_test
