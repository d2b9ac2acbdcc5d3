#include "node/runtime/entries.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "node/ledger/events.h"
#include "node/ledger/outcome_leaf.h"
#include "node/runtime/fatal.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

using crypto::Bytes;
using ledger::AccountId;
using ledger::EntryEvent;
using ledger::TokenId;

std::optional<EntryEvent> entry_in(crypto::ByteView event, Bytes* body = nullptr) {
  auto record = ledger::decode_event(event);
  if (!record || record->type != static_cast<std::uint32_t>(ledger::EventType::Entry))
    return std::nullopt;
  auto entry = ledger::decode_record<EntryEvent>(record->body);
  if (!entry) stop_process(ExitCode::Invariant, "an entry of the store is damaged");
  if (body != nullptr) *body = std::move(record->body);
  return entry;
}

// The entries of one position in one block, in order. `read` counts the events looked at.
std::vector<StatementEntry> entries_at(const Store& store, consensus::Height height, TokenId token,
                                       const AccountId& account, std::size_t& read) {
  const auto block = store.block(height);
  if (!block) stop_process(ExitCode::Invariant, "a block of the store is missing");
  read += block->events.size();
  std::vector<StatementEntry> found;
  for (const Bytes& event : block->events) {
    StatementEntry one;
    const auto entry = entry_in(event, &one.canonical);
    if (!entry || entry->token != token || entry->account != account) continue;
    one.entry = *entry;
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace

void put_entries(const ExecutedBlock& block, storage::WriteBatch& batch) {
  std::map<std::pair<TokenId, AccountId>, std::uint64_t> last;
  for (const Bytes& event : block.events) {
    if (const auto entry = entry_in(event)) last[{entry->token, entry->account}] = entry->seq;
  }
  for (const auto& [key, seq] : last) {
    const auto& [token, account] = key;
    // The block wrote the position, since it moved it.
    const Bytes at = ledger::position_key(token, account).to_bytes();
    const auto row = std::ranges::lower_bound(block.writes, at, {}, &ledger::Write::key);
    const auto position = row == block.writes.end() || row->key != at || !row->value
                              ? std::nullopt
                              : ledger::decode_record<ledger::Position>(*row->value);
    if (!position || position->entry_seq != seq)
      stop_process(ExitCode::Invariant, "a block's entries and positions do not agree");
    Bytes value;
    crypto::Writer(value)
        .u64(block.header.height.value)
        .u64(static_cast<std::uint64_t>(block.header.time.ms))
        .raw(position->entry_chain);
    batch.put(rows::entry_key(token, account, seq), value);
  }
}

std::expected<std::uint64_t, StatementNotHeld> entries_before(const Store& store, TokenId token,
                                                              const AccountId& account,
                                                              const ledger::Position& position,
                                                              consensus::WallTime time) {
  std::uint64_t before = 0;  // so many are
  std::uint64_t possible = position.entry_seq;
  while (before < possible) {
    const std::uint64_t middle = before + (possible - before + 1) / 2;
    const auto place = store.entry_place(token, account, middle);
    if (place && place->time >= time) {
      possible = middle - 1;
    } else if (place) {
      before = std::min(place->last, position.entry_seq);
    } else {
      // They were made below the snapshot that this node began with: before its first own block.
      const auto began = store.installed();
      const auto first = began ? store.header({began->height.value + 1}) : std::nullopt;
      if (!first || time < first->time)
        return std::unexpected(StatementNotHeld{position.entry_seq});
      before = position.entry_seq;
    }
  }
  return before;
}

std::expected<Statement, StatementNotHeld> read_statement(const Store& store, TokenId token,
                                                          const AccountId& account,
                                                          const ledger::Position& position,
                                                          std::uint64_t after, std::size_t limit) {
  Statement statement;
  statement.after = std::min(after, position.entry_seq);
  if (statement.after == position.entry_seq) {
    statement.opening_chain = position.entry_chain;
    statement.opening_balance = position.posted;
    return statement;
  }
  // The block with the first of them, and where its entries begin.
  const auto place = store.entry_place(token, account, statement.after + 1);
  if (!place) return std::unexpected(StatementNotHeld{position.entry_seq});
  std::size_t read = 0;
  auto entries = entries_at(store, place->height, token, account, read);
  if (entries.empty() || entries.front().entry.seq > statement.after + 1)
    return std::unexpected(StatementNotHeld{place->last});
  const std::uint64_t before = entries.front().entry.seq - 1;
  if (before == 0) {
    statement.opening_chain = ledger::first_entry_chain(token, account);
  } else {
    const auto below = store.entry_place(token, account, before);
    if (!below || below->last != before) return std::unexpected(StatementNotHeld{place->last});
    statement.opening_chain = below->chain;
  }
  const auto step = [](const crypto::Hash& chain, const StatementEntry& entry) {
    return ledger::next_entry_chain(chain, entry.canonical);
  };
  std::size_t next = 0;
  for (; entries[next].entry.seq <= statement.after; ++next)
    statement.opening_chain = step(statement.opening_chain, entries[next]);
  const EntryEvent& first = entries[next].entry;
  const auto opening = first.side == ledger::Side::Credit
                           ? ledger::checked_subtract(first.balance, first.amount)
                           : ledger::checked_add(first.balance, first.amount);
  if (!opening) stop_process(ExitCode::Invariant, "an entry of the store is damaged");
  statement.opening_balance = *opening;
  for (;;) {
    for (; next < entries.size(); ++next) {
      if (statement.entries.size() == limit || entries[next].entry.seq > position.entry_seq)
        return statement;
      statement.entries.push_back(std::move(entries[next]));
    }
    const std::uint64_t seq = statement.entries.back().entry.seq;
    if (seq >= position.entry_seq || read >= kStatementEventsMax) return statement;
    const auto following = store.entry_place(token, account, seq + 1);
    if (!following) return statement;
    entries = entries_at(store, following->height, token, account, read);
    next = 0;
  }
}

}  // namespace giro::runtime
