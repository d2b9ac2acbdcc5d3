// The store (architecture 5): ledger state and what queries need, in a key-value store behind the
// executor. It is always reconstructible from the log, carries the height that it reflects in the
// same write batch, and is not synced per block. One lane writes; several executed blocks go into
// one batch.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "consensus/output.h"
#include "consensus/recovery.h"
#include "node/ledger/ledger.h"
#include "node/runtime/lane.h"
#include "node/runtime/log_writer.h"
#include "node/runtime/service.h"
#include "storage/key_value.h"

namespace giro::runtime {

// Everything that executing one block gave.
struct ExecutedBlock {
  consensus::Block block;
  consensus::Hash block_hash;
  consensus::Header header;
  consensus::Hash header_hash;
  std::vector<ledger::Write> writes;  // ledger state, meta included
  struct Leaf {
    std::uint32_t type = 0;   // ledger operation number; 0: the sweep, or undecodable
    crypto::Bytes canonical;  // OutcomeLeaf
  };
  std::vector<Leaf> leaves;           // 0 is the sweep's
  std::vector<crypto::Bytes> events;  // canonical EventRecords, n from 1
  std::vector<BatchPosition> batches;
  std::vector<consensus::OrderedId> ordered;  // what it names
};

struct StoredBlock {
  consensus::Block block;
  consensus::Hash block_hash;
  consensus::Header header;
  consensus::Hash header_hash;
  std::vector<ExecutedBlock::Leaf> leaves;
  std::vector<crypto::Bytes> events;
};

class Store {
 public:
  // After a batch was written: the height that can be read now, and the highest attested one. On
  // the store's lane.
  using OnWritten = std::function<void(consensus::Height written, consensus::Height attested)>;

  explicit Store(std::unique_ptr<storage::KeyValueStore> backing);
  ~Store();

  // --- start-up, before start()
  // -----------------------------------------------------------------------------------
  [[nodiscard]] bool is_empty() const;
  // Block 0, synced. `chain` is its block hash.
  void write_genesis(const std::vector<ledger::Write>& writes, const consensus::Header& header,
                     const consensus::Hash& header_hash, std::vector<crypto::Bytes> events = {});
  // Certificates that the log remembers and the store has lost with its newest writes.
  [[nodiscard]] bool has_attest(consensus::Height height) const;
  void restore(const std::vector<consensus::Certificate>& attests);
  void start(std::unique_ptr<Lane> lane, OnWritten on_written);
  void stop();  // writes what is queued, syncs, lets go of the lane

  // --- the executor's and the core's side: never block on the disk, unless far behind
  // ------------------------------
  void push(ExecutedBlock block);
  void push(consensus::Certificate attest);
  // The state after the newest pushed block, for the executor alone.
  [[nodiscard]] const ledger::StateView& newest_state() const;

  // --- reads, any thread: what is written
  // --------------------------------------------------------------------------
  [[nodiscard]] std::shared_ptr<const ReadView> read() const;
  [[nodiscard]] consensus::Height height() const;  // written
  // Highest height with a stored attest certificate, or of the snapshot that it began with.
  [[nodiscard]] consensus::Height attested() const;
  [[nodiscard]] std::optional<StoredBlock> block(consensus::Height height) const;
  [[nodiscard]] std::optional<consensus::Header> header(consensus::Height height) const;
  // Of this height, or of the lowest one above it that has one.
  [[nodiscard]] std::optional<consensus::Certificate> attest_at_or_above(
      consensus::Height height) const;
  [[nodiscard]] std::optional<storage::LogPosition> batch_position(const consensus::Hash& id) const;
  // The block that made this entry of a position, and where the entries stood after it: entries.h.
  struct EntryPlace {
    consensus::Height height;
    consensus::WallTime time;  // of the block
    std::uint64_t last = 0;    // number of its last entry of the position
    crypto::Hash chain;        // entry_chain after that
  };
  [[nodiscard]] std::optional<EntryPlace> entry_place(ledger::TokenId token,
                                                      const ledger::AccountId& account,
                                                      std::uint64_t entry) const;

  // --- snapshots and the cutting of the log (protocol R31, R34): store_snapshots.cpp
  using OnPinned = std::function<void(std::shared_ptr<const ReadView>)>;
  using OnCheckpoint = std::function<void(std::optional<storage::LogPosition> oldest)>;
  // Before start(): the view of every multiple of `interval`, at the moment when it is written, on
  // the store's lane.
  void pin_every(std::uint64_t interval, OnPinned on_pinned);
  // Makes everything that was pushed so far durable, and with it that payload is kept above a
  // height only. Then tells, on the lane, where in the log the oldest lies that a block above it
  // names.
  void checkpoint(consensus::Height above, OnCheckpoint done);
  [[nodiscard]] consensus::Height log_start() const;                // 0: everything
  [[nodiscard]] std::vector<consensus::OrderedId> ordered() const;  // of the written height
  // The snapshot that this store began with.
  struct Installed {
    consensus::Height height;
    crypto::Bytes epoch;  // SnapshotEpoch
  };
  [[nodiscard]] std::optional<Installed> installed() const;

 private:
  class NewestState;
  void wake();
  void write_queued();
  void write(std::vector<ExecutedBlock> blocks, std::vector<consensus::Certificate> attests);
  void write_part(std::span<const ExecutedBlock> blocks,
                  std::span<const consensus::Certificate> attests);
  void put_ordered(const ExecutedBlock& block, storage::WriteBatch& batch);
  void put_payload(const ExecutedBlock& block, storage::WriteBatch& batch);

  std::unique_ptr<storage::KeyValueStore> backing_;
  std::unique_ptr<NewestState> newest_;
  OnWritten on_written_;
  OnPinned on_pinned_;
  std::uint64_t interval_ = 0;     // of pins; 0: none
  consensus::WallTime pruned_to_;  // the lane's: no ordered id below is left
  // The lane's: number of the newest interval with payload, and its oldest place in the log.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> payload_;

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable room_;
  std::vector<ExecutedBlock> blocks_;
  std::vector<consensus::Certificate> attests_;
  std::size_t queued_bytes_ = 0;
  bool posted_ = false;
  consensus::Header written_;
  consensus::Height attested_;
  std::unique_ptr<Lane> lane_;
};

}  // namespace giro::runtime
