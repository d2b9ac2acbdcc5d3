// F11, F20: receipts, statements and orders as text, as whoever holds one hands them in.
#include <boost/json.hpp>

#include "node/ledger/encode.h"
#include "node/ledger/records.h"
#include "node/receipt/json.h"
#include "node/receipt/operation_form.h"
#include "node/receipt/statement.h"
#include "tests/fuzz/target.h"
#include "tests/unit/node/receipt/receipt_builder.h"

namespace giro::fuzz::of_receipt {
namespace {

namespace json = boost::json;

std::vector<receipt::test::Shape> seed_shapes() {
  std::vector<receipt::test::Shape> shapes{{.index = 0, .shown = {0, 1, 2}}};
  for (std::size_t changes = 0; changes <= 2; ++changes)
    for (const std::uint64_t later : {0U, 2U})
      shapes.push_back({.later_headers = later,
                        .set_changes = changes,
                        .redacted = changes == 1,
                        .shown = {changes}});
  return shapes;
}

// A receipt has one text; and what verifies is one of ours, whose parts are as they were signed.
bool run_receipt(ByteView input) {
  const std::string_view text = crypto::as_text(input);
  const auto read = receipt::from_json(text);
  const auto verified = receipt::verify_json(text, receipt::test::genesis());
  GIRO_CHECK(read || !verified);
  if (!read) return false;
  const std::string again = receipt::to_json(*read);
  GIRO_CHECK(again == text || again + "\n" == text);
  if (!verified) return true;
  const consensus::Header& header = read->attested_header();
  const crypto::Hash* known = nullptr;  // of the headers that the seeds' validators have signed
  static const std::vector<crypto::Hash> signed_headers = [] {
    std::vector<crypto::Hash> out;
    for (const receipt::test::Shape& shape : seed_shapes())
      out.push_back(receipt::test::make_receipt(shape).attested_header().hash(
          receipt::test::genesis().chain));
    return out;
  }();
  for (const crypto::Hash& each : signed_headers)
    if (each == header.hash(read->chain)) known = &each;
  GIRO_CHECK(known != nullptr);
  return true;
}

std::vector<Bytes> receipt_seeds() {
  std::vector<Bytes> seeds;
  for (const receipt::test::Shape& shape : seed_shapes())
    seeds.push_back(text_bytes(receipt::to_json(receipt::test::make_receipt(shape))));
  return seeds;
}

// number of entries, then each with its size
bool run_statement(ByteView input) {
  crypto::Reader in(input);
  receipt::StatementPart part;
  part.token = in.u8();
  part.account.bytes.fill(std::byte{0xAB});
  part.after = in.u8();
  part.opening_chain = ledger::first_entry_chain(part.token, part.account);
  part.opening_balance = {0, in.u16()};
  while (in.remaining() > 2) {
    const std::size_t size = std::min<std::size_t>(in.u16(), in.remaining());
    part.entries.push_back(crypto::to_bytes(in.raw(size)));
  }
  const auto checked = receipt::check_statement(part);
  if (!checked) {
    GIRO_CHECK(!checked.error().empty());
    return false;
  }
  GIRO_CHECK(checked->entries.size() == part.entries.size());
  GIRO_CHECK(checked->last == part.after + part.entries.size());
  for (std::size_t i = 0; i < part.entries.size(); ++i)
    GIRO_CHECK(ledger::encode(checked->entries[i]) == part.entries[i], i);
  return !part.entries.empty();
}

std::vector<Bytes> statement_seeds() {
  Bytes seed;
  crypto::Writer out(seed);
  out.u8(7).u8(0).u16(0);
  ledger::EntryEvent entry{};
  entry.token = 7;
  entry.account.bytes.fill(std::byte{0xAB});
  entry.height = 10;
  entry.index = entry.line = entry.payer_bank = entry.counterparty_bank = 1;
  entry.reference.bytes.fill(std::byte{1});
  entry.block_time = {1'790'000'000'000};
  for (entry.seq = 1; entry.seq <= 3; ++entry.seq) {
    entry.side = ledger::Side::Credit;
    entry.amount = {0, 100};
    entry.balance = {0, 100 * entry.seq};
    const Bytes bytes = ledger::encode(entry);
    out.u16(static_cast<std::uint16_t>(bytes.size())).raw(bytes);
  }
  return {seed};
}

// Banks 1 and 2 and their tokens, by these names.
class FewNames final : public receipt::Names {
 public:
  std::optional<ledger::InstId> institution(std::string_view name) const override {
    if (name == "bank-a") return 1;
    if (name == "bank-b") return 2;
    return std::nullopt;
  }
  std::optional<Token> token(std::string_view name) const override {
    if (name == "bank-a.USD") return Token{1, 2};
    if (name == "bank-b.JPY") return Token{2, 0};
    return std::nullopt;
  }
  std::optional<ledger::AccountId> account(std::string_view) const override { return std::nullopt; }
  std::optional<std::uint8_t> payment_scale(ledger::InstId, const ledger::Uetr&) const override {
    return std::uint8_t{2};
  }
  std::optional<std::uint8_t> hold_scale(ledger::InstId, const ledger::HoldId&) const override {
    return std::uint8_t{2};
  }
  std::optional<ledger::Commit> commit(std::string_view, std::string_view data) const override {
    return crypto::sha256(crypto::as_view(data));
  }
  std::string institution_name(ledger::InstId id) const override {
    return id == 1 ? "bank-a" : "bank-b";
  }
  std::string token_name(ledger::TokenId id) const override {
    return id == 1 ? "bank-a.USD" : "bank-b.JPY";
  }
  std::uint8_t token_scale(ledger::TokenId id) const override {
    return id == 1 ? std::uint8_t{2} : std::uint8_t{0};
  }
};

// What is read from an order is written as one that reads as the same operation.
bool run_order(ByteView input) {
  json::error_code error;
  const std::string_view text = crypto::as_text(input);
  const auto value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return false;
  receipt::OrderDefaults defaults;
  defaults.actor = 1;
  defaults.op_id.bytes.fill(std::byte{0x44});
  defaults.valid_until = {1'790'000'060'000};
  defaults.now = {1'790'000'000'000};
  const FewNames names;
  const auto read = receipt::read_operation(value.get_object(), names, defaults);
  if (!read) {
    GIRO_CHECK(!read.error().to_string().empty());
    return false;
  }
  const auto again = receipt::read_operation(receipt::write_operation(*read, names), names, {});
  GIRO_CHECK(again.has_value(), again.error().to_string());
  GIRO_CHECK(ledger::encode_body(*again) == ledger::encode_body(*read));
  return true;
}

constexpr std::string_view kOrders[] = {
    R"({"type":"MINT","actor":"bank-a","token":"bank-a.USD","account":"55555555555555555555555555555555","amount":"12.50","core_ref_commit":{"data":"x"}})",
    R"({"type":"TOKEN_PAUSE","token":"bank-a.USD","flags":["MINT","XBANK"]})",
    R"({"type":"DENY_SET","add":[{"kind":"COUNTRY","country":"KP","reason_class":1}]})",
    R"({"type":"ROLE_SET","role":"MAKER","policy":{"quorum":1,"keys":[{"public_key":"02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","operator_id":7,"not_after":"2030-01-01T00:00:00.000Z"}]}})",
    R"({"type":"PAY","terms":{"payer_account":"55555555555555555555555555555555","payee_bank":"bank-b","payee_account":"66666666666666666666666666666666","token_from":"bank-a.USD","token_to":"bank-b.JPY","amount":"12.50","settle_token":"bank-a.USD","payee_fee":"3","purpose":"SUPP","charge_bearer":"SHAR"},"screening":{"sanctions":"PASS","aml_fraud":"PASS","screened_at":"now","list_version":"2026-11"},"ttl_s":60})",
    R"({"type":"SETTLE_ATOMIC","legs":[{"xfer":{"token":"bank-a.USD","from":"55555555555555555555555555555555","to":"66666666666666666666666666666666","amount":"1"}},{"mint":{"token":"bank-b.JPY","account":"55555555555555555555555555555555","amount":"150"}}]})"};

std::vector<Bytes> order_seeds() {
  std::vector<Bytes> seeds;
  for (const std::string_view each : kOrders) seeds.push_back(text_bytes(each));
  return seeds;
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F20", "receipt", run_receipt, receipt_seeds},
                                        {"F20", "statement", run_statement, statement_seeds},
                                        {"F11", "order", run_order, order_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_receipt
