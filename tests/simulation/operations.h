// Operations as institutions sign them: for clients that are honest and for those that are not.
#pragma once

#include <vector>

#include "node/ledger/messages.h"
#include "node/runtime/service.h"
#include "tests/simulation/network_setup.h"

namespace giro::sim {

inline constexpr std::uint32_t kPayingBank = 1;   // bank-a, whose customers pay one another
inline constexpr ledger::TokenId kPaidToken = 1;  // its dollars

// The id of the so-many-th operation of a seed: a UUID of version 4, so that it is a payment's UETR
// too. `maker` keeps the ids of one apart from another's.
[[nodiscard]] runtime::OpId operation_id(std::string_view maker, std::uint64_t number);

[[nodiscard]] crypto::Bytes signed_operation(const NetworkSetup& setup,
                                             const ledger::Operation& operation,
                                             const std::vector<const crypto::SecretKey*>& keys);

// From ALICE to MERCHANT in bank-a's dollars, or back.
struct DemoPayment {
  runtime::OpId id;
  std::uint64_t amount;
  std::int64_t valid_until_ms;
  bool back = false;
};
[[nodiscard]] crypto::Bytes signed_payment(const NetworkSetup& setup, const DemoPayment& payment);

}  // namespace giro::sim
