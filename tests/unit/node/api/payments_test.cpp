// Payments by account and with their history, holds, what banks owe each other.
#include "node/receipt/json.h"
#include "node/runtime/payment_index.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

ledger::Id id_of(std::uint8_t fill) {
  ledger::Id id;
  id.bytes.fill(std::byte{fill});
  id.bytes[6] = std::byte{0x40};
  id.bytes[8] = std::byte{0x80};
  return id;
}

class PaymentsTest : public ServerTest {
 protected:
  // One block with a payment from ALICE to BOB that began in it.
  void pay(std::uint8_t fill, ledger::PaymentState state) {
    ++height_;
    ledger::Payment payment;
    payment.kind = ledger::PaymentKind::CrossBank;
    payment.state = state;
    payment.created_at = {1'700'000'000'000 + static_cast<std::int64_t>(height_) * 1000};
    payment.last_height = height_;
    payment.terms.uetr = id_of(fill);
    payment.terms.payer_bank = 1;
    payment.terms.payer_account = alice();
    payment.terms.payee_bank = 2;
    payment.terms.payee_account = config::demo_aliases().at("BOB").account;
    payment.terms.token_from = 1;
    payment.terms.token_to = 3;
    payment.terms.amount = {0, 100U * fill};
    runtime::ExecutedBlock block;
    block.header.height = {height_};
    block.header.time = {payment.created_at.value};
    block.writes.push_back(
        {ledger::payment_key(1, payment.terms.uetr).to_bytes(), ledger::encode(payment)});
    ledger::PaymentEvent event;
    event.terms = payment.terms;
    event.state = state;
    ledger::EventRecord record;
    record.height = height_;
    record.n = 1;
    record.index = 1;
    record.type = static_cast<std::uint16_t>(state == ledger::PaymentState::Pending
                                                 ? ledger::EventType::PaymentPending
                                                 : ledger::EventType::PaymentSettled);
    record.actor = 1;
    record.op_id = payment.terms.uetr;
    record.block_time = payment.created_at;
    record.body = ledger::encode(event);
    block.events.push_back(ledger::encode_event(record));
    storage::WriteBatch batch;
    runtime::put_payments(block, batch);
    batch.put(ledger::uetr_index_key(payment.terms.uetr, 1), {});
    for (const auto& write : block.writes) batch.put(write.key, *write.value);
    service.write(batch, height_);
  }
  static ledger::AccountId alice() { return config::demo_aliases().at("ALICE").account; }
  static std::vector<std::string> uetrs(const json::object& list) {
    std::vector<std::string> out;
    for (const auto& item : list.at("items").as_array())
      out.emplace_back(item.as_object().at("uetr").as_string());
    return out;
  }
  static std::string uuid(std::uint8_t fill) { return receipt::to_uuid_text(id_of(fill).bytes); }
  std::uint64_t height_ = 0;
};

TEST_F(PaymentsTest, By_account_page_by_page_and_filtered) {
  for (const std::uint8_t fill : std::initializer_list<std::uint8_t>{9, 3, 7, 5})
    pay(fill, fill == 7 ? ledger::PaymentState::Pending : ledger::PaymentState::Settled);
  const std::string target = "/v1/payments?account=" + crypto::to_hex(alice());
  EXPECT_EQ(uetrs(document(get(target))), (std::vector{uuid(9), uuid(3), uuid(7), uuid(5)}))
      << "in the order of their beginning";

  std::vector<std::string> paged;
  std::string cursor;
  do {
    const auto page =
        document(get(target + "&limit=3" + (cursor.empty() ? "" : "&cursor=" + cursor)));
    for (const auto& uetr : uetrs(page)) paged.push_back(uetr);
    if (cursor.empty()) pay(11, ledger::PaymentState::Settled);  // meanwhile
    cursor =
        page.at("next_cursor").is_null() ? "" : std::string(page.at("next_cursor").as_string());
  } while (!cursor.empty());
  EXPECT_EQ(paged, (std::vector{uuid(9), uuid(3), uuid(7), uuid(5), uuid(11)}));

  EXPECT_EQ(uetrs(document(get(target + "&state=PENDING"))), (std::vector{uuid(7)}));
  EXPECT_EQ(
      uetrs(document(get(target + "&from=2023-11-14T22:13:22.000Z&to=2023-11-14T22:13:24.000Z"))),
      (std::vector{uuid(3), uuid(7)}));
  EXPECT_EQ(uetrs(document(get("/v1/payments?uetr=" + uuid(3)))), (std::vector{uuid(3)}));
  EXPECT_TRUE(uetrs(document(get("/v1/payments?uetr=" + uuid(4)))).empty());
  const std::string paid = "?account=" + crypto::to_hex(alice()) + "&state=PAID";
  for (const std::string& bad : std::vector<std::string>{"", "?account=1", "?uetr=1", paid})
    EXPECT_EQ(get("/v1/payments" + bad).status, 400U) << bad;
  for (const std::string bad :
       {"&cursor=7", "&cursor=x.1", "&limit=0", "&from=yesterday", "&colour=red"})
    EXPECT_EQ(get(target + bad).status, 400U) << bad;
  EXPECT_EQ(get("/v1/payments?account=" + std::string(32, '1')).status, 404U);
}

TEST_F(PaymentsTest, One_with_its_transitions) {
  pay(7, ledger::PaymentState::Pending);
  const auto payment = document(get("/v1/payments/bank-a/" + uuid(7)));
  EXPECT_EQ(payment.at("state").as_string(), "PENDING");
  const auto& transitions = payment.at("transitions").as_array();
  ASSERT_EQ(transitions.size(), 1U);
  const auto& first = transitions[0].as_object();
  EXPECT_EQ(first.at("event").as_string(), "PaymentPending");
  EXPECT_EQ(first.at("height").as_string(), "1");
  EXPECT_EQ(first.at("actor").as_string(), "bank-a");
  EXPECT_EQ(first.at("op_id").as_string(), uuid(7));
  EXPECT_EQ(first.at("time").as_string(), "2023-11-14T22:13:21.000Z");
}

TEST_F(PaymentsTest, What_proves_how_it_stands_or_how_it_stood) {
  pay(7, ledger::PaymentState::Pending);
  pay(8, ledger::PaymentState::Settled);
  pay(7, ledger::PaymentState::Settled);
  const std::string target = "/v1/payments/bank-a/" + uuid(7) + "/receipt";
  const auto height = [&](const std::string& query) {
    const auto receipt = receipt::from_json(get(target + query).body);
    return receipt ? receipt->header.height.value : 0;
  };
  EXPECT_EQ(height(""), 3U);
  EXPECT_EQ(height("?at=1.1"), 1U);
  EXPECT_EQ(height("?at=3.1"), 3U);
  for (const std::string other : {"?at=1.2", "?at=2.1", "?at=4.1"})
    EXPECT_EQ(get(target + other).status, 404U) << other;
  for (const std::string bad : {"?at=1", "?at=x.1", "?at=", "?redact=body"})
    EXPECT_EQ(get(target + bad).status, 400U) << bad;
  EXPECT_EQ(get("/v1/payments/bank-b/" + uuid(7) + "/receipt").status, 404U);
  EXPECT_EQ(get("/v1/payments/bank-a/7/receipt").status, 400U);
}

TEST_F(PaymentsTest, Holds_of_an_account_and_by_id) {
  storage::WriteBatch batch;
  for (std::uint8_t fill = 1; fill <= 5; ++fill) {
    ledger::Hold hold;
    hold.token = 1U + fill % 2;
    hold.account = alice();
    hold.amount = {0, 100U * fill};
    hold.kind = ledger::HoldKind::Escrow;
    hold.created_height = 10U - fill;
    hold.captor = 2;
    batch.put(ledger::hold_key(1, id_of(fill)), ledger::encode(hold));
    batch.put(
        ledger::hold_of_position_key(hold.token, alice(), hold.created_height, 1, id_of(fill)), {});
  }
  service.write(batch, 10);
  const auto one = document(get("/v1/holds/bank-a/" + uuid(2)));
  EXPECT_EQ(one.at("amount").as_string(), "2.00");
  EXPECT_EQ(one.at("kind").as_string(), "ESCROW");
  EXPECT_EQ(one.at("status").as_string(), "ACTIVE");
  EXPECT_EQ(one.at("captor").as_string(), "bank-b");
  EXPECT_EQ(get("/v1/holds/bank-b/" + uuid(2)).status, 404U);

  const std::string target = "/v1/accounts/" + crypto::to_hex(alice()) + "/holds";
  for (const std::string limit : {"1", "2", "3", "5", "1000"}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      const auto page =
          document(get(target + "?limit=" + limit + (cursor.empty() ? "" : "&cursor=" + cursor)));
      for (const auto& item : page.at("items").as_array())
        seen.emplace_back(item.as_object().at("hold_id").as_string());
      cursor =
          page.at("next_cursor").is_null() ? "" : std::string(page.at("next_cursor").as_string());
    } while (!cursor.empty());
    EXPECT_EQ(seen, (std::vector{uuid(4), uuid(2), uuid(5), uuid(3), uuid(1)})) << limit;
  }
  EXPECT_EQ(get(target + "?cursor=12").status, 400U);
}

TEST_F(PaymentsTest, A_deny_list_is_its_owners_alone) {
  storage::WriteBatch batch;
  const auto deny = [&](const ledger::Key& key, std::uint32_t reason) {
    batch.put(key, ledger::encode(ledger::Deny{.reason_class = reason, .height = 5}));
  };
  deny(ledger::deny_account_key(1, 2, alice()), 1);
  deny(ledger::deny_institution_key(1, 3), 2);
  deny(ledger::deny_country_key(1, ledger::CountryCode::from("KP")), 3);
  deny(ledger::deny_country_key(1, ledger::CountryCode::from("US")), 3);
  deny(ledger::deny_country_key(2, ledger::CountryCode::from("DE")), 4);
  service.write(batch, 6);
  const std::string target = "/v1/institutions/bank-a/deny-list";
  for (const int limit : {1, 2, 3, 4, 5}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      const auto page = document(get(target + "?limit=" + std::to_string(limit) + cursor));
      for (const auto& item : page.at("items").as_array()) {
        const auto& one = item.as_object();
        std::string text(one.at("kind").as_string());
        for (const char* member : {"servicer", "account", "institution", "country"})
          if (one.contains(member)) text += ' ' + std::string(one.at(member).as_string());
        seen.push_back(text);
        EXPECT_EQ(one.at("height").as_string(), "5");
      }
      const auto& next = page.at("next_cursor");
      cursor = next.is_null() ? "" : "&cursor=" + std::string(next.as_string());
    } while (!cursor.empty());
    EXPECT_EQ(seen, (std::vector<std::string>{"ACCOUNT bank-b " + crypto::to_hex(alice()),
                                              "INSTITUTION bank-c", "COUNTRY KP", "COUNTRY US"}))
        << limit;
  }
  EXPECT_EQ(get("/v1/institutions/bank-b/deny-list").status, 403U);
  EXPECT_EQ(get("/v1/institutions/nobody/deny-list").status, 403U);
  for (const char* bad : {"?cursor=", "?cursor=zz", "?cursor=012", "?limit=0", "?all=1"})
    EXPECT_EQ(get(target + bad).status, 400U) << bad;
}

TEST_F(PaymentsTest, What_banks_owe_and_are_owed) {
  const auto bank = document(get("/v1/institutions/bank-a"));
  for (const auto& row : bank.at("liabilities").as_array()) {
    const auto& one = row.as_object();
    if (one.at("token").as_string() != "bank-a.USD") continue;
    EXPECT_EQ(one.at("outstanding").as_string(), "2000000.00");
    EXPECT_EQ(one.at("customers").as_string(), "2000000.00");
  }
  bool has_nostro = false;
  for (const auto& row : bank.at("own_accounts").as_array()) {
    const auto& one = row.as_object();
    if (one.at("token").as_string() != "bank-b.USD") continue;
    has_nostro = true;
    EXPECT_EQ(one.at("at").as_string(), "bank-b");
    EXPECT_EQ(one.at("posted").as_string(), "400000.00");
    EXPECT_EQ(one.at("exposure_limit").as_string(), "1000000.00");
    EXPECT_EQ(one.at("exposure_left").as_string(), "600000.00");
  }
  EXPECT_TRUE(has_nostro);
  bool has_vostro = false;
  for (const auto& row : bank.at("accounts_of_others").as_array()) {
    const auto& one = row.as_object();
    has_vostro = has_vostro || (one.at("owner").as_string() == "bank-b" &&
                                one.at("token").as_string() == "bank-a.USD");
  }
  EXPECT_TRUE(has_vostro);
}

TEST_F(PaymentsTest, Conservation_and_parameters_are_public) {
  const auto sums = document(get("/v1/conservation"));
  EXPECT_TRUE(sums.at("conserved").as_bool());
  EXPECT_EQ(sums.at("items").as_array().size(), 8U);
  const auto params = document(get("/v1/params"));
  EXPECT_EQ(params.at("ledger").as_object().at("op_window").as_string(), "86400000");
  EXPECT_TRUE(params.at("network").as_object().contains("view_timeout_cap"));
  EXPECT_TRUE(params.at("next_epoch").as_object().empty());
}

}  // namespace
}  // namespace giro::api
