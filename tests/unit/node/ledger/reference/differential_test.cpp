// Two ledgers, one history: the ledger and a second one written from the specification.
//
//   unit_node_ledger_reference                       a short form, as ctest runs it
//   GIRO_REFERENCE_OPERATIONS=1000000 ...            as many operations
//   GIRO_REFERENCE_SEED=17 ...                       from this seed on
//   GIRO_REFERENCE_REACH=1 ...                       prints how often each (operation, code) came
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "crypto/digest.h"
#include "tests/unit/node/ledger/reference/history.h"

namespace giro::ledger::reference {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void print(const Reach& reach) {
  for (const OperationName& each : operation_names()) {
    std::printf("%-14s", std::string(each.name).c_str());
    for (const auto& [at, count] : reach) {
      if (at.first == each.type)
        std::printf(" %u:%llu", static_cast<unsigned>(at.second),
                    static_cast<unsigned long long>(count));
    }
    std::printf("\n");
  }
}

// What the state roots of all histories from seed 1 on come to, one hashed into the next: the same
// with every compiler, with and without optimisation. A change of the rules, of a record's form or
// of the generator changes them, and says so here.
struct Golden {
  std::uint64_t operations;
  std::string_view roots;
};
constexpr Golden kGolden[] = {
    {10'000, "a08fdea0783ac4fe0e262b73cb2e531194352a04951bebfd6759e521508458b7"},
    {100'000, "a537db194e1494c4d9ab091086aba61572146627d1c46931c9255f905b677f05"}};

TEST(Reference, Both_ledgers_agree_on_generated_histories) {
  const std::uint64_t wanted = from_environment("GIRO_REFERENCE_OPERATIONS", 10'000);
  std::uint64_t seed = from_environment("GIRO_REFERENCE_SEED", 1);
  const bool is_golden = seed == 1;
  Hash roots;
  Reach reach;
  std::uint64_t operations = 0, ok = 0;
  for (; operations < wanted; ++seed) {
    const auto run = run_new(seed, reach);
    operations += run.history.size();
    roots = crypto::tagged_hash("golden", {roots, run.root});
    if (run.difference.empty()) continue;
    const History least = shrink(run.history);
    FAIL() << "seed " << seed << ", after " << operations << " operations:\n"
           << describe(least) << replay(least) << "first seen:\n"
           << run.difference;
  }
  for (const auto& golden : kGolden) {
    if (!is_golden || golden.operations != wanted) continue;
    EXPECT_EQ(crypto::to_hex(roots), golden.roots);
  }
  if (from_environment("GIRO_REFERENCE_REACH", 0) != 0) print(reach);
  for (const auto& [at, count] : reach) ok += at.second == Code::Ok ? count : 0;
  EXPECT_GE(ok * 10, operations * 3) << "too few operations succeed";
  for (const OperationName& each : operation_names()) {
    EXPECT_GE((reach[{each.type, Code::Ok}] * 4'000), operations * 2)
        << each.name << " hardly ever succeeds";
  }
  std::printf("%llu operations, %llu of them OK, no difference\n",
              static_cast<unsigned long long>(operations), static_cast<unsigned long long>(ok));
}

}  // namespace
}  // namespace giro::ledger::reference
