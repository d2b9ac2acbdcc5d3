// A part of a position's statement, checked by whoever has it (ledger 9.3): entries with their
// canonical bytes, each bound to the one before by the entry chain. No I/O, no thread.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "node/ledger/events.h"

namespace giro::receipt {

struct StatementPart {
  ledger::TokenId token = 0;
  ledger::AccountId account;
  std::uint64_t after = 0;  // number of the entry before the first one
  ledger::Hash opening_chain;
  ledger::Amount opening_balance;
  std::vector<ledger::Bytes> entries;  // canonical, ascending
};

struct CheckedStatement {
  std::vector<ledger::EntryEvent> entries;
  std::uint64_t last = 0;  // number of the last one, or of the one before the part
  ledger::Hash closing_chain;
  ledger::Amount closing_balance;
};

// No entry of the part was left out, put in, moved or changed, if its two ends are right: the
// opening is that of the part before or of an empty position, and the closing is the position's, or
// the opening of the part after. The error is one line that names the entry.
[[nodiscard]] std::expected<CheckedStatement, std::string> check_statement(
    const StatementPart& part);

}  // namespace giro::receipt
