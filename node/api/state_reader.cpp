#include "node/api/state_reader.h"

#include "node/api/text.h"

namespace giro::api {

std::optional<ledger::InstId> StateReader::institution_id(std::string_view name) const {
  if (name.empty() || name.size() > ledger::kInstitutionNameMax) return std::nullopt;
  const auto row = read<ledger::LeiOrName>(ledger::name_key(name));
  if (!row) return std::nullopt;
  return row->institution;
}

std::optional<InstitutionEntry> StateReader::institution(ledger::InstId id) const {
  auto record = read<ledger::Institution>(ledger::institution_key(id));
  if (!record) return std::nullopt;
  return InstitutionEntry{id, std::move(*record)};
}

const std::string& StateReader::institution_name(ledger::InstId id) {
  auto [found, is_new] = names_.try_emplace(id);
  if (is_new) {
    const auto entry = institution(id);
    found->second = entry ? entry->record.name : "#" + std::to_string(id);
  }
  return found->second;
}

std::optional<TokenEntry> StateReader::token(ledger::TokenId id) {
  auto record = read<ledger::Token>(ledger::token_key(id));
  if (!record) return std::nullopt;
  std::string name = institution_name(record->issuer) + "." + std::string(record->currency.text());
  if (record->product != 0) name += "." + std::to_string(record->product);
  return TokenEntry{id, std::move(*record), std::move(name)};
}

std::optional<TokenEntry> StateReader::find_token(std::string_view text) {
  if (const auto number = parse_number(text); number && *number <= last_token()) {
    return token(static_cast<ledger::TokenId>(*number));
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto issuer = institution_id(text.substr(0, dot));
  std::string_view currency = text.substr(dot + 1);
  std::uint64_t product = 0;
  if (const auto second = currency.find('.'); second != std::string_view::npos) {
    const auto number = parse_number(currency.substr(second + 1));
    if (!number || *number == 0 || *number > 0xFFFF) return std::nullopt;
    product = *number;
    currency = currency.substr(0, second);
  }
  const auto code = ledger::Currency::from(currency);
  if (!issuer || code.is_absent()) return std::nullopt;
  const auto row = read<ledger::TokenByName>(
      ledger::token_by_name_key(*issuer, code, static_cast<std::uint16_t>(product)));
  if (!row) return std::nullopt;
  return token(row->token);
}

std::string StateReader::token_name(ledger::TokenId id) {
  if (id == 0) return {};
  const auto found = token(id);
  return found ? found->name : "#" + std::to_string(id);
}

ledger::InstId StateReader::last_institution() const {
  const auto meta = read<ledger::Meta>(ledger::meta_key());
  return meta ? meta->next_institution - 1 : 0;
}

ledger::TokenId StateReader::last_token() const {
  const auto meta = read<ledger::Meta>(ledger::meta_key());
  return meta ? meta->next_token - 1 : 0;
}

}  // namespace giro::api
