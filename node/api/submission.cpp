#include "node/api/submission.h"

#include <boost/json.hpp>

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

std::expected<crypto::Bytes, Problem> read_json(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return bad("the body is not JSON: " + error.message());
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

}  // namespace

std::expected<Submission, Problem> read_submission(const Request& request,
                                                   const crypto::Hash& chain_id) {
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find(';'));
  std::expected<crypto::Bytes, Problem> bytes;
  if (type == "application/json") {
    bytes = read_json(request.body);
  } else if (type == "application/x-protobuf") {
    bytes = crypto::to_bytes(crypto::as_view(request.body));
  } else {
    return std::unexpected(
        problem(Fault::UnsupportedType, "send application/json or application/x-protobuf"));
  }
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

}  // namespace giro::api
