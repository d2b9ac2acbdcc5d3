#include "testnet/setup.h"

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include "crypto/signer.h"
#include "node/client/journal.h"
#include "node/client/operations.h"
#include "node/config/clients_file.h"
#include "node/config/node_config.h"
#include "node/config/profile.h"
#include "p2p/certificate.h"
#include "testnet/process.h"

namespace giro::testnet {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kInitPatience{30};
constexpr std::size_t kSocketPathMax = 107;

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::expected<void, std::string> write_text(const fs::path& file, std::string_view text,
                                            unsigned mode) {
  auto written = client::write_file_durably(file, text, mode);
  if (!written) return std::unexpected(written.error().message);
  return {};
}

// The ops socket lies with the node, unless that path is too long for a socket.
std::string socket_path(const Network& network, const Node& node) {
  const auto inside = network.node_directory(node) / "ops.sock";
  if (inside.string().size() <= kSocketPathMax) return inside.string();
  return (fs::temp_directory_path() / ("giro-" + std::to_string(node.ops) + ".sock")).string();
}

// Runs `giro init` for all nodes at once and waits for all of them.
std::expected<void, std::string> run_init(
    const Network& network, const fs::path& giro,
    const std::function<std::vector<std::string>(const Node&)>& more) {
  std::vector<Process> running;
  for (const auto& node : network.nodes) {
    Command command;
    command.arguments = {
        giro.string(), "init",    "--home",     network.node_directory(node).string(),
        "--name",      node.name, "--throwaway"};
    for (auto& argument : more(node)) command.arguments.push_back(std::move(argument));
    command.output = network.directory / "setup.log";
    auto process = Process::start(command);
    if (!process) return std::unexpected(process.error());
    running.push_back(std::move(*process));
  }
  for (auto& process : running) {
    const auto ended = process.wait(kInitPatience);
    if (!ended || ended->by_signal || ended->number != 0) {
      return std::unexpected("giro init failed (" + (ended ? ended->to_string() : "no end") +
                             "):\n" + read_text(network.directory / "setup.log"));
    }
  }
  return {};
}

std::expected<void, std::string> write_genesis(
    const Network& network, const std::map<config::DemoOperator, crypto::PublicKey>& operators,
    const std::function<void(config::DemoSetup&)>& adjust) {
  config::DemoSetup setup;
  setup.network = network.name;
  setup.time = {client::now_ms()};
  setup.banks = network.nodes.size();
  setup.operators = operators;
  for (const auto& node : network.nodes) {
    const auto key_file = network.node_directory(node) / "keys" / "validator.key";
    const auto key = crypto::peek_key_file(key_file);
    if (!key)
      return std::unexpected(key_file.string() + ": " + std::string(crypto::describe(key.error())));
    setup.validators[node.name] = {*key, node.p2p_address()};
  }
  if (adjust) adjust(setup);
  return write_text(network.genesis(), config::write_genesis_file(config::demo_genesis(setup)),
                    0644);
}

std::expected<void, std::string> edit_node_files(
    const Network& network, const std::function<void(config::NodeConfig&, const Node&)>& edit) {
  for (const auto& node : network.nodes) {
    const auto file = network.node_config(node);
    auto loaded = config::parse_node_config(read_text(file), file.string(), {}, file.parent_path());
    if (!loaded.ok()) return std::unexpected(loaded.errors.front().to_string());
    edit(*loaded.value, node);
    if (auto done = write_text(file, config::write_node_config(*loaded.value), 0644); !done)
      return done;
  }
  return {};
}

// The demo profile acts for every institution, at every node, in every role.
std::expected<void, std::string> make_client(const Network& network) {
  const auto files = network.client_certificate();
  std::error_code error;
  fs::create_directories(files.cert.parent_path(), error);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto pair = p2p::make_certificate("demo", p2p::usual_validity(now));
  const auto failed = [](const fs::path& file, p2p::CertificateError why) {
    return std::unexpected(file.string() + ": " + std::string(p2p::describe(why)));
  };
  if (auto done = p2p::write_certificate(files.cert, files.key, pair); !done)
    return failed(files.cert, done.error());
  const auto key = p2p::certificate_key_sha256(pair.certificate_pem);
  if (!key) return failed(files.cert, key.error());
  using enum config::ClientRole;
  config::ClientsFile clients;
  std::set<std::string> institutions;
  for (const auto& one : config::demo_operators()) institutions.insert(one.institution);
  for (const auto& node : network.nodes) institutions.insert(node.name);
  for (const auto& name : institutions)
    clients.clients.push_back(
        {"demo", *key, name, {Submitter, Reader, Auditor, Observer, Operator}});
  std::string servers;
  for (const auto& node : network.nodes) {
    servers += read_text(network.node_directory(node) / "tls" / "api.pem");
    const auto file = network.node_directory(node) / "clients.toml";
    if (auto done = write_text(file, config::write_clients_file(clients), 0644); !done) return done;
  }
  return write_text(network.server_certificates(), servers, 0644);
}

}  // namespace

std::expected<std::map<config::DemoOperator, crypto::PublicKey>, std::string> make_operator_keys(
    const fs::path& directory, const fs::path& passphrase_file) {
  std::error_code error;
  fs::create_directories(directory, error);
  fs::permissions(directory, fs::perms::owner_all, error);
  std::array<std::byte, 16> random{};
  crypto::random_bytes(random);
  const std::string passphrase = crypto::to_hex(random);
  if (auto written = write_text(passphrase_file, passphrase + "\n", 0600); !written) {
    return std::unexpected(written.error());
  }
  std::map<config::DemoOperator, crypto::PublicKey> out;
  for (const auto& one : config::demo_operators()) {
    const auto key = crypto::SecretKey::generate();
    const auto file = directory / (one.name() + ".key");
    const auto written = crypto::write_key_file(file, key, passphrase, crypto::ScryptCost::light());
    if (!written)
      return std::unexpected(file.string() + ": " + std::string(crypto::describe(written.error())));
    out.emplace(one, key.public_key());
  }
  return out;
}

std::expected<void, std::string> write_demo_profile(const Network& network) {
  config::Profile profile;
  for (const auto& node : network.nodes) profile.api.push_back(network.url(node));
  if (network.mtls) profile.tls = {network.client_certificate(), network.server_certificates()};
  profile.genesis = network.genesis();
  profile.institution = network.nodes.front().name;
  profile.journal = network.directory / "journal";
  for (const auto& one : config::demo_operators()) {
    config::Profile::Key key;
    key.name = one.name();
    key.path = network.directory / "keys" / (one.name() + ".key");
    key.passphrase = {config::SecretSource::Kind::File,
                      (network.directory / "passphrase").string()};
    key.institution = one.institution;
    key.roles = {std::string(ledger::name(one.role))};
    profile.keys.push_back(std::move(key));
  }
  for (const auto& [alias, account] : config::demo_aliases()) {
    profile.aliases[alias] = {account.institution, account.account.bytes};
  }
  return write_text(network.profile(), config::write_profile(profile), 0600);
}

std::expected<void, std::string> set_up(const Network& network, const fs::path& giro,
                                        const std::function<void(config::DemoSetup&)>& adjust) {
  std::error_code error;
  fs::create_directories(network.directory, error);
  if (error) return std::unexpected(network.directory.string() + ": " + error.message());
  // Keys and certificates first, as the genesis file names the validators' keys.
  if (auto done = run_init(network, giro, [](const Node&) { return std::vector<std::string>{}; });
      !done) {
    return done;
  }
  const auto operators =
      make_operator_keys(network.directory / "keys", network.directory / "passphrase");
  if (!operators) return std::unexpected(operators.error());
  if (auto done = write_genesis(network, *operators, adjust); !done) return done;
  const auto configure = [&network](const Node& node) {
    std::vector<std::string> out{"--genesis",    network.genesis().string(),
                                 "--p2p",        node.p2p_address().to_string(),
                                 "--api",        node.api_address().to_string(),
                                 "--ops",        node.ops_address().to_string(),
                                 "--ops-socket", socket_path(network, node),
                                 "--stop-below", "64MiB"};
    if (!network.mtls) out.emplace_back("--open");
    return out;
  };
  if (network.mtls) {
    if (auto done = make_client(network); !done) return done;
  }
  if (auto done = run_init(network, giro, configure); !done) return done;
  if (auto done = write_demo_profile(network); !done) return done;
  return store_network(network);
}

std::expected<void, std::string> route(
    const Network& network,
    const std::function<config::HostPort(const Node& from, const Node& to)>& address) {
  return edit_node_files(network, [&](config::NodeConfig& settings, const Node& node) {
    for (const auto& peer : network.nodes) {
      if (peer.name != node.name) settings.p2p.addresses[peer.name] = address(node, peer);
    }
  });
}

std::expected<void, std::string> rewrite_ports(const Network& network) {
  const auto edited = edit_node_files(network, [](config::NodeConfig& settings, const Node& node) {
    settings.p2p.listen = settings.p2p.advertise = node.p2p_address();
    settings.api.listen = node.api_address();
    settings.ops.listen = node.ops_address();
  });
  if (!edited) return edited;
  const auto direct = [](const Node&, const Node& to) { return to.p2p_address(); };
  if (auto routed = route(network, direct); !routed) return routed;
  if (auto done = write_demo_profile(network); !done) return done;
  return store_network(network);
}

}  // namespace giro::testnet
