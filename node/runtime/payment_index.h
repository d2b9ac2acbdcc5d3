// Where payments are found again (ledger 10): by account, and each with its history. The ledger's
// state keeps a payment's last transition only; the others are events of the blocks. Rows of the
// store, made from nothing but the block:
//
//   89 ‖ payer bank ‖ uetr ‖ height ‖ n -> what made the transition (Transition)
//   8a ‖ account ‖ height ‖ n -> payer bank ‖ uetr: for both accounts, where the payment began
//
// A row is never changed, and every view shows those of its height and below: a list is stable
// while blocks are added.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/ledger/events.h"
#include "node/runtime/store.h"

namespace giro::runtime {

// What a block adds to the index. Any thread.
void put_payments(const ExecutedBlock& block, storage::WriteBatch& batch);

struct Transition {
  EventPlace place;
  ledger::EventType type{};
  ledger::Code code{};
  std::uint32_t index = 0;  // of the operation; 0: the sweep
  ledger::InstId actor = 0;
  ledger::OpId op_id{};
  ledger::TimeMs time{};
};
// Those from a place on, oldest first; at most `limit`. Any thread.
[[nodiscard]] std::vector<Transition> read_transitions(const ledger::StateView& view,
                                                       ledger::InstId payer_bank,
                                                       const ledger::Uetr& uetr, EventPlace from,
                                                       std::size_t limit);

struct PaymentOfAccount {
  EventPlace began;
  ledger::InstId payer_bank = 0;
  ledger::Uetr uetr{};
};
// Those that began after `after`, oldest first; at most `limit`. An account id may be in use at two
// servicers: the caller looks at the payment. Any thread.
[[nodiscard]] std::vector<PaymentOfAccount> read_payments_of(const ledger::StateView& view,
                                                             const ledger::AccountId& account,
                                                             EventPlace after, std::size_t limit);

}  // namespace giro::runtime
