// The settle rule of a cross-bank payment (ledger 5.6): which accounts move, whether they may, and
// the journal.
#pragma once

#include "node/ledger/journal.h"
#include "node/ledger/operations/operation.h"

namespace giro::ledger {

// The corridor of a payment with its two halves put together (ledger 3).
struct EffectiveCorridor {
  Cell<Corridor>* cell = nullptr;  // nullptr: there is none; everything below is closed
  bool enabled = false;
  Amount max_tx{};
  Amount daily_cap{};
  Amount travel_rule_threshold{};
  Amount cop_threshold{};
  std::uint8_t required_checks = 0;
  bool purpose_required = false;
  Amount auto_accept_max{};
  Amount standing_fee_max{};

  [[nodiscard]] bool allows(TokenId settle_token) const;  // in both halves' lists
};
[[nodiscard]] EffectiveCorridor load_corridor(Overlay& overlay, InstId from, InstId to,
                                              const Currency& currency);

// The accounts between payer and payee. Which of them are used depends on the settle token.
struct SettlementPath {
  enum class Kind : std::uint8_t {
    ThirdToken,  // burn at A, S from A's to B's own account, mint at B
    TokenFrom,   // B's own account at A is credited, mint at B
    TokenTo,     // burn at A, A's own account at B is debited
  };
  Kind kind{};
  bool is_complete = false;  // every own account it needs exists, is open and may move (700)
  Party payer_own;           // N(A, S), or N(A, B-token): debited
  Party payee_own;           // N(B, S), or N(B, A-token): credited

  [[nodiscard]] bool debits_payer_own() const { return kind != Kind::TokenFrom; }
  [[nodiscard]] bool credits_payee_own() const { return kind != Kind::TokenTo; }
  [[nodiscard]] bool mints() const { return kind != Kind::TokenTo; }
  [[nodiscard]] bool burns() const { return kind != Kind::TokenFrom; }
};
[[nodiscard]] SettlementPath load_path(Overlay& overlay, const PaymentTerms& terms);

struct Settlement {
  const PaymentTerms& terms;
  const Party& debtor;
  const Party& creditor;
  const SettlementPath& path;
  const EffectiveCorridor* corridor = nullptr;  // nullptr: a RETURN, which needs none
  EntryType type = EntryType::Payment;          // of the lines of payer and payee
};
// Step 16: 408 412 413 414; of a RETURN 408 and 413.
[[nodiscard]] Code check_settlement(const Effects& effects, const Settlement& settlement);
// Posts the journal and counts the amount against the corridor's day. The checks must have passed.
[[nodiscard]] Code settle(Effects& effects, const Settlement& settlement);

[[nodiscard]] Journal::Reference entries_of(const PaymentTerms& terms);
// To the token's FEE account. Zero is no line.
[[nodiscard]] Code credit_fee(Effects& effects, Journal& journal, Cell<Token>& token, Amount fee,
                              InstId counterparty);
[[nodiscard]] bool is_kyc_expired(const Party& debtor, TimeMs now);  // 512: CUSTOMER accounts only

}  // namespace giro::ledger
