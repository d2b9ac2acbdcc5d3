// Writes what the verifier in the browser is held against, as JSON lines on standard output: texts
// of receipts, valid ones and the whole tamper corpus, each with the verdict of node/receipt.
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "node/receipt/json.h"
#include "tests/unit/node/receipt/receipt_builder.h"
#include "tests/unit/node/receipt/tamper.h"
#include "tests/unit/node/receipt/tamper_corpus.h"

namespace giro::receipt {
namespace {

constexpr std::size_t kEvery = 29;  // of the edits of a text one in so many

// The text as base64, since an edit may leave bytes that are no UTF-8.
void put_vector(const std::string& name, const std::string& text) {
  const auto verified = verify_json(text, test::genesis());
  const std::string id = verified ? crypto::to_hex(verified->receipt_id) : "";
  std::cout << R"({"name":")" << name << R"(","text":")" << to_base64(crypto::as_view(text))
            << R"(","verdict":")" << (verified ? "VALID" : receipt::name(verified.error()))
            << R"(","receipt_id":")" << id << "\"}\n";
}

void put_genesis() {
  const Genesis genesis = test::genesis();
  std::cout << R"({"chain":")" << crypto::to_hex(genesis.chain) << R"(","members":[)";
  for (std::size_t i = 0; i < genesis.members.size(); ++i) {
    const auto& member = genesis.members[i];
    std::cout << (i > 0 ? "," : "") << R"({"institution":)" << member.institution.value
              << R"(,"public_key":")" << crypto::to_hex(member.key) << "\"}";
  }
  std::cout << "]}\n";
}

void put_corpus() {
  for (const test::Tamper& tamper : test::tamper_corpus()) {
    Receipt receipt = test::make_receipt(tamper.base);
    tamper.edit(receipt);
    const std::int64_t time = receipt.outcome.block_time.value;
    if (time < 0 || time > kTimeMsMax) continue;  // has no text
    put_vector(tamper.name, to_json(receipt));
  }
}

void put_texts() {
  const std::vector<std::pair<std::string, test::Shape>> shapes{
      {"plain", {}},
      {"settled", {.code = ledger::Code::Ok, .shown = {1}}},
      {"redacted", {.redacted = true}},
      {"sweep", {.index = 0, .shown = {0, 1, 2}}},
      {"later headers", {.later_headers = 2}},
      {"too few", {.voters = {0, 1}}},
      {"changed sets", {.later_headers = 1, .set_changes = 2, .voters = {0, 1, 2, 3, 4}}}};
  for (const auto& [name, shape] : shapes) {
    const std::string text = to_json(test::make_receipt(shape));
    put_vector(name, text);
    for (const char* end : {"\n", "\n\n", "\r\n", " ", "{}"})
      put_vector(name + " and " + std::to_string(std::string(end).size()) + " more", text + end);
    const auto edits = test::tampered(text, 1);
    for (std::size_t i = 0; i < edits.size(); i += kEvery)
      put_vector(name + ": " + edits[i].what, edits[i].text);
  }
  for (std::uint32_t operations = 1; operations <= 9; ++operations) {
    for (std::uint32_t index = 1; index <= operations; ++index) {
      const Receipt receipt =
          test::make_receipt({.operations = operations, .index = index, .redacted = true});
      put_vector(std::to_string(index) + " of " + std::to_string(operations), to_json(receipt));
    }
  }
}

}  // namespace
}  // namespace giro::receipt

int main() {
  giro::receipt::put_genesis();
  giro::receipt::put_corpus();
  giro::receipt::put_texts();
  return std::cout.flush() ? 0 : 1;
}
