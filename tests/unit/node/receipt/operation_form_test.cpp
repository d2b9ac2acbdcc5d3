// Every operation has a form; what is wrong with one is said by member and bound.
#include "node/receipt/operation_form.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "crypto/digest.h"
#include "node/ledger/encode.h"
#include "node/ledger/ledger.h"
#include "node/receipt/text.h"
#include "tests/unit/node/receipt/two_banks.h"

namespace giro::receipt {
namespace {

namespace json = boost::json;

constexpr std::string_view kUuid = "9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713";

// $A an account, $C a commitment, $U a UUID, $T payment terms, $S a screening.
const std::map<std::string_view, std::string_view> kForms = {
    {"GOV_PROPOSE", R"("ttl_s":3600,"param_set":{"name":"op_window","value":"86400000"})"},
    {"GOV_VOTE", R"("proposer":"bank-b","prop_id":"$U","yes":true)"},
    {"ROLE_SET", R"("role":"MAKER","policy":{"quorum":1,"keys":[{"public_key":"$K","operator_id":7,
        "not_after":"2030-01-01T00:00:00.000Z"}]})"},
    {"KEY_REVOKE", R"("key_id":"18446744073709551615")"},
    {"TOKEN_CREATE",
     R"("currency":"GBP","issuance_cap":"1000.00","checker_threshold":"10","dual_threshold":"100",
        "features":["CAN_FREEZE","CAN_ESCROW"])"},
    {"TOKEN_SET",
     R"("token":"bank-a.USD","issuance_cap":"1000.00","max_tx":"10","min_tx":"0.01","fee_max":"0",
        "checker_threshold":"10","dual_threshold":"100")"},
    {"TOKEN_PAUSE", R"("token":"bank-a.USD","flags":["MINT","XBANK"])"},
    {"TOKEN_UNPAUSE", R"("token":"bank-a.USD","flags":["REDEEM"])"},
    {"ACCT_OPEN",
     R"("account":"$A","kind":"NOSTRO","owner":"bank-b","country":"DE","max_balance":"5.5","tokens":["bank-a.USD"])"},
    {"POSITION_OPEN", R"("account":"$A","token":"bank-a.USD","max_balance":"7")"},
    {"ACCT_SET",
     R"("account":"$A","country":"DE","kyc_tier":2,"kyc_valid_until":"2030-01-01T00:00:00.000Z")"},
    {"ACCT_CLOSE", R"("account":"ALICE")"},
    {"ACCT_KEYS_SET", R"("account":"$A","auth_mode":"JOINT","policy":{"m":1,"keys":["$K"]})"},
    {"LIMITS_SET",
     R"("account":"$A","token":"bank-a.USD","limits":{"max_tx":"1.00","day_amount":"2.00","day_count":3,
        "allowed_payee_banks":["bank-b","bank-a"],"max_balance":"0"})"},
    {"ACCT_BLOCK", R"("account":"$A","debit":true,"reason_class":3,"case_commit":"$C")"},
    {"ACCT_UNBLOCK", R"("account":"$A","debit":true,"credit":true)"},
    {"FREEZE_AMOUNT", R"("account":"$A","token":"bank-a.USD","amount":"0")"},
    {"DENY_SET", R"("add":[{"kind":"COUNTRY","country":"KP","reason_class":1},
        {"kind":"ACCOUNT","institution":"bank-b","account":"$A","reason_class":1}])"},
    {"CORRIDOR_SET",
     R"("incoming":true,"peer":"bank-b","currency":"USD","half":{"enabled":true,"max_tx":"10.00",
        "daily_cap":"20.00","settle_tokens":["bank-b.USD","bank-a.USD"],"travel_rule_threshold":"1000",
        "cop_threshold":"1000","required_checks":["sanctions"],"auto_accept_max":"9.99"})"},
    {"CLAWBACK",
     R"("token":"bank-a.USD","account":"$A","amount":"5","up_to":true,"legal_order_commit":"$C",
        "jurisdiction":"US")"},
    {"MINT",
     R"("token":"bank-a.USD","account":"$A","amount":"5","kind":"CORRECTION","core_ref_commit":{"data":"x"})"},
    {"REDEEM", R"("token":"bank-a.USD","account":"$A","amount":"5","payout_commit":"$C")"},
    {"TRANSFER",
     R"("terms":{"payer_account":"$A","payee_bank":"bank-a","payee_account":"$B","token_from":"bank-a.USD",
        "token_to":"bank-a.USD","amount":"1.00"})"},
    {"PAY", R"("terms":$T,"screening":$S,"ttl_s":60)"},
    {"PAY_RESPOND",
     R"("payer_bank":"bank-b","uetr":"$U","accept":true,"screening":$S,"cop_result":"MATCH")"},
    {"PAY_CANCEL", R"("uetr":"$U")"},
    {"RETURN",
     R"("payer_bank":"bank-b","uetr":"$U","amount":"1.5","reason":"REGULATORY","by_bank":true)"},
    {"BULK_PAY", R"("items":[$T],"control_sum":"12.50","screening":$S)"},
    {"SETTLE_ATOMIC", R"("legs":[{"xfer":{"token":"bank-a.USD","from":"$A","to":"$B","amount":"1"}},
        {"mint":{"token":"bank-b.JPY","account":"$A","amount":"150"}}])"},
    {"HOLD_CREATE",
     R"("token":"bank-a.USD","account":"$A","amount":"5","kind":"ESCROW","beneficiary":"$B",
        "captor":"bank-a","ttl_s":3600)"},
    {"HOLD_CAPTURE", R"("creator":"bank-a","hold_id":"$U","amount":"2.25")"},
    {"HOLD_RELEASE", R"("creator":"bank-a","hold_id":"$U")"},
};

std::string filled(std::string_view form) {
  const std::string key = crypto::to_hex(crypto::SecretKey::generate().public_key());
  std::string out(form);
  const std::pair<std::string_view, std::string> parts[] = {
      {"$T",
       R"({"uetr":"$U","payer_bank":"bank-a","payer_account":"$A","payee_bank":"bank-b","payee_account":"$B",
           "token_from":"bank-a.USD","token_to":"bank-b.JPY","amount":"12.50",
           "settle_token":"bank-b.USD","payee_fee":"3","purpose":"SUPP","charge_bearer":"SHAR"})"},
      {"$S",
       R"({"sanctions":"PASS","aml_fraud":"PASS","screened_at":"now","list_version":"2026-11"})"},
      {"$A", std::string(32, '5')},
      {"$B", std::string(32, '6')},
      {"$C", std::string(64, '7')},
      {"$K", key},
      {"$U", std::string(kUuid)},
  };
  for (const auto& [name, text] : parts) {
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + text.size()))
      out.replace(at, name.size(), text);
  }
  return out;
}

OrderDefaults defaults() {
  return {.actor = 1,
          .op_id = ledger::OpId{*from_uuid_text(kUuid)},
          .valid_until = {1'700'000'300'000},
          .now = {1'700'000'000'000}};
}

std::expected<ledger::Operation, FormError> read(std::string_view type, std::string_view members) {
  const std::string text = R"({"type":")" + std::string(type) + R"(")" +
                           (members.empty() ? "" : ",") + filled(members) + "}";
  json::error_code error;
  const auto value = json::parse(text, error);
  EXPECT_FALSE(error) << text;
  return read_operation(value.get_object(), TwoBanks(), defaults());
}

TEST(OperationForm, Every_operation_of_the_ledger_has_one_and_it_says_the_whole_body) {
  const crypto::Hash chain = crypto::sha256(crypto::as_view("chain"));
  for (const auto& [type, name] : ledger::operation_names()) {
    const auto form = kForms.find(name);
    ASSERT_NE(form, kForms.end()) << name << " has no form here";
    const auto operation = read(name, form->second);
    ASSERT_TRUE(operation.has_value()) << name << ": " << operation.error().to_string();
    const auto body = ledger::encode_body(*operation);
    const auto decoded = ledger::decode_body(chain, body);
    ASSERT_TRUE(decoded.has_value()) << name << ": " << ledger::code_name(decoded.error());
    EXPECT_EQ(decoded->type(), type);

    const auto written = write_operation(*operation, TwoBanks());
    EXPECT_EQ(written.at("type").as_string(), name);
    const auto again = read_operation(written, TwoBanks(), {});
    ASSERT_TRUE(again.has_value()) << name << ": " << again.error().to_string();
    EXPECT_EQ(ledger::encode_body(*again), body) << json::serialize(written);
    EXPECT_FALSE(operation_members(name).empty());
  }
  EXPECT_EQ(operation_members("FLY"), "");
}

TEST(OperationForm, Amounts_are_of_the_token_that_they_stand_beside) {
  const auto pay = read("PAY", kForms.at("PAY"));
  ASSERT_TRUE(pay.has_value()) << pay.error().to_string();
  const auto& terms = std::get<ledger::Pay>(pay->action).terms;
  EXPECT_EQ(terms.amount, (ledger::Amount{0, 1250}));
  EXPECT_EQ(terms.payee_fee, (ledger::Amount{0, 3})) << "yen have no decimals";
  const auto bulk = read("BULK_PAY", kForms.at("BULK_PAY"));
  EXPECT_EQ(std::get<ledger::BulkPay>(bulk->action).control_sum, (ledger::Amount{0, 1250}));
}

TEST(OperationForm, A_payment_is_of_its_operation_unless_it_says_otherwise) {
  const auto transfer = read("TRANSFER", kForms.at("TRANSFER"));
  ASSERT_TRUE(transfer.has_value());
  const auto& terms = std::get<ledger::Transfer>(transfer->action).terms;
  EXPECT_EQ(terms.uetr, transfer->op_id);
  EXPECT_EQ(terms.payer_bank, 1U);
}

TEST(OperationForm, What_is_wrong_is_named_with_its_bound) {
  struct Row {
    std::string_view type, members, says;
  };
  constexpr std::string_view kMint = R"("token":"bank-a.USD","account":"$A",)";
  const std::string mint(kMint);
  const std::string second = mint + R"("amount":"1.234")", third = mint + R"("amount":1)",
                    fourth = mint + R"("amount":"1","colour":"red")",
                    fifth = mint + R"("amount":"10000000000000000.00")",
                    sixth = mint + R"("amount":"1","kind":"GIFT")",
                    seventh = mint + R"("amount":"1","core_ref_commit":"77")";
  const Row rows[] = {
      {"FLY", "", "type is one of GOV_PROPOSE, GOV_VOTE"},
      {"MINT", R"("token":"bank-a.USD","account":"$A")", "amount is missing"},
      {"MINT", R"("token":"bank-z.USD")", "token no token is called bank-z.USD"},
      {"MINT", R"("token":"bank-a.USD","account":"CAROL","amount":"1")", "account is neither"},
      {"MINT", second, "amount \"1.234\" has more than 2 decimals"},
      {"MINT", third, "amount is an amount in major units as text"},
      {"MINT", fourth, "colour is not known; there are token, account, amount, kind"},
      {"MINT", fifth, "is above 9999999999999999.99"},
      {"MINT", sixth, "kind is one of DEPOSIT, INTEREST, CORRECTION"},
      {"MINT", seventh, "core_ref_commit is 64 hexadecimal digits"},
      {"PAY", R"("terms":{"payer_account":"$A","payee_bank":"bank-b"},"screening":$S)",
       "terms.payee_account is missing"},
      {"TOKEN_CREATE", R"("currency":"GBP","product":65536)",
       "product is a whole number, at most 65535"},
      {"TOKEN_PAUSE", R"("token":"bank-a.USD","flags":["BURN"])", "flags is one of MINT, REDEEM"},
      {"GOV_VOTE", R"("proposer":"bank-b","prop_id":"7","yes":true)",
       "prop_id is a lower-case UUID"},
      {"ACCT_BLOCK", R"("account":"$A","debit":1)", "debit is true or false"},
      {"CORRIDOR_SET",
       R"("incoming":true,"peer":"bank-b","currency":"USD","half":{"enabled":true,"max_tx":"1","daily_cap":"1",
          "settle_tokens":["bank-a.USD","bank-a.USD","bank-a.USD","bank-a.USD","bank-a.USD"]})",
       "half.settle_tokens[4] is one too many: at most 4"},
      {"BULK_PAY", R"("items":[$T,{"payer_account":"x"}],"control_sum":"1")",
       "items[1].payer_account is neither"},
      {"MINT", R"("token":"bank-a.USD","account":"$A","amount":"1")", "core_ref_commit is missing"},
      {"ACCT_OPEN", R"("account":"$A","country":"DE","kind":"NOSTRO")", "owner is missing"},
      {"ACCT_OPEN", R"("account":"$A","country":"DE","kind":"FEE")", "kind is CUSTOMER or NOSTRO"},
      {"PAY_RESPOND", R"("payer_bank":"bank-b","uetr":"$U","accept":false)", "reason is missing"},
      {"PAY_RESPOND", R"("payer_bank":"bank-b","uetr":"$U","accept":true,"reason":"REGULATORY")",
       "reason is for a rejection only"},
      {"RETURN", R"("payer_bank":"bank-b","uetr":"$U","amount":"1","by_bank":true)",
       "reason of a return by_bank is REGULATORY"},
      {"HOLD_CREATE", R"("token":"bank-a.USD","account":"$A","amount":"5","kind":"ESCROW")",
       "captor is missing"},
      {"HOLD_CREATE",
       R"("token":"bank-a.USD","account":"$A","amount":"5","kind":"LEGAL","ttl_s":1)",
       "ttl_s is not for a LEGAL hold"},
      {"GOV_PROPOSE", R"("ttl_s":60)", "action is exactly one of inst_add"},
      {"ACCT_CLOSE", R"("account":"$A","op_id":"x")", "op_id is a lower-case UUID"},
  };
  for (const auto& row : rows) {
    const auto refused = read(row.type, row.members);
    ASSERT_FALSE(refused.has_value()) << row.says;
    EXPECT_NE(refused.error().to_string().find(row.says), std::string::npos)
        << refused.error().to_string() << "\nnot: " << row.says;
  }
}

}  // namespace
}  // namespace giro::receipt
