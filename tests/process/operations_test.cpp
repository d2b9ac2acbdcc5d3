// The operations of the ledger as people order them: from a form, through HTTP, on real validators.
#include <fstream>

#include "node/client/json_fields.h"
#include "tests/process/cluster.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using client::array_field;
using client::object_field;
using client::text_field;

class OperationsTest : public ClusterTest {
 protected:
  Ran giro(const std::vector<std::string>& arguments) const {
    return run_giro(arguments, supervisor_->network().profile());
  }
  // `giro op submit` of an order; "" or the code that it got. The op_id comes into `id`.
  std::string order(const std::string& text, std::string* id = nullptr,
                    const std::string& state = {}) {
    const auto file = folder_.path() / "order.json";
    std::ofstream(file) << filled(text);
    auto ran = giro({"op", "submit", file.string(), "--json"});
    const auto document = ran.document();
    const auto* operation = object_field(document, "operation");
    if (operation == nullptr) return ran.err;
    if (id != nullptr) *id = text_field(*operation, "op_id");
    if (!state.empty()) {
      const auto* payment = object_field(*operation, "payment");
      EXPECT_TRUE(payment != nullptr && text_field(*payment, "state") == state)
          << json::serialize(*operation);
    }
    const auto code = text_field(*object_field(*operation, "outcome"), "code");
    EXPECT_EQ(ran.exit_code, code == "OK" ? 0 : 1) << ran.err;
    return code;
  }
  // $ALICE, $BOB, $MERCHANT; $S a screening of now.
  static std::string filled(std::string text) {
    const auto aliases = config::demo_aliases();
    for (const auto& [alias, account] : aliases)
      replace_all(text, "$" + alias, crypto::to_hex(account.account));
    replace_all(text, "$S",
                R"({"sanctions":"PASS","aml_fraud":"PASS","other":"PASS","screened_at":"now"})");
    replace_all(text, "$C", std::string(64, '7'));
    return text;
  }
  static void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  }
  // A payment of bank-a that bank-b must accept.
  std::string pending(const std::string& amount) {
    std::string uetr;
    EXPECT_EQ(order(R"({"type":"PAY","actor":"bank-a","terms":)" + terms(amount, 'c') +
                        R"(,"screening":$S})",
                    &uetr, "PENDING"),
              "OK");
    return uetr;
  }
  // From ALICE to BOB in dollars, settled by the agent.
  static std::string terms(const std::string& amount, char commit, const std::string& more = {}) {
    return R"({"payer_account":"$ALICE","payee_bank":"bank-b","payee_account":"$BOB",
               "token_from":"bank-a.USD","token_to":"bank-b.USD","settle_token":"agent-s.USD","amount":")" +
           amount + R"(","travel_rule_commit":")" + std::string(64, commit) + "\"" + more + "}";
  }
  json::object position(const std::string& alias, const std::string& token) const {
    const auto account = config::demo_aliases().at(alias);
    const auto shown = get(nodes().front(), "/v1/accounts/" + crypto::to_hex(account.account) +
                                                "?servicer=" + account.institution);
    for (const auto& row : *array_field(shown, "positions")) {
      if (text_field(row.get_object(), "token") == token) return row.get_object();
    }
    return {};
  }
  std::string balance(const std::string& alias, const std::string& token,
                      const std::string& what = "available") const {
    return text_field(position(alias, token), what);
  }
};

TEST_F(OperationsTest, A_payment_is_answered_cancelled_and_returned) {
  const auto respond = [](const std::string& uetr, const std::string& rest) {
    return R"({"type":"PAY_RESPOND","actor":"bank-b","payer_bank":"bank-a","uetr":")" + uetr +
           "\"," + rest + "}";
  };
  const auto first = pending("2000.00");
  EXPECT_EQ(balance("ALICE", "bank-a.USD", "held"), "2000.00");
  EXPECT_EQ(order(respond(first, R"("accept":true,"screening":$S,"cop_result":"MATCH")")),
            "TRAVEL_RULE_NOT_ACKED");
  EXPECT_EQ(
      order(respond(first,
                    R"("accept":true,"screening":$S,"cop_result":"MATCH","travel_rule_ack":true)")),
      "OK");
  EXPECT_EQ(balance("BOB", "bank-b.USD"), "12000.00");

  const auto second = pending("3000.00");
  EXPECT_EQ(order(respond(second, R"("accept":false,"reason":"REGULATORY")")), "OK");
  const auto third = pending("4000.00");
  EXPECT_EQ(order(R"({"type":"PAY_CANCEL","actor":"bank-a","uetr":")" + third + "\"}"), "OK");
  EXPECT_EQ(balance("ALICE", "bank-a.USD"), "1998000.00");

  const auto give_back = [&](const std::string& amount) {
    return R"({"type":"RETURN","actor":"bank-b","payer_bank":"bank-a","uetr":")" + first +
           R"(","amount":")" + amount + "\"}";
  };
  EXPECT_EQ(order(give_back("500.00")), "OK");
  EXPECT_EQ(order(give_back("1500.01")), "RETURN_EXCEEDS_ORIGINAL");
  EXPECT_EQ(order(give_back("1500.00")), "OK");
  EXPECT_EQ(balance("ALICE", "bank-a.USD"), "2000000.00");
  EXPECT_EQ(text_field(get(nodes().front(), "/v1/payments/bank-a/" + first), "state"), "RETURNED");
  EXPECT_EQ(text_field(get(nodes().front(), "/v1/payments/bank-a/" + second), "state"), "REJECTED");
  EXPECT_EQ(text_field(get(nodes().front(), "/v1/payments/bank-a/" + third), "state"), "CANCELLED");

  // Nobody answers this one, and it ends by itself.
  std::string fourth;
  EXPECT_EQ(order(R"({"type":"PAY","actor":"bank-a","ttl_s":1,"terms":)" + terms("2500.00", 'c') +
                      R"(,"screening":$S})",
                  &fourth, "PENDING"),
            "OK");
  EXPECT_TRUE(until([&] {
    return text_field(get(nodes().front(), "/v1/payments/bank-a/" + fourth), "state") == "EXPIRED";
  }));

  // What became of each is proven offline, and how the first stood before; a supplier's own system
  // books what is final, and once.
  const auto genesis = (supervisor_->network().directory / "genesis.json").string();
  std::vector<std::string> files;
  const auto proven = [&](const std::string& uetr, const std::string& at = {}) {
    std::vector<std::string> arguments{"receipt", "payment", "bank-a/" + uetr};
    if (!at.empty()) arguments.insert(arguments.end(), {"--at", at});
    const auto fetched = giro(arguments);
    EXPECT_EQ(fetched.exit_code, 0) << fetched.err;
    files.push_back((folder_.path() / (std::to_string(files.size()) + ".json")).string());
    std::ofstream(files.back()) << fetched.out;
    const auto ran = run_giro({"receipt", "verify", files.back(), "--genesis", genesis, "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const auto document = ran.document();
    const auto* payments = array_field(document, "payments");
    EXPECT_TRUE(payments != nullptr && payments->size() == 1U) << ran.out;
    if (payments == nullptr || payments->size() != 1U) return std::string();
    const auto& payment = payments->front().get_object();
    EXPECT_EQ(text_field(payment, "uetr"), uetr);
    return text_field(payment, "state") + " " +
           text_field(*object_field(payment, "returned"), "amount");
  };
  std::vector<std::string> stood;
  const auto shown = get(nodes().front(), "/v1/payments/bank-a/" + first);
  for (const auto& each : *array_field(shown, "transitions")) {
    const auto& one = each.get_object();
    stood.push_back(proven(
        first, text_field(one, "height") + "." + std::to_string(client::number_field(one, "n"))));
  }
  EXPECT_EQ(stood, (std::vector<std::string>{"PENDING 0.00", "SETTLED 0.00", "SETTLED 500.00",
                                             "RETURNED 2000.00"}));
  EXPECT_EQ(proven(first), "RETURNED 2000.00");
  EXPECT_EQ(proven(second), "REJECTED 0.00");
  EXPECT_EQ(proven(third), "CANCELLED 0.00");
  EXPECT_EQ(proven(fourth), "EXPIRED 0.00");
  EXPECT_EQ(giro({"receipt", "payment", first}).exit_code, 2);
  EXPECT_EQ(giro({"receipt", "payment", "bank-a/" + first, "--at", "1.1"}).exit_code, 1);
  std::vector<std::string> book{genesis, "bank-b",
                                crypto::to_hex(config::demo_aliases().at("BOB").account)};
  book.insert(book.end(), files.begin(), files.end());
  auto other_bank = book;
  other_bank[1] = "bank-c";
  EXPECT_EQ(run_program(GIRO_RECEIPT_EXAMPLE, other_bank).out, "") << "an id of BOB's, elsewhere";
  const auto booked = run_program(GIRO_RECEIPT_EXAMPLE, book);
  EXPECT_EQ(booked.exit_code, 0) << booked.err;
  const auto count = [&booked](const std::string& word) {
    std::size_t found = 0;
    for (auto at = booked.out.find(word); at != std::string::npos;
         at = booked.out.find(word, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("not booked  "), 6U) << booked.out;
  EXPECT_EQ(count("\nbooked      " + first + "  USD 2000.00 from bank-a"), 1U) << booked.out;
  EXPECT_EQ(count("known       " + first), 1U) << booked.out;

  // Found again by account, and each with its history, at every validator and by the command.
  for (const auto& node : nodes()) {
    const auto list = get(
        node, "/v1/payments?account=" + crypto::to_hex(config::demo_aliases().at("ALICE").account));
    const auto& items = *array_field(list, "items");
    ASSERT_EQ(items.size(), 7U) << "four payments, two returns, and one that was too much";
    EXPECT_EQ(text_field(items[0].get_object(), "uetr"), first);
  }
  const auto listed = giro({"account", "payments", "ALICE", "--state", "CANCELLED", "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_EQ(array_field(listed.document(), "items")->size(), 1U);
  const auto history = giro({"account", "payment", "bank-a/" + first});
  EXPECT_EQ(history.exit_code, 0) << history.err;
  for (const char* event : {"PaymentPending", "PaymentSettled", "PaymentReturned", "by bank-b/"})
    EXPECT_NE(history.out.find(event), std::string::npos) << history.out;
  expect_conservation();
}

TEST_F(OperationsTest, Holds_limits_freezes_blocks_and_roles) {
  std::string hold;
  EXPECT_EQ(
      order(
          R"({"type":"HOLD_CREATE","actor":"bank-a","token":"bank-a.USD","account":"$ALICE","amount":"100.00",
                      "kind":"ESCROW","beneficiary":"$MERCHANT","captor":"bank-a","ttl_s":3600})",
          &hold),
      "OK");
  const auto holds = giro({"account", "holds", "ALICE"});
  EXPECT_NE(holds.out.find("bank-a/" + hold + "  ESCROW"), std::string::npos) << holds.out;
  EXPECT_EQ(order(R"({"type":"HOLD_CAPTURE","actor":"bank-a","creator":"bank-a","hold_id":")" +
                  hold + R"(","amount":"60.00"})"),
            "OK");
  EXPECT_EQ(balance("MERCHANT", "bank-a.USD"), "60.00");
  EXPECT_EQ(balance("ALICE", "bank-a.USD"), "1999940.00");
  EXPECT_EQ(
      order(
          R"({"type":"HOLD_CREATE","actor":"bank-a","token":"bank-a.USD","account":"$ALICE","amount":"1.00",
                      "kind":"LEGAL","case_commit":"$C"})",
          &hold),
      "OK");
  EXPECT_EQ(order(R"({"type":"HOLD_RELEASE","actor":"bank-a","creator":"bank-a","hold_id":")" +
                  hold + "\"}"),
            "OK");

  EXPECT_EQ(order(R"({"type":"LIMITS_SET","actor":"bank-a","token":"bank-a.USD","account":"$ALICE",
                      "limits":{"max_tx":"50","day_amount":"100","day_count":3,"max_balance":"0"}})"),
            "OK");
  EXPECT_EQ(text_field(*object_field(position("ALICE", "bank-a.USD"), "limits"), "max_tx"),
            "50.00");
  EXPECT_EQ(
      order(
          R"({"type":"FREEZE_AMOUNT","actor":"bank-a","token":"bank-a.USD","account":"$MERCHANT","amount":"10.00"})"),
      "OK");
  EXPECT_EQ(balance("MERCHANT", "bank-a.USD"), "50.00");
  EXPECT_EQ(
      order(
          R"({"type":"CLAWBACK","actor":"bank-a","token":"bank-a.USD","account":"$MERCHANT","amount":"60.00",
                      "legal_order_commit":"$C","jurisdiction":"US"})"),
      "OK");

  const auto blocked =
      giro({"account", "block", "MERCHANT", "--credit", "--class", "3", "--case", "7/26"});
  EXPECT_EQ(blocked.exit_code, 0) << blocked.out << blocked.err;
  const auto refused = giro({"pay", "ALICE", "MERCHANT", "1.00", "--currency", "USD"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(
      refused.out.find("CREDITOR_BLOCKED (AC06), the same order may succeed later under a new id"),
      std::string::npos)
      << refused.out;
  EXPECT_EQ(giro({"account", "unblock", "MERCHANT"}).exit_code, 0);
  const auto open_items = giro({"account", "close", "ALICE"});
  EXPECT_NE(open_items.out.find("as things stand the ledger would answer ACCOUNT_NOT_EMPTY"),
            std::string::npos)
      << open_items.out << open_items.err;
  EXPECT_EQ(open_items.exit_code, 1);

  const auto paused = giro({"token", "pause", "bank-a.USD", "TRANSFER", "XBANK"});
  EXPECT_EQ(paused.exit_code, 0) << paused.out << paused.err;
  EXPECT_EQ(giro({"pay", "ALICE", "MERCHANT", "1.00", "--currency", "USD"}).exit_code, 1);
  EXPECT_EQ(giro({"token", "unpause", "bank-a.USD", "TRANSFER", "XBANK"}).exit_code, 0);
  EXPECT_EQ(giro({"token", "pause", "bank-a.USD", "BURN"}).exit_code, 2);

  EXPECT_EQ(
      order(
          R"({"type":"DENY_SET","actor":"bank-b","add":[{"kind":"COUNTRY","country":"US","reason_class":1}]})"),
      "OK");
  const auto denied = giro({"account", "deny-list", "--bank", "bank-b"});
  EXPECT_EQ(denied.exit_code, 0) << denied.err;
  EXPECT_EQ(denied.out.rfind("COUNTRY     US", 0), 0U) << denied.out;
  EXPECT_EQ(giro({"account", "deny-list"}).out, "") << "bank-a's own is empty";
  EXPECT_EQ(giro({"account", "deny-list", "--bank", "agent-s"}).exit_code, 77);
  EXPECT_EQ(
      order(
          R"({"type":"CORRIDOR_SET","actor":"bank-b","incoming":true,"peer":"bank-a","currency":"USD",
                      "half":{"enabled":false,"max_tx":"0","daily_cap":"0","travel_rule_threshold":"0","cop_threshold":"0"}})"),
      "OK");

  const auto key = crypto::SecretKey::generate().public_key();
  const auto roles = [&key](const std::string& role) {
    return R"({"type":"ROLE_SET","actor":"bank-a","role":")" + role +
           R"(","policy":{"quorum":1,"keys":[{"public_key":")" + crypto::to_hex(key) +
           R"(","operator_id":4711,"not_after":"2040-01-01T00:00:00.000Z"}]}})";
  };
  EXPECT_EQ(order(roles("AUDITOR")), "OK");
  EXPECT_EQ(order(R"({"type":"KEY_REVOKE","actor":"bank-a","key_id":")" +
                  std::to_string(crypto::key_id(key)) + "\"}"),
            "OK");
  EXPECT_EQ(order(roles("AUDITOR")), "BAD_ROLE_POLICY") << "a revoked key";

  // Wrong orders name the member and its bound, and nothing is sent.
  for (const auto& [text, says] :
       {std::pair<std::string, std::string>{R"({"type":"ACCT_CLOSE","account":"CAROL"})",
                                            "account is neither"},
        {R"({"type":"ACCT_CLOSE","account":"$ALICE","reason":1})",
         "reason is not known; there are account"},
        {R"({"type":"HOLD_RELEASE","creator":"bank-z","hold_id":"x"})",
         "creator no institution is called bank-z"}}) {
    EXPECT_NE(order(text).find(says), std::string::npos) << order(text);
  }
  expect_conservation();
}

TEST_F(OperationsTest, A_bulk_of_a_thousand_payments_and_a_batch) {
  std::string items, uetr;
  for (int i = 0; i < 1000; ++i) {
    uetr = receipt::to_uuid_text(client::new_uuid());
    items +=
        (i == 0 ? "" : ",") +
        terms("0.50", 'c',
              R"(,"e2e_commit":"$C","remittance_commit":"$C","document_commit":"$C","uetr":")" +
                  uetr + "\"");
  }
  const auto bulk = [&](const std::string& list, const std::string& sum) {
    return R"({"type":"BULK_PAY","actor":"bank-a","items":[)" + list + R"(],"control_sum":")" +
           sum + R"(","screening":$S})";
  };
  std::string id;
  EXPECT_EQ(order(bulk(items, "500.00"), &id), "OK");
  // Its own receipt shows nothing of what was paid to whom; each payee gets that of its payment,
  // and nothing of the others'.
  const auto genesis = session().genesis.for_receipts();
  const auto whole = session().client.receipt({"bank-a", *receipt::from_uuid_text(id)}, genesis);
  ASSERT_TRUE(whole.has_value()) << whole.error().to_string();
  EXPECT_TRUE(whole->receipt.events.empty());
  const auto last =
      session().client.payment_receipt({"bank-a", 1, *receipt::from_uuid_text(uetr)}, {}, genesis);
  ASSERT_TRUE(last.has_value()) << last.error().to_string();
  EXPECT_FALSE(last->receipt.operation.has_value());
  EXPECT_EQ(receipt::shown_payments(last->receipt).at(0).state, ledger::PaymentState::Settled);
  EXPECT_EQ(last->facts.receipt_id, whole->facts.receipt_id);
  EXPECT_EQ(balance("BOB", "bank-b.USD"), "10500.00");
  EXPECT_EQ(balance("ALICE", "bank-a.USD"), "1999500.00");
  EXPECT_NE(order(bulk(items, "500.01")).find("CONTROL_SUM_MISMATCH"), std::string::npos);
  EXPECT_NE(order(bulk(items + "," + terms("0.50", 'c'), "500.50"))
                .find("items[1000] is one too many: at most 1000"),
            std::string::npos);

  EXPECT_EQ(order(R"({"type":"SETTLE_ATOMIC","actor":"bank-a","legs":[
      {"xfer":{"token":"bank-a.USD","from":"$ALICE","to":"$MERCHANT","amount":"5.00"}},
      {"xfer":{"token":"bank-a.USD","from":"$ALICE","to":"$MERCHANT","amount":"6.00"}}]})"),
            "OK");
  EXPECT_EQ(balance("MERCHANT", "bank-a.USD"), "11.00");
  expect_conservation();
}

}  // namespace
}  // namespace giro::process_test
