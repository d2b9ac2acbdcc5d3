#include "node/client/order.h"

#include <algorithm>
#include <boost/json.hpp>

#include "node/client/json_fields.h"
#include "node/ledger/ledger.h"

namespace giro::client {
namespace {

namespace json = boost::json;

constexpr std::size_t kSummaryMax = 160;

// "HOLD_CREATE token bank-a.USD amount 12.50 kind ESCROW": what fits on a line, of the operation as
// it stands in the body. Commitments say nothing to people.
void summarise(const json::object& form, std::string& out) {
  constexpr std::size_t kCommitDigits = 64;
  for (const auto& [name, value] : form) {
    if (name == "type" || name == "op_id" || name == "valid_until" || name == "actor") continue;
    if (value.is_object()) {
      summarise(value.get_object(), out);
      continue;
    }
    if (value.is_string() && value.get_string().size() >= kCommitDigits) continue;
    const std::string text = value.is_array() ? "(" + std::to_string(value.get_array().size()) + ")"
                             : value.is_string() ? std::string(value.get_string())
                                                 : json::serialize(value);
    if (out.size() + name.size() + text.size() + 2 > kSummaryMax) continue;
    out += " " + std::string(name) + " " + text;
  }
}

}  // namespace

std::optional<ledger::InstId> DirectoryNames::institution(std::string_view name) const {
  const auto found = directory_.institution(name);
  if (!found) return std::nullopt;
  return found->id;
}

std::optional<receipt::Names::Token> DirectoryNames::token(std::string_view name) const {
  const auto found = directory_.token(name);
  if (!found) return std::nullopt;
  return Token{found->id, found->scale};
}

std::optional<ledger::AccountId> DirectoryNames::account(std::string_view alias) const {
  const auto found = parse_account(alias, profile_);
  if (!found) return std::nullopt;
  return found->id;
}

std::optional<std::uint8_t> DirectoryNames::scale_at(const std::string& target,
                                                     const char* member) const {
  const auto value = client_.get(target);
  if (!value || !value->is_object()) return std::nullopt;
  const auto found = directory_.token(text_field(value->get_object(), member));
  if (!found) return std::nullopt;
  return found->scale;
}

std::optional<std::uint8_t> DirectoryNames::payment_scale(ledger::InstId payer_bank,
                                                          const ledger::Uetr& uetr) const {
  return scale_at(
      "/v1/payments/" + institution_name(payer_bank) + "/" + receipt::to_uuid_text(uetr.bytes),
      "token_from");
}

std::optional<std::uint8_t> DirectoryNames::hold_scale(ledger::InstId creator,
                                                       const ledger::HoldId& id) const {
  return scale_at("/v1/holds/" + institution_name(creator) + "/" + receipt::to_uuid_text(id.bytes),
                  "token");
}

std::optional<ledger::Commit> DirectoryNames::commit(std::string_view type,
                                                     std::string_view data) const {
  openings_.push_back(make_commit(type, data));
  return openings_.back().commit;
}

std::string DirectoryNames::institution_name(ledger::InstId id) const {
  const auto found = std::ranges::find(directory_.institutions(), id, &InstitutionFacts::id);
  return found == directory_.institutions().end() ? "#" + std::to_string(id) : found->name;
}

std::string DirectoryNames::token_name(ledger::TokenId id) const {
  const auto found = std::ranges::find(directory_.tokens(), id, &TokenFacts::id);
  return found == directory_.tokens().end() ? "#" + std::to_string(id) : found->name;
}

std::uint8_t DirectoryNames::token_scale(ledger::TokenId id) const {
  const auto found = std::ranges::find(directory_.tokens(), id, &TokenFacts::id);
  return found == directory_.tokens().end() ? std::uint8_t{0} : found->scale;
}

std::expected<Simulated, Error> simulate(Client& client, crypto::ByteView body,
                                         const std::vector<ledger::SignatureField>& signatures) {
  json::object request{{"body", receipt::to_base64(body)}};
  if (!signatures.empty()) {
    json::array list;
    for (const auto& one : signatures) {
      list.push_back(json::object{{"public_key", crypto::to_hex(one.public_key)},
                                  {"signature", crypto::to_hex(one.signature)}});
    }
    request["signatures"] = std::move(list);
  }
  auto value = client.post("/v1/operations/simulate", json::serialize(request));
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  const auto* needs = object == nullptr ? nullptr : array_field(*object, "needs");
  const auto* accounts = object == nullptr ? nullptr : array_field(*object, "account_keys");
  const Error bad{ErrorKind::Internal, {}, "the node's answer is no simulation"};
  if (needs == nullptr || accounts == nullptr) return std::unexpected(bad);
  Simulated out;
  out.code = text_field(*object, "code");
  for (const auto& need : *needs) {
    if (!need.is_object()) return std::unexpected(bad);
    const auto role = role_of(text_field(need.get_object(), "role"));
    if (!role) return std::unexpected(bad);
    out.needs.push_back({text_field(need.get_object(), "institution"), *role,
                         static_cast<std::uint32_t>(number_field(need.get_object(), "count"))});
  }
  for (const auto& account : *accounts) {
    auto policy = read_account_policy(account);
    if (!policy) return std::unexpected(bad);
    out.account_keys.push_back(std::move(*policy));
  }
  out.document = std::move(*value);
  return out;
}

std::expected<Draft, Error> draft_unsigned(const json::object& order, const receipt::Names& names,
                                           ledger::InstId actor, const crypto::Hash& chain_id,
                                           const DraftOptions& options) {
  const receipt::OrderDefaults defaults{.actor = actor,
                                        .op_id = ledger::OpId{options.op_id.value_or(new_uuid())},
                                        .valid_until = {options.now_ms + options.valid_for.count()},
                                        .now = {options.now_ms}};
  auto operation = receipt::read_operation(order, names, defaults);
  if (!operation)
    return std::unexpected(Error{ErrorKind::Usage, {}, operation.error().to_string()});
  const auto decoded = ledger::decode_body(chain_id, ledger::encode_body(*operation));
  if (!decoded) {
    return std::unexpected(Error{ErrorKind::Usage, std::string(ledger::code_name(decoded.error())),
                                 "the ledger refuses an operation of this form"});
  }
  Draft draft{.actor = names.institution_name(operation->actor),
              .operation = std::move(*operation),
              .needs = {},
              .summary = std::string(ledger::operation_name(decoded->type()))};
  summarise(receipt::write_operation(draft.operation, names), draft.summary);
  return draft;
}

std::expected<OrderDraft, Error> draft_order(const json::object& order, const Directory& directory,
                                             const config::Profile& profile, Client& client,
                                             const crypto::Hash& chain_id,
                                             const DraftOptions& options) {
  std::vector<Opening> openings;
  const DirectoryNames names(directory, profile, client, openings);
  OrderDraft out;
  auto draft = draft_unsigned(order, names, names.institution(profile.institution).value_or(0),
                              chain_id, options);
  if (!draft) return std::unexpected(draft.error());
  out.draft = std::move(*draft);
  out.draft.openings = std::move(openings);
  auto simulated = simulate(client, ledger::encode_body(out.draft.operation));
  if (!simulated) return std::unexpected(simulated.error());
  out.draft.needs = std::move(simulated->needs);
  out.draft.account_keys = std::move(simulated->account_keys);
  if (simulated->code != "OK") out.warning = simulated->code;
  return out;
}

}  // namespace giro::client
