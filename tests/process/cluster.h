// Four validators as real processes, and clients of theirs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "node/client/payment.h"
#include "node/client/session.h"
#include "node/config/demo_genesis.h"
#include "testnet/supervisor.h"
#include "tests/process/run.h"

namespace giro::process_test {

// assurance L4: at test scale a validator that was wiped votes again within this.
inline constexpr std::chrono::seconds kVotingAgain{60};

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override;     // four validators, all ready
  void TearDown() override;  // their logs, if the test failed
  // What a test wants to be different in its network.
  virtual void adjust(config::DemoSetup& /*setup*/) const {}
  // The network is set up, and no validator has started.
  virtual void before_start(const testnet::Network& /*network*/) {}

  // A session that asks the validators in an order that begins with the given one.
  [[nodiscard]] client::Session session(std::size_t first_node = 0) const;
  // ALICE pays BOB in EUR, signed, under a new id.
  [[nodiscard]] client::JournalEntry payment(client::Session& with,
                                             const std::string& amount) const;
  [[nodiscard]] boost::json::object get(const testnet::Node& node, const std::string& target) const;
  // The same of one that need not answer: then empty.
  [[nodiscard]] static boost::json::object ask(const testnet::Node& node,
                                               const std::string& target);
  // Of the newest block that it has stored; zeros if it does not answer.
  struct Newest {
    std::uint64_t height = 0, view = 0;
  };
  [[nodiscard]] static Newest newest(const testnet::Node& node);
  // Of its ops port; empty if it does not answer.
  [[nodiscard]] static std::string scrape(const testnet::Node& node);
  // Of a series by its whole name; -1 if there is none.
  [[nodiscard]] static double metric(const testnet::Node& node, const std::string& series);
  [[nodiscard]] const std::vector<testnet::Node>& nodes() const {
    return supervisor_->network().nodes;
  }
  // Who leads, as the first one that answers sees it; and those who do not.
  [[nodiscard]] std::string leader() const;
  [[nodiscard]] std::vector<std::string> backups() const;
  [[nodiscard]] const testnet::Node& node(const std::string& name) const;
  // What is wrong with it, as that one explains it; empty: nothing.
  [[nodiscard]] static std::string cause_of(const std::string& name, const testnet::Node& at);
  // Each of them says so within 10 s (surface 11, check 2).
  void expect_cause(const std::string& name, const std::string& cause,
                    const std::vector<std::string>& say) const;
  void kill(const std::string& name);  // and waits for its end
  void start(const std::string& name);
  void wait_ready() const;
  void wait_ready(const std::vector<std::string>& names) const;
  // Every validator has executed and stored at least this height.
  void wait_height(std::uint64_t height) const;

  // The checks of the end: equal headers at equal heights, and money conserved at each validator.
  // At least one validator still holds the block of height `from`.
  void expect_equal_headers(std::uint64_t from = 0) const;
  void expect_conservation() const;
  void expect_no_evidence() const;

  Folder folder_;
  std::unique_ptr<testnet::Supervisor> supervisor_;
};

}  // namespace giro::process_test
