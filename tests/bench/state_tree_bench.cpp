// The state root with one million accounts of one position each: two million leaves.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "node/ledger/ledger.h"
#include "node/ledger/records.h"
#include "node/ledger/state_tree.h"

namespace giro::ledger {
namespace {

constexpr std::uint64_t kAccounts = 1'000'000;
constexpr std::size_t kValueBytes = 160;  // about the size of an encoded position

AccountId account(std::uint64_t number) {
  AccountId id;
  const std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15;
  std::memcpy(id.bytes.data(), &mixed, sizeof mixed);
  std::memcpy(id.bytes.data() + 8, &number, sizeof number);
  return id;
}

Write put(const Key& key, std::uint64_t version) {
  Bytes value(kValueBytes, std::byte{0x5a});
  std::memcpy(value.data(), &version, sizeof version);
  return {key.to_bytes(), std::move(value)};
}

void add_record(std::vector<Write>& writes, const Key& key, std::uint64_t slot) {
  writes.push_back({slot_key(slot).to_bytes(), key.to_bytes()});
  writes.push_back(put(key, 0));
}

StateTree& million_accounts() {
  static StateTree tree = [] {
    StateTree made;
    constexpr std::uint64_t kStep = 10'000;
    for (std::uint64_t first = 0; first < kAccounts; first += kStep) {
      std::vector<Write> writes;
      for (std::uint64_t i = first; i < first + kStep; ++i) {
        add_record(writes, account_key(1, account(i)), 2 * i);
        add_record(writes, position_key(1, account(i)), 2 * i + 1);
      }
      made.apply(writes);
    }
    return made;
  }();
  return tree;
}

// Positions changed by one block, spread over all accounts: two for each transfer.
void state_root_update(benchmark::State& state) {
  StateTree& tree = million_accounts();
  const auto changed = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t version = 0;
  for (auto _ : state) {
    state.PauseTiming();
    ++version;
    std::vector<Write> writes;
    for (std::uint64_t i = 0; i < changed; ++i) {
      const std::uint64_t number = (version * changed + i) * 7919 % kAccounts;
      writes.push_back(put(position_key(1, account(number)), version));
    }
    state.ResumeTiming();
    tree.apply(writes);
    benchmark::DoNotOptimize(tree.root());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(changed) * state.iterations());
  state.counters["bytes_per_record"] =
      static_cast<double>(tree.memory_bytes()) / static_cast<double>(tree.size());
}
BENCHMARK(state_root_update)->Arg(20)->Arg(2000)->Arg(20'000)->Unit(benchmark::kMicrosecond);

void state_path(benchmark::State& state) {
  const StateTree& tree = million_accounts();
  std::uint64_t slot = 0;
  for (auto _ : state) {
    slot = (slot + 999'983) % tree.size();
    benchmark::DoNotOptimize(tree.path(slot));
  }
}
BENCHMARK(state_path);

}  // namespace
}  // namespace giro::ledger
