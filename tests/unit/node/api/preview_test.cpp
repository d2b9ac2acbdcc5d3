// Operations before they are sent: their bodies from their forms, and what they would do.
#include "node/ledger/encode.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

constexpr const char* kId = "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713";

class PreviewTest : public ServerTest {
 protected:
  static std::string order(const std::string& members) {
    const auto soon = receipt::to_time_text(client::now_ms() + 60'000);
    return R"({"actor":"bank-a","op_id":")" + std::string(kId) + R"(","valid_until":")" + soon +
           R"(",)" + members + "}";
  }
  static std::string mint_order(const std::string& amount) {
    return order(R"("type":"MINT","token":"bank-a.EUR","amount":")" + amount +
                 R"(","core_ref_commit":")" + std::string(64, '7') + R"(","account":")" +
                 crypto::to_hex(config::demo_aliases().at("ALICE").account) + "\"");
  }
  client::HttpAnswer ask(const std::string& what, const std::string& body) {
    return send("POST", "/v1/operations/" + what, "application/json", body);
  }
  json::object prepared(const std::string& order) {
    const auto answer = ask("prepare", order);
    EXPECT_EQ(answer.status, 200U) << answer.body;
    return document(answer);
  }
  json::object simulated(const json::object& request) {
    const auto answer = ask("simulate", json::serialize(request));
    EXPECT_EQ(answer.status, 200U) << answer.body;
    return document(answer);
  }
};

TEST_F(PreviewTest, A_form_becomes_the_body_that_is_signed) {
  const auto made = prepared(mint_order("12.5"));
  const auto body = receipt::from_base64(std::string(made.at("body").as_string()));
  ASSERT_TRUE(body.has_value());
  const auto decoded = ledger::decode_body(demo_network().checked.chain_id, *body);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->actor(), 1U);
  EXPECT_EQ(std::get<ledger::Mint>(decoded->operation().action).amount, (ledger::Amount{0, 1250}));
  EXPECT_EQ(made.at("operation_hash").as_string(), crypto::to_hex(decoded->operation_hash()));
  EXPECT_EQ(made.at("sign_hash").as_string(),
            crypto::to_hex(ledger::operation_sign_bytes(demo_network().checked.chain_id,
                                                        decoded->operation_hash())));
  EXPECT_EQ(made.at("operation").as_object().at("amount").as_string(), "12.50");

  for (const auto& [wrong, says] : {std::pair<std::string, std::string>{"[]", "JSON object"},
                                    {mint_order("1.234"), "more than 2 decimals"},
                                    {order(R"("type":"FLY")"), "type is one of"},
                                    {R"({"type":"ACCT_CLOSE"})", "actor is missing"}}) {
    const auto refused = ask("prepare", wrong);
    EXPECT_EQ(refused.status, 400U) << wrong;
    EXPECT_NE(refused.body.find(says), std::string::npos) << refused.body;
  }
  EXPECT_EQ(document(ask("prepare", mint_order("1.234"))).at("code").as_string(), "BAD_SCALE");
  EXPECT_EQ(document(ask("prepare", mint_order("1" + std::string(30, '0')))).at("code").as_string(),
            "AMOUNT_OUT_OF_RANGE");
  const auto zero = ask("prepare", mint_order("0"));
  EXPECT_EQ(zero.status, 400U);
  EXPECT_EQ(document(zero).at("code").as_string(), "ZERO_AMOUNT");
}

TEST_F(PreviewTest, A_simulation_says_what_would_happen_and_who_must_sign) {
  const auto body = prepared(mint_order("12.5")).at("body");
  const auto said = simulated({{"body", body}});
  EXPECT_EQ(said.at("code").as_string(), "OK") << json::serialize(said);
  EXPECT_EQ(said.at("authority").as_object().at("code").as_string(), "UNKNOWN_KEY");
  EXPECT_EQ(said.at("needs"),
            json::parse(R"([{"institution":"bank-a","role":"ISSUER","count":2}])"));
  const auto& line = said.at("journal").as_array().at(0).as_object();
  EXPECT_EQ(line.at("type").as_string(), "MINT");
  EXPECT_EQ(line.at("amount").as_string(), "12.50");
  EXPECT_EQ(line.at("balance").as_string(), "1012.50");
  const auto account =
      document(get("/v1/accounts/" + crypto::to_hex(config::demo_aliases().at("ALICE").account)));
  EXPECT_NE(json::serialize(account).find("1000.00"), std::string::npos) << "nothing happened";

  // A signature that does not suffice, a failure that would be recorded.
  const auto& key = demo_network().operators.begin()->second;
  const auto bytes = receipt::from_base64(std::string(body.as_string()));
  const auto digest =
      ledger::operation_sign_bytes(demo_network().checked.chain_id, ledger::operation_hash(*bytes));
  const json::object signed_request{
      {"body", body},
      {"signatures", json::array{json::object{{"public_key", crypto::to_hex(key.public_key())},
                                              {"signature", crypto::to_hex(key.sign(digest))}}}}};
  const auto lacking = simulated(signed_request);
  EXPECT_NE(lacking.at("code").as_string(), "OK");
  EXPECT_FALSE(lacking.at("recorded").as_bool());
  const auto above = simulated({{"body", prepared(mint_order("999999000")).at("body")}});
  EXPECT_EQ(above.at("code").as_string(), "OK");
  const auto too_much = simulated({{"body", prepared(mint_order("1000000000")).at("body")}});
  EXPECT_EQ(too_much.at("code").as_string(), "ISSUANCE_CAP_EXCEEDED");
  EXPECT_EQ(too_much.at("needs").as_array().at(0).as_object().at("count").as_int64(), 3)
      << "ISSUER+1 from dual_threshold on";

  auto forged = signed_request;
  forged["signatures"].as_array()[0].as_object()["signature"] = std::string(128, '1');
  EXPECT_EQ(ask("simulate", json::serialize(forged)).status, 403U);
  EXPECT_EQ(ask("simulate", R"({"body":"AAAA"})").status, 400U);
}

}  // namespace
}  // namespace giro::api
