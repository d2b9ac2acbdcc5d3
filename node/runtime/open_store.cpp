#include "node/runtime/open_store.h"

#include <array>
#include <memory>
#include <utility>

#include "consensus/wire/codec.h"
#include "node/ledger/genesis.h"
#include "node/ledger/outcome_leaf.h"
#include "node/ledger/roots.h"
#include "node/runtime/fallible_view.h"
#include "node/runtime/install.h"
#include "node/runtime/store_rows.h"
#include "node/runtime/watched_store.h"
#include "storage/read_ahead.h"

namespace giro::runtime {
namespace {

StartFailure store_failure(ExitCode code, std::string message) {
  return StartFailure(StartError{code, std::move(message)});
}

struct GenesisState {
  ledger::BlockResult result;
  ledger::StateTree tree;
  ledger::BlockRoots roots;
  std::vector<crypto::Bytes> events;  // its first balances, booked as entries (ledger 14)
  consensus::Header header;
};

// Block 0 (protocol 2): its block hash is the chain id, its header is made from the genesis state.
GenesisState genesis_state(const config::CheckedGenesis& checked) {
  GenesisState state{.result = checked.block, .tree = {}, .roots = {}, .events = {}, .header = {}};
  const ledger::Genesis& genesis = checked.genesis.ledger;
  const ledger::BlockContext context{.height = 0, .time = genesis.time};
  const auto leaves = ledger::build_leaves(context, {}, state.result);
  for (const auto& event : leaves.events) state.events.push_back(ledger::encode_event(event));
  state.roots = ledger::compute_roots(state.tree, {}, state.result, leaves.outcomes_root);
  state.header = {.epoch = {},
                  .height = {},
                  .block = checked.chain_id,
                  .time = {genesis.time.value},
                  .previous = {},
                  .state_root = state.roots.state_root,
                  .outcomes_root = state.roots.outcomes_root,
                  .totals_root = state.roots.totals_root,
                  .next_set = {},
                  .next_first_view = {},
                  .rules_version = genesis.params.rules_version};
  return state;
}

// A store that opens, as far as its newest state goes.
struct StoredState {
  consensus::Header header;
  crypto::Hash chain_value;
  ledger::StateTree tree;
};

// nullopt: nothing is in it yet. Corruption: the store itself says so, or its rows do not add up.
storage::KeyValueResult<std::optional<StoredState>> stored_state(
    const storage::KeyValueReader& store) {
  const FallibleView rows(store);
  const auto answer = [&](std::string damage) {
    return std::unexpected(rows.error().value_or(
        storage::KeyValueError{storage::KeyValueErrorCode::Corruption, std::move(damage)}));
  };
  const auto head = rows.get(rows::head_key());
  if (!head) {
    bool is_empty = true;
    rows.scan({}, {}, [&](crypto::ByteView, crypto::ByteView) { return is_empty = false; });
    if (rows.error() || !is_empty) return answer("it has rows and no newest block");
    return std::nullopt;
  }
  const auto header = consensus::wire::decode_header(*head);
  if (!header) return answer("its newest header is damaged");
  auto tree = ledger::StateTree::rebuild(rows);
  if (rows.error() || !tree) return answer(tree ? "" : std::string(describe(tree.error())));
  const auto row = rows.get(ledger::chain_key());
  const auto chain = row ? ledger::decode_record<ledger::Chain>(*row) : std::nullopt;
  if (!chain || ledger::state_root(tree->root(), chain->value) != header->state_root) {
    return answer("its records do not give the state root of height " +
                  std::to_string(header->height.value));
  }
  return StoredState{*header, chain->value, std::move(*tree)};
}

// A store whose rows failed their checks while the last process ran. The mark goes last: after a
// crash in between there is nothing to set aside, or a new store that is as easily made again.
std::expected<void, StartError> set_aside_marked(Opened& node, const Progress& progress) {
  const std::string data = node.config.data_dir.string();
  const DamageMark mark(*node.files, data);
  const auto is_marked = mark.is_set();
  if (!is_marked)
    return store_failure(ExitCode::WriteFailed, "data_dir: " + is_marked.error().text);
  if (!*is_marked) return {};
  const auto type = node.files->type(storage::join_path(data, "state"));
  if (!type) return store_failure(ExitCode::WriteFailed, "data_dir: " + type.error().text);
  progress("rows of the store were damaged: it is rebuilt from the log");
  ++node.found.stores_damaged;
  if (*type != storage::FileType::None) {
    if (auto aside = set_aside(node, "state", progress); !aside) return aside;
  }
  if (const auto gone = mark.remove(); !gone)
    return store_failure(ExitCode::WriteFailed, "data_dir: " + gone.error().text);
  return {};
}

InstallFrom install_from(const Opened& node, const Platform& platform, const Progress& progress) {
  return {.files = platform.files,
          .data = node.config.data_dir.string(),
          .check = {node.genesis.chain_id, node.genesis.genesis.parameters.epoch_blocks},
          .genesis_row = genesis_row(node.genesis),
          .open_store = platform.open_store,
          .progress = progress,
          .is_agreement_broken = node.broken_agreement.has_value()};
}

}  // namespace

crypto::Bytes genesis_row(const config::CheckedGenesis& genesis) {
  ExecutedBlock first;
  auto state = genesis_state(genesis);
  first.header = state.header;
  first.events = std::move(state.events);
  first.block_hash = first.header.block;
  first.header_hash = first.header.hash(genesis.chain_id);
  return rows::encode_block(first);
}

std::expected<void, StartError> set_aside(Opened& node, const std::string& name,
                                          const Progress& progress) {
  const std::string data = node.config.data_dir.string();
  const auto moved = storage::quarantine(*node.files, storage::join_path(data, name),
                                         storage::join_path(data, "quarantine"));
  if (!moved) return store_failure(ExitCode::WriteFailed, "quarantine: " + moved.error().text);
  progress("set aside as " + *moved);
  return {};
}

std::expected<void, StartError> install(Opened& node, const Platform& platform,
                                        const Progress& progress) {
  if (auto aside = set_aside_marked(node, progress); !aside) return aside;
  const auto type = platform.files.type(node.config.data_dir.string() + "/INSTALL");
  if (!type) return store_failure(ExitCode::WriteFailed, "data_dir: " + type.error().text);
  if (*type == storage::FileType::None) return {};
  if (const auto done = install_marked(install_from(node, platform, progress)); !done)
    return store_failure(ExitCode::WriteFailed,
                         "the snapshot cannot be installed: " + done.error());
  return {};
}

std::expected<void, StartError> open_store(Opened& node, const Platform& platform,
                                           const Progress& progress) {
  const std::string directory = (node.config.data_dir / "state").string();
  std::unique_ptr<storage::KeyValueStore> backing;
  const auto open = [&]() -> storage::KeyValueResult<std::optional<StoredState>> {
    auto opened = platform.open_store(directory);
    if (!opened) return std::unexpected(std::move(opened.error()));
    backing = std::move(*opened);
    progress("rebuilding the state tree");
    return platform.reads_ahead ? stored_state(storage::ReadAhead(*backing))
                                : stored_state(*backing);
  };
  auto state = open();
  if (!state && state.error().code == storage::KeyValueErrorCode::Corruption) {
    progress("the store is damaged (" + state.error().text + ") and is rebuilt from the log");
    ++node.found.stores_damaged;
    backing.reset();
    if (auto aside = set_aside(node, "state", progress); !aside) return aside;
    state = open();
  }
  if (!state) return store_failure(ExitCode::WriteFailed, "the store: " + state.error().text);
  node.store = std::make_unique<Store>(std::make_unique<WatchedStore>(
      std::move(backing), DamageMark(platform.files, node.config.data_dir.string())));
  if (!*state) {
    auto genesis = genesis_state(node.genesis);
    auto writes = std::move(genesis.result.writes);
    writes.push_back(
        {ledger::chain_key().to_bytes(), ledger::encode(ledger::Chain{genesis.roots.chain})});
    node.store->write_genesis(writes, genesis.header, genesis.header.hash(node.genesis.chain_id),
                              std::move(genesis.events));
    *state = StoredState{genesis.header, genesis.roots.chain, std::move(genesis.tree)};
  }
  std::array<std::byte, 8> seed{};
  platform.random(seed);
  const consensus::Header& header = (*state)->header;
  node.executor = {.chain = node.genesis.chain_id,
                   .epoch_blocks = node.genesis.genesis.parameters.epoch_blocks,
                   .header = header,
                   .header_hash = header.hash(node.genesis.chain_id),
                   .chain_value = (*state)->chain_value,
                   .tree = std::move((*state)->tree),
                   .rules_version = node.genesis.genesis.ledger.params.rules_version,
                   .hash_seed = crypto::Reader(seed).u64()};
  return {};
}

void close_store(Opened& node) {
  node.store.reset();
  node.executor = {};
  node.batches.clear();
}

std::expected<bool, StartError> rebuild_from_snapshot(Opened& node, const Platform& platform,
                                                      const Progress& progress,
                                                      consensus::Height at_least) {
  progress("the store has lost what the log does not hold: it is rebuilt from a snapshot");
  close_store(node);
  const auto installed = install_newest(install_from(node, platform, progress), at_least);
  if (!installed)
    return store_failure(ExitCode::WriteFailed,
                         "the store cannot be rebuilt: " + installed.error());
  return *installed;
}

}  // namespace giro::runtime
