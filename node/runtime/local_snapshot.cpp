#include "node/runtime/local_snapshot.h"

#include <utility>

#include "consensus/wire/codec.h"
#include "node/runtime/snapshot_content.h"
#include "node/runtime/store.h"
#include "node/runtime/watched_store.h"
#include "storage/key_value_leveldb.h"
#include "storage/snapshot.h"

namespace giro::runtime {
namespace {

using Failure = std::unexpected<std::string>;

std::string below(const config::NodeConfig& config, const char* name) {
  return storage::join_path(config.data_dir.string(), name);
}

std::expected<SnapshotInfo, std::string> info_of(const storage::Snapshots& snapshots,
                                                 const storage::SnapshotManifest& manifest,
                                                 const config::CheckedGenesis& genesis) {
  const auto& parameters = genesis.genesis.parameters;
  const auto agreed = agreed_manifest(manifest);
  if (!agreed) return Failure("its header is damaged");
  SnapshotInfo info{.height = {manifest.height},
                    .time = agreed->header.time,
                    .manifest = agreed->digest(genesis.chain_id),
                    .chunks = manifest.chunks.size(),
                    .chunk_bytes = manifest.chunk_bytes,
                    .certified = false,
                    .local = manifest.height % parameters.snapshot_interval != 0};
  const auto bytes = snapshots.certificate(manifest.height);
  if (!bytes) return Failure(bytes.error().text);
  if (!*bytes) return info;
  const auto certificate = consensus::wire::decode_certificate(**bytes);
  info.certified =
      certificate && certificate->content == consensus::snapshot_content(genesis.chain_id, *agreed,
                                                                         parameters.epoch_blocks);
  return info;
}

// Beside a running node nothing is thrown away: Snapshots::open would take what it is writing.
std::expected<std::vector<std::uint64_t>, std::string> heights_in(const storage::Snapshots& files) {
  const auto heights = files.heights();
  if (heights) return *heights;
  if (heights.error().code == storage::SnapshotErrorCode::NotFound)
    return std::vector<std::uint64_t>{};
  return Failure(heights.error().text);
}

}  // namespace

std::expected<config::CheckedGenesis, std::string> genesis_of(storage::FilePort& files,
                                                              const config::NodeConfig& config) {
  const auto bytes = storage::read_whole(files, config.genesis.string(), config::kGenesisBytesMax);
  if (!bytes) return Failure("genesis: " + bytes.error().text);
  auto genesis = config::check_genesis_file(crypto::as_text(*bytes));
  if (!genesis) return Failure("genesis: " + genesis.error());
  if (genesis->chain_id != config.chain_id) return Failure("the genesis file is not of chain_id");
  return std::move(*genesis);
}

std::expected<std::vector<SnapshotInfo>, std::string> list_snapshots(
    storage::FilePort& files, const config::NodeConfig& config) {
  const auto genesis = genesis_of(files, config);
  if (!genesis) return Failure(genesis.error());
  const auto snapshots = storage::Snapshots::view(files, below(config, "snapshots"));
  const auto heights = heights_in(snapshots);
  if (!heights) return Failure(heights.error());
  std::vector<SnapshotInfo> infos;
  for (const std::uint64_t height : *heights) {
    const auto manifest = snapshots.manifest(height);
    if (!manifest) continue;  // removed just now
    auto info = info_of(snapshots, *manifest, *genesis);
    if (!info) return Failure(info.error());
    infos.push_back(*info);
  }
  return infos;
}

std::expected<SnapshotInfo, std::string> create_local_snapshot(storage::FilePort& files,
                                                               const config::NodeConfig& config) {
  const auto genesis = genesis_of(files, config);
  if (!genesis) return Failure(genesis.error());
  const auto lock = files.lock(below(config, "LOCK"));
  if (!lock && lock.error().code == storage::FileErrorCode::Locked)
    return Failure("the node runs: stop it first, its store can be opened once only");
  if (!lock) return Failure(lock.error().text);
  auto backing = storage::open_leveldb(below(config, "state"), {.must_exist = true});
  if (!backing) return Failure("the store: " + backing.error().text);
  const Store store(std::make_unique<WatchedStore>(std::move(*backing),
                                                   DamageMark(files, config.data_dir.string())));
  if (store.is_empty()) return Failure("the store is empty");
  auto snapshots = storage::Snapshots::open(files, below(config, "snapshots"));
  if (!snapshots) return Failure(snapshots.error().text);
  const auto view = store.read();
  auto writer = snapshots->create(view->height().value, genesis->genesis.parameters.snapshot_chunk);
  if (!writer) return Failure(writer.error().text);
  const auto manifest = write_snapshot(*view, genesis->genesis.parameters.epoch_blocks, *writer);
  if (!manifest) {
    (void)writer->discard();
    return Failure(manifest.error().text);
  }
  return info_of(*snapshots, *manifest, *genesis);
}

std::expected<SnapshotInfo, std::string> verify_local_snapshot(storage::FilePort& files,
                                                               const config::NodeConfig& config,
                                                               consensus::Height height) {
  const auto genesis = genesis_of(files, config);
  if (!genesis) return Failure(genesis.error());
  const auto snapshots = storage::Snapshots::view(files, below(config, "snapshots"));
  const auto manifest = snapshots.manifest(height.value);
  if (!manifest) return Failure(manifest.error().text);
  const auto verified = verify_snapshot(
      snapshots, *manifest, {genesis->chain_id, genesis->genesis.parameters.epoch_blocks});
  if (!verified) return Failure(verified.error().text);
  auto info = info_of(snapshots, *manifest, *genesis);
  if (!info || !info->certified) return info;
  const auto certificate =
      consensus::wire::decode_certificate(**snapshots.certificate(height.value));
  if (!verify_certificate(*certificate, *verified, genesis->chain_id))
    return Failure("its certificate is not signed by a quorum of its epoch");
  return info;
}

}  // namespace giro::runtime
