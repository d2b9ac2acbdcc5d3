// Several operations in one request: each has its own result (surface 5.3).
#include "node/api/limits.h"
#include "node/ledger/messages.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

class BatchTest : public ServerTest {
 protected:
  client::HttpAnswer post_batch(const std::string& items) {
    return send("POST", "/v1/operations/batch", "application/json",
                R"({"operations":[)" + items + "]}");
  }
  // As JSON.
  static std::string item(const receipt::Uuid& id, std::uint64_t amount = 100) {
    const auto decoded = ledger::decode(demo_network().checked.chain_id, mint(id, amount));
    const auto check = decoded->signature_checks().front();
    return R"({"body":")" + receipt::to_base64(decoded->body()) +
           R"(","signatures":[{"public_key":")" + crypto::to_hex(check.key) + R"(","signature":")" +
           crypto::to_hex(check.signature) + R"("}]})";
  }
  // "RECEIVED", "RECEIVED again", or the code of a problem.
  static std::vector<std::string> results(const client::HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 200U) << answer.body;
    std::vector<std::string> out;
    const auto whole = document(answer);
    for (const auto& row : whole.at("items").as_array()) {
      const auto& one = row.as_object();
      if (const auto* problem = one.if_contains("problem")) {
        out.emplace_back(problem->as_object().at("code").as_string());
        EXPECT_TRUE(problem->as_object().at("definite").as_bool());
        continue;
      }
      const auto& operation = one.at("operation").as_object();
      out.emplace_back(operation.at("status").as_string());
      if (operation.at("duplicate").as_bool()) out.back() += " again";
    }
    return out;
  }
  using Results = std::vector<std::string>;
};

TEST_F(BatchTest, Each_has_its_own_result_in_their_order) {
  service.set_instant(false);
  const auto first = client::new_uuid(), second = client::new_uuid();
  EXPECT_EQ(results(post_batch(item(first) + "," + item(second))),
            (Results{"RECEIVED", "RECEIVED"}));
  EXPECT_EQ(service.submissions(), 2U);
  const auto again = item(second) + R"(,{"body":"!","signatures":[]},)" + item(first, 101) + "," +
                     item(client::new_uuid());
  EXPECT_EQ(results(post_batch(again)),
            (Results{"RECEIVED again", "BAD_REQUEST", "IDEMPOTENCY_CONFLICT", "RECEIVED"}));
  service.finish(first, ledger::Code::Ok);
  EXPECT_EQ(results(post_batch(item(first))), (Results{"COMMITTED again"}));
}

TEST_F(BatchTest, As_protobuf_it_gives_the_same_results) {
  service.set_instant(false);
  const auto first = client::new_uuid(), second = client::new_uuid();
  const auto message = [](const std::vector<crypto::Bytes>& operations) {
    std::string out;
    for (const auto& each : operations) {
      out += '\x0a';
      std::size_t size = each.size();
      for (; size >= 0x80; size >>= 7) out += static_cast<char>((size & 0x7f) | 0x80);
      out += static_cast<char>(size);
      out += crypto::as_text(each);
    }
    return out;
  };
  const auto post_message = [this](const std::string& body) {
    return send("POST", "/v1/operations/batch", "application/x-protobuf", body);
  };
  EXPECT_EQ(results(post_message(message({mint(first), mint(second)}))),
            (Results{"RECEIVED", "RECEIVED"}));
  EXPECT_EQ(results(post_batch(item(first) + "," + item(first, 101))),
            (Results{"RECEIVED again", "BAD_REQUEST"}));
  EXPECT_EQ(results(post_message(message({mint(first), mint(first, 101)}))),
            (Results{"RECEIVED again", "BAD_REQUEST"}));
  EXPECT_EQ(results(post_message(message({crypto::Bytes{}, mint(second)}))),
            (Results{"MALFORMED", "RECEIVED again"}));

  const auto whole = message({mint(first)});
  EXPECT_EQ(post_message("").status, 400U);
  EXPECT_EQ(post_message(whole.substr(0, whole.size() - 1)).status, 400U) << "cut off";
  EXPECT_EQ(post_message(whole + "\x12").status, 400U) << "another field";
  EXPECT_EQ(post_message("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff").status, 400U);
  const std::vector<crypto::Bytes> none(kBatchOperationsMax);
  EXPECT_EQ(results(post_message(message(none))).size(), kBatchOperationsMax);
  EXPECT_EQ(post_message(message(none) + message({crypto::Bytes{}})).status, 400U)
      << "one too many";
  EXPECT_EQ(send("POST", "/v1/operations/batch", "text/plain", whole).status, 415U);
}

TEST_F(BatchTest, What_stands_twice_in_it_is_one_operation) {
  service.set_instant(false);
  const auto id = client::new_uuid();
  EXPECT_EQ(results(post_batch(item(id) + "," + item(id) + "," + item(id, 7))),
            (Results{"RECEIVED", "RECEIVED again", "BAD_REQUEST"}));
  EXPECT_EQ(service.submissions(), 2U) << "the other body was not sent on";
}

// The node has nothing under that id: a conflict would be untrue.
TEST_F(BatchTest, Nor_is_the_second_body_a_conflict_when_the_first_was_refused) {
  service.refuse_with(runtime::Refusal{.reason = runtime::RefusalReason::Capacity,
                                       .code = {},
                                       .existing_hash = {},
                                       .submitted_hash = {}});
  const auto id = client::new_uuid();
  EXPECT_EQ(results(post_batch(item(id) + "," + item(id, 7))),
            (Results{"CAPACITY", "BAD_REQUEST"}));
}

TEST_F(BatchTest, What_a_node_refuses_is_said_of_each) {
  service.refuse_with(runtime::Refusal{.reason = runtime::RefusalReason::Capacity,
                                       .code = {},
                                       .existing_hash = {},
                                       .submitted_hash = {}});
  EXPECT_EQ(results(post_batch(item(client::new_uuid()) + ",7," + item(client::new_uuid()))),
            (Results{"CAPACITY", "BAD_REQUEST", "CAPACITY"}));
}

TEST_F(BatchTest, A_request_that_is_no_batch_admits_nothing) {
  const auto whole = [&](const std::string& body, const std::string& type = "application/json") {
    return send("POST", "/v1/operations/batch", type, body).status;
  };
  const auto good = item(client::new_uuid());
  for (const auto& body : std::vector<std::string>{
           "", "[]", "{}", R"({"operations":{}})", R"({"operations":[]})", good,
           R"({"operations":[)" + good + R"(],"wait":true})", R"({"operations":[)" + good})
    EXPECT_EQ(whole(body), 400U) << body;
  EXPECT_EQ(whole(R"({"operations":[)" + good + "]}", "application/x-protobuf"), 400U);
  EXPECT_EQ(whole(R"({"operations":[)" + good + "]}", "text/plain"), 415U);
  EXPECT_EQ(send("GET", "/v1/operations/batch").status, 405U);
  std::string many = good;
  for (int i = 1; i < 500; ++i) many += ",1";
  EXPECT_EQ(whole(R"({"operations":[)" + many + ",1]}"), 400U) << "501 of them";
  EXPECT_EQ(whole(R"({"operations":[")" + std::string(2'000'000, 'x') + R"("]})"), 413U);
  EXPECT_EQ(service.submissions(), 0U);
  EXPECT_EQ(results(post_batch(many)).size(), 500U);
  EXPECT_EQ(service.submissions(), 1U);
}

TEST_F(BatchTest, It_counts_as_so_many_submissions) {
  auto few = config();
  few.api.submit_rate = 1;
  few.api.submit_burst = 5;
  server.reset();
  start(few);
  const auto three = item(client::new_uuid()) + ",1,1";
  EXPECT_EQ(post_batch(three).status, 200U);
  EXPECT_EQ(post_batch(three).status, 429U);
  EXPECT_EQ(service.submissions(), 1U);
}

// Else a client would ask for ever, as it is told.
TEST_F(BatchTest, A_batch_of_more_than_the_burst_passes_with_a_full_bucket) {
  auto few = config();
  few.api.submit_rate = 1;
  few.api.submit_burst = 2;
  server.reset();
  start(few);
  const auto three = item(client::new_uuid()) + ",1,1";
  EXPECT_EQ(post_batch(three).status, 200U);
  EXPECT_EQ(post_batch(item(client::new_uuid())).status, 429U) << "what it was lent comes first";
}

}  // namespace
}  // namespace giro::api
