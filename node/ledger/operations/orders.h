// A payment on its way through steps 7 to 16 of ledger 4.4: alone (TRANSFER, PAY), as an item of a
// bulk, or taken up again by the payee bank's answer.
#pragma once

#include "node/ledger/operations/operation.h"
#include "node/ledger/operations/settlement.h"

namespace giro::ledger {

// TRANSFER: SETTLED, or the code.
[[nodiscard]] Code transfer(Run& run, const PaymentTerms& terms);

// PAY.
struct PayOrder {
  const PaymentTerms& terms;
  const Screening& screening;  // the payer bank's
  std::optional<Verified::TicketView> ticket;
  std::uint32_t ttl_s = 0;
  bool must_settle = false;  // 518 if it would wait
};
[[nodiscard]] Code pay(Run& run, const PayOrder& order);

// ttl_s of a PAY as milliseconds; nullopt: above payment_ttl_max (619).
[[nodiscard]] std::optional<std::uint64_t> payment_ttl_ms(const Params& params,
                                                          std::uint32_t ttl_s);

// What the steps of a cross-bank payment look at.
struct CrossBank {
  const PaymentTerms& terms;
  Party debtor;
  Party creditor;
  SettlementPath path{};  // these two from step 12 on
  EffectiveCorridor corridor{};
};
[[nodiscard]] CrossBank load_cross_bank(Overlay& overlay, const PaymentTerms& terms);
[[nodiscard]] Code check_pay_banks(Run& run, const CrossBank& pay);        // step 7
[[nodiscard]] Code check_pay_tokens(Run& run, const PaymentTerms& terms);  // step 9
[[nodiscard]] Code check_pay_parties(Run& run, const CrossBank& pay);      // steps 10 and 11
[[nodiscard]] Code check_pay_path(Run& run, CrossBank& pay);  // step 12: loads path and corridor

}  // namespace giro::ledger
