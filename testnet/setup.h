// Making a test network in an empty directory: keys, genesis, node files, profile. Each node is set
// up by `giro init`, as an operator would do it.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "crypto/keys.h"
#include "node/config/demo_genesis.h"
#include "testnet/network.h"

namespace giro::testnet {

// Throw-away keys of the demo network's operators in `directory`, one file an operator, named after
// it; `passphrase_file` is made with them.
[[nodiscard]] std::expected<std::map<config::DemoOperator, crypto::PublicKey>, std::string>
make_operator_keys(const std::filesystem::path& directory,
                   const std::filesystem::path& passphrase_file);

// The profile that acts for every institution of the demo network.
[[nodiscard]] std::expected<void, std::string> write_demo_profile(const Network& network);

// Everything but running it. `giro` is the program. The directory gets network.json last: a
// directory with one is whole. `adjust` may change what the genesis file is made from.
[[nodiscard]] std::expected<void, std::string> set_up(
    const Network& network, const std::filesystem::path& giro,
    const std::function<void(config::DemoSetup&)>& adjust = {});

// The node files say where each node finds each other one, instead of its address in the genesis
// file.
[[nodiscard]] std::expected<void, std::string> route(
    const Network& network,
    const std::function<config::HostPort(const Node& from, const Node& to)>& address);

// After a change of ports: the node files of a network that exists.
[[nodiscard]] std::expected<void, std::string> rewrite_ports(const Network& network);

}  // namespace giro::testnet
