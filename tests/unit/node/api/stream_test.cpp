// The events as a stream: order, where it begins and goes on, silence, who reads slowly, how many.
#include <thread>

#include "tests/unit/node/api/event_fixture.h"
#include "tests/unit/node/api/stream_reader.h"

namespace giro::api {
namespace {

using test::StreamReader;

class StreamTest : public EventsFixture {
 protected:
  StreamReader open(const std::string& query, const std::string& last_id = {}) {
    StreamReader reader(server->api_port(), query, last_id);
    head_ = reader.head();
    return reader;
  }
  void add_blocks(int count) {
    for (int i = 0; i < count; ++i) {
      add(ledger::EventType::Entry, entry_);
      end_block();
    }
  }
  std::string head_;
};

TEST_F(StreamTest, Tells_what_happened_and_then_what_happens) {
  add(ledger::EventType::Entry, entry_);
  add(ledger::EventType::PaymentSettled, payment_);
  end_block();
  auto reader = open("?after=0.0");
  EXPECT_TRUE(head_.starts_with("HTTP/1.1 200 ")) << head_;
  EXPECT_NE(head_.find("Content-Type: text/event-stream\r\n"), std::string::npos) << head_;
  EXPECT_EQ(reader.events(2), (std::vector<std::string>{"1.1 entry", "1.2 payment_settled"}));
  end_block();
  add(ledger::EventType::PaymentExpired, payment_, 0);
  end_block();
  const auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->id, "3.1");
  EXPECT_EQ(message->event, "payment_expired");
  const auto page = document(get("/v1/events?after=3.0"));
  EXPECT_EQ(json::parse(message->data), page.at("items").as_array()[0]) << "as in a page";
}

TEST_F(StreamTest, Goes_on_behind_the_last_id) {
  add_blocks(3);
  EXPECT_EQ(open("?after=0.0", "2.0").events(2),
            (std::vector<std::string>{"2.1 entry", "3.1 entry"}));
  EXPECT_EQ(open("?after=0.0", "2.1").events(1), std::vector<std::string>{"3.1 entry"});
  auto bad = open("?after=0.0", "soon");
  EXPECT_TRUE(head_.starts_with("HTTP/1.1 400 ")) << head_;
}

TEST_F(StreamTest, Says_at_once_where_it_begins) {
  add_blocks(2);
  auto reader = open("");
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->event, "height");
  EXPECT_EQ(first->id, "3.0");
  EXPECT_EQ(first->data, R"({"height":"2"})");
  add_blocks(1);
  EXPECT_EQ(reader.events(1), std::vector<std::string>{"3.1 entry"});
}

TEST_F(StreamTest, Moves_on_past_what_its_filter_does_not_take) {
  add_blocks(2);
  auto reader = open("?types=payment_settled&after=1.0");
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->event + " " + first->id, "height 3.0");
  add_blocks(1);
  add(ledger::EventType::PaymentSettled, payment_);
  end_block();
  EXPECT_EQ(reader.events(1), std::vector<std::string>{"4.1 payment_settled"});
  add_blocks(1);
  const auto beat = reader.next();  // after kStreamBeat
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->event + " " + beat->id, "height 6.0");
}

TEST_F(StreamTest, Who_reads_slowly_misses_nothing_and_holds_up_nobody) {
  constexpr int kBlocks = 30, kOfBlock = 400;
  std::vector<std::string> expected;
  for (int block = 1; block <= kBlocks; ++block) {
    for (int i = 1; i <= kOfBlock; ++i) {
      add(ledger::EventType::PaymentSettled, payment_);
      expected.push_back(std::to_string(block) + "." + std::to_string(i) + " payment_settled");
    }
    end_block();
  }
  StreamReader slow(server->api_port(), "?after=0.0", {}, 4096);
  std::ignore = slow.head();
  EXPECT_EQ(open("?after=0.0").events(expected.size()), expected);
  EXPECT_EQ(get("/v1/node").status, 200U);
  EXPECT_EQ(slow.events(expected.size()), expected);
}

TEST_F(StreamTest, So_many_at_once_as_the_configuration_allows) {
  add_blocks(1);
  const std::size_t allowed = config().api.streams;
  std::vector<std::unique_ptr<StreamReader>> readers;
  const auto open_one = [&] {
    auto reader = std::make_unique<StreamReader>(server->api_port(), "?after=0.0");
    const bool is_open = reader->head().starts_with("HTTP/1.1 200 ");
    if (is_open) readers.push_back(std::move(reader));
    return is_open;
  };
  while (open_one()) ASSERT_LE(readers.size(), allowed);
  EXPECT_EQ(readers.size(), allowed);
  EXPECT_EQ(get("/v1/node").status, 200U);
  readers.pop_back();  // noticed with the next thing that it would be told
  bool is_open = false;
  for (int i = 0; i < 1000 && !is_open; ++i) {
    add_blocks(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    is_open = open_one();
  }
  EXPECT_TRUE(is_open);
}

TEST_F(StreamTest, What_lies_below_the_snapshot_is_gone) {
  add_blocks(9);
  service.set_first_block(5);
  auto below = open("?after=2.0");
  EXPECT_TRUE(head_.starts_with("HTTP/1.1 410 ")) << head_;
  EXPECT_EQ(open("?after=5.0").events(5).size(), 5U);
}

TEST_F(StreamTest, What_is_of_pages_is_refused) {
  add_blocks(1);
  for (const std::string bad : {"?limit=5", "?wait=5s", "?after=x", "?types=paid"}) {
    auto reader = open(bad);
    EXPECT_TRUE(head_.starts_with("HTTP/1.1 400 ")) << bad << head_;
  }
}

TEST_F(StreamTest, Ends_with_the_server) {
  add_blocks(1);
  auto reader = open("?after=0.0");
  EXPECT_EQ(reader.events(1).size(), 1U);
  server->stop();
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace giro::api
