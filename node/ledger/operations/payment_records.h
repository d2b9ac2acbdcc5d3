// Payment records and their rows: index by UETR, deadline, retention; and the hold behind a PENDING
// payment.
#pragma once

#include "node/ledger/journal.h"

namespace giro::ledger {

// The live record of (payer_bank, uetr); nullptr: none, or past its retention.
[[nodiscard]] Cell<Payment>* find_payment(Effects& effects, InstId payer_bank, const Uetr& uetr);

// The same as the payee bank may see it: one that was REJECTED at once is not there (ledger 12).
[[nodiscard]] Cell<Payment>* find_shown_payment(Effects& effects, InstId payer_bank,
                                                const Uetr& uetr);
// Step 8 of whoever ends a PENDING payment: 601, and from expires_at on 602, swept or not.
[[nodiscard]] Code check_pending(const Payment& payment, TimeMs now);

// A payment that ended at once: SETTLED, or REJECTED with its reason. Emits the event; a REJECTED
// one is shown to the payer bank only (ledger 12), and is not written over a payment that has the
// UETR already: a failure before step 8 says nothing about the id.
void record_settled(Effects& effects, PaymentKind kind, const PaymentTerms& terms);
void record_rejected(Effects& effects, PaymentKind kind, const PaymentTerms& terms, Code reason,
                     const PaymentTerms* original = nullptr);  // of a RETURN: what it would return

// A RETURN of `original` that is done: its own payment, and what was returned of the original.
struct Returned {
  Cell<Payment>& original;
  const PaymentTerms& terms;  // of the return
  Code reason{};
};
[[nodiscard]] Code record_return(Effects& effects, const Returned& returned);

// Ledger 5.5, step 4: the payment waits, `amount + payer_fee` of the debtor is held until
// `expires_at`.
[[nodiscard]] Code record_pending(Effects& effects, const PaymentTerms& terms, const Party& debtor,
                                  const Party& creditor, TimeMs expires_at);

// What every end of a PENDING payment but acceptance does: the hold is released, today's limit use
// is given back, the payment takes `state` and `reason`. `payment` must be PENDING.
[[nodiscard]] Code end_pending(Effects& effects, Cell<Payment>& payment, PaymentState state,
                               Code reason, HoldStatus hold = HoldStatus::Released);

// Acceptance, in two steps: the hold is captured, so that the money may be debited; and once it is,
// the payment is SETTLED.
[[nodiscard]] Code capture_pending(Effects& effects, Cell<Payment>& payment);
void record_accepted(Effects& effects, Cell<Payment>& payment);

}  // namespace giro::ledger
