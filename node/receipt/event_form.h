// The events of ledger 10 as people and programs read them: one JSON object for each, with the
// members of ledger.proto by name, names for institutions and tokens, major units for amounts. No
// I/O of its own.
//
//   {"height":"48212","n":4,"index":3,"type":"payment_settled","actor":"bank-a","op_id":"9b2e41c0-…",
//    "block_time":"2026-11-21T22:41:07.114Z","scope":["bank-a","bank-b"],"fields":{"kind":"XBANK",…}}
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/ledger/outcome_leaf.h"
#include "node/receipt/operation_form.h"

namespace giro::receipt {

// "payment_settled" for PaymentSettled; empty for what is no event.
[[nodiscard]] std::string event_name(std::uint16_t type);
[[nodiscard]] std::optional<std::uint16_t> event_type(std::string_view name);

// Of the sweep, actor and op_id are null. An empty scope: all institutions may read it. nullopt:
// the body is not what its type says.
[[nodiscard]] std::optional<boost::json::object> write_event(const ledger::EventRecord& event,
                                                             const Names& names);

// Whether the event is about this account, or this token: whether it names them. An id is unique
// per servicer only (ledger 2); 0: at whichever bank. A position is kept by its token's issuer,
// which `issuer_of` tells.
struct AccountAt {
  ledger::AccountId account;
  ledger::InstId servicer = 0;
};
[[nodiscard]] bool is_about(const ledger::EventRecord& event, const AccountAt& account,
                            const std::function<ledger::InstId(ledger::TokenId)>& issuer_of);
[[nodiscard]] bool is_about(const ledger::EventRecord& event, ledger::TokenId token);

}  // namespace giro::receipt
