#pragma once

#include <optional>
#include <string>

#include "crypto/digest.h"
#include "node/receipt/operation_form.h"

namespace giro::receipt {

// Banks 1 and 2; tokens of both; payments and holds are in dollars.
class TwoBanks : public Names {
 public:
  std::optional<ledger::InstId> institution(std::string_view name) const override {
    if (name == "bank-a") return 1;
    if (name == "bank-b") return 2;
    return std::nullopt;
  }
  std::optional<Token> token(std::string_view name) const override {
    if (name == "bank-a.USD") return Token{1, 2};
    if (name == "bank-b.USD") return Token{3, 2};
    if (name == "bank-b.JPY") return Token{4, 0};
    return std::nullopt;
  }
  std::optional<ledger::AccountId> account(std::string_view alias) const override {
    ledger::AccountId id;
    id.bytes.fill(std::byte{0xa1});
    if (alias == "ALICE") return id;
    return std::nullopt;
  }
  std::optional<std::uint8_t> payment_scale(ledger::InstId, const ledger::Uetr&) const override {
    return std::uint8_t{2};
  }
  std::optional<std::uint8_t> hold_scale(ledger::InstId, const ledger::HoldId&) const override {
    return std::uint8_t{2};
  }
  std::optional<ledger::Commit> commit(std::string_view, std::string_view data) const override {
    return crypto::sha256(crypto::as_view(data));
  }
  std::string institution_name(ledger::InstId id) const override {
    return id == 1 ? "bank-a" : "bank-b";
  }
  std::string token_name(ledger::TokenId id) const override {
    return id == 1 ? "bank-a.USD" : id == 3 ? "bank-b.USD" : "bank-b.JPY";
  }
  std::uint8_t token_scale(ledger::TokenId id) const override {
    return id == 4 ? std::uint8_t{0} : std::uint8_t{2};
  }
};

}  // namespace giro::receipt
