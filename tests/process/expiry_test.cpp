// Certificates past their end, all of them: those of the validators' channels, of their APIs and of
// a client (surface 1 promise 15; surface 11, check 10).
#include <gtest/gtest.h>

#include <fstream>

#include "node/config/node_config.h"
#include "p2p/certificate.h"
#include "testnet/network.h"
#include "tests/process/run.h"

namespace giro::process_test {
namespace {

// In place of the one that is there; ended yesterday.
void expire(const config::TlsFiles& files, const std::string& name) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::filesystem::remove(files.cert);
  std::filesystem::remove(files.key);
  const auto pair =
      p2p::make_certificate(name, {now - std::chrono::days(366), now - std::chrono::days(1)},
                            std::vector<std::string>{"127.0.0.1", "localhost"});
  ASSERT_TRUE(p2p::write_certificate(files.cert, files.key, pair)) << files.cert;
}

TEST(Expiry, A_network_whose_certificates_have_all_ended_commits_and_says_so) {
  const Folder folder;
  const std::string directory = (folder.path() / "net").string();
  const auto testnet = [&directory](const std::string& command) {
    return run_giro({"testnet", command, "--mtls", "--dir", directory});
  };
  ASSERT_EQ(testnet("up").exit_code, 0);
  ASSERT_EQ(run_giro({"testnet", "down", "--dir", directory}).exit_code, 0);
  const auto network = **testnet::load_network(directory);
  const auto key_of = [](const std::filesystem::path& certificate) {
    return crypto::to_hex(*p2p::certificate_key_sha256(read_text(certificate)));
  };
  const auto demo = network.client_certificate();
  const std::string known = key_of(demo.cert);
  expire(demo, "demo");
  std::string servers;
  for (const auto& node : network.nodes) {
    const auto file = network.node_config(node);
    const auto config =
        config::parse_node_config(read_text(file), file.string(), {}, file.parent_path());
    ASSERT_TRUE(config.ok()) << config.errors.front().to_string();
    expire(config.value->p2p.tls, node.name);
    expire(*config.value->api.tls, node.name);
    servers += read_text(config.value->api.tls->cert);
    const auto clients = network.node_directory(node) / "clients.toml";
    const auto rows = replaced(read_text(clients), known, key_of(demo.cert));
    std::ofstream(clients) << rows;
  }
  std::ofstream(network.server_certificates()) << servers;

  const auto up = testnet("up");
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto paid = run_giro({"pay", "ALICE", "BOB", "1.23"}, network.profile());
  EXPECT_EQ(paid.exit_code, 0) << paid.out << paid.err;
  for (const auto& node : network.nodes) {
    // As of each other, so of itself; and of its API, and of the client that asked it.
    std::vector<std::string> whose{"api"};
    for (const auto& one : network.nodes) whose.push_back(one.name);
    if (node.name == network.nodes.front().name) whose.emplace_back("demo");
    for (const auto& name : whose) {
      EXPECT_TRUE(until([&] {
        return read_text(network.node_log(node))
                   .find("event=certificate_expired node=" + node.name + " name=" + name +
                         " days=1 ") != std::string::npos;
      })) << node.name
          << " does not tell of " << name;
    }
  }
  EXPECT_EQ(run_giro({"testnet", "down", "--dir", directory}).exit_code, 0);
}

}  // namespace
}  // namespace giro::process_test
