// The offline check of a receipt of four validators: one body, two signatures under it, three
// attestations.
#include <benchmark/benchmark.h>

#include "node/receipt/json.h"
#include "tests/unit/node/receipt/receipt_builder.h"

namespace giro::receipt {
namespace {

void receipt_verify(benchmark::State& state) {
  const Receipt receipt = test::make_receipt();
  for (auto _ : state) {
    if (!verify(receipt, test::genesis())) state.SkipWithError("refused");
  }
}
BENCHMARK(receipt_verify)->Unit(benchmark::kMicrosecond);

void receipt_from_json(benchmark::State& state) {
  const std::string text = to_json(test::make_receipt());
  for (auto _ : state) benchmark::DoNotOptimize(from_json(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(receipt_from_json)->Unit(benchmark::kMicrosecond);

void receipt_to_json(benchmark::State& state) {
  const Receipt receipt = test::make_receipt();
  for (auto _ : state) benchmark::DoNotOptimize(to_json(receipt));
}
BENCHMARK(receipt_to_json)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace giro::receipt
