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

std::expected<crypto::Bytes, Problem> read_signed(const Request& request) {
  const auto type = content_type(request);
  if (type == "application/json") {
    const auto value = parse_json(request.body);
    if (!value) return std::unexpected(value.error());
    return read_form(*value);
  }
  if (type == "application/x-protobuf") return crypto::to_bytes(crypto::as_view(request.body));
  return std::unexpected(
      problem(Fault::UnsupportedType, "send application/json or application/x-protobuf"));
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
  if (content_type(request) != "application/json")
    return std::unexpected(problem(Fault::UnsupportedType, "send application/json"));
  const auto value = parse_json(request.body);
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains("operations");
  const auto* items = member == nullptr ? nullptr : member->if_array();
  if (items == nullptr || object->size() != 1) return bad("a batch has exactly operations, a list");
  if (items->empty() || items->size() > kBatchOperationsMax)
    return bad("a batch has 1 to " + std::to_string(kBatchOperationsMax) + " operations");
  SubmissionBatch batch;
  batch.reserve(items->size());
  for (const auto& item : *items) batch.push_back(submission_of(read_form(item), chain_id));
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
