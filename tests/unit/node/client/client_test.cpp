#include "node/client/client.h"

#include <gtest/gtest.h>

#include <atomic>

#include "node/client/operations.h"
#include "tests/unit/node/client/stub_node.h"
#include "tests/unit/node/receipt/receipt_builder.h"

namespace giro::client {
namespace {

using std::chrono::seconds;

struct Submission {
  OperationName name{"bank-a", new_uuid()};
  std::string id = receipt::to_uuid_text(name.op_id);
  crypto::Bytes bytes = crypto::to_bytes(crypto::as_view("the same bytes"));
};

std::string problem_body(const std::string& code) {
  return R"({"type":"x","title":"no","code":")" + code + R"("})";
}

TEST(Submit, A_final_status_of_the_first_node_ends_it) {
  const Submission sent;
  StubNode node([&](const api::Request&) {
    return json_answer(200, status_body(sent.id, "COMMITTED", "OK"));
  });
  StubNode other([&](const api::Request&) { return json_answer(500, ""); });
  Client client({node.url(), other.url()});
  const auto result = client.submit(sent.bytes, sent.name, seconds(20));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->status, "COMMITTED");
  EXPECT_EQ(result->height, 9U);
  EXPECT_TRUE(other.requests().empty());
}

TEST(Submit, The_same_bytes_go_to_other_validators_until_one_is_final) {
  const Submission sent;
  StubNode busy([&](const api::Request&) { return json_answer(503, problem_body("CAPACITY")); });
  StubNode slow(
      [&](const api::Request&) { return json_answer(202, status_body(sent.id, "ORDERING")); });
  StubNode good([&](const api::Request&) {
    return json_answer(200, status_body(sent.id, "REJECTED", "DENYLISTED"));
  });
  Client client({dead_url(), busy.url(), slow.url(), good.url()});
  const auto result = client.submit(sent.bytes, sent.name, seconds(20));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->status, "REJECTED");
  for (const StubNode* node : {&busy, &slow, &good}) {
    ASSERT_EQ(node->requests().size(), 1U);
    EXPECT_EQ(node->requests().front().body, "the same bytes");
  }
}

TEST(Submit, A_refusal_is_an_error_of_its_kind) {
  const Submission sent;
  struct Row {
    unsigned status;
    ErrorKind kind;
    int exit;
  };
  for (const Row row : {Row{400, ErrorKind::Usage, 2}, Row{403, ErrorKind::NotAllowed, 77},
                        Row{409, ErrorKind::No, 1}, Row{422, ErrorKind::No, 1}}) {
    StubNode node(
        [&](const api::Request&) { return json_answer(row.status, problem_body("SOME_CODE")); });
    Client client({node.url()});
    const auto result = client.submit(sent.bytes, sent.name, seconds(20));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, row.kind) << row.status;
    EXPECT_EQ(exit_code(result.error().kind), row.exit);
    EXPECT_EQ(result.error().code, "SOME_CODE");
  }
}

TEST(Submit, A_refusal_after_an_unclear_attempt_asks_for_the_status_instead) {
  const Submission sent;
  StubNode unclear(
      [&](const api::Request&) { return json_answer(202, status_body(sent.id, "RECEIVED")); });
  StubNode late([&](const api::Request& request) {
    if (request.method == "POST") return json_answer(422, problem_body("OPERATION_EXPIRED"));
    return json_answer(200, status_body(sent.id, "COMMITTED", "OK"));
  });
  Client client({unclear.url(), late.url()});
  const auto result = client.submit(sent.bytes, sent.name, seconds(20));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_EQ(result->status, "COMMITTED");
}

TEST(Submit, Nobody_there_is_not_the_same_as_not_decided) {
  const Submission sent;
  Client nobody({dead_url(), dead_url()});
  const auto unreachable = nobody.submit(sent.bytes, sent.name, seconds(20));
  ASSERT_FALSE(unreachable.has_value());
  EXPECT_EQ(unreachable.error().kind, ErrorKind::Unreachable);

  StubNode slow(
      [&](const api::Request&) { return json_answer(202, status_body(sent.id, "ORDERING")); });
  Client undecided({slow.url()});
  const auto waiting = undecided.submit(sent.bytes, sent.name, std::chrono::milliseconds(200));
  ASSERT_FALSE(waiting.has_value());
  EXPECT_EQ(waiting.error().kind, ErrorKind::Undecided);
}

TEST(Submit, An_answer_that_is_no_status_is_an_internal_error) {
  const Submission sent;
  for (const char* body : {"", "[]", "{}", R"({"op_id":"12"})"}) {
    StubNode node([&](const api::Request&) { return json_answer(200, body); });
    Client client({node.url()});
    const auto result = client.submit(sent.bytes, sent.name, seconds(20));
    ASSERT_FALSE(result.has_value()) << body;
    EXPECT_EQ(result.error().kind, ErrorKind::Internal);
  }
}

TEST(Get, The_first_node_that_answers_is_believed) {
  StubNode broken([](const api::Request&) { return json_answer(503, problem_body("NOT_READY")); });
  StubNode good([](const api::Request&) { return json_answer(200, R"({"a":1})"); });
  Client client({dead_url(), broken.url(), good.url()});
  const auto value = client.get("/v1/node");
  ASSERT_TRUE(value.has_value()) << value.error().to_string();
  EXPECT_EQ(value->at("a").as_int64(), 1);
}

TEST(Get, Not_found_is_an_answer) {
  std::atomic<int> asked = 0;
  const auto none = [&asked](const api::Request&) {
    ++asked;
    return json_answer(404, problem_body("NOT_FOUND"));
  };
  StubNode first(none), second(none);
  Client client({first.url(), second.url()});
  const auto value = client.get("/v1/tokens/x");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().kind, ErrorKind::No);
  EXPECT_EQ(asked, 1);
}

TEST(Receipts, One_that_does_not_verify_is_not_given) {
  StubNode node([](const api::Request&) { return json_answer(200, "{}"); });
  Client client({node.url()});
  const auto receipt = client.receipt({"bank-a", new_uuid()}, {});
  ASSERT_FALSE(receipt.has_value());
  EXPECT_EQ(receipt.error().code, "MALFORMED");
}

TEST(Receipts, A_position_that_does_not_verify_is_not_given) {
  StubNode node([](const api::Request&) { return json_answer(200, "{}"); });
  Client client({dead_url(), node.url()});
  const auto proof = client.position("bank-a", {}, 7, 12, {});
  ASSERT_FALSE(proof.has_value());
  EXPECT_EQ(proof.error().code, "MALFORMED");
  EXPECT_EQ(node.requests().front().target, "/v1/accounts/" + std::string(32, '0') +
                                                "/proof?servicer=bank-a&token=7&min_height=12");
}

TEST(Http, A_kept_connection_serves_several_requests) {
  StubNode node([](const api::Request& request) { return json_answer(200, request.target); });
  HttpClient http(node.url());
  for (const std::string target : {"/a", "/b", "/c"}) {
    const auto answer = http.send("GET", target, {}, {}, seconds(20));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, target);
  }
}

TEST(Http, https_without_a_certificate_is_refused_and_not_downgraded) {
  HttpClient http({true, {"127.0.0.1", 1}});
  const auto answer = http.send("GET", "/", {}, {}, seconds(1));
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().may_have_arrived);
}

// The node shows the settlement at 42.42, whatever it is asked for.
TEST(PaymentReceipt, Is_of_the_payment_and_of_the_transition_that_was_asked_for) {
  const auto made = receipt::test::make_receipt({.shown = {1}});
  StubNode node([&](const api::Request&) { return json_answer(200, receipt::to_json(made)); });
  Client client({node.url()});
  const PaymentName payment{"bank-a", 1, receipt::test::uuid(std::byte{0x42})};
  const auto genesis = receipt::test::genesis();
  for (const char* at : {"", "42.42"}) {
    const auto found = client.payment_receipt(payment, at, genesis);
    ASSERT_TRUE(found.has_value()) << found.error().to_string();
    EXPECT_EQ(found->receipt, made);
  }
  for (const char* at : {"42.43", "43.42", "42.4"}) {
    const auto found = client.payment_receipt(payment, at, genesis);
    ASSERT_FALSE(found.has_value()) << at;
    EXPECT_EQ(found.error().code, "WRONG_TRANSITION");
  }
  auto other = payment;
  other.payer_bank_id = 2;
  EXPECT_EQ(client.payment_receipt(other, "", genesis).error().code, "WRONG_PAYMENT");
}

}  // namespace
}  // namespace giro::client
