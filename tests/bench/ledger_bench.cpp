// The ledger on one core with a warm cache (ledger 17): signature checks and root hashing are not
// in it. 1000 payers at bank A, 1000 payees at A and at B; each block changes all of them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/ledger/outcome_leaf.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger {
namespace {

constexpr std::size_t kParties = 1'000;
constexpr std::size_t kOperations = 1'000;  // of a block

AccountId party(std::string_view name, std::uint64_t number) {
  return demo::account_id(std::string(name) + std::to_string(number % kParties));
}

// The demo genesis with `kParties` copies of its customers.
Genesis many_customers() {
  Genesis genesis = demo::demo_genesis();
  std::vector<GenesisAccount> copies;
  for (GenesisAccount& account : genesis.accounts) {
    const std::string_view name = account.id == demo::kBuyer      ? "buyer"
                                  : account.id == demo::kMerchant ? "merchant"
                                  : account.id == demo::kSupplier ? "supplier"
                                                                  : "";
    if (name.empty()) continue;
    if (name == "buyer") {
      for (GenesisPosition& position : account.positions) position.limits = {};
      account.positions[0].balance = demo::cents("100000.00");
    }
    for (std::size_t i = 0; i < kParties; ++i) {
      copies.push_back(account);
      copies.back().id = party(name, i);
    }
  }
  genesis.accounts.insert(genesis.accounts.end(), copies.begin(), copies.end());
  return genesis;
}

using Signed = demo::Signed;

Signed transfer(std::uint64_t n, TimeMs now) {
  Transfer order = demo::transfer_order(n, "0.01");
  order.terms.payer_account = party("buyer", n);
  order.terms.payee_account = party("merchant", n * 7);
  Signed out = demo::transfer(order, now);
  out.keys = {&demo::key(demo::kA, Role::Maker)};
  return out;
}

Signed pay_with_ticket(std::uint64_t n, TimeMs now) {
  Pay order = demo::pay_order(n, now);
  order.terms.payer_account = party("buyer", n);
  order.terms.payee_account = party("supplier", n * 7);
  order.terms.amount = demo::cents("1.00");
  order.terms.payer_fee = demo::cents("0.02");
  order.terms.payee_fee = demo::cents("0.01");
  demo::attach_ticket(order, now);
  Signed out = demo::pay(order, now);
  out.keys = {&demo::key(demo::kA, Role::Maker), &demo::key(demo::kA, Role::Compliance)};
  return out;
}

using Make = Signed (*)(std::uint64_t, TimeMs);

// Looks up by hash, as the node's filter answers what is not there; the tests' state for scans.
class HashedState final : public StateView {
 public:
  [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
    const auto found = rows_.find(crypto::as_text(key));
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }
  void scan(ByteView from, ByteView to,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    ordered_.scan(from, to, visit);
  }
  void store(std::span<const Write> writes) {
    ordered_.store(writes);
    for (const Write& write : writes) {
      const std::string key(crypto::as_text(write.key));
      if (write.value) {
        rows_.insert_or_assign(key, *write.value);
      } else {
        rows_.erase(key);
      }
    }
  }

 private:
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  std::unordered_map<std::string, Bytes, Hasher, std::equal_to<>> rows_;
  demo::MemoryState ordered_;
};

// A ledger that runs one block after another.
class Chain {
 public:
  Chain() {
    const auto genesis = build_genesis(many_customers());
    if (genesis) state_.store(genesis->writes);
    ok_ = genesis.has_value();
  }

  using Block = std::vector<std::expected<Verified, Code>>;
  Block next(Make make) {
    ++context_.height;
    context_.time = {demo::kGenesisTime.value + static_cast<std::int64_t>(context_.height) * 1'000};
    Block block;
    for (std::size_t i = 0; i < kOperations; ++i)
      block.push_back(make(++n_, context_.time).verified());
    return block;
  }
  std::expected<BlockResult, Fatal> apply_block(const Block& block) {
    return apply(state_, context_, block, cache_);
  }
  // False unless every operation did what was ordered.
  bool keep(const std::expected<BlockResult, Fatal>& result) {
    if (!ok_ || !result) return false;
    state_.store(result->writes);
    return std::ranges::all_of(result->outcomes,
                               [](const Outcome& outcome) { return outcome.code == Code::Ok; });
  }
  [[nodiscard]] const BlockContext& context() const { return context_; }

 private:
  HashedState state_;
  RecordCache cache_;
  BlockContext context_;
  std::uint64_t n_ = 0;
  bool ok_ = false;
};

void count_operations(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(kOperations) * state.iterations());
  state.counters["per_operation"] = benchmark::Counter(
      static_cast<double>(kOperations),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void ledger_apply(benchmark::State& state, Make make) {
  Chain chain;
  if (!chain.keep(chain.apply_block(chain.next(make))))
    return state.SkipWithError("warm-up failed");
  for (auto _ : state) {
    state.PauseTiming();
    const Chain::Block block = chain.next(make);
    state.ResumeTiming();
    auto result = chain.apply_block(block);
    state.PauseTiming();
    if (!chain.keep(result)) return state.SkipWithError("an operation failed");
    result = {};
    state.ResumeTiming();
  }
  count_operations(state);
}
BENCHMARK_CAPTURE(ledger_apply, transfer, &transfer)->Iterations(20)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ledger_apply, pay_with_ticket, &pay_with_ticket)
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);

// Leaves, events and their roots of the same block: done beside apply, by the caller.
void ledger_leaves(benchmark::State& state) {
  Chain chain;
  for (auto _ : state) {
    state.PauseTiming();
    const Chain::Block block = chain.next(&pay_with_ticket);
    auto result = chain.apply_block(block);
    if (!chain.keep(result)) return state.SkipWithError("an operation failed");
    state.ResumeTiming();
    benchmark::DoNotOptimize(build_leaves(chain.context(), block, *result));
  }
  count_operations(state);
}
BENCHMARK(ledger_leaves)->Iterations(20)->Unit(benchmark::kMillisecond);

void ledger_decode(benchmark::State& state, Make make) {
  const Bytes bytes = make(1, demo::kGenesisTime).bytes();
  for (auto _ : state) {
    const auto decoded = decode(demo::chain_id(), bytes);
    if (!decoded) state.SkipWithError("malformed");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * state.iterations());
  state.counters["size"] = static_cast<double>(bytes.size());
}
BENCHMARK_CAPTURE(ledger_decode, transfer, &transfer)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ledger_decode, pay_with_ticket, &pay_with_ticket)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace giro::ledger
