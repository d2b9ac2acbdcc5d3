#include "node/receipt/json.h"

#include "node/receipt/json_text.h"
#include "node/receipt/limits.h"

namespace giro::receipt {

namespace {

// --- writing -----------------------------------------------------------------------------------

void put_operation(std::string& out, const std::optional<SignedBody>& operation) {
  if (!operation) {
    out += "null";
    return;
  }
  out += R"({"body":)";
  put_quoted(out, to_base64(operation->body));
  out += R"(,"signatures":)";
  put_list(out, operation->signatures, [&](const SignedBody::Signature& entry) {
    out += R"({"public_key":)";
    put_hex(out, entry.public_key);
    out += R"(,"signature":)";
    put_hex(out, entry.signature);
    out += '}';
  });
  out += '}';
}

void put_outcome(std::string& out, const ledger::OutcomeLeaf& outcome) {
  out += R"({"height":)";
  put_quoted(out, std::to_string(outcome.height));
  out += R"(,"index":)" + std::to_string(outcome.index) + R"(,"block_time":)";
  put_quoted(out, to_time_text(outcome.block_time.value));
  out += R"(,"operation_hash":)";
  put_hex(out, outcome.operation_hash);
  out += R"(,"actor":)" + std::to_string(outcome.actor) + R"(,"op_id":)";
  put_quoted(out, to_uuid_text(outcome.op_id.bytes));
  out += R"(,"code":)" + std::to_string(static_cast<std::uint16_t>(outcome.code));
  out += R"(,"detail":{"index":)" + std::to_string(outcome.detail_index);
  out += R"(,"inner":)" + std::to_string(static_cast<std::uint16_t>(outcome.detail_inner));
  out += outcome.recorded ? R"(},"recorded":true)" : R"(},"recorded":false)";
  out += R"(,"event_count":)" + std::to_string(outcome.event_count) + R"(,"events_root":)";
  put_hex(out, outcome.events_root);
  out += '}';
}

void put_event(std::string& out, const DisclosedEvent& shown) {
  out += R"({"position":)" + std::to_string(shown.position) + R"(,"event":)";
  put_quoted(out, to_base64(shown.event));
  out += R"(,"path":)";
  put_list(out, shown.path, [&](const Hash& hash) { put_hex(out, hash); });
  out += '}';
}

// --- reading -----------------------------------------------------------------------------------

void read_operation(Scanner& in, std::optional<SignedBody>& operation) {
  if (in.accept("null")) return;
  SignedBody& read = operation.emplace();
  in.expect(R"({"body":)");
  read.body = in.quoted_as((kBodyBytesMax + 2) / 3 * 4, from_base64);
  in.expect(R"(,"signatures":)");
  in.list(read.signatures, kBodySignaturesMax, [&](SignedBody::Signature& entry) {
    in.expect(R"({"public_key":)");
    in.hex(entry.public_key.bytes);
    in.expect(R"(,"signature":)");
    in.hex(entry.signature.bytes);
    in.expect("}");
  });
  in.expect("}");
}

void read_outcome(Scanner& in, ledger::OutcomeLeaf& outcome) {
  in.expect(R"({"height":)");
  outcome.height = in.quoted_number();
  in.expect(R"(,"index":)");
  outcome.index = in.number<std::uint32_t>();
  in.expect(R"(,"block_time":)");
  outcome.block_time.value = in.quoted_as(24, from_time_text);
  in.expect(R"(,"operation_hash":)");
  in.hex(outcome.operation_hash.bytes);
  in.expect(R"(,"actor":)");
  outcome.actor = in.number<std::uint32_t>();
  in.expect(R"(,"op_id":)");
  outcome.op_id.bytes = in.quoted_as(36, from_uuid_text);
  in.expect(R"(,"code":)");
  outcome.code = ledger::Code{in.number<std::uint16_t>()};
  in.expect(R"(,"detail":{"index":)");
  outcome.detail_index = in.number<std::uint32_t>();
  in.expect(R"(,"inner":)");
  outcome.detail_inner = ledger::Code{in.number<std::uint16_t>()};
  in.expect(R"(},"recorded":)");
  outcome.recorded = in.accept("true");
  if (!outcome.recorded) in.expect("false");
  in.expect(R"(,"event_count":)");
  outcome.event_count = in.number<std::uint32_t>();
  in.expect(R"(,"events_root":)");
  in.hex(outcome.events_root.bytes);
  in.expect("}");
}

void read_event(Scanner& in, DisclosedEvent& shown) {
  in.expect(R"({"position":)");
  shown.position = in.number<std::uint32_t>();
  in.expect(R"(,"event":)");
  shown.event = in.quoted_as((kEventBytesMax + 2) / 3 * 4, from_base64);
  in.expect(R"(,"path":)");
  in.list(shown.path, kPathMax, [&](Hash& hash) { in.hex(hash.bytes); });
  in.expect("}");
}

}  // namespace

std::string to_json(const Receipt& receipt) {
  std::string out = R"({"format":)";
  put_quoted(out, kJsonFormat);
  out += R"(,"receipt_id":)";
  put_hex(out, receipt_id(receipt));
  out += R"(,"chain_id":)";
  put_hex(out, receipt.chain);
  out += R"(,"operation":)";
  put_operation(out, receipt.operation);
  out += R"(,"outcome":)";
  put_outcome(out, receipt.outcome);
  out += R"(,"events":)";
  put_list(out, receipt.events, [&](const DisclosedEvent& shown) { put_event(out, shown); });
  out += R"(,"path":)";
  put_list(out, receipt.path, [&](const Hash& hash) { put_hex(out, hash); });
  put_attested(out, receipt);
  return out;
}

std::optional<Receipt> from_json(std::string_view text) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  if (text.ends_with('\n')) text.remove_suffix(1);
  Scanner in(text);
  Receipt receipt;
  Hash id;
  in.expect(R"({"format":)");
  if (in.quoted(kJsonFormat.size()) != kJsonFormat) in.fail();
  in.expect(R"(,"receipt_id":)");
  in.hex(id.bytes);
  in.expect(R"(,"chain_id":)");
  in.hex(receipt.chain.bytes);
  in.expect(R"(,"operation":)");
  read_operation(in, receipt.operation);
  in.expect(R"(,"outcome":)");
  read_outcome(in, receipt.outcome);
  in.expect(R"(,"events":)");
  in.list(receipt.events, kEventsMax, [&](DisclosedEvent& shown) { read_event(in, shown); });
  in.expect(R"(,"path":)");
  in.list(receipt.path, kPathMax, [&](Hash& hash) { in.hex(hash.bytes); });
  read_attested(in, receipt);
  if (!in.at_end() || id != receipt_id(receipt)) return std::nullopt;
  return receipt;
}

std::expected<Verified, Failure> verify_json(std::string_view text, const Genesis& genesis) {
  const std::optional<Receipt> receipt = from_json(text);
  if (!receipt) return std::unexpected(Failure::Malformed);
  return verify(*receipt, genesis);
}

}  // namespace giro::receipt
