#include "node/receipt/statement.h"

#include "node/ledger/records.h"
#include "node/receipt/text.h"

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
    if (entry->block_time.value < 0 || entry->block_time.value > kTimeMsMax)
      return wrong("has no time that a block can have");
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

std::expected<CheckedStatement, std::string> StatementCheck::add(const StatementPart& part) {
  const End begin{part.after, part.opening_chain, part.opening_balance};
  if (has_begun_ &&
      (begin.seq != end_.seq || begin.chain != end_.chain || begin.balance != end_.balance))
    return std::unexpected("after entry " + std::to_string(end_.seq) +
                           " the statement goes on elsewhere");
  auto checked = check_statement(part);
  if (!checked) return checked;
  if (!has_begun_) {
    end_ = period_.opening = period_.closing = begin;
    period_.is_begin_seen = begin.seq == 0;
  }
  has_begun_ = true;
  for (std::size_t i = 0; i < part.entries.size(); ++i) {
    const ledger::EntryEvent& entry = checked->entries[i];
    if (entry.block_time.value < newest_.value)
      return std::unexpected("entry " + std::to_string(entry.seq) +
                             " is older than the one before");
    newest_ = entry.block_time;
    end_ = {entry.seq, ledger::next_entry_chain(end_.chain, part.entries[i]), entry.balance};
    if (newest_.value < from_.value) {
      period_.opening = end_;
      period_.is_begin_seen = true;
    }
    if (newest_.value < to_.value) period_.closing = end_;
  }
  return checked;
}

std::expected<StatementCheck::Period, std::string> StatementCheck::lead_to(
    const ledger::Position& position) const {
  if (end_.seq != position.entry_seq || end_.chain != position.entry_chain ||
      end_.balance != position.posted)
    return std::unexpected("the entries do not lead to the position");
  return period_;
}

}  // namespace giro::receipt
