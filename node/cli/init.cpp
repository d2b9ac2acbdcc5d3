// giro init: what a validator needs before its first start. In two steps, since the genesis file
// names the keys of all: without
// --genesis it makes key and certificate and prints the record for the consortium; with it,
// node.toml and the sign state. What is there is kept: it may be run again.
#include <algorithm>
#include <fstream>
#include <iostream>

#include "crypto/signer.h"
#include "node/cli/command.h"
#include "node/config/clients_file.h"
#include "node/config/genesis_file.h"
#include "node/config/node_config.h"
#include "node/runtime/start.h"
#include "storage/file_posix.h"

namespace giro::cli {
namespace {

namespace fs = std::filesystem;
using client::Error;
using client::ErrorKind;

constexpr const char* kCommand = "init";

struct InitOptions {
  std::string home = ".", name, genesis;
  std::string p2p = "127.0.0.1:7300", advertise, api = "127.0.0.1:7400", ops = "127.0.0.1:7500",
              ops_socket;
  std::string stop_below = "1GiB";
  std::uint32_t institution_id = 0;  // 0: the name is in the genesis file
  bool open = false, throwaway = false;

  [[nodiscard]] fs::path key() const { return fs::path(home) / "keys" / "validator.key"; }
  [[nodiscard]] fs::path passphrase() const {
    return fs::path(home) / "keys" / "validator.passphrase";
  }
  // Says for which chain the key's sign state was made: that is done once (protocol R37), and one
  // that was lost since is no reason to make an empty one, which would let the key sign again what
  // it has signed.
  [[nodiscard]] fs::path sign_state_mark() const {
    return fs::path(home) / "keys" / "validator.sign-state-made";
  }
  [[nodiscard]] fs::path node_config() const { return fs::path(home) / "node.toml"; }
};

std::unexpected<Error> failed(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, {}, std::move(message)});
}

std::expected<crypto::PublicKey, Error> make_key(const InitOptions& options) {
  const auto file = options.key();
  std::error_code ignored;
  if (!fs::exists(file)) {
    fs::create_directories(file.parent_path(), ignored);
    fs::permissions(file.parent_path(), fs::perms::owner_all, ignored);
    std::array<std::byte, 32> random{};
    crypto::random_bytes(random);
    const std::string passphrase = crypto::to_hex(random);
    if (auto done = client::write_file_durably(options.passphrase(), passphrase + "\n", 0600);
        !done) {
      return std::unexpected(done.error());
    }
    const auto cost = options.throwaway ? crypto::ScryptCost::light() : crypto::ScryptCost{};
    const auto done = crypto::write_key_file(file, crypto::SecretKey::generate(), passphrase, cost);
    if (!done) {
      return failed(ErrorKind::WriteFailed,
                    file.string() + ": " + std::string(crypto::describe(done.error())));
    }
  }
  const auto key = crypto::peek_key_file(file);
  if (!key)
    return failed(ErrorKind::No, file.string() + ": " + std::string(crypto::describe(key.error())));
  return *key;
}

// For the channel to the other validators, and for the API unless it is open.
std::expected<void, Error> make_certificates(const InitOptions& options) {
  const fs::path folder = fs::path(options.home) / "tls";
  if (auto made = make_certificate(folder / "peer", options.name); !made)
    return std::unexpected(made.error());
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "::1"};
  for (const std::string& address : {options.api, options.advertise}) {
    const auto parsed = config::parse_host_port(address, true);
    if (parsed && std::ranges::find(hosts, parsed->host) == hosts.end())
      hosts.push_back(parsed->host);
  }
  if (auto made = make_certificate(folder / "api", options.name, hosts); !made)
    return std::unexpected(made.error());
  return {};
}

// Nobody, until the operator adds rows; never overwritten.
std::expected<void, Error> make_clients_file(const InitOptions& options) {
  const fs::path file = fs::path(options.home) / "clients.toml";
  if (options.open || fs::exists(file)) return {};
  return client::write_file_durably(
      file,
      config::write_clients_file({}) +
          "# Who may use the API: rows as giro keys client prints them.\n",
      0644);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string config_text(const InitOptions& options, const crypto::Hash& chain_id) {
  const std::string advertise = options.advertise.empty() ? options.p2p : options.advertise;
  std::string out = "config_version = 1\n";
  out += "name     = " + quoted(options.name) + "\n";
  if (options.institution_id != 0)
    out += "institution_id = " + std::to_string(options.institution_id) + "\n";
  out += "role     = \"validator\"\n";
  out += "genesis  = " + quoted(fs::absolute(options.genesis).lexically_normal().string()) + "\n";
  out += "chain_id = " + quoted(crypto::to_hex(chain_id)) + "\n";
  out += "data_dir = \"data\"\n";
  out += "sign_state_dir = \"sign-state\"\n";
  out += "\n[keys.validator]\nprovider   = \"file\"\npath       = \"keys/validator.key\"\n";
  out += "passphrase = { file = \"keys/validator.passphrase\" }\n";
  out +=
      "\n[p2p]\nlisten    = " + quoted(options.p2p) + "\nadvertise = " + quoted(advertise) + "\n";
  out += "tls       = { cert = \"tls/peer.pem\", key = \"tls/peer.key\" }\n";
  out += "\n[api]\nlisten = " + quoted(options.api) + "\n";
  if (options.open) {
    out += "auth   = \"open\"\n";
  } else {
    out += "auth   = \"mtls\"\ntls    = { cert = \"tls/api.pem\", key = \"tls/api.key\" }\n";
    out += "clients = \"clients.toml\"\n";
  }
  const std::string socket = options.ops_socket.empty() ? "ops.sock" : options.ops_socket;
  out += "\n[ops]\nlisten = " + quoted(options.ops) + "\nsocket = " + quoted(socket) + "\n";
  out += "\n[storage]\nstop_below = " + quoted(options.stop_below) + "\n";
  return out;
}

// Empty: there is none.
std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// node.toml and the sign state. Never overwrites either.
std::expected<void, Error> configure(const InitOptions& options, const Run& run) {
  std::ifstream in(options.genesis, std::ios::binary);
  const std::string genesis(std::istreambuf_iterator<char>(in), {});
  if (!in) return failed(ErrorKind::Unreachable, "cannot read " + options.genesis);
  if (!fs::exists(options.node_config())) {
    const std::string text = config_text(options, config::chain_id_of(genesis));
    if (auto done = client::write_file_durably(options.node_config(), text, 0644); !done)
      return done;
  }
  if (auto done = make_clients_file(options); !done) return done;
  auto loaded = config::load_node_config(options.node_config(), run.environment);
  if (!loaded.ok()) {
    std::string lines;
    for (const auto& error : loaded.errors)
      lines += (lines.empty() ? "" : "\n") + error.to_string();
    return failed(ErrorKind::No, std::move(lines));
  }
  const bool is_other_number =
      options.institution_id != 0 && options.institution_id != loaded.value->institution_id;
  if (options.name != loaded.value->name || is_other_number)
    return failed(ErrorKind::No, options.node_config().string() + " is there already, of \"" +
                                     loaded.value->name + "\" with institution_id " +
                                     std::to_string(loaded.value->institution_id) +
                                     "; giro init leaves it as it is: write into it what is right");
  const std::string mark = crypto::to_hex(loaded.value->chain_id) + "\n";
  if (read_text(options.sign_state_mark()) == mark) return {};
  storage::PosixFilePort files;
  const auto made =
      runtime::create_sign_state(*loaded.value, runtime::real_platform(files, *loaded.value));
  if (!made) return failed(ErrorKind::No, made.error().message);
  return client::write_file_durably(options.sign_state_mark(), mark, 0644);
}

void init(Run& run, const InitOptions& options) {
  const auto key = make_key(options);
  if (!key) return fail(run, kCommand, key.error());
  if (const auto done = make_certificates(options); !done) return fail(run, kCommand, done.error());
  if (!options.genesis.empty()) {
    if (const auto done = configure(options, run); !done) return fail(run, kCommand, done.error());
  }
  const std::string address = options.advertise.empty() ? options.p2p : options.advertise;
  if (run.json) {
    return print_json(kCommand, {{"name", options.name},
                                 {"validator_key", crypto::to_hex(*key)},
                                 {"p2p", address},
                                 {"config", options.genesis.empty()
                                                ? json::value(nullptr)
                                                : json::value(options.node_config().string())}});
  }
  std::cout << options.name << "  validator key " << crypto::to_hex(*key) << "  " << address
            << '\n';
  if (options.genesis.empty()) {
    std::cout << "Give this record to the consortium; with its genesis file, run giro init "
                 "--genesis FILE\n";
  } else {
    std::cout << "Start with  giro start --config " << options.node_config().string() << '\n';
  }
}

}  // namespace

void add_init(CLI::App& app, Run& run) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command =
      add_command(app, run, "init", "Set a validator up: keys, certificate, node.toml, sign state");
  command->add_option("--home", options->home, "Directory for everything")->capture_default_str();
  command->add_option("--name", options->name, "The institution's name")->required();
  command->add_option("--genesis", options->genesis, "Genesis file: the second step");
  command->add_option("--institution-id", options->institution_id,
                      "The ledger's number of one that joined after genesis");
  command->add_option("--p2p", options->p2p, "Where to listen for validators")
      ->capture_default_str();
  command->add_option("--advertise", options->advertise, "Where they find this one; else as --p2p");
  command->add_option("--api", options->api, "Where to listen for clients")->capture_default_str();
  command->add_option("--ops", options->ops, "Where to listen for probes")->capture_default_str();
  command->add_option("--ops-socket", options->ops_socket, "Unix socket; else in the directory");
  command->add_option("--stop-below", options->stop_below, "Free space at which voting stops")
      ->capture_default_str();
  command->add_flag("--open", options->open,
                    "auth = \"open\": loopback and a throw-away genesis only");
  command->add_flag("--throwaway", options->throwaway,
                    "A key file that is cheap to open: for test networks");
  command->callback([&run, options] { init(run, *options); });
}

}  // namespace giro::cli
