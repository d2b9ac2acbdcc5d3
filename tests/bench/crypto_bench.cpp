// Hashes, signatures, Merkle trees and the verifier pool.
#include <benchmark/benchmark.h>

#include <cstring>
#include <future>
#include <vector>

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "crypto/merkle.h"
#include "crypto/verifier_pool.h"

namespace giro::crypto {
namespace {

Hash digest_of(std::uint64_t number) {
  Bytes bytes;
  Writer(bytes).u64(number);
  return sha256(bytes);
}

SecretKey key_of(std::uint64_t number) {
  Bytes scalar(24);
  Writer(scalar).u64(number + 1);
  return std::move(*SecretKey::from_bytes(scalar));
}

// `count` signatures by `keys` different keys.
std::vector<SignatureCheck> checks_by(std::size_t count, std::size_t keys) {
  std::vector<SecretKey> signers;
  for (std::size_t i = 0; i < keys; ++i) signers.push_back(key_of(i));
  std::vector<SignatureCheck> checks;
  for (std::size_t i = 0; i < count; ++i) {
    const SecretKey& signer = signers[i % keys];
    checks.push_back({digest_of(i), signer.public_key(), signer.sign(digest_of(i))});
  }
  return checks;
}

void count_items(benchmark::State& state, std::size_t items_per_iteration) {
  state.SetItemsProcessed(static_cast<std::int64_t>(items_per_iteration) * state.iterations());
}
void count_bytes(benchmark::State& state, std::size_t bytes_per_iteration) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes_per_iteration) * state.iterations());
}

void sha256_bytes(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  count_bytes(state, bytes.size());
}
BENCHMARK(sha256_bytes)->Arg(64)->Arg(256)->Arg(1024)->Arg(16 * 1024)->Arg(1024 * 1024);

void merkle_node_hash(benchmark::State& state) {
  Hash left = digest_of(1);
  const Hash right = digest_of(2);
  for (auto _ : state) left = merkle_node(left, right);
  benchmark::DoNotOptimize(left);
}
BENCHMARK(merkle_node_hash);

void merkle_root_of_leaves(benchmark::State& state) {
  std::vector<Hash> leaves;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    leaves.push_back(digest_of(static_cast<std::uint64_t>(i)));
  }
  for (auto _ : state) benchmark::DoNotOptimize(merkle_root(leaves));
  count_items(state, leaves.size());
}
BENCHMARK(merkle_root_of_leaves)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void merkle_path_check(benchmark::State& state) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < 4096; ++i) leaves.push_back(digest_of(i));
  const Hash root = merkle_root(leaves);
  const std::vector<Hash> path = merkle_path(leaves, 1234);
  for (auto _ : state) {
    benchmark::DoNotOptimize(verify_merkle_path(leaves[1234], 1234, leaves.size(), path, root));
  }
}
BENCHMARK(merkle_path_check)->Unit(benchmark::kMicrosecond);

void sign(benchmark::State& state) {
  const SecretKey key = key_of(1);
  Hash digest = digest_of(1);
  for (auto _ : state) {
    const Signature signature = key.sign(digest);
    digest.bytes[0] = signature.bytes[0];
  }
}
BENCHMARK(sign)->Unit(benchmark::kMicrosecond);

// By the number of different keys in turn, all decoded before (point_decoding is what a new one
// costs besides).
void signature_check(benchmark::State& state) {
  const std::vector<SignatureCheck> checks =
      checks_by(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(0)));
  for (const SignatureCheck& check : checks) {
    if (!verify(check.key, check.message, check.signature)) state.SkipWithError("refused");
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const SignatureCheck& check = checks[next++ % checks.size()];
    benchmark::DoNotOptimize(verify(check.key, check.message, check.signature));
  }
  count_items(state, 1);
}
BENCHMARK(signature_check)->Arg(1)->Arg(4096)->Unit(benchmark::kMicrosecond);

void point_decoding(benchmark::State& state) {
  // Another each time, since points are cached; every second is on the curve.
  PublicKey key = key_of(1).public_key();
  std::uint64_t number = 0;
  for (auto _ : state) {
    ++number;
    std::memcpy(key.bytes.data() + 1, &number, sizeof number);
    benchmark::DoNotOptimize(is_valid_point(key));
  }
}
BENCHMARK(point_decoding)->Unit(benchmark::kMicrosecond);

// Threads, checks in a job. Wall time: the pool's threads do the work.
void pool_throughput(benchmark::State& state) {
  VerifierPool pool(static_cast<std::size_t>(state.range(0)));
  const std::vector<SignatureCheck> checks =
      checks_by(static_cast<std::size_t>(state.range(1)), 16);
  constexpr std::size_t kJobs = 8;
  for (auto _ : state) {
    std::vector<std::promise<void>> done(kJobs);
    for (std::promise<void>& job : done) {
      pool.submit(checks, [&job](const Verdicts&) { job.set_value(); });
    }
    for (std::promise<void>& job : done) job.get_future().wait();
  }
  count_items(state, kJobs * checks.size());
}
BENCHMARK(pool_throughput)
    ->ArgsProduct({{1, 2}, {32, 1024}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace giro::crypto
