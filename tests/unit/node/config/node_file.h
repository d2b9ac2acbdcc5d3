// A good node.toml by lines, and what the tests of it share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/config/node_config.h"

namespace giro::config {

inline constexpr std::string_view kChainId =
    "1f09c2d4e6a8b0c1f3e5d7a9bbcc001122334455667788990a0b0c0d0e0f1011";

// Each line of a good file, so that a case can say which line it replaces.
inline const std::vector<std::string> kGood{
    /* 1*/ "config_version = 1",
    /* 2*/ "name = \"bank-b\"",
    /* 3*/ "role = \"validator\"",
    /* 4*/ "genesis = \"genesis.json\"",
    /* 5*/ "chain_id = \"" + std::string(kChainId) + "\"",
    /* 6*/ "data_dir = \"/var/lib/giro\"",
    /* 7*/ "sign_state_dir = \"/var/lib/giro-signer\"",
    /* 8*/ "log = { level = \"debug\" }",
    /* 9*/ "[keys.validator]",
    /*10*/ "path = \"keys/validator.key\"",
    /*11*/ "passphrase = { file = \"/run/pass\" }",
    /*12*/ "[p2p]",
    /*13*/ "listen = \"0.0.0.0:7300\"",
    /*14*/ "advertise = \"validator.bank-b.example:7300\"",
    /*15*/ "tls = { cert = \"tls/peer.pem\", key = \"tls/peer.key\" }",
    /*16*/ "addresses = { bank-a = \"10.1.0.5:7300\" }",
    /*17*/ "[api]",
    /*18*/ "listen = \"127.0.0.1:7400\"",
    /*19*/ "auth = \"mtls\"",
    /*20*/ "tls = { cert = \"tls/api.pem\", key = \"tls/api.key\" }",
    /*21*/ "clients = \"clients.toml\"",
    /*22*/ "[ops]",
    /*23*/ "socket = \"/run/giro/ops.sock\"",
    /*24*/ "[storage]",
    /*25*/ "snapshot_keep = 3",
};

struct Change {
  std::size_t line;  // 0: after the last one
  std::string text;
};

inline std::string with(const std::vector<Change>& changes) {
  std::vector<std::string> lines = kGood;
  for (const Change& change : changes) {
    if (change.line == 0) {
      lines.push_back(change.text);
    } else {
      lines[change.line - 1] = change.text;
    }
  }
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

inline std::vector<std::string> errors(const Loaded<NodeConfig>& loaded) {
  std::vector<std::string> out;
  for (const Diagnostic& error : loaded.errors) {
    out.push_back(error.to_string());
  }
  return out;
}

inline Loaded<NodeConfig> parse(const std::string& text, const Environment& environment = {}) {
  return parse_node_config(text, "node.toml", environment, "/etc/giro");
}

}  // namespace giro::config
