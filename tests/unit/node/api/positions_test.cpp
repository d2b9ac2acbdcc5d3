// How accounts stand, and stood, and where operations are: proofs of positions, statements of
// periods, traces.
#include <thread>

#include "node/receipt/position.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

class PositionsTest : public ServerTest {
 protected:
  static std::string of_alice(const std::string& rest) {
    return "/v1/accounts/" + crypto::to_hex(config::demo_aliases().at("ALICE").account) + rest;
  }
};

TEST_F(PositionsTest, A_proof_is_the_one_text_of_it) {
  const auto answer = get(of_alice("/proof?token=bank-a.USD"));
  ASSERT_EQ(answer.status, 200U) << answer.body;
  const auto proof = receipt::position_from_json(answer.body);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->token, 1U);
  EXPECT_EQ(proof->account, config::demo_aliases().at("ALICE").account);
  EXPECT_EQ(proof->position.posted, (ledger::Amount{0, 200'000'000}));
  EXPECT_EQ(get(of_alice("/proof?token=1&servicer=bank-a")).body, answer.body);
}

TEST_F(PositionsTest, A_proof_waits_until_its_header_is_attested) {
  service.set_proof_height(7);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    service.set_height(7);
  });
  const auto answer = get(of_alice("/proof?token=bank-a.USD"));
  later.join();
  ASSERT_EQ(answer.status, 200U) << answer.body;
  EXPECT_EQ(answer.headers.at("x-giro-height"), "7");
}

TEST_F(PositionsTest, A_proof_of_what_is_not_there_or_of_too_many_is_refused) {
  EXPECT_EQ(get(of_alice("/proof")).status, 400U);
  EXPECT_EQ(get(of_alice("/proof?token=nobody.EUR")).status, 400U);
  EXPECT_EQ(get(of_alice("/proof?token=bank-b.USD")).status, 404U);
  EXPECT_EQ(get(of_alice("/proof?token=bank-a.USD&height=3")).status, 400U);
  EXPECT_EQ(get("/v1/accounts/" + std::string(32, '1') + "/proof?token=bank-a.USD").status, 404U);
  service.set_proof_height(std::nullopt);
  EXPECT_EQ(get(of_alice("/proof?token=bank-a.USD")).status, 503U);
}

TEST_F(PositionsTest, A_trace_says_where_an_operation_has_been) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  const std::string target = "/v1/operations/bank-a/" + receipt::to_uuid_text(id) + "/trace";
  EXPECT_EQ(get(target).status, 404U) << "not seen";
  EXPECT_EQ(get("/v1/operations/nobody/" + receipt::to_uuid_text(id) + "/trace").status, 404U);
  EXPECT_EQ(get("/v1/operations/bank-a/7/trace").status, 400U);
  ASSERT_EQ(post(mint(id), "?wait=received").status, 202U);
  const auto steps = [&] {
    std::string text;
    const auto trace = document(get(target));
    for (const auto& step : trace.at("steps").as_array())
      text += std::string(step.as_object().at("step").as_string()) + ' ';
    return text;
  };
  EXPECT_EQ(steps(), "RECEIVED ");
  service.finish(id, ledger::Code::InsufficientFunds);
  EXPECT_EQ(steps(), "RECEIVED PROPOSED PREPARED COMMITTED EXECUTED ATTESTED ");
  const auto whole = document(get(target));
  EXPECT_EQ(whole.at("status").as_string(), "REJECTED");
  const auto& proposed = whole.at("steps").at(1).as_object();
  EXPECT_EQ(proposed.at("leader").as_string(), "bank-c");
  EXPECT_EQ(proposed.at("view").as_string(), "2");
  const auto& executed = whole.at("steps").at(4).as_object();
  EXPECT_EQ(executed.at("code").as_string(), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(executed.at("index").as_int64(), 3);
}

TEST_F(PositionsTest, Entries_of_a_period_end_with_it) {
  const std::string path = of_alice("/entries?token=bank-a.EUR");
  EXPECT_EQ(get(path + "&from=1970-01-01T00:00:00.000Z").status, 410U) << "below the snapshot";
  runtime::Statement statement;
  for (std::uint64_t seq = 1; seq <= 6; ++seq) {
    ledger::EntryEvent entry{};
    entry.seq = seq;
    entry.block_time = {static_cast<std::int64_t>(seq) * 1'000};
    statement.entries.push_back({entry, ledger::encode(entry)});
  }
  service.hold_statement(statement);
  const auto of = [&](int from, int to, const std::string& more = {}) {
    const auto time = [](int second) {
      return "1970-01-01T00:00:0" + std::to_string(second) + ".000Z";
    };
    return get(path + "&from=" + time(from) + "&to=" + time(to) + more);
  };
  service.set_entries(6);
  struct Row {
    int from, to;
    std::uint64_t after, last;
  };
  for (const auto& [from, to, after, last] : {Row{0, 9, 0, 6}, Row{2, 4, 1, 3}, Row{6, 7, 5, 6},
                                              Row{0, 1, 0, 0}, Row{7, 9, 6, 6}, Row{3, 3, 2, 2}}) {
    std::vector<std::string> seen, expected;
    for (std::uint64_t seq = after + 1; seq <= last; ++seq) expected.push_back(std::to_string(seq));
    std::string cursor;
    do {
      const auto page = document(of(from, to, "&limit=2" + cursor));
      EXPECT_EQ(page.at("period").at("after").as_string(), std::to_string(after));
      EXPECT_EQ(page.at("period").at("last").as_string(), std::to_string(last));
      if (cursor.empty()) {
        EXPECT_EQ(page.at("opening").at("seq").as_string(), std::to_string(after));
      }
      for (const auto& item : page.at("items").as_array())
        seen.emplace_back(item.at("seq").as_string());
      const auto& next = page.at("next_cursor");
      if (next.is_null()) {
        EXPECT_EQ(page.at("closing").at("seq").as_string(), std::to_string(last));
      }
      cursor = next.is_null() ? "" : "&cursor=" + std::string(next.as_string());
    } while (!cursor.empty());
    EXPECT_EQ(seen, expected) << from << " to " << to;
  }
  EXPECT_EQ(document(of(2, 4, "&cursor=5")).at("items").as_array().size(), 0U) << "past its end";
  EXPECT_EQ(of(4, 2).status, 400U);
  EXPECT_EQ(get(path + "&from=yesterday").status, 400U);
}

}  // namespace
}  // namespace giro::api
