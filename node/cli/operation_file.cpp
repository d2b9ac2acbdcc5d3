#include "node/cli/operation_file.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "node/client/governance.h"
#include "node/client/json_fields.h"
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

std::optional<ledger::Role> role_of(std::string_view text) {
  for (std::size_t i = 0; i < ledger::kRoleCount; ++i) {
    const auto role = static_cast<ledger::Role>(i);
    if (ledger::name(role) == text) return role;
  }
  return std::nullopt;
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

std::vector<std::string> texts(const json::object& from, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = array_field(from, name)) {
    for (const auto& one : *list) {
      if (one.is_string()) out.emplace_back(one.get_string());
    }
  }
  return out;
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

Drafted draft_move(const json::object& from, client::Session& session,
                   const client::Directory& directory, const Options& options, bool is_mint) {
  if (auto known = check_members(from, {"type", "token", "account", "amount", "reference"});
      !known) {
    return std::unexpected(known.error());
  }
  const auto account = client::parse_account(text_field(from, "account"), session.profile);
  if (!account) return std::unexpected(account.error());
  const client::MintRequest request{.token = text_field(from, "token"),
                                    .account = *account,
                                    .amount = text_field(from, "amount"),
                                    .reference = text_field(from, "reference")};
  return is_mint ? client::draft_mint(directory, request, options)
                 : client::draft_redeem(directory, request, options);
}

Drafted draft_open(const json::object& from, client::Session& session,
                   const client::Directory& directory, const Options& options) {
  if (auto known =
          check_members(from, {"type", "bank", "account", "tokens", "country", "nostro_of"});
      !known) {
    return std::unexpected(known.error());
  }
  client::AccountOpenRequest request;
  request.servicer = given(from, "bank").value_or(session.profile.institution);
  request.tokens = texts(from, "tokens");
  request.country = text_field(from, "country");
  request.nostro_owner = text_field(from, "nostro_of");
  if (const auto id = given(from, "account")) {
    if (!crypto::from_hex(*id, request.id.bytes)) return usage("account is 32 hexadecimal digits");
  } else {
    crypto::random_bytes(request.id.bytes);
  }
  return client::draft_account_open(directory, request, options);
}

Drafted draft_create(const json::object& from, client::Session& session,
                     const client::Directory& directory, const Options& options) {
  if (auto known = check_members(from, {"type", "issuer", "currency", "product", "settlement",
                                        "cap", "max_tx", "min_tx", "fee_max"});
      !known) {
    return std::unexpected(known.error());
  }
  client::TokenCreateRequest request;
  request.issuer = given(from, "issuer").value_or(session.profile.institution);
  request.currency = text_field(from, "currency");
  const std::uint64_t product = number_field(from, "product");
  if (product > 0xFFFF) return usage("product is at most 65535");
  request.product = static_cast<std::uint16_t>(product);
  request.settlement = client::bool_field(from, "settlement");
  request.cap = text_field(from, "cap");
  request.max_tx = text_field(from, "max_tx");
  request.min_tx = text_field(from, "min_tx");
  request.fee_max = text_field(from, "fee_max");
  return client::draft_token_create(directory, request, options);
}

Drafted draft_proposal(const json::object& from, client::Session& session,
                       const client::Directory& directory, const Options& options) {
  if (auto known = check_members(from, {"type", "actor", "change", "institution", "public_key",
                                        "possession", "ttl_s", "urgent"});
      !known) {
    return std::unexpected(known.error());
  }
  client::SeatRequest request;
  request.actor = given(from, "actor").value_or(session.profile.institution);
  request.change = text_field(from, "change");
  request.institution = text_field(from, "institution");
  request.public_key = text_field(from, "public_key");
  request.possession = text_field(from, "possession");
  request.urgent = client::bool_field(from, "urgent");
  if (from.contains("ttl_s")) {
    const std::uint64_t ttl_s = number_field(from, "ttl_s");
    if (ttl_s > 0xFFFFFFFF) return usage("ttl_s is too large");
    request.ttl_s = static_cast<std::uint32_t>(ttl_s);
  }
  return client::draft_seat_proposal(directory, request, options);
}

Drafted draft_vote(const json::object& from, client::Session& session,
                   const client::Directory& directory, const Options& options) {
  if (auto known = check_members(from, {"type", "actor", "proposal", "yes"}); !known)
    return std::unexpected(known.error());
  return client::draft_vote(directory,
                            {.actor = given(from, "actor").value_or(session.profile.institution),
                             .proposal = text_field(from, "proposal"),
                             .yes = client::bool_field(from, "yes")},
                            options);
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
  json::array needs, signatures;
  for (const auto& need : file.needs) {
    needs.push_back(json::object{{"institution", need.institution},
                                 {"role", ledger::name(need.role)},
                                 {"count", need.count}});
  }
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
                          {"body", receipt::to_base64(file.body)},
                          {"signatures", std::move(signatures)}}) +
         "\n";
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
          row.is_object() ? role_of(text_field(row.get_object(), "role")) : std::nullopt;
      if (!role) return usage("needs has no such role");
      out.needs.push_back({text_field(row.get_object(), "institution"), *role,
                           static_cast<std::uint32_t>(number_field(row.get_object(), "count"))});
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
  const auto directory = client::Directory::from_node(session.client);
  if (!directory) return std::unexpected(directory.error());
  const std::string type = text_field(*object, "type");
  if (type == "PAY" || type == "TRANSFER") return draft_pay(*object, session, *directory, options);
  if (type == "MINT" || type == "REDEEM") {
    return draft_move(*object, session, *directory, options, type == "MINT");
  }
  if (type == "ACCT_OPEN") return draft_open(*object, session, *directory, options);
  if (type == "TOKEN_CREATE") return draft_create(*object, session, *directory, options);
  if (type == "GOV_PROPOSE") return draft_proposal(*object, session, *directory, options);
  if (type == "GOV_VOTE") return draft_vote(*object, session, *directory, options);
  return usage(
      "type is one of PAY, TRANSFER, MINT, REDEEM, ACCT_OPEN, TOKEN_CREATE, GOV_PROPOSE, GOV_VOTE");
}

}  // namespace giro::cli
