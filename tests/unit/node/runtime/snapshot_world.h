// For the tests of snapshots: a state with a block, its snapshot, and lanes that run when told.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>

#include "consensus/wire/codec.h"
#include "node/ledger/roots.h"
#include "node/runtime/lane.h"
#include "node/runtime/snapshot_content.h"
#include "node/runtime/store_rows.h"
#include "storage/file_memory.h"
#include "storage/key_value_memory.h"
#include "tests/unit/node/runtime/demo_ledger.h"

namespace giro::runtime {

// Work done one after another when the test says so.
class Works {
 public:
  void run() {
    while (!queue_.empty()) {
      auto work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
  }
  void post(std::function<void()> work) { queue_.push_back(std::move(work)); }
  [[nodiscard]] std::unique_ptr<Lane> lane() {
    class One final : public Lane {
     public:
      explicit One(Works& works) : works_(works) {}
      void post(std::function<void()> work) override { works_.post(std::move(work)); }

     private:
      Works& works_;
    };
    return std::make_unique<One>(*this);
  }

 private:
  std::deque<std::function<void()>> queue_;
};

// The demo network's first state, as the state after a block at `height` that named some batches.
class SnapshotWorld {
 public:
  static constexpr std::uint64_t kInterval = 16;

  explicit SnapshotWorld(std::uint64_t height, std::shared_ptr<const DemoLedger> demo = nullptr)
      : demo_(demo ? std::move(demo)
                   : std::make_shared<const DemoLedger>(consensus::Parameters::tiny())) {
    const consensus::Epoch epoch = consensus::epoch_of({height}, kEpochBlocks);
    const consensus::Epoch next = consensus::epoch_of({height + 1}, kEpochBlocks);
    demo_->state()->scan({}, {}, [&](crypto::ByteView key, crypto::ByteView value) {
      rows_[crypto::to_bytes(key)] = crypto::to_bytes(value);
      return true;
    });
    // The set of every epoch is the same; a slot for each row, as the ledger would have made it.
    const auto set_row = rows_.at(ledger::validator_set_key(0).to_bytes());
    std::uint64_t slots = 0;
    for (const auto& [key, value] : rows_) slots += key[0] == std::byte{30} ? 1 : 0;
    for (std::uint64_t i = 1; i <= next.value; ++i) {
      const auto key = ledger::validator_set_key(i).to_bytes();
      rows_[key] = set_row;
      rows_[ledger::slot_key(slots).to_bytes()] = key;
      ++slots;
    }
    ledger::Chain chain;
    chain.value.bytes.fill(std::byte{5});
    rows_[ledger::chain_key().to_bytes()] = ledger::encode(chain);
    const View state(*this);
    const auto tree = ledger::StateTree::rebuild(state);
    EXPECT_TRUE(tree.has_value());

    ExecutedBlock block;
    block.block = {epoch, {2}, {height}, {}, {demo_->time().ms + 60'000}, {}};
    block.block_hash = block.block.hash(demo_->chain());
    block.header = {.epoch = epoch,
                    .height = {height},
                    .block = block.block_hash,
                    .time = block.block.time,
                    .previous = {},
                    .state_root = ledger::state_root(tree->root(), chain.value),
                    .outcomes_root = {},
                    .totals_root = {},
                    .next_set = {},
                    .next_first_view = {},
                    .rules_version = 1};
    if (next != epoch) {
      block.header.next_set = set_of_epoch(state, next)->digest(demo_->chain());
      block.header.next_first_view = {2};
    }
    block.header_hash = block.header.hash(demo_->chain());
    put_block(block);
    if (next == epoch) {  // the block that the epoch stands on
      ExecutedBlock base = block;
      base.block.height = base.header.height = {epoch.value * kEpochBlocks};
      base.header.next_first_view = {7};
      put_block(base);
    }
    rows_[rows::head_key()] = consensus::wire::encode_header(block.header);
    header_ = block.header;
    for (std::uint8_t i = 9; i > 0; --i) {  // in another order than their ids
      consensus::Hash id;
      id.bytes.fill(std::byte{i});
      rows_[rows::ordered_key({header_.time.ms + 10 * (10 - i)}, id)] = {};
    }
  }

  // What is local: never part of a snapshot.
  void put_local(std::uint8_t fill) {
    rows_[rows::batch_key({})] = crypto::Bytes(8, std::byte{fill});
    rows_[rows::payload_key(fill)] = crypto::Bytes(8, std::byte{fill});
    rows_[rows::log_start_key()] = crypto::Bytes(8, std::byte{fill});
    rows_[rows::attest_key({fill})] = crypto::Bytes(3, std::byte{fill});
    ExecutedBlock older;
    older.block = {{}, {}, {1}, {}, {header_.time.ms - fill}, {}};
    older.header = header_;
    older.header.height = {1};
    put_block(older);
  }

  class View final : public ReadView {
   public:
    explicit View(const SnapshotWorld& world) : world_(world) {}
    std::optional<crypto::Bytes> get(crypto::ByteView key) const override {
      const auto found = world_.rows_.find(crypto::to_bytes(key));
      return found == world_.rows_.end() ? std::nullopt : std::optional(found->second);
    }
    void scan(crypto::ByteView from, crypto::ByteView to,
              const std::function<bool(crypto::ByteView, crypto::ByteView)>& visit) const override {
      const auto end =
          to.empty() ? world_.rows_.end() : world_.rows_.lower_bound(crypto::to_bytes(to));
      for (auto row = world_.rows_.lower_bound(crypto::to_bytes(from)); row != end; ++row) {
        if (!visit(row->first, row->second)) return;
      }
    }
    consensus::Height height() const override { return world_.header_.height; }
    consensus::WallTime time() const override { return world_.header_.time; }

   private:
    const SnapshotWorld& world_;
  };

  [[nodiscard]] storage::SnapshotManifest write(storage::Snapshots& into) const {
    auto writer = into.create(header_.height.value, storage::kSnapshotChunkBytesMin);
    EXPECT_TRUE(writer.has_value());
    const auto manifest = write_snapshot(View(*this), kEpochBlocks, *writer);
    EXPECT_TRUE(manifest.has_value()) << manifest.error().text;
    return manifest.value_or(storage::SnapshotManifest{});
  }
  [[nodiscard]] SnapshotCheck check() const { return {demo_->chain(), kEpochBlocks}; }
  [[nodiscard]] const consensus::Header& header() const { return header_; }
  [[nodiscard]] const DemoLedger& demo() const { return *demo_; }
  [[nodiscard]] std::map<crypto::Bytes, crypto::Bytes>& rows() { return rows_; }

 private:
  void put_block(const ExecutedBlock& block) {
    rows_[rows::block_key(block.header.height)] = rows::encode_block(block);
  }

  std::shared_ptr<const DemoLedger> demo_;
  std::map<crypto::Bytes, crypto::Bytes> rows_;
  consensus::Header header_;
};

[[nodiscard]] inline storage::Snapshots snapshots_in(storage::FilePort& port) {
  auto opened = storage::Snapshots::open(port, "data/snapshots");
  EXPECT_TRUE(opened.has_value());
  return std::move(*opened);
}

}  // namespace giro::runtime
