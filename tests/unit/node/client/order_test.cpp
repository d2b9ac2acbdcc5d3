// An order becomes a body with the signers that a node names for it.
#include "node/client/order.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "crypto/digest.h"
#include "crypto/signer.h"
#include "node/config/demo_genesis.h"
#include "node/ledger/ledger.h"
#include "tests/unit/node/client/demo.h"
#include "tests/unit/node/client/stub_node.h"

namespace giro::client {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

const crypto::Hash kChain = crypto::sha256(crypto::as_view("chain"));

class OrderTest : public testing::Test {
 protected:
  OrderTest() {
    directory_ = Directory::from_genesis(demo());
    profile_.institution = "bank-a";
    const auto alice = config::demo_aliases().at("ALICE");
    profile_.aliases["ALICE"] = {alice.institution, alice.account.bytes};
  }
  std::expected<OrderDraft, Error> draft(const std::string& order, Client& client) {
    return draft_order(json::parse(order).get_object(), directory_, profile_, client, kChain,
                       {.op_id = {}, .now_ms = 1'700'000'000'000});
  }
  Directory directory_;
  config::Profile profile_;
};

TEST_F(OrderTest, The_node_names_the_signers_of_the_body_that_was_made_here) {
  const auto own = crypto::SecretKey::generate();
  StubNode node([&](const api::Request& request) {
    if (request.method == "GET")
      return json_answer(200, R"({"token":"bank-a.USD","token_from":"bank-a.USD"})");
    return json_answer(
        200, R"({"code":"HOLD_EXPIRED","needs":[{"institution":"bank-a","role":"MAKER","count":1}],
      "account_keys":[{"count":1,"keys":[")" +
                 crypto::to_hex(own.public_key()) + R"("]}],"journal":[]})");
  });
  Client client({node.url()});
  const auto made = draft(
      R"({"type":"HOLD_CAPTURE","creator":"bank-a","hold_id":"9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713","amount":"2.5"})",
      client);
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  EXPECT_EQ(std::get<ledger::HoldCapture>(made->draft.operation.action).amount,
            (ledger::Amount{0, 250}));
  EXPECT_EQ(made->draft.actor, "bank-a");
  EXPECT_EQ(made->warning, "HOLD_EXPIRED");
  EXPECT_EQ(made->draft.summary.rfind("HOLD_CAPTURE creator bank-a", 0), 0U) << made->draft.summary;
  EXPECT_NE(made->draft.summary.find("amount 2.50"), std::string::npos) << made->draft.summary;
  ASSERT_EQ(made->draft.needs.size(), 1U);
  EXPECT_EQ(made->draft.needs[0].role, ledger::Role::Maker);
  ASSERT_EQ(made->draft.account_keys.size(), 1U);

  const auto asked = node.requests();
  ASSERT_GE(asked.size(), 2U);
  EXPECT_EQ(asked[0].target, "/v1/holds/bank-a/9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713");
  const auto sent = json::parse(asked.back().body).get_object();
  EXPECT_EQ(sent.at("body").as_string(),
            receipt::to_base64(ledger::encode_body(made->draft.operation)));

  // The account's own key signs beside the operators'.
  const fs::path folder =
      fs::temp_directory_path() / ("giro-order-" + receipt::to_uuid_text(new_uuid()));
  fs::create_directories(folder);
  ASSERT_TRUE(
      crypto::write_key_file(folder / "own.key", own, "secret", crypto::ScryptCost::light()));
  config::Profile::Key key;
  key.name = "own";
  key.path = folder / "own.key";
  Keyring ring({key}, "bank-a",
               [](const std::string&) -> std::expected<std::string, Error> { return "secret"; });
  const auto signatures = ring.sign_accounts(made->draft.account_keys, kChain);
  ASSERT_TRUE(signatures.has_value()) << signatures.error().to_string();
  ASSERT_EQ(signatures->size(), 1U);
  EXPECT_TRUE(crypto::verify(own.public_key(), kChain, signatures->front().signature));
  auto two = made->draft.account_keys;
  two[0].m = 2;
  EXPECT_EQ(ring.sign_accounts(two, kChain).error().code, "NOT_AUTHORISED_FOR_ACCOUNT");
  fs::remove_all(folder);
}

TEST_F(OrderTest, L12_what_opens_its_commitments_comes_with_it) {
  StubNode node([](const api::Request&) {
    return json_answer(200, R"({"code":"OK","needs":[],"account_keys":[],"journal":[]})");
  });
  Client client({node.url()});
  const auto made = draft(
      R"({"type":"MINT","token":"bank-a.USD","account":"ALICE","amount":"1","core_ref_commit":{"data":"x 1"}})",
      client);
  ASSERT_TRUE(made.has_value()) << made.error().to_string();
  ASSERT_EQ(made->draft.openings.size(), 1U);
  const auto& opening = made->draft.openings[0];
  EXPECT_EQ(opening.commit, std::get<ledger::Mint>(made->draft.operation.action).core_ref_commit);
  EXPECT_EQ(opening.data, "x 1");
  EXPECT_TRUE(is_opened(opening));
}

TEST_F(OrderTest, What_is_wrong_is_said_before_any_node_is_asked) {
  StubNode node([](const api::Request&) { return json_answer(500, ""); });
  Client client({node.url()});
  for (
      const auto& [order, says] :
      {std::pair<std::string, std::string>{R"({"type":"ACCT_CLOSE","account":"CAROL"})",
                                           "account is neither"},
       {R"({"type":"ACCT_CLOSE"})", "account is missing"},
       {R"({"type":"ACCT_CLOSE","actor":"bank-z","account":"ALICE"})",
        "actor no institution is called bank-z"},
       {R"({"type":"MINT","token":"bank-a.USD","account":"ALICE","amount":"0","core_ref_commit":{"data":"x"}})",
        "ZERO_AMOUNT"}}) {
    const auto refused = draft(order, client);
    ASSERT_FALSE(refused.has_value()) << order;
    EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
    EXPECT_NE(refused.error().to_string().find(says), std::string::npos)
        << refused.error().to_string();
  }
  EXPECT_TRUE(node.requests().empty());
}

}  // namespace
}  // namespace giro::client
