// What banks owe (ledger 10: issuer liabilities, interbank positions).
#pragma once

#include <boost/json/fwd.hpp>

#include "node/api/state_reader.h"

namespace giro::api {

// Adds to an institution: "liabilities" of the tokens that it issues, its "own_accounts" at others
// with the exposure that it allows and has used, and the "accounts_of_others" in its tokens.
void put_positions_of_bank(StateReader& reader, ledger::InstId bank, boost::json::object& out);

}  // namespace giro::api
