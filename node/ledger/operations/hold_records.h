// Holds and their rows: index by position, deadline, retention (ledger 3, 5.9). Whoever holds
// money, a waiting payment or a HOLD_CREATE, does it here.
#pragma once

#include "node/ledger/journal.h"

namespace giro::ledger {

// The live record of (creator, hold_id); nullptr: none, or past its retention.
[[nodiscard]] Cell<Hold>* find_hold(Effects& effects, InstId creator, const HoldId& id);
// At or past its end, swept or not: every operation treats it as dead.
[[nodiscard]] bool is_expired(const Hold& hold, TimeMs now);
// The account that a hold stands on, in its token.
[[nodiscard]] Party party_of(Overlay& overlay, const Hold& hold);

// A new ACTIVE hold of `values` on the debtor: `held` of position and token rise. The id must be
// free and available cover the amount. An end other than 0 gets its deadline, but for a payment's:
// that is the payment's own.
[[nodiscard]] Code open_hold(Effects& effects, const Party& debtor, InstId creator,
                             const HoldId& id, const Hold& values);
// The one end of an ACTIVE hold: `held` falls, its rows go, it is kept for the retention.
[[nodiscard]] Code end_hold(Effects& effects, Cell<Hold>& hold, HoldStatus status,
                            Amount captured = {});

// The ACTIVE holds of a position, oldest first, at most `most`; of this block too.
[[nodiscard]] std::vector<Cell<Hold>*> active_holds(Overlay& overlay, TokenId token,
                                                    const AccountId& account, std::size_t most);

// The account waits for something, or does no longer (ledger 3: open_items).
void change_open_items(Overlay& overlay, const Party& party, bool opened);

}  // namespace giro::ledger
