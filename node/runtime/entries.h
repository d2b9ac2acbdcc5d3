// The entries of a position (ledger 9.3), by their number. The ledger's state keeps only number and
// chain value of the last one; the entries are events of the blocks. So that they are found again,
// the store has a row for each position and block that moved it: where its entries ended there.
//
//   88 ‖ token ‖ account ‖ number of the last entry in the block -> height ‖ block time ‖
//   entry_chain after it
#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "node/ledger/records.h"
#include "node/runtime/service.h"
#include "node/runtime/store.h"

namespace giro::runtime {

// What a block adds to the index. Any thread.
void put_entries(const ExecutedBlock& block, storage::WriteBatch& batch);

// After so many events of blocks a statement ends, however few entries it has: else one answer
// would hold its thread for as long as a thousand full blocks take.
inline constexpr std::size_t kStatementEventsMax = 50'000;

// Entries after..after+limit of a position, in order, as far as `position`, which the caller has
// read: fewer, but one at least, where kStatementEventsMax ends it. Any thread.
[[nodiscard]] std::expected<Statement, StatementNotHeld> read_statement(
    const Store& store, ledger::TokenId token, const ledger::AccountId& account,
    const ledger::Position& position, std::uint64_t after, std::size_t limit);

// How many entries of a position, as far as `position`, were made before a time: whole blocks, so a
// period is two such numbers. The error: that time may lie below what this node has entries of. Any
// thread; looks at a number of rows that grows with the logarithm of the entries.
[[nodiscard]] std::expected<std::uint64_t, StatementNotHeld> entries_before(
    const Store& store, ledger::TokenId token, const ledger::AccountId& account,
    const ledger::Position& position, consensus::WallTime time);

}  // namespace giro::runtime
