// Evidence of a cross-bank payment (ledger 5.5): the payer bank's screening and the payee bank's
// ticket.
#pragma once

#include "node/ledger/operations/operation.h"
#include "node/ledger/operations/settlement.h"

namespace giro::ledger {

// The lowest code of step 13 that applies to one screening: 504 505 506.
[[nodiscard]] Code check_screening(const Params& params, const Screening& screening,
                                   std::uint8_t required_checks, TimeMs now);
// The payer's side, always: screening, 507, 510.
[[nodiscard]] Code check_payer_evidence(const Run& run, const PaymentTerms& terms,
                                        const Screening& screening,
                                        const EffectiveCorridor& corridor);
// What the payee bank says of a payment, in a ticket or in its answer: 504 505 506 508 509.
struct PayeeEvidence {
  const Screening& screening;
  CopResult cop_result{};
  bool travel_rule_ack = false;
};
[[nodiscard]] Code check_payee_evidence(const Run& run, const PaymentTerms& terms,
                                        const PayeeEvidence& evidence,
                                        const EffectiveCorridor& corridor);
// A ticket that is present must be good: 504 505 506 508 509. `minted` is token_to.
[[nodiscard]] Code check_ticket(Run& run, const PaymentTerms& terms,
                                const Verified::TicketView& ticket,
                                const EffectiveCorridor& corridor, const Token& minted);
// Ledger 5.5 step 3: the payee bank accepts such payments without looking.
[[nodiscard]] bool has_standing_acceptance(const PaymentTerms& terms,
                                           const EffectiveCorridor& corridor, const Token& minted);

}  // namespace giro::ledger
