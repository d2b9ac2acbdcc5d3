#include "node/receipt/statement.h"

#include "node/ledger/records.h"

namespace giro::receipt {

std::expected<CheckedStatement, std::string> check_statement(const StatementPart& part) {
  CheckedStatement checked{.entries = {},
                           .last = part.after,
                           .closing_chain = part.opening_chain,
                           .closing_balance = part.opening_balance};
  if (part.after == 0 &&
      (!part.opening_balance.is_zero() ||
       part.opening_chain != ledger::first_entry_chain(part.token, part.account)))
    return std::unexpected("it does not begin as the position began");
  for (const ledger::Bytes& bytes : part.entries) {
    const auto wrong = [&](const char* what) {
      return std::unexpected("entry " + std::to_string(checked.last + 1) + " " + what);
    };
    const auto entry = ledger::decode_record<ledger::EntryEvent>(bytes);
    if (!entry) return wrong("cannot be read");
    if (entry->token != part.token || entry->account != part.account)
      return wrong("is of another position");
    if (entry->seq != checked.last + 1) return wrong("is missing");
    const auto balance = entry->side == ledger::Side::Credit
                             ? ledger::checked_add(checked.closing_balance, entry->amount)
                             : ledger::checked_subtract(checked.closing_balance, entry->amount);
    if (!balance || *balance != entry->balance) return wrong("does not continue the balance");
    checked.last = entry->seq;
    checked.closing_balance = *balance;
    checked.closing_chain = ledger::next_entry_chain(checked.closing_chain, bytes);
    checked.entries.push_back(*entry);
  }
  return checked;
}

}  // namespace giro::receipt
