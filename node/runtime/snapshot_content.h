// What a snapshot holds (protocol R31, R34): every table of the ledger, and what agreement reads
// beside it. Nothing local: the same state gives the same bytes at every validator.
//
//   01..1f       the ledger's tables, meta included (ledger 9.1)
//   40           the epoch of the next block: its set, its first view, and the block that it
//                stands on
//   41 ‖ id      ordered ids: expiry
//   42           the block at the snapshot's height with its results, in a fixed layout
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "consensus/recovery.h"
#include "node/runtime/lineage.h"
#include "node/runtime/service.h"
#include "node/runtime/store.h"
#include "storage/key_value.h"
#include "storage/snapshot.h"

namespace giro::runtime {

// The epoch of the block after a snapshot.
struct SnapshotEpoch {
  consensus::ValidatorSet set;
  consensus::View first_view;
  consensus::EpochBase base;
};
[[nodiscard]] crypto::Bytes encode_epoch(const SnapshotEpoch& epoch);
[[nodiscard]] std::optional<SnapshotEpoch> decode_epoch(crypto::ByteView bytes);

// Of the block at its height: everything but its hashes and its header, which is the manifest's.
// What is signed is never the output of a serializer (protocol 2).
[[nodiscard]] crypto::Bytes encode_snapshot_block(const StoredBlock& block);
[[nodiscard]] std::optional<ExecutedBlock> decode_snapshot_block(crypto::ByteView bytes);

// Writes the view into `writer` and finishes it.
[[nodiscard]] storage::SnapshotResult<storage::SnapshotManifest> write_snapshot(
    const ReadView& view, std::uint64_t epoch_blocks, storage::SnapshotWriter& writer);

// The manifest as agreement names it, from the one on disk; nullopt: its header is none of height.
[[nodiscard]] std::optional<consensus::SnapshotManifest> agreed_manifest(
    const storage::SnapshotManifest& manifest);
[[nodiscard]] storage::SnapshotManifest stored_manifest(const consensus::SnapshotManifest& manifest,
                                                        std::uint64_t chunk_bytes);

// Reads every row of a snapshot, and says what is wrong with it: damage, a row of no table, no or a
// wrong epoch or block, records that do not give the header's state root, a broken invariant of the
// ledger (ledger 8).
struct SnapshotCheck {
  crypto::Hash chain;
  std::uint64_t epoch_blocks = 0;
};
struct LoadError {
  std::string text;      // one line
  bool is_disk = false;  // nothing was learnt about the snapshot
};
// Loads it into an empty store, durable when it returns. With `genesis` as block 0.
[[nodiscard]] std::expected<void, LoadError> load_snapshot(
    const storage::Snapshots& snapshots, const storage::SnapshotManifest& manifest,
    const SnapshotCheck& check, const crypto::Bytes& genesis_row, storage::KeyValueStore& into);
// The same without keeping anything but what the checks need. Gives the set of the epoch of its
// height, which signs for it.
[[nodiscard]] std::expected<consensus::ValidatorSet, LoadError> verify_snapshot(
    const storage::Snapshots& snapshots, const storage::SnapshotManifest& manifest,
    const SnapshotCheck& check);

}  // namespace giro::runtime
