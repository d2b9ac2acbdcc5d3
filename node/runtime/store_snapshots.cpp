// The store's part in snapshots and in cutting the log (protocol R31, R34).
#include <algorithm>
#include <utility>

#include "node/runtime/store.h"
#include "node/runtime/store_must.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {

using crypto::Bytes;
using crypto::ByteView;

namespace {

Bytes number(std::uint64_t value) {
  Bytes bytes;
  crypto::Writer(bytes).u64(value);
  return bytes;
}

std::uint64_t number_of(ByteView bytes) {
  crypto::Reader reader(bytes);
  const std::uint64_t value = reader.u64();
  if (!reader.at_end()) stop_process(ExitCode::Invariant, "a row of the store is damaged");
  return value;
}

}  // namespace

void Store::pin_every(std::uint64_t interval, OnPinned on_pinned) {
  interval_ = interval;
  on_pinned_ = std::move(on_pinned);
}

// Those that no later block may name again, and no more (protocol R5).
void Store::put_ordered(const ExecutedBlock& block, storage::WriteBatch& batch) {
  must(backing_->scan(rows::ordered_key(pruned_to_, {}), rows::ordered_key(block.header.time, {}),
                      [&](ByteView key, ByteView) {
                        batch.remove(key);
                        return true;
                      }));
  pruned_to_ = block.header.time;
  for (const auto& [id, expires_at] : block.ordered) {
    if (expires_at >= block.header.time) batch.put(rows::ordered_key(expires_at, id), {});
  }
}

void Store::put_payload(const ExecutedBlock& block, storage::WriteBatch& batch) {
  if (interval_ == 0 || block.batches.empty()) return;
  const std::uint64_t interval = (block.header.height.value - 1) / interval_;
  if (!payload_ || payload_->first != interval) {
    const auto row = must(backing_->get(rows::payload_key(interval)));
    payload_ = {interval, row ? number_of(*row) : ~0ULL};
  }
  for (const auto& [id, position] : block.batches)
    payload_->second = std::min(payload_->second, position.value);
  batch.put(rows::payload_key(interval), number(payload_->second));
}

void Store::checkpoint(consensus::Height above, OnCheckpoint done) {
  lane_->post([this, above, done = std::move(done)] {
    write_queued();
    storage::WriteBatch batch;
    batch.put(rows::log_start_key(), number(above.value + 1));
    must(backing_->write(batch, storage::Durability::Synced));
    std::optional<storage::LogPosition> oldest;
    must(backing_->scan(rows::payload_key(above.value / interval_), rows::payload_key(~0ULL),
                        [&](ByteView, ByteView value) {
                          const storage::LogPosition position{number_of(value)};
                          oldest = std::min(oldest.value_or(position), position);
                          return true;
                        }));
    done(oldest);
  });
}

consensus::Height Store::log_start() const {
  const auto row = must(backing_->get(rows::log_start_key()));
  return row ? consensus::Height{number_of(*row)} : consensus::Height{};
}

std::vector<consensus::OrderedId> Store::ordered() const {
  std::vector<consensus::OrderedId> ids;
  const auto view = read();
  view->scan(rows::ordered_key(view->time(), {}), rows::ordered_end(), [&](ByteView key, ByteView) {
    const auto id = rows::decode_ordered(key);
    if (!id) stop_process(ExitCode::Invariant, "an ordered id of the store is damaged");
    ids.push_back(*id);
    return true;
  });
  return ids;
}

std::optional<Store::Installed> Store::installed() const {
  const auto row = must(backing_->get(rows::installed_key()));
  if (!row) return std::nullopt;
  crypto::Reader reader(*row);
  const consensus::Height height{reader.u64()};
  if (!reader.ok()) stop_process(ExitCode::Invariant, "a row of the store is damaged");
  return Installed{height, crypto::to_bytes(reader.raw(reader.remaining()))};
}

}  // namespace giro::runtime
