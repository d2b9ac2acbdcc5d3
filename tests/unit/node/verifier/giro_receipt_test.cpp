#include "node/verifier/giro_receipt.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "node/receipt/json.h"
#include "tests/unit/node/config/demo_setup.h"
#include "tests/unit/node/receipt/receipt_builder.h"
#include "tests/unit/node/receipt/tamper.h"

namespace giro_receipt {
namespace {

namespace config = giro::config;
namespace receipt = giro::receipt;

// The demo network, whose validators have the keys of the receipts that are made here.
const std::string& genesis_text() {
  static const std::string text = [] {
    auto setup = config::test_setup();
    for (std::size_t i = 0; i < setup.validators.size(); ++i)
      setup.validators.at(config::demo_validators()[i]).key =
          receipt::test::secret(receipt::test::kGenesisKeys[i]).public_key();
    return config::write_genesis_file(config::demo_genesis(setup));
  }();
  return text;
}

const Genesis& network() {
  static const Genesis read = Genesis::read(genesis_text()).value();
  return read;
}

receipt::Receipt make(receipt::test::Shape shape) {
  shape.chain = config::chain_id_of(genesis_text());
  return receipt::test::make_receipt(shape);
}

TEST(GiroReceipt, says_which_network_it_trusts) {
  EXPECT_EQ(network().network(), "giro-dev");
  EXPECT_EQ(network().chain_id(), giro::crypto::to_hex(config::chain_id_of(genesis_text())));
}

TEST(GiroReceipt, tells_a_settled_payment) {
  const auto made = make({.code = giro::ledger::Code::Ok,
                          .detail_index = 0,
                          .detail_inner = giro::ledger::Code::Ok,
                          .shown = {1}});
  const Checked checked = network().verify(receipt::to_json(made));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  const Facts& facts = checked.facts;
  EXPECT_EQ(facts.receipt_id, giro::crypto::to_hex(receipt::receipt_id(made)));
  EXPECT_EQ(facts.code, 0);
  EXPECT_EQ(facts.code_name, "OK");
  EXPECT_EQ(facts.height, 42U);
  EXPECT_EQ(facts.index, 3U);
  EXPECT_EQ(facts.time_ms, made.header.time.ms);
  EXPECT_EQ(facts.actor, "#7");  // no such institution in the genesis file
  EXPECT_EQ(facts.signers, (std::vector<std::string>{"bank-a", "bank-b", "bank-d"}));
  EXPECT_EQ(facts.quorum, 3U);
  EXPECT_EQ(facts.validators, 4U);
  ASSERT_EQ(facts.payments.size(), 1U);
  const Payment& payment = facts.payments.front();
  EXPECT_EQ(payment.state, "SETTLED");
  EXPECT_EQ(payment.kind, "XBANK");
  EXPECT_EQ(payment.uetr, "42424242-4242-4242-4242-424242424242");
  EXPECT_EQ(payment.payer_bank, "bank-a");
  EXPECT_EQ(payment.payee_bank, "bank-b");
  EXPECT_EQ(payment.amount.token, 3U);
  EXPECT_EQ(payment.amount.minor_units, "12345");
  EXPECT_FALSE(payment.amount.token_name.empty());
  EXPECT_EQ(payment.amount.amount, payment.amount.currency == "JPY" ? "12345" : "123.45");
  EXPECT_EQ(payment.amount_to.token, 0U);
  EXPECT_EQ(payment.returned.minor_units, "0");
  EXPECT_EQ(payment.expires_at_ms, 0);
}

TEST(GiroReceipt, tells_what_arrives) {
  const Checked checked =
      network().verify(receipt::to_json(make({.shown = {1}, .payee_fee = {0, 45}})));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  const Payment& payment = checked.facts.payments.at(0);
  EXPECT_EQ(payment.amount.minor_units, "12345");
  EXPECT_EQ(payment.payee_fee.minor_units, "45");
  EXPECT_EQ(payment.credited.minor_units, "12300") << "and not what was sent";
  EXPECT_EQ(payment.credited.token, 4U) << "of the payee's bank";
}

TEST(GiroReceipt, tells_what_the_genesis_file_does_not_know_by_its_number) {
  const Checked checked =
      network().verify(receipt::to_json(make({.shown = {1}, .token = 4'000'000'000})));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  const Money& money = checked.facts.payments.at(0).amount;
  EXPECT_EQ(money.token, 4'000'000'000U);
  EXPECT_EQ(money.minor_units, "12345");
  EXPECT_TRUE(money.token_name.empty() && money.currency.empty() && money.amount.empty());
}

// OK is not "paid".
TEST(GiroReceipt, a_waiting_payment_is_pending) {
  const Checked checked =
      network().verify(receipt::to_json(make({.code = giro::ledger::Code::Ok,
                                              .shown = {1},
                                              .state = giro::ledger::PaymentState::Pending})));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  EXPECT_EQ(checked.facts.code_name, "OK");
  EXPECT_EQ(checked.facts.payments.at(0).state, "PENDING");
  EXPECT_EQ(checked.facts.payments.at(0).expires_at_ms, 1'763'764'900'000);
}

TEST(GiroReceipt, a_time_out_has_no_operation) {
  const Checked checked =
      network().verify(receipt::to_json(make({.index = 0,
                                              .code = giro::ledger::Code::Ok,
                                              .shown = {1},
                                              .state = giro::ledger::PaymentState::Expired})));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  EXPECT_TRUE(checked.facts.actor.empty() && checked.facts.op_id.empty());
  EXPECT_FALSE(checked.facts.has_body);
  EXPECT_EQ(checked.facts.payments.at(0).state, "EXPIRED");
}

TEST(GiroReceipt, without_events_it_tells_of_no_payment) {
  const Checked checked = network().verify(receipt::to_json(make({})));
  ASSERT_EQ(checked.verdict, Verdict::Valid);
  EXPECT_TRUE(checked.facts.payments.empty());
  EXPECT_TRUE(checked.facts.has_body);
}

TEST(GiroReceipt, a_receipt_of_another_network_is_refused) {
  const Checked checked =
      network().verify(receipt::to_json(receipt::test::make_receipt({.shown = {1}})));
  EXPECT_EQ(checked.verdict, Verdict::WrongChain);
  EXPECT_TRUE(checked.facts.payments.empty());
}

// The same verdict as node/receipt in each of thousands of edits; facts only of what is valid.
TEST(GiroReceipt, agrees_with_the_nodes_own_check_on_every_edit) {
  const std::string text = receipt::to_json(make({.later_headers = 1, .shown = {1}}));
  const receipt::Genesis trusted{config::chain_id_of(genesis_text()),
                                 receipt::test::members_of(receipt::test::kGenesisKeys)};
  const std::map<receipt::Failure, Verdict> same{
      {receipt::Failure::Malformed, Verdict::Malformed},
      {receipt::Failure::WrongChain, Verdict::WrongChain},
      {receipt::Failure::BadLineage, Verdict::BadLineage},
      {receipt::Failure::BadBody, Verdict::BadBody},
      {receipt::Failure::BadPath, Verdict::BadPath},
      {receipt::Failure::BadSignature, Verdict::BadSignature},
      {receipt::Failure::NoQuorum, Verdict::NoQuorum}};
  std::map<Verdict, int> seen;
  for (const auto& [what, edited] : receipt::test::tampered(text, 1)) {
    const auto expected = receipt::verify_json(edited, trusted);
    const Checked checked = network().verify(edited);
    ASSERT_EQ(checked.verdict, expected ? Verdict::Valid : same.at(expected.error())) << what;
    ++seen[checked.verdict];
    EXPECT_EQ(checked.facts.receipt_id.empty(), !expected.has_value()) << what;
  }
  for (const Verdict verdict : {Verdict::Malformed, Verdict::BadBody, Verdict::BadPath,
                                Verdict::BadSignature, Verdict::NoQuorum})
    EXPECT_GT(seen[verdict], 0) << name(verdict);
}

TEST(GiroReceipt, what_is_no_genesis_file_is_refused_with_its_place) {
  std::string why;
  EXPECT_FALSE(Genesis::read("", &why));
  EXPECT_FALSE(why.empty());
  std::string text = genesis_text();
  const std::string from = R"("bank-c")";
  text.replace(text.find(from), from.size(), R"("BANK C")");
  EXPECT_FALSE(Genesis::read(text, &why));
  EXPECT_NE(why.find("institutions[2].name"), std::string::npos) << why;
  EXPECT_FALSE(Genesis::read(text));  // nobody wants to know why
}

TEST(GiroReceipt, may_be_used_by_many_threads_at_once) {
  const std::string text = receipt::to_json(make({.shown = {1}}));
  const Genesis copy = network();
  std::vector<std::thread> threads;
  std::array<bool, 4> good{};
  for (bool& each : good) {
    threads.emplace_back([&each, &copy, &text] {
      each = true;
      for (int i = 0; i < 20; ++i) each = each && copy.verify(text).verdict == Verdict::Valid;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const bool each : good) EXPECT_TRUE(each);
}

TEST(GiroReceipt, verdicts_have_names) {
  EXPECT_EQ(name(Verdict::Valid), "VALID");
  EXPECT_EQ(name(Verdict::NoQuorum), "NO_QUORUM");
  EXPECT_EQ(name(static_cast<Verdict>(8)), "UNKNOWN");
}

}  // namespace
}  // namespace giro_receipt
