#include "node/cli/operation_file.h"

#include <algorithm>
#include <boost/json.hpp>

#include "node/client/json_fields.h"
#include "node/client/order.h"
#include "node/client/payment.h"

namespace giro::cli {
namespace {

namespace json = boost::json;
using client::array_field;
using client::Error;
using client::ErrorKind;
using client::number_field;
using client::text_field;

constexpr std::string_view kSchema = "giro.operation/1";

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::Usage, {}, std::move(message)});
}

// Refuses members that are not in the list, and says which are.
std::expected<void, Error> check_members(const json::object& from,
                                         std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : from) {
    if (std::ranges::find(known, std::string_view(name.data(), name.size())) != known.end())
      continue;
    std::string list;
    for (const auto word : known) list += (list.empty() ? "" : ", ") + std::string(word);
    return usage("unknown member \"" + std::string(name) + "\"; there are " + list);
  }
  return {};
}

std::optional<std::string> given(const json::object& from, std::string_view name) {
  std::string text = text_field(from, name);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

using Options = client::DraftOptions;
using Drafted = std::expected<client::Draft, Error>;

Drafted draft_pay(const json::object& from, client::Session& session,
                  const client::Directory& directory, const Options& options) {
  if (auto known = check_members(from, {"type", "from", "to", "amount", "currency", "settle_token",
                                        "purpose", "travel_rule"});
      !known) {
    return std::unexpected(known.error());
  }
  const auto payer = client::parse_account(text_field(from, "from"), session.profile);
  const auto payee = client::parse_account(text_field(from, "to"), session.profile);
  if (!payer) return std::unexpected(payer.error());
  if (!payee) return std::unexpected(payee.error());
  const client::PaymentRequest request{.from = *payer,
                                       .to = *payee,
                                       .amount = text_field(from, "amount"),
                                       .currency = given(from, "currency"),
                                       .settle_token = given(from, "settle_token"),
                                       .purpose = given(from, "purpose"),
                                       .travel_rule_data = given(from, "travel_rule"),
                                       .throwaway = session.genesis.genesis.throwaway};
  auto draft = client::draft_payment(session.client, directory, request, options, session.keys,
                                     session.genesis.chain_id);
  if (!draft) return std::unexpected(draft.error());
  return std::move(draft->draft);
}

std::expected<ledger::SignatureField, Error> read_signature(const json::value& value) {
  const auto* object = value.if_object();
  ledger::SignatureField out;
  if (object == nullptr ||
      !crypto::from_hex(text_field(*object, "public_key"), out.public_key.bytes) ||
      !crypto::from_hex(text_field(*object, "signature"), out.signature.bytes)) {
    return usage("a signature has public_key and signature in hexadecimal digits");
  }
  return out;
}

}  // namespace

crypto::Hash OperationFile::sign_hash() const {
  return ledger::operation_sign_bytes(chain_id, ledger::operation_hash(body));
}

void OperationFile::add(const ledger::SignatureField& signature) {
  std::erase_if(signatures,
                [&](const auto& one) { return one.public_key == signature.public_key; });
  signatures.push_back(signature);
}

std::string write_operation_file(const OperationFile& file) {
  json::array needs, account_keys, signatures;
  for (const auto& need : file.needs) {
    needs.push_back(json::object{{"institution", need.institution},
                                 {"role", ledger::name(need.role)},
                                 {"count", need.count}});
  }
  for (const auto& policy : file.account_keys)
    account_keys.push_back(client::account_policy_form(policy));
  for (const auto& signature : file.signatures) {
    signatures.push_back(json::object{{"public_key", crypto::to_hex(signature.public_key)},
                                      {"signature", crypto::to_hex(signature.signature)}});
  }
  return json::serialize(
             json::object{{"schema", kSchema},
                          {"chain_id", crypto::to_hex(file.chain_id)},
                          {"actor", file.actor},
                          {"op_id", receipt::to_uuid_text(file.op_id)},
                          {"summary", file.summary},
                          {"operation_hash", crypto::to_hex(ledger::operation_hash(file.body))},
                          {"sign_hash", crypto::to_hex(file.sign_hash())},
                          {"needs", std::move(needs)},
                          {"account_keys", std::move(account_keys)},
                          {"body", receipt::to_base64(file.body)},
                          {"signatures", std::move(signatures)}}) +
         "\n";
}

bool is_operation_file(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  return !error && value.is_object() && value.get_object().contains("schema");
}

std::expected<OperationFile, Error> read_operation_file(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr || text_field(*object, "schema") != kSchema) {
    return usage("the file is no giro.operation/1 document; giro op build makes one");
  }
  OperationFile out;
  const auto op_id = receipt::from_uuid_text(text_field(*object, "op_id"));
  auto body = receipt::from_base64(text_field(*object, "body"));
  const auto* signatures = array_field(*object, "signatures");
  if (!op_id || !body || signatures == nullptr ||
      !crypto::from_hex(text_field(*object, "chain_id"), out.chain_id.bytes)) {
    return usage("chain_id, op_id, body or signatures are missing or not well formed");
  }
  out.actor = text_field(*object, "actor");
  out.op_id = *op_id;
  out.summary = text_field(*object, "summary");
  out.body = std::move(*body);
  if (const auto* needs = array_field(*object, "needs")) {
    for (const auto& row : *needs) {
      const auto role =
          row.is_object() ? client::role_of(text_field(row.get_object(), "role")) : std::nullopt;
      if (!role) return usage("needs has no such role");
      out.needs.push_back({text_field(row.get_object(), "institution"), *role,
                           static_cast<std::uint32_t>(number_field(row.get_object(), "count"))});
    }
  }
  if (const auto* accounts = array_field(*object, "account_keys")) {
    for (const auto& row : *accounts) {
      auto policy = client::read_account_policy(row);
      if (!policy) return usage("account_keys is not well formed");
      out.account_keys.push_back(std::move(*policy));
    }
  }
  for (const auto& one : *signatures) {
    const auto signature = read_signature(one);
    if (!signature) return std::unexpected(signature.error());
    out.add(*signature);
  }
  return out;
}

std::expected<client::Draft, Error> draft_from_json(std::string_view text, client::Session& session,
                                                    const client::DraftOptions& options) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return usage("the order is a JSON object with a type");
  const auto directory = client::Directory::from_node(session.client, session.genesis);
  if (!directory) return std::unexpected(directory.error());
  // A payment as a person orders it: path and evidence are found here.
  const bool is_payment = object->contains("from") && object->contains("to");
  const std::string type = text_field(*object, "type");
  if (is_payment && (type == "PAY" || type == "TRANSFER"))
    return draft_pay(*object, session, *directory, options);
  auto drafted = client::draft_order(*object, *directory, session.profile, session.client,
                                     session.genesis.chain_id, options);
  if (!drafted) return std::unexpected(drafted.error());
  return std::move(drafted->draft);
}

}  // namespace giro::cli
