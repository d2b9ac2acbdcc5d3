// From a configuration to everything a node needs to run: locks, key, store, log read back
// (protocol R38), sign state compared with the log (protocol R37). Nothing is sent and nothing is
// signed here.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "consensus/recovery.h"
#include "consensus/vote_guard.h"
#include "crypto/signer.h"
#include "node/config/genesis_file.h"
#include "node/config/node_config.h"
#include "node/runtime/block_places.h"
#include "node/runtime/executor.h"
#include "node/runtime/fatal.h"
#include "node/runtime/log_writer.h"
#include "node/runtime/meters.h"
#include "node/runtime/store.h"
#include "storage/file.h"
#include "storage/key_value.h"
#include "storage/sign_state.h"

namespace giro::runtime {

struct StartError {
  ExitCode code = ExitCode::Configuration;
  std::string message;  // one line, with what to do
};
using StartFailure = std::unexpected<StartError>;
[[nodiscard]] inline StartFailure misconfigured(std::string message) {
  return StartFailure(StartError{ExitCode::Configuration, std::move(message)});
}

// Says what a start that takes its time is doing: "reading back the log: 120000 records".
using Progress = std::function<void(const std::string&)>;

// Where a node's files, store, key and secrets come from. real_platform() is a machine's; the
// simulator has its own.
struct Platform {
  storage::FilePort& files;  // outlives the node
  std::function<storage::KeyValueResult<std::unique_ptr<storage::KeyValueStore>>(
      const std::string& directory)>
      open_store;
  std::function<std::expected<std::unique_ptr<crypto::Signer>, StartError>(
      const config::NodeConfig&)>
      open_key;
  storage::LogOptions log;
  std::function<void(std::span<std::byte>)> random;
  bool reads_ahead = false;  // with a thread of its own for the store's long scans
};
[[nodiscard]] Platform real_platform(storage::FilePort& files, const config::NodeConfig& config);

struct Opened {
  config::NodeConfig config;
  config::CheckedGenesis genesis;
  consensus::InstitutionId self;
  storage::FilePort* files = nullptr;
  std::unique_ptr<storage::FileLock> data_lock;
  std::unique_ptr<crypto::Signer> signer;
  std::optional<storage::SignState> sign_state;  // validators only
  consensus::Ceiling ceiling;
  bool log_was_empty = false;
  // The file in evidence/ that says that more than f validators are faulty (protocol R11).
  std::optional<std::string> broken_agreement;
  bool has_breach_file = true;  // false: only the log has said so yet
  // Set where there is no sign state, or an old copy of it: nothing may be signed, and the other
  // validators are asked for a floor (protocol R39). The number of the record that holds it.
  std::optional<std::uint64_t> floor_record;
  std::unique_ptr<Store> store;
  std::optional<storage::Log> log;
  consensus::RecoveredState recovered;
  std::vector<consensus::VoteContent> votes;  // for the guard
  std::vector<BatchPosition> batches;         // where the log holds what no executed block names
  BlockPlaces blocks;                         // where the log holds which blocks
  Executor::Start executor;
  StorageFindings found;
};

enum class StartMode : std::uint8_t {
  Normal,
  // An empty data directory under a key that has voted is rebuilt from peers, and a sign state that
  // is lost is made anew above what they say (R39).
  Recover,
};

[[nodiscard]] std::expected<Opened, StartError> open_node(const config::NodeConfig& config,
                                                          StartMode mode, const Platform& platform,
                                                          const Progress& progress);

// Why the ledger, as far as this store knows it, gave that number to another institution, or
// another number to this one; nullopt: it did not. Of one that is in the genesis file that holds.
[[nodiscard]] std::optional<std::string> wrong_institution(const config::NodeConfig& config,
                                                           const ledger::StateView& state);

// Makes the sign state of this node's key for this chain, once, empty (protocol R37), or leaves the
// one that is there. Part of setting a validator up, never of starting one.
[[nodiscard]] std::expected<void, StartError> create_sign_state(const config::NodeConfig& config,
                                                                const Platform& platform);

}  // namespace giro::runtime
