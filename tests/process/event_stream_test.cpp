// Who reads the stream of events, breaks off, and loses his node, again and again: each event once,
// in order, by cursor (surface 1 promise 7, 11 check 5).
#include <random>

#include "tests/process/stream.h"
#include "tests/unit/node/api/stream_reader.h"

namespace giro::process_test {
namespace {

using client::array_field;
using client::number_field;
using client::text_field;

constexpr int kKills = 20;

struct Place {
  std::uint64_t height = 0, n = 0;
  auto operator<=>(const Place&) const = default;
};
Place place_of_id(const std::string& id) {
  const auto dot = id.find('.');
  return {std::stoull(id.substr(0, dot)), std::stoull(id.substr(dot + 1))};
}

// Keeps the last id that it was told, as an application keeps it beside its effects.
class Consumer {
 public:
  Consumer(std::uint16_t port, std::string query, unsigned seed)
      : port_(port), query_(std::move(query)), random_(seed), thread_([this] { run(); }) {}
  ~Consumer() { join_at({}); }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  [[nodiscard]] int breaks() const { return breaks_; }  // own ones
  [[nodiscard]] int losses() const { return losses_; }  // by the end of its node
  [[nodiscard]] bool is_reading() const { return is_reading_; }
  // Reads on until it has been told of everything up to `end`, and ends.
  std::vector<std::string> join_at(Place end) {
    {
      const std::lock_guard lock(mutex_);
      end_ = end;
    }
    if (thread_.joinable()) thread_.join();
    return std::move(seen_);
  }

 private:
  void run() {
    while (!is_over()) {
      try {
        read_some();
      } catch (const boost::system::system_error&) {  // its node is not there
      }
      is_reading_ = false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void read_some() {
    test::StreamReader reader(port_, query_, last_id_);
    if (!reader.head().starts_with("HTTP/1.1 200 ")) return;
    const auto enough = std::uniform_int_distribution<int>(1, 60)(random_);
    for (int i = 0; i < enough && !is_over(); ++i) {
      const auto message = reader.next();
      if (!message) {
        ++losses_;
        return;
      }
      is_reading_ = true;
      last_id_ = message->id;
      if (message->event != "height") seen_.push_back(message->id + " " + message->event);
    }
    ++breaks_;
  }
  [[nodiscard]] bool is_over() {
    const std::lock_guard lock(mutex_);
    return end_ && (!last_id_.empty() ? place_of_id(last_id_) : Place{}) >= *end_;
  }

  std::uint16_t port_;
  std::string query_, last_id_;
  std::mt19937 random_;
  std::mutex mutex_;
  std::optional<Place> end_;
  std::vector<std::string> seen_;
  std::atomic<int> breaks_ = 0, losses_ = 0;
  std::atomic<bool> is_reading_ = false;
  std::thread thread_;
};

class EventStreamTest : public StreamTest {
 protected:
  // What a node that was never killed would have told, from its pages.
  [[nodiscard]] std::vector<std::string> listed(const testnet::Node& from, const std::string& query,
                                                std::uint64_t below) const {
    std::vector<std::string> out;
    for (std::string after = "0.0"; place_of_id(after).height < below;) {
      const auto page = get(from, "/v1/events?limit=1000&after=" + after + query);
      const auto* items = array_field(page, "items");
      for (const auto& item : *items) {
        const auto& one = item.get_object();
        if (std::stoull(text_field(one, "height")) >= below) return out;
        out.push_back(text_field(one, "height") + "." + std::to_string(number_field(one, "n")) +
                      " " + text_field(one, "type"));
      }
      after = text_field(page, "next_cursor");
    }
    return out;
  }
};

TEST_F(EventStreamTest, Each_event_once_and_in_order_over_kills_of_both_sides) {
  const std::string own = "bank-a";
  const std::uint16_t port = node(own).api_address().port;
  const std::string filter = "&types=payment_settled,entry&token=bank-a.EUR";
  Consumer all(port, "?after=0.0", 1), some(port, "?after=0.0" + filter, 2);
  Stream payments;
  payments.add(payer(1));
  payments.add(payer(2));
  for (int i = 0; i < kKills; ++i) {
    ASSERT_TRUE(until([&] { return all.is_reading() && some.is_reading(); }));
    kill(own);
    ASSERT_TRUE(payments.more(3)) << "three go on";
    start(own);
  }
  wait_ready();
  EXPECT_TRUE(until([&] { return all.breaks() >= kKills && some.breaks() >= kKills; }));
  const auto sent = payments.end();
  expect_settled(sent);
  std::uint64_t highest = 0;
  for (const auto& one : sent) highest = std::max(highest, one.result.height);
  const std::uint64_t end = highest + 1;
  const auto seen_by_all = all.join_at({end, 0}), seen_by_some = some.join_at({end, 0});
  const auto below_end = [&](std::vector<std::string> seen) {
    std::erase_if(seen, [&](const std::string& one) { return place_of_id(one).height >= end; });
    return seen;
  };
  EXPECT_GT(seen_by_all.size(), sent.size());
  EXPECT_EQ(below_end(seen_by_all), listed(node(own), "", end));
  EXPECT_EQ(below_end(seen_by_some), listed(node(own), filter, end));
  EXPECT_GE(all.losses() + some.losses(), kKills);
  RecordProperty("events", static_cast<int>(seen_by_all.size()));
  expect_no_evidence();
}

}  // namespace
}  // namespace giro::process_test
