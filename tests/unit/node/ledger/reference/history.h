// Histories that both ledgers run, block by block.
#pragma once

#include "tests/unit/node/ledger/reference/ledger.h"

namespace giro::ledger::reference {

struct HistoryBlock {
  Ms time{};
  std::vector<Submitted> operations;
};
struct History {
  std::uint64_t seed{};
  std::vector<HistoryBlock> blocks;
  [[nodiscard]] std::size_t size() const;
};

// How often each (operation, code) came.
using Reach = std::map<std::pair<std::uint32_t, Code>, std::uint64_t>;

// A new history of about 40 blocks, run as it is made; `difference` empty: both ledgers agree.
struct Run {
  History history;
  std::string difference;
  Hash root;  // of the ledger's last state
};
[[nodiscard]] Run run_new(std::uint64_t seed, Reach& reach);
// A short one whose choices are these bytes, for a fuzzer; `ok` counts what succeeded.
struct ChosenRun {
  std::string difference;
  std::size_t ok = 0;
};
[[nodiscard]] ChosenRun run_chosen(ByteView choices);
// The same again, with every record compared after every block. Empty: no difference.
[[nodiscard]] std::string replay(const History& history);
// Removes blocks and operations as long as there is a difference.
[[nodiscard]] History shrink(History history);
// In words.
[[nodiscard]] std::string describe(const History& history);

}  // namespace giro::ledger::reference
