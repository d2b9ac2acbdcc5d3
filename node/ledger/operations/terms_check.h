// Static bounds of payment terms (ledger 4.4 step 1), shared by every operation that carries them.
#pragma once

#include "node/ledger/messages.h"
#include "node/ledger/operations/operation.h"

namespace giro::ledger {

// 100 105 106 107 108 109. TRANSFER names no settle token, PAY names one.
[[nodiscard]] Code check_terms(const Operation& operation, const PaymentTerms& terms);
// The same but for amount_to and for the UETR, which is the op_id everywhere but in a bulk.
[[nodiscard]] Code check_any_terms(const Operation& operation, const PaymentTerms& terms);
[[nodiscard]] bool is_purpose(const Purpose& purpose);  // four of A-Z and 0-9, or absent

}  // namespace giro::ledger
