#include "node/api/ledger_forms.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "node/api/text.h"
#include "node/ledger/events.h"

namespace giro::api {
namespace {

using ledger::Amount;
namespace json = boost::json;

constexpr std::array<std::string_view, 4> kInstitutionKinds{"BANK", "SETTLEMENT_AGENT",
                                                            "CENTRAL_BANK", "OBSERVER"};
constexpr std::array<std::string_view, 4> kInstitutionStatus{"ACTIVE", "SUSPENDED", "EXITING",
                                                             "EXITED"};
constexpr std::array<std::string_view, 5> kAccountKinds{"CUSTOMER", "NOSTRO", "FEE", "SUSPENSE",
                                                        "LEGAL_CUSTODY"};
constexpr std::array<std::string_view, 4> kHoldKinds{"PAYMENT", "ESCROW", "REDEEM", "LEGAL"};
constexpr std::array<std::string_view, 5> kHoldStatus{"ACTIVE", "CAPTURED", "RELEASED", "EXPIRED",
                                                      "VOIDED"};

template <std::size_t N, typename E>
std::string_view word(const std::array<std::string_view, N>& words, E value) {
  const auto at = static_cast<std::size_t>(value);
  return at < N ? words[at] : std::string_view("UNKNOWN");
}

json::value text_or_null(std::string text) {
  if (text.empty()) return nullptr;
  return json::value(std::move(text));
}

json::value time_or_null(ledger::TimeMs time) {
  if (time.value == 0) return nullptr;
  return json::value(time_text(time.value));
}

template <std::size_t N>
json::array flags(std::uint8_t bits, const std::array<std::string_view, N>& names) {
  json::array out;
  for (std::size_t i = 0; i < N; ++i) {
    if ((bits >> i & 1U) != 0) out.emplace_back(names[i]);
  }
  return out;
}
constexpr std::array<std::string_view, 3> kFeatures{"CAN_CLAWBACK", "CAN_FREEZE", "CAN_ESCROW"};
constexpr std::array<std::string_view, 4> kPauses{"MINT", "REDEEM", "TRANSFER", "XBANK"};
constexpr std::array<std::string_view, 2> kBlocks{"DEBIT", "CREDIT"};
constexpr std::array<std::string_view, 3> kChecks{"sanctions", "aml_fraud", "other"};

json::object position_form(const TokenEntry& token, const ledger::Position& position) {
  const auto money = [&token](Amount amount) {
    return ledger::to_decimal(amount, token.record.scale);
  };
  const auto& limits = position.limits;
  return {{"token", token.name},
          {"token_id", token.id},
          {"posted", money(position.posted)},
          {"held", money(position.held)},
          {"frozen", money(position.frozen)},
          {"available", money(position.available())},
          {"entry_seq", std::to_string(position.entry_seq)},
          {"entry_chain", crypto::to_hex(position.entry_chain)},
          {"limits", json::object{{"max_tx", money(limits.max_tx)},
                                  {"day_amount", money(limits.day_amount)},
                                  {"day_count", std::to_string(limits.day_count)},
                                  {"max_balance", money(limits.max_balance)}}},
          {"day", json::object{{"number", position.day},
                               {"amount", money(position.day_used)},
                               {"debits", std::to_string(position.day_ops)}}},
          {"last_height", std::to_string(position.last_height)}};
}

// Effective values of a corridor (ledger 3): caps and thresholds the smaller, lists the
// intersection, checks the union.
json::object corridor_form(StateReader& reader, const ledger::Corridor& corridor,
                           const ledger::Currency& currency) {
  const std::uint8_t scale = ledger::currency_scale(currency).value_or(0);
  const auto money = [scale](Amount amount) { return ledger::to_decimal(amount, scale); };
  const auto& a = corridor.payer;
  const auto& b = corridor.payee;
  json::array settle;
  for (const ledger::TokenId token : a.settle_tokens) {
    if (b.settle_tokens.contains(token)) settle.emplace_back(reader.token_name(token));
  }
  return {
      {"currency", currency.text()},
      {"enabled", a.enabled && b.enabled},
      {"max_tx", money(std::min(a.max_tx, b.max_tx))},
      {"daily_cap", money(std::min(a.daily_cap, b.daily_cap))},
      {"day_used", money(corridor.day_used)},
      {"settle_tokens", std::move(settle)},
      {"travel_rule_threshold", money(std::min(a.travel_rule_threshold, b.travel_rule_threshold))},
      {"cop_threshold", money(std::min(a.cop_threshold, b.cop_threshold))},
      {"required_checks",
       flags(static_cast<std::uint8_t>(a.required_checks | b.required_checks), kChecks)},
      {"purpose_required", a.purpose_required || b.purpose_required},
      {"auto_accept_max", money(b.auto_accept_max)},
      {"standing_fee_max", money(b.standing_fee_max)}};
}

// Quorum and number of keys of each role policy.
json::object roles_form(StateReader& reader, ledger::InstId institution) {
  json::object roles;
  for (std::size_t i = 0; i < ledger::kRoleCount; ++i) {
    const auto role = static_cast<ledger::Role>(i);
    const auto policy = reader.read<ledger::RolePolicy>(ledger::role_policy_key(institution, role));
    if (!policy) continue;
    roles[ledger::name(role)] =
        json::object{{"quorum", policy->quorum}, {"keys", policy->keys.size()}};
  }
  return roles;
}

}  // namespace

void put_code(json::object& out, ledger::Code code) {
  out["code"] = ledger::code_name(code);
  out["number"] = static_cast<unsigned>(code);
  out["iso_reason"] = text_or_null(std::string(ledger::iso_reason(code)));
}

std::string_view operation_type_name(std::uint32_t type) {
  return ledger::operation_name(type);
}

std::vector<std::string> operation_type_names() {
  std::vector<std::string> out;
  for (const auto& row : ledger::operation_names()) out.emplace_back(row.name);
  return out;
}

json::object token_form(StateReader& reader, const TokenEntry& token) {
  const auto& record = token.record;
  const auto money = [&record](Amount amount) { return ledger::to_decimal(amount, record.scale); };
  return {{"id", token.id},
          {"name", token.name},
          {"issuer", reader.institution_name(record.issuer)},
          {"currency", record.currency.text()},
          {"scale", record.scale},
          {"product", record.product},
          {"class", record.token_class == ledger::TokenClass::Deposit ? "DEPOSIT" : "SETTLEMENT"},
          {"holder_policy", record.holder_policy == ledger::HolderPolicy::IssuerCustomers
                                ? "ISSUER_CUSTOMERS"
                                : "MEMBER_BANKS_ONLY"},
          {"features", flags(record.features, kFeatures)},
          {"paused", flags(record.paused, kPauses)},
          {"issuance_cap", money(record.issuance_cap)},
          {"max_tx", money(record.max_tx)},
          {"min_tx", money(record.min_tx)},
          {"fee_max", money(record.fee_max)},
          {"checker_threshold", money(record.checker_threshold)},
          {"dual_threshold", money(record.dual_threshold)},
          {"issued", money(record.issued)},
          {"redeemed", money(record.redeemed)},
          {"outstanding", money(ledger::subtract_or_zero(record.issued, record.redeemed))},
          {"posted", money(record.posted)},
          {"held", money(record.held)},
          {"frozen", money(record.frozen)},
          {"internal", money(record.internal)},
          {"positions", std::to_string(record.positions)}};
}

json::object institution_form(StateReader& reader, const InstitutionEntry& entry) {
  const auto& record = entry.record;
  const auto meta = reader.read<ledger::Meta>(ledger::meta_key());
  const auto set =
      reader.read<ledger::ValidatorSet>(ledger::validator_set_key(meta ? meta->epoch : 0));
  const bool has_seat = set && std::ranges::any_of(set->members, [&entry](const auto& member) {
                          return member.institution == entry.id;
                        });
  return {{"id", entry.id},
          {"name", record.name},
          {"kind", word(kInstitutionKinds, record.kind)},
          {"status", word(kInstitutionStatus, record.status)},
          {"lei", record.lei.is_absent() ? json::value(nullptr) : json::value(record.lei.text())},
          {"bic", text_or_null(record.bic)},
          {"country",
           record.country.is_absent() ? json::value(nullptr) : json::value(record.country.text())},
          {"validator", has_seat},
          {"roles", roles_form(reader, entry.id)}};
}

json::object institution_detail_form(StateReader& reader, const InstitutionEntry& entry) {
  json::object out = institution_form(reader, entry);
  json::array outgoing, incoming;
  // Corridors are keyed (from, to, currency): few, and one table scan finds both directions.
  reader.state().scan(
      ledger::table_begin(ledger::Table::Corridor), ledger::table_end(ledger::Table::Corridor),
      [&](ledger::ByteView key, ledger::ByteView value) {
        crypto::Reader fields(key.subspan(1));
        const ledger::InstId from = fields.u32(), to = fields.u32();
        if (from != entry.id && to != entry.id) return true;
        const auto corridor = ledger::decode_record<ledger::Corridor>(value);
        const auto currency = ledger::Currency::from(crypto::as_text(fields.raw(3)));
        if (!corridor || !fields.ok()) return true;
        json::object row{{"peer", reader.institution_name(from == entry.id ? to : from)}};
        for (auto& [name, member] : corridor_form(reader, *corridor, currency)) {
          row[name] = std::move(member);
        }
        (from == entry.id ? outgoing : incoming).push_back(std::move(row));
        return true;
      });
  out["corridors_out"] = std::move(outgoing);
  out["corridors_in"] = std::move(incoming);
  return out;
}

json::object account_form(StateReader& reader, ledger::InstId servicer, const ledger::AccountId& id,
                          const ledger::Account& account) {
  json::array positions;
  const ledger::TokenId last = reader.last_token();
  for (ledger::TokenId token_id = 1; token_id <= last; ++token_id) {
    const auto position = reader.read<ledger::Position>(ledger::position_key(token_id, id));
    if (!position) continue;
    const auto token = reader.token(token_id);
    if (token && token->record.issuer == servicer)
      positions.push_back(position_form(*token, *position));
  }
  return {{"id", crypto::to_hex(id)},
          {"servicer", reader.institution_name(servicer)},
          {"kind", word(kAccountKinds, account.kind)},
          {"owner", account.owner == 0 ? json::value(nullptr)
                                       : json::value(reader.institution_name(account.owner))},
          {"auth_mode", account.auth_mode == ledger::AuthMode::Joint ? "JOINT" : "CUSTODIAL"},
          {"status", account.status == ledger::AccountStatus::Open ? "OPEN" : "CLOSED"},
          {"blocks", flags(account.blocks, kBlocks)},
          {"country", account.country.is_absent() ? json::value(nullptr)
                                                  : json::value(account.country.text())},
          {"kyc_tier", account.kyc_tier},
          {"kyc_valid_until", time_or_null(account.kyc_valid_until)},
          {"open_items", std::to_string(account.open_items)},
          {"positions", std::move(positions)}};
}

json::object statement_form(StateReader& reader, const TokenEntry& token,
                            const ledger::Position& position, const runtime::Statement& statement,
                            std::uint64_t last) {
  const auto money = [&token](Amount amount) {
    return ledger::to_decimal(amount, token.record.scale);
  };
  json::array items;
  crypto::Hash chain = statement.opening_chain;
  std::uint64_t given = statement.after;
  Amount balance = statement.opening_balance;
  for (const auto& [entry, canonical] : statement.entries) {
    chain = ledger::next_entry_chain(chain, canonical);
    given = entry.seq;
    balance = entry.balance;
    items.push_back(json::object{
        {"seq", std::to_string(entry.seq)},
        {"side", entry.side == ledger::Side::Credit ? "CREDIT" : "DEBIT"},
        {"amount", money(entry.amount)},
        {"balance", money(entry.balance)},
        {"type", ledger::name(entry.type)},
        {"counterparty_bank", entry.counterparty_bank == 0
                                  ? json::value(nullptr)
                                  : json::value(reader.institution_name(entry.counterparty_bank))},
        {"payer_bank", entry.payer_bank == 0
                           ? json::value(nullptr)
                           : json::value(reader.institution_name(entry.payer_bank))},
        {"reference", to_uuid_text(entry.reference.bytes)},
        {"height", std::to_string(entry.height)},
        {"index", entry.index},
        {"line", entry.line},
        {"time", time_text(entry.block_time.value)},
        {"canonical", receipt::to_base64(canonical)}});
  }
  return {
      {"token", token.name},
      {"opening", json::object{{"seq", std::to_string(statement.after)},
                               {"balance", money(statement.opening_balance)},
                               {"entry_chain", crypto::to_hex(statement.opening_chain)}}},
      {"items", std::move(items)},
      {"closing", json::object{{"seq", std::to_string(given)},
                               {"balance", money(balance)},
                               {"entry_chain", crypto::to_hex(chain)}}},
      {"position", json::object{{"seq", std::to_string(position.entry_seq)},
                                {"balance", money(position.posted)},
                                {"entry_chain", crypto::to_hex(position.entry_chain)}}},
      {"next_cursor", given < last ? json::value(std::to_string(given)) : json::value(nullptr)}};
}

json::object deny_form(StateReader& reader, const ledger::DenyView& entry) {
  json::object out;
  switch (entry.kind) {
    case ledger::DenySubject::Account:
      out = {{"kind", "ACCOUNT"},
             {"servicer", reader.institution_name(entry.institution)},
             {"account", crypto::to_hex(entry.account)}};
      break;
    case ledger::DenySubject::Institution:
      out = {{"kind", "INSTITUTION"}, {"institution", reader.institution_name(entry.institution)}};
      break;
    case ledger::DenySubject::Country:
      out = {{"kind", "COUNTRY"}, {"country", entry.country.text()}};
      break;
  }
  out["reason_class"] = entry.record.reason_class;
  out["height"] = std::to_string(entry.record.height);
  return out;
}

json::object hold_form(StateReader& reader, const ledger::HoldView& hold) {
  const auto& record = hold.record;
  const auto token = reader.token(record.token);
  const std::uint8_t scale = token ? token->record.scale : std::uint8_t{0};
  const auto institution_or_null = [&reader](ledger::InstId id) {
    return id == 0 ? json::value(nullptr) : json::value(reader.institution_name(id));
  };
  return {{"creator", reader.institution_name(hold.creator)},
          {"hold_id", to_uuid_text(hold.id.bytes)},
          {"kind", word(kHoldKinds, record.kind)},
          {"status", word(kHoldStatus, record.status)},
          {"token", reader.token_name(record.token)},
          {"account", crypto::to_hex(record.account)},
          {"amount", ledger::to_decimal(record.amount, scale)},
          {"captured", ledger::to_decimal(record.captured, scale)},
          {"beneficiary", record.beneficiary == ledger::AccountId{}
                              ? json::value(nullptr)
                              : json::value(crypto::to_hex(record.beneficiary))},
          {"captor", institution_or_null(record.captor)},
          {"payer_may_release", record.payer_may_release},
          {"created_height", std::to_string(record.created_height)},
          {"created_at", time_or_null(record.created_at)},
          {"expires_at", time_or_null(record.expires_at)},
          {"ended_at", time_or_null(record.ended_at)}};
}

json::object payment_form(StateReader& reader, const ledger::Payment& payment) {
  const auto& terms = payment.terms;
  const auto from = reader.token(terms.token_from), to = reader.token(terms.token_to);
  const std::uint8_t scale = from ? from->record.scale : std::uint8_t{0};
  const std::uint8_t scale_to = to ? to->record.scale : scale;
  json::object out{{"payer_bank", reader.institution_name(terms.payer_bank)},
                   {"uetr", to_uuid_text(terms.uetr.bytes)},
                   {"kind", ledger::name(payment.kind)},
                   {"state", ledger::name(payment.state)}};
  if (payment.reason == ledger::Code::Ok) {
    out["reason"] = nullptr;
  } else {
    json::object reason;
    put_code(reason, payment.reason);
    out["reason"] = std::move(reason);
  }
  out["payer_account"] = crypto::to_hex(terms.payer_account);
  out["payee_bank"] = reader.institution_name(terms.payee_bank);
  out["payee_account"] = crypto::to_hex(terms.payee_account);
  out["token_from"] = reader.token_name(terms.token_from);
  out["token_to"] = reader.token_name(terms.token_to);
  out["settle_token"] = text_or_null(reader.token_name(terms.settle_token));
  out["currency"] = from ? json::value(from->record.currency.text()) : json::value(nullptr);
  out["amount"] = ledger::to_decimal(terms.amount, scale);
  out["amount_to"] = terms.amount_to.is_zero()
                         ? json::value(nullptr)
                         : json::value(ledger::to_decimal(terms.amount_to, scale_to));
  out["payer_fee"] = ledger::to_decimal(terms.payer_fee, scale);
  out["payee_fee"] = ledger::to_decimal(terms.payee_fee, scale_to);
  out["returned"] = ledger::to_decimal(payment.returned, scale);
  out["created_at"] = time_or_null(payment.created_at);
  out["expires_at"] = time_or_null(payment.expires_at);
  out["settled_at"] = time_or_null(payment.settled_at);
  out["ended_at"] = time_or_null(payment.ended_at);
  out["last"] =
      json::object{{"height", std::to_string(payment.last_height)}, {"index", payment.last_index}};
  return out;
}

}  // namespace giro::api
