#include "node/api/state_names.h"

namespace giro::api {

std::optional<ledger::InstId> StateNames::institution(std::string_view name) const {
  return reader_.institution_id(name);
}

std::optional<receipt::Names::Token> StateNames::token(std::string_view name) const {
  const auto found = reader_.find_token(name);
  if (!found) return std::nullopt;
  return Token{found->id, found->record.scale};
}

std::optional<ledger::AccountId> StateNames::account(std::string_view) const {
  return std::nullopt;  // a node knows no aliases
}

std::optional<std::uint8_t> StateNames::payment_scale(ledger::InstId payer_bank,
                                                      const ledger::Uetr& uetr) const {
  const auto payment = reader_.read<ledger::Payment>(ledger::payment_key(payer_bank, uetr));
  if (!payment) return std::nullopt;
  return token_scale(payment->terms.token_from);
}

std::optional<std::uint8_t> StateNames::hold_scale(ledger::InstId creator,
                                                   const ledger::HoldId& id) const {
  const auto hold = reader_.read<ledger::Hold>(ledger::hold_key(creator, id));
  if (!hold) return std::nullopt;
  return token_scale(hold->token);
}

std::optional<ledger::Commit> StateNames::commit(std::string_view, std::string_view) const {
  return std::nullopt;  // its salt belongs into the bank's vault, not here (ledger 12)
}

std::string StateNames::institution_name(ledger::InstId id) const {
  return reader_.institution_name(id);
}

std::string StateNames::token_name(ledger::TokenId id) const {
  return reader_.token_name(id);
}

std::uint8_t StateNames::token_scale(ledger::TokenId id) const {
  const auto found = reader_.token(id);
  return found ? found->record.scale : std::uint8_t{0};
}

}  // namespace giro::api
