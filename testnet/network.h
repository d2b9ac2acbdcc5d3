// A test network as its directory describes it: who, which ports, which files. One directory holds
// everything of one network (surface 10.1).
//
//   network.json          names and ports
//   genesis.json          what all nodes agree on
//   client.toml           the profile of `giro testnet env`: both banks' operators and the aliases
//   ALICE, BOB, MERCHANT
//   keys/  passphrase     the operators' keys
//   tls/                  with mtls: the profile's certificate, and those of the nodes
//   <node>/               node.toml, clients.toml, keys/, tls/, data/, sign-state/, node.log
//   monitoring/           Prometheus' configuration, rules, runbook, data, prometheus.log
//   supervisor.lock, .pid, .log
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "node/config/values.h"

namespace giro::testnet {

struct Node {
  std::string name;
  std::uint16_t p2p = 0, api = 0, ops = 0;

  [[nodiscard]] config::HostPort p2p_address() const { return {"127.0.0.1", p2p}; }
  [[nodiscard]] config::HostPort api_address() const { return {"127.0.0.1", api}; }
  [[nodiscard]] config::HostPort ops_address() const { return {"127.0.0.1", ops}; }
};

struct Network {
  std::filesystem::path directory;  // absolute
  std::string name = "giro-dev";
  bool mtls = false;  // the APIs ask for a certificate; else auth = "open"
  std::vector<Node> nodes;
  std::uint16_t monitor = 0;  // where Prometheus listens; 0: it is not wanted

  [[nodiscard]] std::filesystem::path node_directory(const Node& node) const {
    return directory / node.name;
  }
  [[nodiscard]] std::filesystem::path node_config(const Node& node) const {
    return node_directory(node) / "node.toml";
  }
  [[nodiscard]] std::filesystem::path node_log(const Node& node) const {
    return node_directory(node) / "node.log";
  }
  [[nodiscard]] std::filesystem::path genesis() const { return directory / "genesis.json"; }
  [[nodiscard]] std::filesystem::path profile() const { return directory / "client.toml"; }
  // Of the demo profile, if mtls: its certificate, and those of the nodes' APIs.
  [[nodiscard]] config::TlsFiles client_certificate() const {
    return {directory / "tls" / "client.pem", directory / "tls" / "client.key"};
  }
  [[nodiscard]] std::filesystem::path server_certificates() const {
    return directory / "tls" / "servers.pem";
  }
  [[nodiscard]] config::ApiUrl url(const Node& node) const { return {mtls, node.api_address()}; }
  [[nodiscard]] config::HostPort monitor_address() const { return {"127.0.0.1", monitor}; }
  [[nodiscard]] std::filesystem::path monitor_directory() const { return directory / "monitoring"; }
  [[nodiscard]] std::filesystem::path monitor_log() const {
    return monitor_directory() / "prometheus.log";
  }
  [[nodiscard]] const Node* find(const std::string& node) const;
};

// network.json of the directory; nullopt: there is none. The error names what is wrong with it.
[[nodiscard]] std::expected<std::optional<Network>, std::string> load_network(
    const std::filesystem::path& directory);
[[nodiscard]] std::expected<void, std::string> store_network(const Network& network);

}  // namespace giro::testnet
