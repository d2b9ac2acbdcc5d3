#include "node/api/supply_forms.h"

#include <boost/json.hpp>

namespace giro::api {
namespace {

namespace json = boost::json;
using ledger::Amount;

json::object liability_form(const TokenEntry& token) {
  const auto& record = token.record;
  const auto money = [&record](Amount amount) { return ledger::to_decimal(amount, record.scale); };
  const Amount outstanding = ledger::subtract_or_zero(record.issued, record.redeemed);
  return {{"token", token.name},
          {"outstanding", money(outstanding)},
          {"internal", money(record.internal)},
          {"customers", money(ledger::subtract_or_zero(outstanding, record.internal))},
          {"issuance_cap", money(record.issuance_cap)},
          {"issuance_left", money(ledger::subtract_or_zero(record.issuance_cap, outstanding))}};
}

// The exposure of the owner on the issuer is the balance; its limit is the owner's max_balance
// (ledger 3), 0 for none.
json::object own_account_form(const TokenEntry& token, const ledger::AccountId& account,
                              const ledger::Position& position) {
  const auto money = [&token](Amount amount) {
    return json::value(ledger::to_decimal(amount, token.record.scale));
  };
  const Amount limit = position.limits.max_balance;
  const auto if_limited = [&](Amount amount) {
    return limit.is_zero() ? json::value(nullptr) : money(amount);
  };
  return {{"token", token.name},
          {"account", crypto::to_hex(account)},
          {"posted", money(position.posted)},
          {"available", money(position.available())},
          {"exposure_limit", if_limited(limit)},
          {"exposure_left", if_limited(ledger::subtract_or_zero(limit, position.posted))}};
}

}  // namespace

void put_positions_of_bank(StateReader& reader, ledger::InstId bank, json::object& out) {
  json::array liabilities, own, others;
  for (ledger::TokenId id = 1; id <= reader.last_token(); ++id) {
    const auto token = reader.token(id);
    if (!token) continue;
    const bool is_issuer = token->record.issuer == bank;
    if (is_issuer) liabilities.push_back(liability_form(*token));
    // One account at most for each owner and token (ledger 3, table 14).
    const ledger::InstId first = is_issuer ? 1 : bank;
    const ledger::InstId last = is_issuer ? reader.last_institution() : bank;
    for (ledger::InstId owner = first; owner <= last; ++owner) {
      const auto row = reader.read<ledger::OwnAccount>(ledger::own_account_key(owner, id));
      const auto position =
          row ? reader.read<ledger::Position>(ledger::position_key(id, row->account))
              : std::nullopt;
      if (!position) continue;
      json::object form = own_account_form(*token, row->account, *position);
      form[is_issuer ? "owner" : "at"] =
          reader.institution_name(is_issuer ? owner : token->record.issuer);
      (is_issuer ? others : own).push_back(std::move(form));
    }
  }
  out["liabilities"] = std::move(liabilities);
  out["own_accounts"] = std::move(own);
  out["accounts_of_others"] = std::move(others);
}

}  // namespace giro::api
