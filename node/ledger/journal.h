// Balanced debits and credits (ledger 1, 9.3). Each line changes one position, its running totals
// and its token's, and becomes an entry in the position's chain. The control account has no
// position: issued and redeemed are its sides.
#pragma once

#include "node/ledger/effects.h"

namespace giro::ledger {

// A place that money can stand in: (token, account) with the records it needs. Null: there is no
// such record.
struct Party {
  InstId servicer{};
  TokenId token_id{};
  AccountId account_id{};
  Cell<Token>* token = nullptr;
  Cell<Account>* account = nullptr;
  Cell<Position>* position = nullptr;  // only if the token's issuer is the servicer

  [[nodiscard]] AccountKind kind() const { return account->value.kind; }
};
[[nodiscard]] Party load_party(Overlay& overlay, InstId servicer, TokenId token,
                               const AccountId& account);
// At the token's issuer, where every account that may hold the token is (ledger 3).
[[nodiscard]] Party load_party(Overlay& overlay, TokenId token, const AccountId& account);

class Journal {
 public:
  // What the entries of one operation have in common.
  struct Reference {
    InstId payer_bank{};  // of the payment; else the actor
    Id id{};              // UETR; else the op_id
    Commit e2e_commit{};
    Commit remittance_commit{};
  };
  Journal(Effects& effects, const Reference& reference)
      : effects_(effects), reference_(reference) {}

  // A line of zero is no line. All of them give Ok, ARITHMETIC_OVERFLOW, or INVARIANT_VIOLATION (a
  // balance would fall below zero: ledger I3); after anything but Ok the operation must be rolled
  // back.
  [[nodiscard]] Code debit(const Party& party, Amount amount, EntryType type, InstId counterparty);
  [[nodiscard]] Code credit(const Party& party, Amount amount, EntryType type, InstId counterparty);
  // The two sides of the control account.
  [[nodiscard]] Code mint(Cell<Token>& token, Amount amount);  // debit: issued rises
  [[nodiscard]] Code burn(Cell<Token>& token, Amount amount);  // credit: redeemed rises

 private:
  [[nodiscard]] Code post(const Party& party, Side side, Amount amount, EntryType type,
                          InstId counterparty);

  Effects& effects_;
  const Reference& reference_;
};

// The first code that is not Ok.
[[nodiscard]] constexpr Code first_of(std::initializer_list<Code> codes) {
  for (const Code code : codes) {
    if (code != Code::Ok) return code;
  }
  return Code::Ok;
}

}  // namespace giro::ledger
