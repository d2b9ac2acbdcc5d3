#include "node/runtime/store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "consensus/wire/codec.h"
#include "crypto/check.h"
#include "node/runtime/entries.h"
#include "node/runtime/fatal.h"
#include "node/runtime/payment_index.h"
#include "node/runtime/store_must.h"
#include "node/runtime/store_rows.h"

namespace giro::runtime {
namespace {

using crypto::Bytes;
using crypto::ByteView;

// Beyond this much waiting for the disk the executor is held back.
constexpr std::size_t kQueuedBytesMax = 64 * 1024 * 1024;

// Written at once at start.
constexpr std::size_t kRestoreBytes = 4 * 1024 * 1024;

class SnapshotView final : public ReadView {
 public:
  SnapshotView(std::unique_ptr<storage::KeyValueReader> reader, const consensus::Header& header)
      : reader_(std::move(reader)), height_(header.height), time_(header.time) {}
  std::optional<Bytes> get(ByteView key) const override { return must(reader_->get(key)); }
  void scan(ByteView from, ByteView to,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    must(reader_->scan(from, to, visit));
  }
  consensus::Height height() const override { return height_; }
  consensus::WallTime time() const override { return time_; }

 private:
  std::unique_ptr<storage::KeyValueReader> reader_;
  consensus::Height height_;
  consensus::WallTime time_;
};

std::size_t size_of(const ExecutedBlock& block) {
  std::size_t size = 1024;
  for (const auto& write : block.writes)
    size += write.key.size() + (write.value ? write.value->size() : 0);
  for (const auto& leaf : block.leaves) size += leaf.canonical.size();
  for (const auto& event : block.events) size += event.size();
  return size;
}

struct KeyLess {
  using is_transparent = void;
  bool operator()(ByteView left, ByteView right) const {
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
  }
};

}  // namespace

// What was pushed but may not be written yet, over the backing store. Rows leave once they are
// written.
class Store::NewestState final : public ledger::StateView {
 public:
  explicit NewestState(const Store& store) : store_(store) {}

  std::optional<Bytes> get(ByteView key) const override {
    if (const auto found = rows_.find(key); found != rows_.end()) return found->second.value;
    return must(store_.backing_->get(key));
  }

  // Both sides come in key order: where they meet, the newer row wins.
  void scan(ByteView from, ByteView to,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    auto row = rows_.lower_bound(from);
    const auto end = to.empty() ? rows_.end() : rows_.lower_bound(to);
    bool go_on = true;
    must(store_.backing_->scan(from, to, [&](ByteView key, ByteView value) {
      while (go_on && row != end && KeyLess()(row->first, key)) go_on = show(*row++, visit);
      if (!go_on) return false;
      if (row != end && !KeyLess()(key, row->first)) {
        go_on = show(*row++, visit);
      } else {
        go_on = visit(key, value);
      }
      return go_on;
    }));
    while (go_on && row != end) go_on = show(*row++, visit);
  }

  // The executor: takes a block's writes over, and forgets what is written by now.
  void add(const ExecutedBlock& block, consensus::Height written) {
    while (!order_.empty() && order_.front().height <= written) {
      for (const Bytes& key : order_.front().keys) {
        const auto found = rows_.find(key);
        if (found != rows_.end() && found->second.height <= written) rows_.erase(found);
      }
      order_.pop_front();
    }
    std::vector<Bytes> keys;
    keys.reserve(block.writes.size());
    for (const auto& write : block.writes) {
      rows_.insert_or_assign(write.key, Row{block.header.height, write.value});
      keys.push_back(write.key);
    }
    order_.push_back({block.header.height, std::move(keys)});
  }

 private:
  struct Row {
    consensus::Height height;
    std::optional<Bytes> value;
  };
  struct Added {
    consensus::Height height;
    std::vector<Bytes> keys;
  };
  static bool show(const std::pair<const Bytes, Row>& row,
                   const std::function<bool(ByteView, ByteView)>& visit) {
    return !row.second.value || visit(row.first, *row.second.value);
  }

  const Store& store_;
  std::map<Bytes, Row, KeyLess> rows_;
  std::deque<Added> order_;
};

Store::Store(std::unique_ptr<storage::KeyValueStore> backing)
    : backing_(std::move(backing)), newest_(std::make_unique<NewestState>(*this)) {
  if (const auto head = must(backing_->get(rows::head_key()))) {
    const auto header = consensus::wire::decode_header(*head);
    if (!header) stop_process(ExitCode::Invariant, "the store's head row is damaged");
    written_ = *header;
  }
  // The newest attest certificate at or below the head.
  must(backing_->scan(
      rows::attest_key({written_.height.value > 4096 ? written_.height.value - 4096 : 0}),
      rows::attest_key({~0ULL}), [&](ByteView key, ByteView) {
        crypto::Reader reader(key.subspan(1));
        attested_.value = reader.u64();
        return true;
      }));
  // A quorum has signed for the snapshot that it began with.
  if (const auto began = installed()) attested_ = std::max(attested_, began->height);
}

Store::~Store() {
  stop();
}

bool Store::is_empty() const {
  return !must(backing_->get(rows::head_key())).has_value();
}

void Store::write_genesis(const std::vector<ledger::Write>& writes, const consensus::Header& header,
                          const consensus::Hash& header_hash, std::vector<crypto::Bytes> events) {
  ExecutedBlock genesis;
  genesis.writes = writes;
  genesis.events = std::move(events);
  genesis.block_hash = header.block;
  genesis.header = header;
  genesis.header_hash = header_hash;
  storage::WriteBatch batch;
  for (const auto& write : writes) {
    if (write.value) batch.put(write.key, *write.value);
  }
  batch.put(rows::block_key(header.height), rows::encode_block(genesis));
  put_entries(genesis, batch);
  batch.put(rows::head_key(), consensus::wire::encode_header(header));
  must(backing_->write(batch, storage::Durability::Synced));
  written_ = header;
}

bool Store::has_attest(consensus::Height height) const {
  return must(backing_->get(rows::attest_key(height))).has_value();
}

void Store::restore(const std::vector<consensus::Certificate>& attests) {
  storage::WriteBatch batch;
  for (const auto& attest : attests) {
    batch.put(rows::attest_key(attest.content.height), consensus::wire::encode_certificate(attest));
    attested_ = std::max(attested_, attest.content.height);
    if (batch.bytes() < kRestoreBytes) continue;
    must(backing_->write(batch));
    batch.clear();
  }
  must(backing_->write(batch));
}

void Store::start(std::unique_ptr<Lane> lane, OnWritten on_written) {
  on_written_ = std::move(on_written);
  lane_ = std::move(lane);
  wake();
}

// What is queued is written by one turn of the lane, once there is a lane.
void Store::wake() {
  {
    const std::lock_guard lock(mutex_);
    const bool is_idle = blocks_.empty() && attests_.empty();
    if (!lane_ || is_idle || std::exchange(posted_, true)) return;
  }
  lane_->post([this] { write_queued(); });
}

void Store::stop() {
  if (!lane_) return;
  lane_.reset();
  must(backing_->write({}, storage::Durability::Synced));
}

void Store::push(ExecutedBlock block) {
  newest_->add(block, height());
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return queued_bytes_ < kQueuedBytesMax; });
  queued_bytes_ += size_of(block);
  blocks_.push_back(std::move(block));
  lock.unlock();
  wake();
}

void Store::push(consensus::Certificate attest) {
  std::unique_lock lock(mutex_);
  attests_.push_back(std::move(attest));
  lock.unlock();
  wake();
}

const ledger::StateView& Store::newest_state() const {
  return *newest_;
}

void Store::write_queued() {
  std::vector<ExecutedBlock> blocks;
  std::vector<consensus::Certificate> attests;
  {
    const std::lock_guard lock(mutex_);
    blocks = std::exchange(blocks_, {});
    attests = std::exchange(attests_, {});
    queued_bytes_ = 0;
    posted_ = false;
  }
  room_.notify_all();
  write(std::move(blocks), std::move(attests));
}

// A height at which a snapshot is made ends a batch of its own, so that there is a view of it.
void Store::write(std::vector<ExecutedBlock> blocks, std::vector<consensus::Certificate> attests) {
  std::span<const ExecutedBlock> left(blocks);
  do {
    std::size_t size = 0;
    bool is_pinned = false;
    while (size < left.size() && !is_pinned) {
      const std::uint64_t height = left[size++].header.height.value;
      is_pinned = interval_ != 0 && height % interval_ == 0;
    }
    const auto part = left.first(size);
    left = left.subspan(size);
    write_part(part, left.empty() ? std::span<const consensus::Certificate>(attests)
                                  : std::span<const consensus::Certificate>());
    if (is_pinned) on_pinned_(read());
  } while (!left.empty());
}

void Store::write_part(std::span<const ExecutedBlock> blocks,
                       std::span<const consensus::Certificate> attests) {
  storage::WriteBatch batch;
  for (const auto& block : blocks) {
    for (const auto& change : block.writes) {
      if (change.value) {
        batch.put(change.key, *change.value);
      } else {
        batch.remove(change.key);
      }
    }
    batch.put(rows::block_key(block.header.height), rows::encode_block(block));
    for (const auto& [id, position] : block.batches) {
      Bytes value;
      crypto::Writer(value).u64(position.value);
      batch.put(rows::batch_key(id), value);
    }
    put_entries(block, batch);
    put_payments(block, batch);
    put_ordered(block, batch);
    put_payload(block, batch);
    batch.put(rows::head_key(), consensus::wire::encode_header(block.header));
  }
  for (const auto& attest : attests) {
    batch.put(rows::attest_key(attest.content.height), consensus::wire::encode_certificate(attest));
  }
  must(backing_->write(batch));
  consensus::Height written, attested;
  {
    const std::lock_guard lock(mutex_);
    if (!blocks.empty()) written_ = blocks.back().header;
    for (const auto& attest : attests) attested_ = std::max(attested_, attest.content.height);
    written = written_.height;
    attested = attested_;
  }
  on_written_(written, attested);
}

std::shared_ptr<const ReadView> Store::read() const {
  auto reader = backing_->snapshot();
  const auto head = must(reader->get(rows::head_key()));
  GIRO_CHECK(head.has_value());
  const auto header = consensus::wire::decode_header(*head);
  GIRO_CHECK(header.has_value());
  return std::make_shared<SnapshotView>(std::move(reader), *header);
}

consensus::Height Store::height() const {
  const std::lock_guard lock(mutex_);
  return written_.height;
}

consensus::Height Store::attested() const {
  const std::lock_guard lock(mutex_);
  return attested_;
}

std::optional<StoredBlock> Store::block(consensus::Height height) const {
  const auto row = must(backing_->get(rows::block_key(height)));
  if (!row) return std::nullopt;
  auto block = rows::decode_block(*row);
  if (!block) stop_process(ExitCode::Invariant, "a block row of the store is damaged");
  return block;
}

std::optional<consensus::Header> Store::header(consensus::Height height) const {
  const auto stored = block(height);
  if (!stored) return std::nullopt;
  return stored->header;
}

std::optional<consensus::Certificate> Store::attest_at_or_above(consensus::Height height) const {
  std::optional<consensus::Certificate> found;
  must(backing_->scan(
      rows::attest_key(height), rows::attest_key({~0ULL}), [&](ByteView, ByteView value) {
        const auto certificate = consensus::wire::decode_certificate(value);
        if (!certificate)
          stop_process(ExitCode::Invariant, "a certificate row of the store is damaged");
        found = *certificate;
        return false;
      }));
  return found;
}

std::optional<Store::EntryPlace> Store::entry_place(ledger::TokenId token,
                                                    const ledger::AccountId& account,
                                                    std::uint64_t entry) const {
  std::optional<EntryPlace> place;
  must(backing_->scan(rows::entry_key(token, account, entry),
                      rows::entry_key(token, account, ~0ULL), [&](ByteView key, ByteView value) {
                        crypto::Reader last(key.last(8)), row(value);
                        const consensus::Height height{row.u64()};
                        const consensus::WallTime time{static_cast<std::int64_t>(row.u64())};
                        place = EntryPlace{height, time, last.u64(), row.hash()};
                        if (!row.at_end())
                          stop_process(ExitCode::Invariant, "an entry row of the store is damaged");
                        return false;
                      }));
  return place;
}

std::optional<storage::LogPosition> Store::batch_position(const consensus::Hash& id) const {
  const auto row = must(backing_->get(rows::batch_key(id)));
  if (!row) return std::nullopt;
  crypto::Reader reader(*row);
  return storage::LogPosition{reader.u64()};
}

}  // namespace giro::runtime
