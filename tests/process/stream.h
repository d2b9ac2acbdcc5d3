// Payments under way while a test does something to the validators.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {

// Clients that pay one after another until they are told to stop.
class Stream {
 public:
  using PayOnce = std::function<client::Sent()>;
  void add(PayOnce pay) {
    threads_.emplace_back([this, pay = std::move(pay)] {
      while (!stop_) {
        auto sent = pay();
        const std::lock_guard lock(mutex_);
        sent_.push_back(std::move(sent));
        ++done_;
      }
    });
  }
  ~Stream() { end(); }
  [[nodiscard]] std::size_t done() const { return done_; }
  // True once so many more are done than now.
  [[nodiscard]] bool more(std::size_t count) const {
    const std::size_t wanted = done_ + count;
    return until([&] { return done_ >= wanted; });
  }
  std::vector<client::Sent> end() {
    stop_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return std::move(sent_);
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> done_ = 0;
  std::mutex mutex_;
  std::vector<client::Sent> sent_;
  std::vector<std::thread> threads_;
};

class StreamTest : public ClusterTest {
 protected:
  // Pays ALICE to BOB through one validator, and through the others when that is gone.
  Stream::PayOnce payer(std::size_t first_node) {
    return [this, own = std::make_shared<client::Session>(session(first_node))] {
      const auto entry = payment(*own, "0.01");
      auto sent = client::send(*own, entry, kPatience);
      EXPECT_TRUE(sent.has_value()) << sent.error().to_string();
      return sent ? std::move(*sent) : client::Sent{};
    };
  }
  // What was answered is what every validator says.
  void expect_same_outcomes(const std::vector<client::Sent>& all) const {
    for (const auto& sent : all) {
      const std::string target =
          "/v1/operations/bank-a/" + receipt::to_uuid_text(sent.result.name.op_id);
      for (const auto& node : nodes()) {
        const auto seen = get(node, target + "?wait=committed&timeout=30s");
        EXPECT_EQ(client::text_field(seen, "status"), sent.result.status) << node.name;
        EXPECT_EQ(client::text_field(seen, "receipt_id"), sent.result.receipt_id) << node.name;
      }
    }
  }
  // Nothing was lost: all committed, and the validators agree.
  void expect_settled(const std::vector<client::Sent>& all) const {
    std::uint64_t highest = 0;
    for (const auto& sent : all) {
      EXPECT_EQ(sent.result.status, "COMMITTED") << sent.result.code;
      highest = std::max(highest, sent.result.height);
    }
    wait_height(highest);
    expect_equal_headers();
    expect_conservation();
  }
};

}  // namespace giro::process_test
