// Checks that several operations share, one function for each step of ledger 4.4. Each gives the
// lowest code of its step that applies, or Ok.
#pragma once

#include "node/ledger/journal.h"
#include "node/ledger/operations/operation.h"

namespace giro::ledger {

// Collects the lowest of the codes that apply within one step.
class Lowest {
 public:
  Lowest& when(bool applies, Code code) {
    if (applies && (code_ == Code::Ok || code < code_)) code_ = code;
    return *this;
  }
  Lowest& also(Code code) { return when(code != Code::Ok, code); }
  [[nodiscard]] Code code() const { return code_; }

 private:
  Code code_ = Code::Ok;
};

// ---- step 1 ----
[[nodiscard]] Code check_amount(Amount amount);           // 107, 108: where an amount is required
[[nodiscard]] Code check_optional_amount(Amount amount);  // 108: where 0 is allowed

// ---- step 7 ----
[[nodiscard]] const Institution* find_institution(Overlay& overlay, InstId inst);
[[nodiscard]] bool is_suspended(const Institution& institution);  // SUSPENDED or EXITED
[[nodiscard]] bool is_suspended(Overlay& overlay, InstId inst);
[[nodiscard]] bool has_suspended_signer(Run& run);  // of the institutions that must sign: 301

// ---- step 10 ----
using AccountKinds = std::uint8_t;
[[nodiscard]] constexpr AccountKinds kind_bit(AccountKind kind) {
  return static_cast<AccountKinds>(1U << static_cast<unsigned>(kind));
}
inline constexpr AccountKinds kAnyKind = 0x1F;
[[nodiscard]] Code check_debtor(const Party& debtor, AccountKinds allowed);      // 307 309 312 314
[[nodiscard]] Code check_creditor(const Party& creditor, AccountKinds allowed);  // 308 310 313 315

// The bank behind an account: the owner of a NOSTRO, else its servicer.
[[nodiscard]] InstId bank_of(const Party& party);

// ---- step 11 ----
[[nodiscard]] bool is_debit_blocked(const Party& party);
[[nodiscard]] bool is_credit_blocked(const Party& party);
// One of the two banks denies one of the parties: its account, its bank, or a country of either.
[[nodiscard]] bool is_denied(Overlay& overlay, const PaymentTerms& terms, const Party& debtor,
                             const Party& creditor);

// ---- step 14: customer limits and fees, ledger 5.4 ----
[[nodiscard]] Code check_limits(const Effects& effects, const PaymentTerms& terms,
                                const Party& debtor, const Party& creditor);
// Counts a payment of a CUSTOMER against today's use. The checks must have passed.
void use_limits(Effects& effects, const Party& debtor, Amount total);
// Gives it back, if the payment was made today.
void give_back_limits(Effects& effects, const Party& debtor, Amount total, TimeMs created_at);

// ---- step 15 ----
[[nodiscard]] Code check_funds(const Position& position, Amount needed);  // 400 401 402

// ---- step 16 ----
[[nodiscard]] bool exceeds_max_balance(const Party& creditor, Amount amount);  // 414
[[nodiscard]] bool exceeds_cap(const Token& token, Amount amount);             // 408

}  // namespace giro::ledger
