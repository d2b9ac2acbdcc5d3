#include "node/api/submission.h"

#include <boost/json.hpp>

#include "node/api/limits.h"
#include "node/ledger/encode.h"
#include "node/ledger/ledger.h"

namespace giro::api {
namespace {

namespace json = boost::json;

std::unexpected<Problem> bad(std::string detail) {
  return std::unexpected(problem(Fault::BadRequest, std::move(detail)));
}

const json::string* text_member(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains({name.data(), name.size()});
  return value == nullptr ? nullptr : value->if_string();
}

std::expected<ledger::SignatureField, Problem> read_signature(const json::value& value) {
  const auto* object = value.if_object();
  const auto* key = object == nullptr ? nullptr : text_member(*object, "public_key");
  const auto* signature = object == nullptr ? nullptr : text_member(*object, "signature");
  if (key == nullptr || signature == nullptr || object->size() != 2) {
    return bad("a signature has exactly public_key and signature");
  }
  ledger::SignatureField field;
  if (!crypto::from_hex({key->data(), key->size()}, field.public_key.bytes)) {
    return bad("public_key is 66 hexadecimal digits");
  }
  if (!crypto::from_hex({signature->data(), signature->size()}, field.signature.bytes)) {
    return bad("signature is 128 hexadecimal digits");
  }
  return field;
}

std::expected<json::value, Problem> parse_json(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kFormDepthMax;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return bad("the body is not JSON: " + error.message());
  return value;
}

std::expected<crypto::Bytes, Problem> read_form(const json::value& value) {
  const auto* object = value.if_object();
  const auto* body = object == nullptr ? nullptr : text_member(*object, "body");
  const auto* list = object == nullptr ? nullptr : object->if_contains("signatures");
  if (body == nullptr || list == nullptr || !list->is_array() || object->size() != 2) {
    return bad("a signed operation has exactly body and signatures");
  }
  const auto bytes = receipt::from_base64({body->data(), body->size()});
  if (!bytes) return bad("body is not base64");
  if (list->get_array().size() > ledger::kEnvelopeSignaturesMax) {
    return bad("at most " + std::to_string(ledger::kEnvelopeSignaturesMax) + " signatures");
  }
  std::vector<ledger::SignatureField> signatures;
  for (const auto& item : list->get_array()) {
    auto signature = read_signature(item);
    if (!signature) return std::unexpected(signature.error());
    signatures.push_back(*signature);
  }
  return ledger::encode_signed_operation(*bytes, std::move(signatures));
}

std::string_view content_type(const Request& request) {
  const std::string_view type = request.header("content-type");
  return type.substr(0, type.find(';'));
}

Problem unsupported_type() {
  return problem(Fault::UnsupportedType, "send application/json or application/x-protobuf");
}

std::string batch_size_text() {
  return "a batch has 1 to " + std::to_string(kBatchOperationsMax) + " operations";
}

std::expected<crypto::Bytes, Problem> read_signed(const Request& request) {
  const auto type = content_type(request);
  if (type == "application/json") {
    const auto value = parse_json(request.body);
    if (!value) return std::unexpected(value.error());
    return read_form(*value);
  }
  if (type == "application/x-protobuf") return crypto::to_bytes(crypto::as_view(request.body));
  return std::unexpected(unsupported_type());
}

std::optional<std::uint64_t> read_varint(crypto::Reader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {  // lengths below 2^32 suffice
    const std::uint8_t byte = in.u8();
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (!in.ok()) return std::nullopt;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

using SignedBatch = std::vector<std::expected<crypto::Bytes, Problem>>;

// OperationBatch of ledger.proto: of nothing but its one field.
std::expected<SignedBatch, Problem> read_batch_message(std::string_view body) {
  constexpr std::uint8_t kOperations = 1 << 3 | 2;  // field 1, with its length
  crypto::Reader in(crypto::as_view(body));
  SignedBatch out;
  while (!in.at_end()) {
    if (out.size() == kBatchOperationsMax) return bad(batch_size_text());
    const bool is_operation = in.u8() == kOperations;
    const auto size = read_varint(in);
    if (!is_operation || !size || *size > in.remaining())
      return bad("the body is no OperationBatch");
    out.emplace_back(crypto::to_bytes(in.raw(static_cast<std::size_t>(*size))));
  }
  return out;
}

std::expected<SignedBatch, Problem> read_batch_form(std::string_view body) {
  const auto value = parse_json(body);
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains("operations");
  const auto* items = member == nullptr ? nullptr : member->if_array();
  if (items == nullptr || object->size() != 1) return bad("a batch has exactly operations, a list");
  if (items->size() > kBatchOperationsMax) return bad(batch_size_text());
  SignedBatch out;
  for (const auto& item : *items) out.push_back(read_form(item));
  return out;
}

std::expected<Submission, Problem> submission_of(std::expected<crypto::Bytes, Problem> bytes,
                                                 const crypto::Hash& chain_id) {
  if (!bytes) return std::unexpected(bytes.error());
  const auto decoded = ledger::decode(chain_id, *bytes);
  if (!decoded) return std::unexpected(problem(decoded.error()));
  Submission out;
  out.operation_hash = decoded->operation_hash();
  out.op_id = decoded->op_id().bytes;
  out.actor = decoded->actor();
  out.type = decoded->type();
  out.bytes = std::move(*bytes);
  return out;
}

}  // namespace

std::expected<Submission, Problem> read_submission(const Request& request,
                                                   const crypto::Hash& chain_id) {
  return submission_of(read_signed(request), chain_id);
}

std::expected<SubmissionBatch, Problem> read_batch(const Request& request,
                                                   const crypto::Hash& chain_id) {
  const auto type = content_type(request);
  if (type != "application/json" && type != "application/x-protobuf")
    return std::unexpected(unsupported_type());
  auto read =
      type == "application/json" ? read_batch_form(request.body) : read_batch_message(request.body);
  if (!read) return std::unexpected(read.error());
  if (read->empty()) return bad(batch_size_text());
  SubmissionBatch batch;
  batch.reserve(read->size());
  for (auto& each : *read) batch.push_back(submission_of(std::move(each), chain_id));
  return batch;
}

std::expected<Simulation, Problem> read_simulation(const Request& request,
                                                   const crypto::Hash& chain_id) {
  std::expected<ledger::Decoded, ledger::Code> decoded = std::unexpected(ledger::Code::Malformed);
  bool is_signed = true;
  const auto value = content_type(request) == "application/json"
                         ? parse_json(request.body)
                         : std::expected<json::value, Problem>(json::value());
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  if (object != nullptr && object->size() == 1 && text_member(*object, "body") != nullptr) {
    const auto* body = text_member(*object, "body");
    const auto bytes = receipt::from_base64({body->data(), body->size()});
    if (!bytes) return bad("body is not base64");
    decoded = ledger::decode_body(chain_id, *bytes);
    is_signed = false;
  } else {
    auto bytes = read_signed(request);
    if (!bytes) return std::unexpected(bytes.error());
    decoded = ledger::decode(chain_id, std::move(*bytes));
  }
  if (!decoded) return std::unexpected(problem(decoded.error()));
  return Simulation{std::move(*decoded), is_signed};
}

}  // namespace giro::api
