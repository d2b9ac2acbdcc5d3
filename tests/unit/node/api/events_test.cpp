// The list of events: order, place, filters, waiting, what is not here.
#include <atomic>
#include <future>
#include <thread>

#include "node/api/limits.h"
#include "tests/unit/node/api/event_fixture.h"

namespace giro::api {
namespace {

using EventsTest = EventsFixture;
using Places = std::vector<std::string>;

TEST_F(EventsTest, In_order_from_any_place_and_page_by_page) {
  add(ledger::EventType::Entry, entry_);
  add(ledger::EventType::PaymentSettled, payment_);
  end_block();
  end_block();  // a quiet one
  add(ledger::EventType::PaymentExpired, payment_, 0);
  add(ledger::EventType::BatchSettled, ledger::BatchEvent{.legs = 2}, 2);
  end_block();
  const Places all{"1.1 entry", "1.2 payment_settled", "3.1 payment_expired", "3.2 batch_settled"};
  EXPECT_EQ(list("?after=1.0"), all);
  EXPECT_EQ(cursor(), "4.0");
  EXPECT_TRUE(last_.at("at_head").as_bool());
  EXPECT_EQ(list("?after=0.0"), all);
  EXPECT_EQ(list("?after=1.1"), Places(all.begin() + 1, all.end()));
  EXPECT_EQ(list("?after=1.9"), Places(all.begin() + 2, all.end()));
  EXPECT_EQ(list("?after=3.2"), Places{});
  EXPECT_EQ(list(""), Places{}) << "without a place: what happens from now on";
  EXPECT_EQ(cursor(), "4.0");

  Places paged;
  std::string after = "0.0";
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = list("?limit=1&after=" + after);
    EXPECT_LE(page.size(), 1U);
    paged.insert(paged.end(), page.begin(), page.end());
    after = cursor();
    if (last_.at("at_head").as_bool()) break;
  }
  EXPECT_EQ(paged, all);
}

TEST_F(EventsTest, Of_some_types_of_an_account_and_of_a_token) {
  add(ledger::EventType::Entry, entry_);
  add(ledger::EventType::PaymentSettled, payment_);
  entry_.token = 3;
  entry_.account = bob_;
  add(ledger::EventType::Entry, entry_);
  end_block();
  EXPECT_EQ(list("?after=0.0&types=payment_settled,minted"), Places{"1.2 payment_settled"});
  EXPECT_EQ(cursor(), "2.0") << "what was passed over is behind it";
  EXPECT_EQ(list("?after=0.0&account=" + crypto::to_hex(alice_)),
            (Places{"1.1 entry", "1.2 payment_settled"}));
  EXPECT_EQ(list("?after=0.0&account=" + crypto::to_hex(bob_)),
            (Places{"1.2 payment_settled", "1.3 entry"}));
  EXPECT_EQ(list("?after=0.0&types=entry&token=bank-a.USD"), Places{"1.1 entry"});
  // Each bank gives its own ids.
  EXPECT_EQ(list("?after=0.0&servicer=bank-b&account=" + crypto::to_hex(bob_)),
            (Places{"1.2 payment_settled", "1.3 entry"}));
  EXPECT_EQ(list("?after=0.0&servicer=bank-a&account=" + crypto::to_hex(bob_)), Places{});
  EXPECT_EQ(list("?after=0.0&account=" + std::string(32, '1')), Places{});
}

// ledger 12: this is the node of bank-a.
TEST_F(EventsTest, Only_what_its_institution_may_read) {
  scope_ = {2};
  add(ledger::EventType::PaymentRejected, payment_);
  scope_ = {1, 3};
  add(ledger::EventType::PaymentSettled, payment_);
  scope_ = {};
  add(ledger::EventType::BatchSettled, ledger::BatchEvent{.legs = 2});
  end_block();
  EXPECT_EQ(list("?after=0.0"), (Places{"1.2 payment_settled", "1.3 batch_settled"}));
  EXPECT_EQ(cursor(), "2.0");
}

// They are read whole, on the thread that all answers share.
TEST_F(EventsTest, Reads_no_more_blocks_than_one_answer_may_take) {
  service.set_operations_of_blocks(kBlockOperationsMax / 2);
  for (int i = 0; i < 4; ++i) {
    add(ledger::EventType::Entry, entry_);
    end_block();
  }
  EXPECT_EQ(list("?after=0.0").size(), 1U) << "block 0 and block 1";
  EXPECT_EQ(cursor(), "2.0");
  EXPECT_FALSE(last_.at("at_head").as_bool());
  EXPECT_EQ(list("?after=2.0").size(), 2U);
}

TEST_F(EventsTest, Who_follows_keeps_nobody_else_from_waiting) {
  end_block();
  std::atomic<std::size_t> refused = 0, answered = 0;
  std::vector<std::jthread> followers;
  for (std::size_t i = 0; i <= kEventWaitersMax; ++i) {
    followers.emplace_back([&] {
      const auto answer = get("/v1/events?after=9.0&wait=20s");
      ++(answer.status == 200 ? answered : refused);
      EXPECT_TRUE(answer.status == 200 || answer.body.find("CAPACITY") != std::string::npos);
    });
  }
  while (refused == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(get("/v1/events?after=0.0&wait=20s").status, 200U) << "there is something: no waiting";
  EXPECT_EQ(get("/v1/node?min_height=1").status, 200U);
  service.set_height(9);
  followers.clear();
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(answered, kEventWaitersMax);
}

TEST_F(EventsTest, Shows_names_and_major_units) {
  payment_.returned = {0, 5};
  add(ledger::EventType::PaymentSettled, payment_);
  end_block();
  ASSERT_EQ(list("?after=0.0").size(), 1U);
  const auto& event = last_.at("items").as_array()[0].as_object();
  EXPECT_EQ(event.at("actor").as_string(), "bank-a");
  EXPECT_EQ(event.at("scope"), json::value({"bank-a", "bank-b"}));
  const auto& fields = event.at("fields").as_object();
  EXPECT_EQ(fields.at("state").as_string(), "SETTLED");
  EXPECT_EQ(fields.at("kind").as_string(), "XBANK");
  EXPECT_EQ(fields.at("returned").as_string(), "0.05");
  const auto& terms = fields.at("terms").as_object();
  EXPECT_EQ(terms.at("amount").as_string(), "123.45");
  EXPECT_EQ(terms.at("token_from").as_string(), "bank-a.USD");
  EXPECT_EQ(terms.at("payee_bank").as_string(), "bank-b");
}

TEST_F(EventsTest, Waits_for_the_next_block) {
  end_block();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(list("?after=2.0&wait=50ms"), Places{});
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
  add(ledger::EventType::Entry, entry_);
  auto waiting =
      std::async(std::launch::async, [this] { return get("/v1/events?after=2.0&wait=20s"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  end_block();
  EXPECT_EQ(document(waiting.get()).at("items").as_array().size(), 1U);
}

TEST_F(EventsTest, What_lies_below_the_snapshot_is_gone_and_says_from_where_on) {
  for (int i = 0; i < 9; ++i) {
    add(ledger::EventType::Entry, entry_);
    end_block();
  }
  service.set_first_block(5);
  const auto answer = get("/v1/events?after=2.0");
  EXPECT_EQ(answer.status, 410U);
  EXPECT_NE(answer.body.find("from after=5.0 on"), std::string::npos) << answer.body;
  EXPECT_EQ(get("/v1/events?after=2.0&wait=20s").status, 410U);
  EXPECT_EQ(list("?after=5.0").size(), 5U);
}

TEST_F(EventsTest, Nonsense_is_named) {
  for (const std::string bad :
       {"?after=7", "?after=x.1", "?after=1.0x", "?types=", "?types=paid", "?types=entry,",
        "?account=ALICE", "?servicer=bank-a", "?limit=0", "?wait=31s", "?wait=soon", "?colour=red"})
    EXPECT_EQ(get("/v1/events" + bad).status, 400U) << bad;
  EXPECT_EQ(get("/v1/events?token=bank-a.XXX").status, 404U);
}

}  // namespace
}  // namespace giro::api
