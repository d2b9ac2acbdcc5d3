// The names of an operation's form (receipt/operation_form.h), as one state view knows them.
#pragma once

#include "node/api/state_reader.h"
#include "node/receipt/operation_form.h"

namespace giro::api {

class StateNames : public receipt::Names {
 public:
  explicit StateNames(StateReader& reader) : reader_(reader) {}

  [[nodiscard]] std::optional<ledger::InstId> institution(std::string_view name) const override;
  [[nodiscard]] std::optional<Token> token(std::string_view name) const override;
  [[nodiscard]] std::optional<ledger::AccountId> account(std::string_view alias) const override;
  [[nodiscard]] std::optional<std::uint8_t> payment_scale(ledger::InstId payer_bank,
                                                          const ledger::Uetr& uetr) const override;
  [[nodiscard]] std::optional<std::uint8_t> hold_scale(ledger::InstId creator,
                                                       const ledger::HoldId& id) const override;
  [[nodiscard]] std::optional<ledger::Commit> commit(std::string_view type,
                                                     std::string_view data) const override;
  [[nodiscard]] std::string institution_name(ledger::InstId id) const override;
  [[nodiscard]] std::string token_name(ledger::TokenId id) const override;
  [[nodiscard]] std::uint8_t token_scale(ledger::TokenId id) const override;

 private:
  StateReader& reader_;
};

}  // namespace giro::api
