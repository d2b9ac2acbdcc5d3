// How a bank's real size is carried (ledger 17, architecture 5): a store with many accounts, opened
// again as a node's start does it, and payments between all of them, or a few.
//
//   giro-bench-accounts DIRECTORY [ACCOUNTS]     10,000,000 need 5 GB of disk and 6 GB of memory
//
// DIRECTORY is made if it is not there, and is used again if it is.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "node/ledger/query.h"
#include "node/ledger/records.h"
#include "node/ledger/state_tree.h"
#include "node/runtime/fallible_view.h"
#include "storage/key_value_leveldb.h"
#include "storage/read_ahead.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kOperations = 1'000;  // of a block
constexpr std::size_t kBlocks = 20;         // of each kind, after one that warms up

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "giro-bench-accounts: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T need(storage::KeyValueResult<T> result) {
  if (!result) fail(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Of this process, in MiB: "VmRSS" now, "VmHWM" at most.
double memory_mib(const std::string& which) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(which))
      return std::strtod(line.c_str() + which.size() + 1, nullptr) / 1024;
  }
  return 0;
}

AccountId numbered(std::uint64_t number) {
  AccountId id;
  const std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15;  // clients choose ids at random
  std::memcpy(id.bytes.data(), &mixed, sizeof mixed);
  std::memcpy(id.bytes.data() + 8, &number, sizeof number);
  return id;
}

// The demo's buyer, with money and without limits, as every account is.
Genesis rich_buyer() {
  Genesis genesis = demo::demo_genesis();
  for (GenesisAccount& account : genesis.accounts) {
    if (account.id != demo::kBuyer) continue;
    for (GenesisPosition& position : account.positions) position.limits = {};
  }
  return genesis;
}

void put_all(storage::KeyValueStore& store, const std::vector<Write>& writes) {
  storage::WriteBatch batch;
  for (const Write& write : writes) {
    if (write.value) {
      batch.put(write.key, *write.value);
    } else {
      batch.remove(write.key);
    }
  }
  need(store.write(batch));
}

// Account and position of each, and their slots of the tree.
void fill(storage::KeyValueStore& store, std::uint64_t accounts) {
  const auto genesis = build_genesis(rich_buyer());
  if (!genesis) fail("the demo genesis is refused");
  put_all(store, genesis->writes);
  StateTree tree;
  tree.apply(genesis->writes);
  const Bytes account = *need(store.get(account_key(demo::kA, demo::kBuyer).to_bytes()));
  const Bytes position = *need(store.get(position_key(1, demo::kBuyer).to_bytes()));
  std::uint64_t slot = tree.size();
  constexpr std::uint64_t kStep = 10'000;
  const auto begin = Clock::now();
  for (std::uint64_t first = 0; first < accounts; first += kStep) {
    storage::WriteBatch batch;
    for (std::uint64_t i = first; i < std::min(accounts, first + kStep); ++i) {
      for (const auto& [key, value] : {std::pair{account_key(demo::kA, numbered(i)), &account},
                                       {position_key(1, numbered(i)), &position}}) {
        batch.put(key.to_bytes(), *value);
        batch.put(slot_key(slot++).to_bytes(), key.to_bytes());
      }
    }
    need(store.write(batch));
    if (first % 1'000'000 == 0)
      std::fprintf(stderr, "  %llu accounts after %.0f s\n", static_cast<unsigned long long>(first),
                   seconds_since(begin));
  }
  Meta meta = *query_meta(runtime::FallibleView(store));
  meta.next_slot = slot;
  storage::WriteBatch batch;
  batch.put(meta_key().to_bytes(), encode(meta));
  need(store.write(batch, storage::Durability::Synced));
}

double bytes_of(const fs::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory)) bytes += entry.file_size();
  return static_cast<double>(bytes);
}

// Payments between accounts `step` apart of the first `among`, in microseconds for each, apply
// alone; and with the store written.
void pay(storage::KeyValueStore& store, RecordCache& cache, BlockContext& context,
         std::uint64_t& number, std::uint64_t among, const char* what) {
  double applied = 0, written = 0;
  for (std::size_t block = 0; block <= kBlocks; ++block) {
    ++context.height;
    context.time = {demo::kGenesisTime.value + static_cast<std::int64_t>(context.height) * 1'000};
    std::vector<std::expected<Verified, Code>> operations;
    for (std::size_t i = 0; i < kOperations; ++i) {
      ++number;
      Transfer order = demo::transfer_order(number, "0.01");
      order.terms.payer_account = numbered(number * 2 * 7919 % among);
      order.terms.payee_account = numbered((number * 2 * 7919 + 1) % among);
      demo::Signed out = demo::transfer(order, context.time);
      out.keys = {&demo::key(demo::kA, Role::Maker)};
      operations.push_back(out.verified());
    }
    const runtime::FallibleView view(store);
    const auto begin = Clock::now();
    const auto result = apply(view, context, operations, cache);
    const double apply_s = seconds_since(begin);
    if (!result) fail("an invariant is broken");
    for (const Outcome& outcome : result->outcomes) {
      if (outcome.code != Code::Ok) fail("a payment got " + std::string(code_name(outcome.code)));
    }
    put_all(store, result->writes);
    if (block == 0) continue;
    applied += apply_s;
    written += seconds_since(begin);
  }
  constexpr double kMicro = 1e6 / static_cast<double>(kBlocks * kOperations);
  std::printf("%-44s %8.2f us applied, %8.2f us with the store\n", what, applied * kMicro,
              written * kMicro);
}

int run(const fs::path& directory, std::uint64_t accounts) {
  fs::create_directories(directory);
  const fs::path state = directory / "state";
  const fs::path mark = directory / ("accounts-" + std::to_string(accounts));
  if (!fs::exists(mark)) {
    if (fs::exists(state)) fail(state.string() + " holds another number of accounts");
    std::fprintf(stderr, "making %llu accounts\n", static_cast<unsigned long long>(accounts));
    fill(*need(storage::open_leveldb(state.string(), {})), accounts);
    std::ofstream(mark) << "made\n";
  }
  std::printf("accounts                                     %8.0f k, %.0f bytes each on the disk\n",
              static_cast<double>(accounts) / 1e3, bytes_of(state) / static_cast<double>(accounts));

  auto begin = Clock::now();
  const auto store = need(storage::open_leveldb(state.string(), {}));
  std::printf("opened                                       %8.2f s\n", seconds_since(begin));
  const double before = memory_mib("VmRSS");
  begin = Clock::now();
  const storage::ReadAhead ahead(*store);
  const auto tree = StateTree::rebuild(runtime::FallibleView(ahead));
  if (!tree) fail(std::string(describe(tree.error())));
  std::printf("state tree, %9.0f k records               %8.2f s\n",
              static_cast<double>(tree->size()) / 1e3, seconds_since(begin));
  std::printf("memory: tree                                 %8.0f MiB, %.0f bytes an account\n",
              static_cast<double>(tree->memory_bytes()) / (1 << 20),
              static_cast<double>(tree->memory_bytes()) / static_cast<double>(accounts));
  std::printf(
      "memory: process                              %8.0f MiB, %.0f before the tree, %.0f at "
      "most\n",
      memory_mib("VmRSS"), before, memory_mib("VmHWM"));

  RecordCache cache;
  BlockContext context;
  context.height = query_meta(runtime::FallibleView(*store))->height;
  std::uint64_t number = context.height * kOperations;
  pay(*store, cache, context, number, std::min<std::uint64_t>(accounts, 1'000),
      "TRANSFER among 1,000 accounts");
  pay(*store, cache, context, number, accounts, "TRANSFER among all of them");
  return 0;
}

}  // namespace
}  // namespace giro::ledger

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  std::uint64_t accounts = 1'000'000;
  if (words.size() > 1) {
    const auto [end, error] =
        std::from_chars(words[1].data(), words[1].data() + words[1].size(), accounts);
    if (error != std::errc() || end != words[1].data() + words[1].size() || accounts < 2'000)
      accounts = 0;
  }
  if (words.empty() || words.size() > 2 || accounts == 0) {
    std::fprintf(stderr, "usage: giro-bench-accounts DIRECTORY [ACCOUNTS, 2000 or more]\n");
    return 2;
  }
  return giro::ledger::run(words[0], accounts);
}
