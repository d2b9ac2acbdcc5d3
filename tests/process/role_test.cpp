// The role matrix of surface 5.1 on a network under mutual TLS, asked by a client that is no part
// of giro (surface 11, check 14).
#include <gtest/gtest.h>

#include <fstream>

#include "testnet/network.h"
#include "tests/process/example_ids.h"
#include "tests/process/run.h"

namespace giro::process_test {
namespace {

TEST(Roles, Every_endpoint_answers_the_roles_that_it_is_for_and_no_other) {
  const Folder folder;
  const std::string directory = (folder.path() / "net").string();
  const auto up = run_giro({"testnet", "up", "--mtls", "--dir", directory});
  ASSERT_EQ(up.exit_code, 0) << up.err;
  const auto network = **testnet::load_network(directory);
  const auto& node = network.nodes[0];
  use_example_ids(network.profile(), folder.path());

  const auto certificates = folder.path() / "clients";
  std::filesystem::create_directory(certificates);
  std::filesystem::copy_file(network.server_certificates(), certificates / "servers.pem");
  struct Client {
    std::string name, institution, roles;
  };
  for (const Client& one :
       {Client{"submitter", "bank-a", "submitter"}, Client{"reader", "bank-a", "reader"},
        Client{"operator", "bank-a", "operator"}, Client{"auditor", "bank-c", "auditor"},
        Client{"observer", "bank-c", "observer"}, Client{"foreign", "bank-d", "reader"},
        Client{"stranger", "bank-a", "reader"}}) {
    const auto made = run_giro({"keys", "client", (certificates / one.name).string(),
                                "--institution", one.institution, "--roles", one.roles});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    if (one.name != "stranger")
      std::ofstream(network.node_directory(node) / "clients.toml", std::ios::app) << made.out;
  }
  const auto reloaded = run_giro({"reload", "--config", network.node_config(node).string()});
  EXPECT_EQ(reloaded.exit_code, 0) << reloaded.err;
  const auto checked = run_program(
      "/usr/bin/python3", {GIRO_SOURCE "/tests/process/role_check.py",
                           "https://" + node.api_address().to_string(), certificates.string()});
  EXPECT_EQ(run_giro({"testnet", "down", "--dir", directory}).exit_code, 0);
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_NE(checked.out.find(" in 6 roles: 0 failures"), std::string::npos) << checked.out;
}

}  // namespace
}  // namespace giro::process_test
