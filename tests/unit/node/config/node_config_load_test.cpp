// A configuration against the files that it names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/node/config/demo_setup.h"
#include "tests/unit/node/config/node_file.h"

namespace giro::config {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A directory with all the files that a configuration names.
class NodeConfigOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(base_);
    for (const char* name : {"keys/validator.key", "tls/peer.pem", "tls/peer.key", "tls/api.pem",
                             "tls/api.key", "clients.toml", "pass"}) {
      write(name, "x");
    }
    setup_.throwaway = true;
    write_genesis();
  }
  void TearDown() override { fs::remove_all(base_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream(base_ / name, std::ios::trunc) << text;
  }
  void write_genesis() {
    const std::string text = write_genesis_file(demo_genesis(setup_));
    write("genesis.json", text);
    chain_id_ = crypto::to_hex(chain_id_of(text));
  }
  Loaded<NodeConfig> load(std::vector<Change> changes) {
    changes.insert(changes.begin(), {{5, "chain_id = \"" + chain_id_ + "\""},
                                     {6, "data_dir = \"data\""},
                                     {7, "sign_state_dir = \"sign\""},
                                     {11, "passphrase = { file = \"pass\" }"}});
    write("node.toml", with(changes));
    Loaded<NodeConfig> loaded = load_node_config(base_ / "node.toml", {});
    for (Diagnostic& error : loaded.errors) {
      error.origin.name = "node.toml";
    }
    return loaded;
  }

  fs::path base_ =
      fs::path(::testing::TempDir()) /
      (std::string("giro_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  DemoSetup setup_ = test_setup();
  std::string chain_id_;
};

TEST_F(NodeConfigOnDisk, Good_directory_loads) {
  EXPECT_THAT(errors(load({})), IsEmpty());
  EXPECT_THAT(errors(load({{18, "listen = \"127.0.0.1:0\""}, {19, "auth = \"open\""}})), IsEmpty());
}

TEST_F(NodeConfigOnDisk, Missing_files_are_named) {
  fs::remove(base_ / "tls/peer.key");
  fs::remove(base_ / "pass");
  EXPECT_THAT(
      errors(load({{21, "clients = \"tls\""}})),
      ElementsAre(
          "node.toml:11:14: error: keys.validator.passphrase = \"pass\" does not exist; "
          "write the path of a file that this user can read",
          "node.toml:15:38: error: p2p.tls.key = \"tls/peer.key\" does not exist; write the "
          "path of a file that this user can read",
          "node.toml:21:11: error: api.clients = \"tls\" is a directory; write the path of a "
          "file that this user can read"));
}

TEST_F(NodeConfigOnDisk, Chain_id_must_be_the_genesis_files) {
  EXPECT_THAT(errors(load({{5, "chain_id = \"" + std::string(kChainId) + "\""}})),
              ElementsAre("node.toml:5:12: error: chain_id is not that of the genesis file; write "
                          "chain_id = \"" +
                          chain_id_ + "\" if the consortium agreed on that file"));
}

TEST_F(NodeConfigOnDisk, Open_needs_a_throwaway_genesis) {
  setup_.throwaway = false;
  write_genesis();
  EXPECT_THAT(errors(load({{19, "auth = \"open\""}})),
              ElementsAre("node.toml:19:8: error: api.auth = \"open\" is for a genesis with "
                          "\"throwaway\": true only; write auth = \"mtls\""));
}

TEST_F(NodeConfigOnDisk, Name_must_be_in_genesis_unless_admitted_later) {
  EXPECT_THAT(
      errors(load({{2, "name = \"bank-bb\""}})),
      ElementsAre("node.toml:2:8: error: name = \"bank-bb\" is not in the genesis file; did "
                  "you mean \"bank-b\"?"));
  EXPECT_THAT(errors(load({{2, "name = \"zzz-new\"\ninstitution_id = 99"}})), IsEmpty());
  EXPECT_THAT(
      errors(load({{2, "name = \"bank-b\"\ninstitution_id = 99"}})),
      ElementsAre("node.toml:3:18: error: institution_id is written, but the genesis file has "
                  "\"bank-b\"; remove this line"));
  EXPECT_THAT(
      errors(load({{2, "name = \"zzz-new\"\ninstitution_id = 2"}})),
      ElementsAre("node.toml:3:18: error: institution_id = 2 is a number of the genesis file, of "
                  "\"bank-b\"; write the one that the ledger gave, as giro gov members prints "
                  "it"));
}

TEST_F(NodeConfigOnDisk, A_link_into_the_data_directory_does_not_hide) {
  fs::create_directories(base_ / "data/inner");
  fs::create_directory_symlink(base_ / "data/inner", base_ / "sign");
  EXPECT_THAT(errors(load({})), ElementsAre(HasSubstr("sign_state_dir lies inside data_dir")));
}

TEST_F(NodeConfigOnDisk, Broken_genesis_is_told_with_its_path) {
  write("genesis.json", "{ \"format\": \"giro-genesis/1\" }");
  const std::vector<std::string> all = errors(load({}));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0],
            "node.toml:4:11: error: genesis = \"genesis.json\" is not a genesis file: name: is "
            "missing; write the path of the file that the consortium agreed on");
  EXPECT_THAT(all[1], HasSubstr("chain_id is not that of the genesis file"));
}

TEST_F(NodeConfigOnDisk, No_file_is_one_error) {
  const Loaded<NodeConfig> loaded = load_node_config(base_ / "none.toml", {});
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_THAT(loaded.errors[0].to_string(), HasSubstr("none.toml: error: does not exist; name"));
}

}  // namespace
}  // namespace giro::config
