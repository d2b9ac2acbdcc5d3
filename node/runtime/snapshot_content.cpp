#include "node/runtime/snapshot_content.h"
#include "node/runtime/fallible_view.h"

#include <algorithm>
#include <utility>

#include "consensus/limits.h"
#include "consensus/wire/codec.h"
#include "node/ledger/audit.h"
#include "node/ledger/records.h"
#include "node/ledger/roots.h"
#include "node/ledger/state_tree.h"
#include "node/runtime/store_rows.h"
#include "storage/key_value_memory.h"

namespace giro::runtime {
namespace {

using crypto::Bytes;
using crypto::ByteView;

constexpr std::byte kTablesEnd{0x20};
constexpr std::byte kEpoch{0x40};
constexpr std::byte kOrdered{0x41};
constexpr std::byte kBlock{0x42};
// Of one batch of writes into the store that is filled.
constexpr std::uint64_t kLoadBytes = 4 * 1024 * 1024;

Bytes ordered_key(const consensus::Hash& id) {
  Bytes key{kOrdered};
  crypto::Writer(key).raw(id);
  return key;
}

std::optional<StoredBlock> stored_block(const ledger::StateView& view, consensus::Height height) {
  const auto row = view.get(rows::block_key(height));
  return row ? rows::decode_block(*row) : std::nullopt;
}

// The block that the epoch stands on is in the store, but where a snapshot was installed above it.
std::optional<SnapshotEpoch> epoch_at(const ReadView& view, consensus::Epoch epoch,
                                      std::uint64_t epoch_blocks) {
  auto set = set_of_epoch(view, epoch);
  if (!set) return std::nullopt;
  const consensus::Height base{epoch.value * epoch_blocks};
  if (const auto block = stored_block(view, base)) {
    return SnapshotEpoch{std::move(*set),
                         block->header.next_first_view,
                         {base, block->block_hash, block->header_hash}};
  }
  const auto installed = view.get(rows::installed_key());
  auto known = installed && installed->size() > sizeof(std::uint64_t)
                   ? decode_epoch(ByteView(*installed).subspan(sizeof(std::uint64_t)))
                   : std::nullopt;
  if (!known || known->set != *set) return std::nullopt;
  return known;
}

}  // namespace

Bytes encode_epoch(const SnapshotEpoch& epoch) {
  Bytes bytes;
  crypto::Writer writer(bytes);
  writer.u64(epoch.set.epoch.value).u32(static_cast<std::uint32_t>(epoch.set.size()));
  for (const consensus::Member& member : epoch.set.members)
    writer.u32(member.institution.value).raw(member.key);
  writer.u64(epoch.first_view.value).u64(epoch.base.height.value);
  writer.raw(epoch.base.block).raw(epoch.base.header);
  return bytes;
}

std::optional<SnapshotEpoch> decode_epoch(ByteView bytes) {
  crypto::Reader reader(bytes);
  SnapshotEpoch epoch;
  epoch.set.epoch = {reader.u64()};
  const std::uint32_t count = reader.u32();
  if (count == 0 || count > consensus::kMembersMax) return std::nullopt;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    consensus::Member& member = epoch.set.members.emplace_back();
    member.institution = {reader.u32()};
    const ByteView key = reader.raw(member.key.bytes.size());
    std::ranges::copy(key, member.key.bytes.begin());
  }
  epoch.first_view = {reader.u64()};
  epoch.base.height = {reader.u64()};
  epoch.base.block = reader.hash();
  epoch.base.header = reader.hash();
  if (!reader.at_end()) return std::nullopt;
  return epoch;
}

Bytes encode_snapshot_block(const StoredBlock& stored) {
  Bytes bytes;
  crypto::Writer writer(bytes);
  const auto count = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
  const consensus::Block& block = stored.block;
  writer.u64(block.epoch.value).u64(block.view.value).u64(block.height.value).raw(block.parent);
  writer.u64(static_cast<std::uint64_t>(block.time.ms)).u32(count(block.batches.size()));
  for (const consensus::Hash& id : block.batches) writer.raw(id);
  writer.u32(count(stored.leaves.size()));
  for (const auto& leaf : stored.leaves)
    writer.u32(leaf.type).u32(count(leaf.canonical.size())).raw(leaf.canonical);
  writer.u32(count(stored.events.size()));
  for (const Bytes& event : stored.events) writer.u32(count(event.size())).raw(event);
  return bytes;
}

std::optional<ExecutedBlock> decode_snapshot_block(ByteView bytes) {
  crypto::Reader reader(bytes);
  ExecutedBlock out;
  out.block.epoch = {reader.u64()};
  out.block.view = {reader.u64()};
  out.block.height = {reader.u64()};
  out.block.parent = reader.hash();
  out.block.time = {static_cast<std::int64_t>(reader.u64())};
  for (std::uint32_t left = reader.u32(); left > 0 && reader.ok(); --left)
    out.block.batches.push_back(reader.hash());
  for (std::uint32_t left = reader.u32(); left > 0 && reader.ok(); --left) {
    const std::uint32_t type = reader.u32();
    out.leaves.push_back({type, crypto::to_bytes(reader.raw(reader.u32()))});
  }
  for (std::uint32_t left = reader.u32(); left > 0 && reader.ok(); --left)
    out.events.push_back(crypto::to_bytes(reader.raw(reader.u32())));
  if (!reader.at_end()) return std::nullopt;
  return out;
}

storage::SnapshotResult<storage::SnapshotManifest> write_snapshot(const ReadView& view,
                                                                  std::uint64_t epoch_blocks,
                                                                  storage::SnapshotWriter& writer) {
  const auto damaged = [](std::string text) {
    return std::unexpected(
        storage::SnapshotError{storage::SnapshotErrorCode::Damaged, std::move(text), std::nullopt});
  };
  const consensus::Height height = view.height();
  const auto stored = stored_block(view, height);
  const auto epoch =
      epoch_at(view, consensus::epoch_of({height.value + 1}, epoch_blocks), epoch_blocks);
  if (!stored || !epoch) return damaged("the store lacks the block or the epoch of its height");
  std::optional<storage::SnapshotError> failed;
  const auto add = [&](ByteView key, ByteView value) {
    if (const auto added = writer.add(key, value); !added) failed = added.error();
    return !failed;
  };
  view.scan(Bytes{std::byte{1}}, Bytes{kTablesEnd}, add);
  // Expiry comes first in the store's key; here they are sorted by id (protocol 2).
  std::vector<std::pair<Bytes, Bytes>> ordered;
  bool is_damaged = false;
  view.scan(rows::ordered_key(view.time(), {}), rows::ordered_end(), [&](ByteView key, ByteView) {
    const auto id = rows::decode_ordered(key);
    if (!id) return is_damaged = true, false;
    Bytes expiry;
    crypto::Writer(expiry).u64(static_cast<std::uint64_t>(id->expires_at.ms));
    ordered.emplace_back(ordered_key(id->id), std::move(expiry));
    return true;
  });
  if (is_damaged) return damaged("an ordered id of the store is damaged");
  std::ranges::sort(ordered);
  if (!failed) add(Bytes{kEpoch}, encode_epoch(*epoch));
  for (const auto& [key, value] : ordered) {
    if (failed) break;
    add(key, value);
  }
  if (!failed) add(Bytes{kBlock}, encode_snapshot_block(*stored));
  if (failed) return std::unexpected(*failed);
  return writer.finish(consensus::wire::encode_header(stored->header));
}

std::optional<consensus::SnapshotManifest> agreed_manifest(
    const storage::SnapshotManifest& manifest) {
  const auto header = consensus::wire::decode_header(manifest.header);
  if (!header || header->height.value != manifest.height) return std::nullopt;
  return consensus::SnapshotManifest{*header, manifest.chunks};
}

storage::SnapshotManifest stored_manifest(const consensus::SnapshotManifest& manifest,
                                          std::uint64_t chunk_bytes) {
  return {manifest.header.height.value, chunk_bytes,
          consensus::wire::encode_header(manifest.header), manifest.chunks};
}

namespace {

// Puts rows where the store has them, batch by batch.
class Loader {
 public:
  Loader(storage::KeyValueStore& into, const consensus::Header& header, const crypto::Hash& chain)
      : into_(into), header_(header), header_hash_(header.hash(chain)) {}

  void add(ByteView key, ByteView value) {
    if (failed_) return;
    if (key[0] < kTablesEnd && key[0] > std::byte{0}) {
      batch_.put(key, value);
      if (ledger::is_in_tree(static_cast<ledger::Table>(key[0]))) ++tree_records_;
    } else if (key.size() == 1 && key[0] == kEpoch) {
      epoch_ = decode_epoch(value);
      Bytes installed;
      crypto::Writer(installed).u64(header_.height.value).raw(value);
      batch_.put(rows::installed_key(), installed);
    } else if (key.size() == 1 + sizeof(consensus::Hash::bytes) && key[0] == kOrdered) {
      add_ordered(key, value);
    } else if (key.size() == 1 && key[0] == kBlock) {
      add_block(value);
    } else {
      failed_ = LoadError{"it has a row of no table"};
    }
    if (batch_.bytes() > kLoadBytes) write(storage::Durability::Buffered);
  }

  // The head last: until then the store is one of no height.
  void finish(const Bytes& genesis_row) {
    Bytes start;
    crypto::Writer(start).u64(header_.height.value + 1);
    batch_.put(rows::log_start_key(), start);
    if (!genesis_row.empty()) batch_.put(rows::block_key({}), genesis_row);
    batch_.put(rows::head_key(), consensus::wire::encode_header(header_));
    write(storage::Durability::Synced);
  }

  [[nodiscard]] const std::optional<LoadError>& failed() const { return failed_; }
  [[nodiscard]] const std::optional<SnapshotEpoch>& epoch() const { return epoch_; }
  [[nodiscard]] const std::optional<ExecutedBlock>& block() const { return block_; }
  [[nodiscard]] std::uint64_t tree_records() const { return tree_records_; }

 private:
  void add_block(ByteView value) {
    block_ = decode_snapshot_block(value);
    if (!block_) return;  // judged with the rest
    block_->header = header_;
    block_->block_hash = header_.block;
    block_->header_hash = header_hash_;
    batch_.put(rows::block_key(header_.height), rows::encode_block(*block_));
  }
  void add_ordered(ByteView key, ByteView value) {
    crypto::Reader expiry(value);
    const consensus::WallTime at{static_cast<std::int64_t>(expiry.u64())};
    crypto::Reader id(key.subspan(1));
    if (!expiry.at_end() || at < header_.time || at.ms > consensus::kTimeMsMax) {
      failed_ = LoadError{"it has an ordered id without a right expiry"};
      return;
    }
    batch_.put(rows::ordered_key(at, id.hash()), {});
  }
  void write(storage::Durability durability) {
    if (failed_) return;
    if (const auto written = into_.write(batch_, durability); !written)
      failed_ = LoadError{written.error().text, true};
    batch_.clear();
  }

  storage::KeyValueStore& into_;
  const consensus::Header header_;
  const consensus::Hash header_hash_;
  storage::WriteBatch batch_;
  std::optional<SnapshotEpoch> epoch_;
  std::optional<ExecutedBlock> block_;
  std::optional<LoadError> failed_;
  std::uint64_t tree_records_ = 0;
};

// What the header does not bind must agree with what it does.
std::optional<std::string> judge(const Loader& loader, const consensus::Header& header,
                                 const FallibleView& state, const SnapshotCheck& check) {
  const auto& block = loader.block();
  if (!block || block->block.hash(check.chain) != header.block ||
      block->block.height != header.height) {
    return "its block is not the one of its header";
  }
  const auto& epoch = loader.epoch();
  const consensus::Epoch next = consensus::epoch_of({header.height.value + 1}, check.epoch_blocks);
  const bool begins = next != header.epoch;
  if (!epoch || epoch->set.epoch != next || set_of_epoch(state, next) != epoch->set ||
      epoch->base.height.value != next.value * check.epoch_blocks ||
      (begins &&
       (epoch->set.digest(check.chain) != header.next_set ||
        epoch->first_view != header.next_first_view || epoch->base.block != header.block ||
        epoch->base.header != header.hash(check.chain)))) {
    return "its epoch is not the one of its height";
  }
  const auto tree = ledger::StateTree::rebuild(state);
  if (!tree) return std::string(describe(tree.error()));
  if (tree->size() != loader.tree_records()) return "it has a record of the tree without a slot";
  const auto row = state.get(ledger::chain_key());
  const auto chain = row ? ledger::decode_record<ledger::Chain>(*row) : std::nullopt;
  if (!chain || ledger::state_root(tree->root(), chain->value) != header.state_root)
    return "its records do not give the state root of its header";
  if (const auto finding = ledger::audit(state)) {
    return "it breaks invariant I" + std::to_string(finding->invariant) + " of the ledger";
  }
  return std::nullopt;
}

std::expected<consensus::ValidatorSet, LoadError> load(const storage::Snapshots& snapshots,
                                                       const storage::SnapshotManifest& manifest,
                                                       const SnapshotCheck& check,
                                                       const Bytes& genesis_row,
                                                       storage::KeyValueStore& into) {
  using LoadFailure = std::unexpected<LoadError>;
  const auto agreed = agreed_manifest(manifest);
  if (!agreed) return LoadFailure(LoadError{"its header is damaged"});
  Loader loader(into, agreed->header, check.chain);
  const auto read =
      snapshots.read(manifest, [&](ByteView key, ByteView value) { loader.add(key, value); });
  if (!read)
    return LoadFailure(
        LoadError{read.error().text, read.error().code == storage::SnapshotErrorCode::File});
  loader.finish(genesis_row);
  if (loader.failed()) return LoadFailure(*loader.failed());
  const FallibleView state(into);
  auto wrong = judge(loader, agreed->header, state, check);
  auto set = set_of_epoch(state, agreed->header.epoch);
  if (state.error()) return LoadFailure(LoadError{"the store cannot be read", true});
  if (!wrong && !set) wrong = "it has no set for the epoch of its height";
  if (wrong) return LoadFailure(LoadError{std::move(*wrong)});
  return std::move(*set);
}

}  // namespace

std::expected<void, LoadError> load_snapshot(const storage::Snapshots& snapshots,
                                             const storage::SnapshotManifest& manifest,
                                             const SnapshotCheck& check, const Bytes& genesis_row,
                                             storage::KeyValueStore& into) {
  const auto loaded = load(snapshots, manifest, check, genesis_row, into);
  if (!loaded) return std::unexpected(loaded.error());
  return {};
}

std::expected<consensus::ValidatorSet, LoadError> verify_snapshot(
    const storage::Snapshots& snapshots, const storage::SnapshotManifest& manifest,
    const SnapshotCheck& check) {
  storage::MemoryKeyValueStore memory;
  return load(snapshots, manifest, check, {}, memory);
}

}  // namespace giro::runtime
