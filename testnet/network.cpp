#include "testnet/network.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "node/client/journal.h"
#include "node/client/json_fields.h"

namespace giro::testnet {

namespace json = boost::json;

namespace {
constexpr std::string_view kSchema = "giro.testnet/1";
}

const Node* Network::find(const std::string& node) const {
  const auto found = std::ranges::find(nodes, node, &Node::name);
  return found == nodes.end() ? nullptr : &*found;
}

std::expected<std::optional<Network>, std::string> load_network(
    const std::filesystem::path& directory) {
  const auto file = directory / "network.json";
  std::ifstream in(file);
  if (!in) return std::nullopt;
  std::stringstream text;
  text << in.rdbuf();
  json::error_code error;
  const json::value value = json::parse(text.str(), error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* nodes = object == nullptr ? nullptr : client::array_field(*object, "nodes");
  if (nodes == nullptr || client::text_field(*object, "schema") != kSchema) {
    return std::unexpected(file.string() + " is damaged; remove the directory, or give --fresh");
  }
  Network network;
  network.directory = std::filesystem::absolute(directory);
  network.name = client::text_field(*object, "name");
  network.mtls = client::text_field(*object, "auth") == "mtls";
  network.monitor = static_cast<std::uint16_t>(client::number_field(*object, "monitor"));
  for (const auto& row : *nodes) {
    if (!row.is_object()) continue;
    const auto port = [&row](std::string_view name) {
      return static_cast<std::uint16_t>(client::number_field(row.get_object(), name));
    };
    network.nodes.push_back(
        {client::text_field(row.get_object(), "name"), port("p2p"), port("api"), port("ops")});
  }
  return network;
}

std::expected<void, std::string> store_network(const Network& network) {
  json::array nodes;
  for (const auto& node : network.nodes) {
    nodes.push_back(
        json::object{{"name", node.name}, {"p2p", node.p2p}, {"api", node.api}, {"ops", node.ops}});
  }
  const json::object document{{"schema", kSchema},
                              {"name", network.name},
                              {"auth", network.mtls ? "mtls" : "open"},
                              {"nodes", std::move(nodes)},
                              {"monitor", network.monitor}};
  auto written = client::write_file_durably(network.directory / "network.json",
                                            json::serialize(document) + "\n", 0644);
  if (!written) return std::unexpected(written.error().message);
  return {};
}

}  // namespace giro::testnet
