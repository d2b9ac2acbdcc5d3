// node.toml (surface 3): what may differ between two correct nodes. Strict: one unknown, missing,
// badly typed or contradictory key and there is no configuration, only errors; all of them, in file
// order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "node/config/diagnostic.h"
#include "node/config/genesis_file.h"
#include "node/config/values.h"

namespace giro::config {

enum class NodeRole : std::uint8_t { Validator, Observer };
enum class LogFormat : std::uint8_t { Logfmt, Json };
enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warn, Error };
[[nodiscard]] std::string_view name(LogLevel level);  // "info"
[[nodiscard]] std::optional<LogLevel> log_level(std::string_view name);
enum class ApiAuth : std::uint8_t { Mtls, Open };

// Paths are absolute: a relative one in the file starts at the file's directory. The values here
// are the defaults of the file's keys.
struct NodeConfig {
  std::string name;
  NodeRole role = NodeRole::Validator;
  // The number that the ledger gave an institution which joined after genesis: 0, and `name` is in
  // the genesis file.
  std::uint32_t institution_id = 0;
  std::filesystem::path genesis;
  crypto::Hash chain_id;
  std::filesystem::path data_dir;
  std::filesystem::path sign_state_dir;

  struct Log {
    LogFormat format = LogFormat::Logfmt;
    LogLevel level = LogLevel::Info;
    std::uint64_t budget_per_day_bytes = 500ULL << 20;
  } log;
  struct Pool {
    std::uint64_t operations = 50'000;
    std::uint64_t bytes = 256ULL << 20;
  } pool;
  struct ValidatorKey {
    std::filesystem::path path;
    SecretSource passphrase;
  };
  std::optional<ValidatorKey> validator_key;  // always present for a validator
  struct P2p {
    HostPort listen;
    HostPort advertise;
    TlsFiles tls;
    std::map<std::string, HostPort> addresses;  // institution name -> address to dial instead
  } p2p;
  struct Api {
    HostPort listen;
    ApiAuth auth = ApiAuth::Mtls;
    std::optional<TlsFiles> tls;                   // always present with Mtls
    std::optional<std::filesystem::path> clients;  // likewise
    std::uint64_t body_bytes = 1ULL << 20;
    std::uint64_t waiters = 20'000;
    std::uint64_t streams = 2'000;
    // Per second and client.
    std::uint64_t submit_rate = 2'000;
    std::uint64_t submit_burst = 4'000;
    std::uint64_t read_rate = 500;
    std::uint64_t read_burst = 1'000;
  } api;
  struct Ops {
    HostPort listen{"127.0.0.1", 7500};
    std::filesystem::path socket;
  } ops;
  struct Storage {
    std::uint64_t log_segment_bytes = 64ULL << 20;
    std::uint64_t snapshot_keep = 3;
    std::uint64_t stop_below_bytes = 1ULL << 30;
  } storage;
};

// `text` is the content of `file` (the name shown in errors); relative paths start at `base`.
// Checks everything that needs no other file: form, types, ranges, relations between keys.
[[nodiscard]] Loaded<NodeConfig> parse_node_config(std::string_view text, std::string_view file,
                                                   const Environment& environment,
                                                   const std::filesystem::path& base);

// Reads the file, parses it, and checks it against the world: the files it names can be read, the
// chain id is the genesis file's, the institution is a member, `auth = "open"` has a throw-away
// genesis.
[[nodiscard]] Loaded<NodeConfig> load_node_config(const std::filesystem::path& file,
                                                  const Environment& environment);

// The institution whose node it is: by its name in the genesis file, or by its institution_id.
// nullopt: neither. That the ledger gave the number to that name is for whoever reads the store.
[[nodiscard]] std::optional<std::uint32_t> own_institution(const NodeConfig& config,
                                                           const Genesis& genesis);

// Text that parses back to an equal configuration (for `giro init` and the test network). Paths are
// written as they are.
[[nodiscard]] std::string write_node_config(const NodeConfig& config);

// What `config explain KEY` prints; nullopt if there is no such key.
[[nodiscard]] std::optional<std::string> explain_node_key(std::string_view key);

}  // namespace giro::config
