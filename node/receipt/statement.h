// A part of a position's statement, checked by whoever has it (ledger 9.3): entries with their
// canonical bytes, each bound to the one before by the entry chain. No I/O, no thread.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "node/ledger/events.h"
#include "node/ledger/records.h"

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

// A statement that is read in parts, up to a position that was proven (position.h): and which of
// its entries are those of a period, from <= block time < to.
class StatementCheck {
 public:
  StatementCheck(ledger::TimeMs from, ledger::TimeMs to) : from_(from), to_(to) {}

  // The next part, which goes on where the one before ended.
  [[nodiscard]] std::expected<CheckedStatement, std::string> add(const StatementPart& part);

  struct End {
    std::uint64_t seq = 0;
    ledger::Hash chain;
    ledger::Amount balance;
  };
  struct Period {
    End opening, closing;
    // What was read began below the period, so that no entry of it is missing at its beginning.
    bool is_begin_seen = false;
  };
  // Everything that was added leads to this position: then no entry of the period is missing, put
  // in, moved or changed.
  [[nodiscard]] std::expected<Period, std::string> lead_to(const ledger::Position& position) const;
  [[nodiscard]] const End& end() const { return end_; }  // of what was added

 private:
  const ledger::TimeMs from_, to_;
  bool has_begun_ = false;
  ledger::TimeMs newest_{};
  End end_;
  Period period_;
};

}  // namespace giro::receipt
