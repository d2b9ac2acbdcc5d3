// Payment records and their rows: index by UETR, deadline, retention; and the hold behind a PENDING
// payment.
#pragma once

#include "node/ledger/journal.h"

namespace giro::ledger {

// The live record of (payer_bank, uetr); nullptr: none, or past its retention.
[[nodiscard]] Cell<Payment>* find_payment(Effects& effects, InstId payer_bank, const Uetr& uetr);

// A payment that ended at once: SETTLED, or REJECTED with its reason. Emits the event; a REJECTED
// one is shown to the payer bank only (ledger 12).
void record_settled(Effects& effects, PaymentKind kind, const PaymentTerms& terms);
void record_rejected(Effects& effects, PaymentKind kind, const PaymentTerms& terms, Code reason);

// Ledger 5.5, step 4: the payment waits, `amount + payer_fee` of the debtor is held until
// `expires_at`.
[[nodiscard]] Code record_pending(Effects& effects, const PaymentTerms& terms, const Party& debtor,
                                  const Party& creditor, TimeMs expires_at);

// What every end of a PENDING payment but acceptance does: the hold is released, today's limit use
// is given back, the payment takes `state` and `reason`. `payment` must be PENDING.
[[nodiscard]] Code end_pending(Effects& effects, Cell<Payment>& payment, PaymentState state,
                               Code reason);

}  // namespace giro::ledger
