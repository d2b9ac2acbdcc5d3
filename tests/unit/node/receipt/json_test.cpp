#include "node/receipt/json.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "node/receipt/limits.h"
#include "tests/unit/node/receipt/receipt_builder.h"
#include "tests/unit/node/receipt/tamper.h"

namespace giro::receipt {
namespace {

using test::genesis;
using test::make_receipt;
using test::Shape;

const std::vector<Shape> kShapes{{},
                                 {.redacted = true},
                                 {.later_headers = 2},
                                 {.shown = {1}},
                                 {.index = 0, .shown = {0, 1, 2}},
                                 {.later_headers = 1, .set_changes = 2, .voters = {0, 1, 2, 3, 4}}};

TEST(Json, one_receipt_is_one_text) {
  for (const Shape& shape : kShapes) {
    const Receipt receipt = make_receipt(shape);
    const std::string text = to_json(receipt);
    const std::optional<Receipt> read = from_json(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, receipt);
    EXPECT_EQ(to_json(*read), text);
    EXPECT_TRUE(verify_json(text, genesis()));
  }
}

TEST(Json, names_its_members_in_a_fixed_order) {
  const Receipt receipt = make_receipt();
  const std::string text = to_json(receipt);
  EXPECT_TRUE(text.starts_with(R"({"format":"giro.receipt/1","receipt_id":")" +
                               crypto::to_hex(receipt_id(receipt)) + R"(","chain_id":")" +
                               crypto::to_hex(receipt.chain) +
                               R"(","operation":{"body":"cGF5IEVVUiAxLjIz)"));
  EXPECT_NE(
      text.find(R"("outcome":{"height":"42","index":3,"block_time":"2025-11-21T22:41:07.042Z",)"),
      std::string::npos);
  EXPECT_NE(text.find(R"("actor":7,"op_id":"03132333-4353-6373-8393-a3b3c3d3e3f3","code":702,)"
                      R"("detail":{"index":4,"inner":400},"recorded":true,"event_count":3,)"),
            std::string::npos);
  EXPECT_NE(text.find(R"("attestation":[{"member":0,"signature":")"), std::string::npos);
  EXPECT_TRUE(text.ends_with(R"(],"lineage":[]})"));
}

TEST(Json, one_line_feed_at_the_end_is_allowed) {
  const std::string text = to_json(make_receipt());
  EXPECT_TRUE(from_json(text + "\n"));
  for (const char* end : {"\n\n", "\r\n", " ", "\n ", "x", "{}"}) {
    EXPECT_FALSE(from_json(text + end)) << end;
  }
  EXPECT_FALSE(from_json("\n" + text));
  EXPECT_FALSE(from_json(" " + text));
}

TEST(Json, cut_anywhere_is_malformed) {
  for (const Shape& shape : kShapes) {
    const std::string text = to_json(make_receipt(shape));
    for (std::size_t size = 0; size < text.size(); ++size) {
      ASSERT_FALSE(from_json(std::string_view(text).substr(0, size))) << size;
    }
  }
}

TEST(Json, any_byte_left_out_or_put_in_is_refused) {
  const std::string text = to_json(make_receipt({.later_headers = 1}));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string edited = text;
    edited.erase(at, 1);
    ASSERT_FALSE(verify_json(edited, genesis())) << at;
    for (const char put : {'0', ' ', '"'}) {
      edited = text;
      edited.insert(at, 1, put);
      ASSERT_FALSE(verify_json(edited, genesis())) << at << ' ' << put;
    }
  }
}

// Each single bit, and the characters that a receipt is made of.
TEST(Json, any_changed_byte_is_refused) {
  const std::string text = to_json(make_receipt({.operations = 1, .index = 1}));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::set<char> values{'0', '1', '9', 'a', 'f', 'A', 'F', '=', ' ', '"', ',', '}', '\n', '\0'};
    for (int bit = 0; bit < 8; ++bit) values.insert(static_cast<char>(text[at] ^ (1 << bit)));
    values.erase(text[at]);
    std::string edited = text;
    for (const char value : values) {
      edited[at] = value;
      ASSERT_FALSE(verify_json(edited, genesis())) << at << ' ' << static_cast<int>(value);
    }
  }
}

TEST(Json, any_byte_changed_in_a_long_receipt_is_refused) {
  const std::string text = to_json(make_receipt(kShapes.back()));
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int mask : {0x01, 0x20}) {  // another digit, the other case
      std::string edited = text;
      edited[at] = static_cast<char>(edited[at] ^ mask);
      ASSERT_FALSE(verify_json(edited, genesis())) << at << ' ' << mask;
    }
  }
}

// Receipts of every outcome. The votes are as many as needed, so that none can be spared; of the
// body's signatures each can, since they are not what the receipt rests on, and of the events each
// need not be shown.
TEST(Json, whatever_the_outcome_no_part_can_be_changed) {
  using ledger::Code;
  const std::pair<const char*, Shape> kinds[] = {
      {"settled", {.code = Code::Ok, .detail_index = 0, .detail_inner = Code::Ok, .shown = {1}}},
      {"a time-out",
       {.index = 0, .code = Code::Ok, .detail_index = 0, .detail_inner = Code::Ok, .shown = {1}}},
      {"rejected", {.code = Code::InsufficientFunds, .detail_index = 0, .detail_inner = Code::Ok}},
      {"accepted too late",
       {.code = Code::PaymentExpired, .detail_index = 0, .detail_inner = Code::Ok}},
      {"bulk with a failed item",
       {.code = Code::LegFailed,
        .detail_index = 500,
        .detail_inner = Code::CreditorAccountNotFound}},
      {"void",
       {.code = Code::BadSignature,
        .detail_index = 0,
        .detail_inner = Code::Ok,
        .recorded = false}},
      {"redacted", {.redacted = true}},
      {"under changed sets", {.later_headers = 1, .set_changes = 2, .voters = {0, 1, 2, 4}}}};
  for (const auto& [kind, shape] : kinds) {
    const Receipt receipt = make_receipt(shape);
    const std::string text = to_json(receipt);
    ASSERT_TRUE(verify_json(text, genesis())) << kind;
    const auto mutations = test::tampered(text, 1);
    EXPECT_GE(mutations.size(), 200U) << kind;
    std::size_t spared = 0;
    for (const auto& [what, edited] : mutations) {
      if (!verify_json(edited, genesis())) continue;
      ++spared;
      Receipt without = *from_json(edited);
      if (without.operation) without.operation->signatures = receipt.operation->signatures;
      if (without.events.size() < receipt.events.size()) without.events = receipt.events;
      ASSERT_EQ(without, receipt) << kind << ' ' << what;
    }
    // One of two signatures, or an event of which something remains to be told.
    const std::size_t signatures = receipt.operation ? 2 : 0;
    const std::size_t events = receipt.operation || shape.shown.size() > 1 ? shape.shown.size() : 0;
    EXPECT_EQ(spared, signatures + events) << kind;
  }
}

void expect_malformed(const std::string& from, const std::string& to) {
  const std::string text = to_json(make_receipt({.set_changes = 1, .voters = {0, 1, 2, 4}}));
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  std::string edited = text;
  edited.replace(at, from.size(), to);
  const auto verified = verify_json(edited, genesis());
  ASSERT_FALSE(verified) << to;
  EXPECT_EQ(verified.error(), Failure::Malformed) << to;
}

TEST(Json, other_forms_of_the_same_value_are_malformed) {
  expect_malformed(R"({"format")", R"({ "format")");
  expect_malformed(R"("format":)", R"("format": )");
  expect_malformed(R"("format")", R"("f\u006frmat")");
  expect_malformed(R"("giro.receipt/1")", R"("giro.receipt\/1")");
  expect_malformed(R"("giro.receipt/1")", R"("giro.receipt/2")");
  expect_malformed(R"("index":3)", R"("index":03)");
  expect_malformed(R"("index":3)", R"("index":3.0)");
  expect_malformed(R"("index":3)", R"("index":3e0)");
  expect_malformed(R"("index":3)", R"("index":+3)");
  expect_malformed(R"("index":3)", R"("index":"3")");
  expect_malformed(R"("index":3)", R"("index":4294967299)");
  expect_malformed(R"("index":3)", R"("index":-3)");
  expect_malformed(R"("code":702)", R"("code":65536)");
  expect_malformed(R"("code":702)", R"("code":66238)");
  expect_malformed(R"("height":"942")", R"("height":942)");
  expect_malformed(R"("height":"942")", R"("height":"0942")");
  expect_malformed(R"("height":"942")", R"("height":"")");
  expect_malformed(R"("height":"942")", R"("height":"18446744073709552558")");
  expect_malformed(R"("recorded":true)", R"("recorded":1)");
  expect_malformed(R"("recorded":true)", R"("recorded":null)");
  expect_malformed(R"("member":0)", R"("member":00)");
  expect_malformed(R"("member":0)", R"("member":-0)");
}

TEST(Json, unknown_missing_and_doubled_members_are_malformed) {
  expect_malformed(R"("actor":7,)", R"("actor":7,"note":"x",)");
  expect_malformed(R"("actor":7,)", R"("actor":7,"actor":7,)");
  expect_malformed(R"("actor":7,)", "");
  expect_malformed(R"("actor":7,)", R"("actor":7,,)");
  expect_malformed(R"({"format":"giro.receipt/1",)", "{");
  expect_malformed(R"("path":[)", R"("path":[,)");
  expect_malformed(R"("path":[)", R"("path":[null,)");
  expect_malformed(R"("operation":{)", R"("operation":[{)");
}

TEST(Json, receipt_id_must_be_that_of_the_receipt) {
  const Receipt receipt = make_receipt();
  std::string text = to_json(receipt);
  const std::string id = crypto::to_hex(receipt_id(receipt));
  text.replace(text.find(id), id.size(), crypto::to_hex(test::digest("another id")));
  EXPECT_FALSE(from_json(text));
}

TEST(Json, header_of_another_chain_is_malformed) {
  const Receipt receipt = make_receipt();
  std::string text = to_json(receipt);
  const std::string header = crypto::to_hex(receipt.header.canonical(receipt.chain));
  text.replace(text.find(header), header.size(),
               crypto::to_hex(receipt.header.canonical(test::digest("another chain"))));
  EXPECT_FALSE(from_json(text));
}

TEST(Json, lists_are_read_up_to_their_limit) {
  Receipt receipt = make_receipt();
  receipt.path.resize(kPathMax);
  receipt.later_headers.resize(kLaterHeadersMax);
  receipt.attestation.resize(kMembersMax);
  receipt.operation->signatures.resize(kBodySignaturesMax);
  receipt.operation->body.resize(kBodyBytesMax);
  receipt.lineage.resize(8);
  receipt.lineage[0].set.members.resize(kMembersMax);
  EXPECT_TRUE(from_json(to_json(receipt)));
  const auto refused_with = [&](auto edit) {
    Receipt larger = receipt;
    edit(larger);
    return !from_json(to_json(larger)).has_value();
  };
  EXPECT_TRUE(refused_with([](Receipt& r) { r.path.push_back({}); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.later_headers.push_back({}); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.attestation.push_back({}); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.operation->signatures.push_back({}); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.operation->body.resize(kBodyBytesMax + 3); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.lineage[0].set.members.push_back({}); }));
  EXPECT_TRUE(refused_with([](Receipt& r) { r.lineage.resize(kSetChangesMax + 1); }));
}

TEST(Json, a_text_above_the_limit_is_not_read) {
  EXPECT_FALSE(from_json(std::string(kTextBytesMax + 1, ' ')));
  EXPECT_FALSE(from_json(""));
  EXPECT_FALSE(from_json("\n"));
  EXPECT_FALSE(from_json("null"));
  EXPECT_FALSE(from_json(std::string(100'000, '[')));
}

}  // namespace
}  // namespace giro::receipt
