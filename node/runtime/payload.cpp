#include "node/runtime/payload.h"

#include <utility>

namespace giro::runtime {
namespace {

// Decoded operations on their way through the pool, with the place of each one's checks.
struct Decoding {
  std::vector<std::expected<ledger::Decoded, ledger::Code>> decoded;
  std::vector<std::size_t> first_check;  // of each operation, and the end
  std::vector<crypto::SignatureCheck> checks;
};

Decoding decode_all(const consensus::Batch& batch, const crypto::Hash& chain) {
  Decoding result;
  result.decoded.reserve(batch.operations.size());
  result.first_check.reserve(batch.operations.size() + 1);
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    result.first_check.push_back(result.checks.size());
    result.decoded.push_back(ledger::decode(chain, crypto::to_bytes(batch.operation(i))));
    if (!result.decoded.back()) continue;
    const auto checks = result.decoded.back()->signature_checks();
    result.checks.insert(result.checks.end(), checks.begin(), checks.end());
  }
  result.first_check.push_back(result.checks.size());
  return result;
}

std::vector<CheckedOperation> verify_all(Decoding decoding, std::span<const bool> valid) {
  std::vector<CheckedOperation> result;
  result.reserve(decoding.decoded.size());
  for (std::size_t i = 0; i < decoding.decoded.size(); ++i) {
    auto& decoded = decoding.decoded[i];
    if (!decoded) {
      result.emplace_back(std::unexpected(decoded.error()));
      continue;
    }
    const std::size_t first = decoding.first_check[i];
    const std::size_t count = decoding.first_check[i + 1] - first;
    result.push_back(ledger::verify(std::move(*decoded), valid.subspan(first, count)));
  }
  return result;
}

}  // namespace

void Payload::begin(const consensus::BatchPtr& batch) {
  auto entry = std::make_shared<Entry>();
  entry->batch = batch;
  {
    const std::lock_guard lock(mutex_);
    if (!entries_.try_emplace(batch->id, entry).second) return;
  }
  check(entry);
}

void Payload::check(const std::shared_ptr<Entry>& entry) {
  pool_.run([this, entry] {
    auto decoding = std::make_shared<Decoding>(decode_all(*entry->batch, chain_));
    auto checks = std::exchange(decoding->checks, {});
    pool_.submit(std::move(checks), [this, entry, decoding](crypto::Verdicts verdicts) {
      auto operations = verify_all(std::move(*decoding), verdicts.view());
      const std::lock_guard lock(mutex_);
      entry->operations = std::move(operations);
      entry->done = true;
      done_.notify_all();
    });
  });
}

void Payload::put(const consensus::BatchPtr& batch, std::vector<CheckedOperation> operations) {
  auto entry = std::make_shared<Entry>();
  entry->batch = batch;
  entry->done = true;
  entry->operations = std::move(operations);
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(batch->id, std::move(entry));
}

std::vector<CheckedOperation> Payload::take(const consensus::BatchPtr& batch) {
  begin(batch);
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(batch->id);
  const std::shared_ptr<Entry> entry = found->second;
  while (!entry->done) {  // rather check than sleep
    lock.unlock();
    const bool helped = pool_.help();
    lock.lock();
    if (!helped) done_.wait(lock, [&] { return entry->done; });
  }
  entries_.erase(batch->id);
  return std::move(entry->operations);
}

void Payload::forget_expired(consensus::WallTime block_time) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& item) {
    return item.second->done && item.second->batch->expires_at < block_time;
  });
}

}  // namespace giro::runtime
