// Ledger records as JSON (surface 5.2, 5.3): decimal strings for amounts and 64-bit numbers, names
// for institutions and tokens, upper-case words for enumerations.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "node/api/state_reader.h"
#include "node/ledger/query.h"
#include "node/runtime/service.h"

namespace giro::api {

[[nodiscard]] boost::json::object token_form(StateReader& reader, const TokenEntry& token);
[[nodiscard]] boost::json::object institution_form(StateReader& reader,
                                                   const InstitutionEntry& entry);
// With the corridors from and to it.
[[nodiscard]] boost::json::object institution_detail_form(StateReader& reader,
                                                          const InstitutionEntry& entry);
[[nodiscard]] boost::json::object account_form(StateReader& reader, ledger::InstId servicer,
                                               const ledger::AccountId& id,
                                               const ledger::Account& account);
// With each entry's canonical bytes, so that its reader can compute the chain itself. `last`: the
// number of the last entry that was asked for, which later pages lead to.
[[nodiscard]] boost::json::object statement_form(StateReader& reader, const TokenEntry& token,
                                                 const ledger::Position& position,
                                                 const runtime::Statement& statement,
                                                 std::uint64_t last);
[[nodiscard]] boost::json::object deny_form(StateReader& reader, const ledger::DenyView& entry);
[[nodiscard]] boost::json::object hold_form(StateReader& reader, const ledger::HoldView& hold);
[[nodiscard]] boost::json::object payment_form(StateReader& reader, const ledger::Payment& payment);

[[nodiscard]] std::string_view operation_type_name(std::uint32_t type);  // "PAY"; "UNKNOWN"
[[nodiscard]] std::vector<std::string> operation_type_names();           // of this version

// {"code","number","iso_reason"} of a ledger code.
void put_code(boost::json::object& out, ledger::Code code);

}  // namespace giro::api
