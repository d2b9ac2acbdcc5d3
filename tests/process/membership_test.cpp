// The validator set changes under load: one joins, one leaves, one takes a new key (protocol R41 to
// R44), by votes that operators cast with the command line.
#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "node/client/json_fields.h"
#include "testnet/ports.h"
#include "tests/process/stream.h"

namespace giro::process_test {
namespace {

namespace json = boost::json;
using client::array_field;
using client::number_field;
using client::text_field;

class MembershipTest : public StreamTest {
 protected:
  void adjust(config::DemoSetup& setup) const override { setup.parameters.epoch_blocks = 20; }

  json::object command(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Ran ran = run_giro(arguments, supervisor_->network().profile());
    EXPECT_EQ(ran.exit_code, 0) << arguments[0] << ' ' << arguments[1] << ": " << ran.err
                                << ran.out;
    return ran.document();
  }
  // Proposed by bank-a, and voted for by the others.
  void decide(const std::vector<std::string>& change,
              const std::vector<std::string>& voters) const {
    std::vector<std::string> arguments{"gov", "propose"};
    arguments.insert(arguments.end(), change.begin(), change.end());
    const std::string proposal = text_field(command(arguments), "proposal");
    for (const auto& voter : voters) command({"gov", "vote", proposal, "yes", "--actor", voter});
    const auto shown = command({"gov", "show", proposal});
    EXPECT_EQ(text_field(shown, "state"), "EXECUTED") << json::serialize(shown);
  }
  // What a seat with this key needs: the public key, and its proof.
  [[nodiscard]] std::vector<std::string> proof_of(std::vector<std::string> key) const {
    key.insert(key.begin(), {"keys", "prove"});
    const auto proof = command(key);
    return {"--public-key", text_field(proof, "public_key"), "--possession",
            text_field(proof, "possession")};
  }
  // A validator as its operator sets it up, beside the network.
  [[nodiscard]] testnet::Network newcomer(const std::string& name,
                                          const std::vector<std::string>& more = {}) const {
    testnet::Network made{.directory = supervisor_->network().directory,
                          .name = supervisor_->network().name,
                          .nodes = {{.name = name}}};
    const auto lock = testnet::PortLock::take();
    if (!lock || !testnet::choose_ports(made)) {
      ADD_FAILURE() << "no ports";
      return made;
    }
    const testnet::Node& node = made.nodes[0];
    std::vector<std::string> arguments = init_of(name, made.node_directory(node));
    for (const auto& [option, value] : {std::pair{"--p2p", node.p2p_address().to_string()},
                                        {"--api", node.api_address().to_string()},
                                        {"--ops", node.ops_address().to_string()},
                                        {"--stop-below", "64MiB"}}) {
      arguments.insert(arguments.end(), {option, value});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran ran = run_giro(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return made;
  }
  [[nodiscard]] std::vector<std::string> init_of(const std::string& name,
                                                 const std::filesystem::path& home) const {
    return {"init",        "--home",    home.string(),
            "--name",      name,        "--open",
            "--throwaway", "--genesis", supervisor_->network().genesis().string()};
  }
  [[nodiscard]] std::string role_of(const testnet::Node& node) const {
    return text_field(get(node, "/v1/node"), "role");
  }
  void wait_validators(std::size_t count) const {
    EXPECT_TRUE(until([&] {
      const auto set = get(nodes()[0], "/v1/validators");
      const auto* items = array_field(set, "items");
      return items != nullptr && items->size() == count;
    })) << "the set did not become "
        << count;
  }
  // Another validator counts a vote of it above what there is now.
  void wait_voting(const testnet::Node& node) const {
    const testnet::Node& other = nodes()[node.name == nodes()[0].name ? 1 : 0];
    const std::uint64_t then = height_of(other);
    EXPECT_TRUE(until([&] {
      const auto set = get(other, "/v1/validators");
      const auto* items = array_field(set, "items");
      for (const auto& item : items == nullptr ? json::array{} : *items) {
        if (text_field(item.get_object(), "name") != node.name) continue;
        return number_field(item.get_object(), "last_vote_height") > then &&
               role_of(node) == "validator";
      }
      return false;
    })) << node.name
        << " does not vote";
  }
  void wait_role(const testnet::Node& node, const std::string& role) const {
    EXPECT_TRUE(until([&] { return role_of(node) == role; })) << node.name << " is no " << role;
  }
  [[nodiscard]] std::uint64_t height_of(const testnet::Node& node) const {
    const auto document = get(node, "/v1/node");
    return number_field(*client::object_field(document, "height"), "stored");
  }
};

TEST_F(MembershipTest, One_joins_one_leaves_and_one_takes_a_new_key_under_load) {
  Stream stream;
  stream.add(payer(0));
  stream.add(payer(1));
  ASSERT_TRUE(stream.more(5));

  // agent-s sets a validator up, as the others did before genesis, and asks for a seat.
  const testnet::Network fifth = newcomer("agent-s");
  const testnet::Node& agent = fifth.nodes[0];
  const std::string home = fifth.node_directory(agent).string();
  std::vector<std::string> change{"add", "agent-s"};
  std::ranges::copy(proof_of({"--config", home + "/node.toml"}), std::back_inserter(change));
  testnet::Supervisor sponsored(fifth, giro_program());
  ASSERT_TRUE(sponsored.start("agent-s").has_value());  // no seat yet: it is let in by the vote
  decide(change, {"bank-b", "bank-c"});
  wait_validators(5);
  wait_voting(agent);
  EXPECT_TRUE(stream.more(10)) << "five validators";

  // bank-d leaves, and goes on following.
  const testnet::Node& left = nodes()[3];
  decide({"remove", left.name}, {"bank-b", "bank-c", "agent-s"});
  wait_validators(4);
  wait_role(left, "observer");
  const std::uint64_t then = height_of(left);
  EXPECT_TRUE(stream.more(10)) << "four validators, one of them new";
  EXPECT_TRUE(until([&] { return height_of(left) > then + 5; })) << "the observer follows";

  // bank-c takes a new key: the consortium first, then its operator.
  const testnet::Node& renewed = nodes()[2];
  const auto directory = supervisor_->network().node_directory(renewed);
  const std::string config = (directory / "node.toml").string();
  const std::string key = (directory / "keys" / "validator-2.key").string();
  const std::string passphrase = (directory / "keys" / "validator.passphrase").string();
  command(
      {"keys", "gen", key, "--passphrase-file", passphrase, "--throwaway", "--validator", config});
  change = {"replace", renewed.name};
  std::ranges::copy(proof_of({"--config", config, "--key", key, "--passphrase-file", passphrase}),
                    std::back_inserter(change));
  decide(change, {"bank-b", "agent-s"});
  wait_role(renewed, "observer");
  EXPECT_TRUE(stream.more(5)) << "three of four are a quorum";
  supervisor_->signal(renewed.name, SIGTERM);
  ASSERT_TRUE(supervisor_->wait_for_exit(renewed.name, kPatience).has_value());
  std::string text = read_text(config);
  const std::string old_path = "keys/validator.key";
  text.replace(text.find(old_path), old_path.size(), "keys/validator-2.key");
  std::ofstream(config) << text;
  ASSERT_TRUE(supervisor_->start(renewed.name).has_value());
  wait_voting(renewed);
  EXPECT_TRUE(stream.more(10)) << "with its new key";

  // A validator that loses its store executes everything again, through all sets since genesis.
  const testnet::Node& broken = nodes()[0];
  supervisor_->signal(broken.name, SIGKILL);
  ASSERT_TRUE(supervisor_->wait_for_exit(broken.name, kPatience).has_value());
  const auto data = supervisor_->network().node_directory(broken) / "data";
  std::ofstream(data / "state" / "CURRENT") << "MANIFEST-999999\n";
  ASSERT_TRUE(supervisor_->start(broken.name).has_value());
  wait_voting(broken);
  EXPECT_TRUE(std::filesystem::exists(data / "quarantine"));

  const auto all = stream.end();
  // send() verified every receipt, over the changes of the set since genesis.
  for (const auto& sent : all) EXPECT_TRUE(sent.receipt.has_value());
  expect_settled(all);
  EXPECT_EQ(all.back().receipt->facts.set.size(), 4U);
  EXPECT_EQ(all.back().receipt->facts.set_changes, 3U);
  sponsored.stop_all(std::chrono::seconds(20));
}

// A bank that was nowhere when the chain began: admitted, seated, voting, and its vote is needed.
TEST_F(MembershipTest, A_bank_admitted_after_genesis_runs_a_validator) {
  json::array admins;
  for (int i = 1; i <= 3; ++i) {
    admins.push_back(
        json::object{{"public_key", crypto::to_hex(crypto::SecretKey::generate().public_key())},
                     {"operator_id", i},
                     {"not_after", "2040-01-01T00:00:00.000Z"}});
  }
  const json::object order{
      {"type", "GOV_PROPOSE"},
      {"actor", "bank-a"},
      {"ttl_s", 3600},
      {"inst_add",
       json::object{{"name", "bank-e"},
                    {"kind", "BANK"},
                    {"lei", "GIRO00DEMO00BANK0E24"},
                    {"bic", "GIREGB2L"},
                    {"country", "GB"},
                    {"admin", json::object{{"quorum", 2}, {"keys", std::move(admins)}}}}}};
  const auto& directory = supervisor_->network().directory;
  std::ofstream(directory / "admit.json") << json::serialize(order);
  const auto proposed = command({"op", "submit", (directory / "admit.json").string()});
  const auto* operation = client::object_field(proposed, "operation");
  ASSERT_NE(operation, nullptr) << json::serialize(proposed);
  const std::string proposal = "bank-a/" + text_field(*operation, "op_id");
  for (const char* voter : {"bank-b", "bank-c"})
    command({"gov", "vote", proposal, "yes", "--actor", voter});
  const auto members = command({"gov", "members"});
  std::uint64_t number = 0;
  for (const auto& item : *array_field(members, "items")) {
    if (text_field(item.get_object(), "name") == "bank-e")
      number = number_field(item.get_object(), "id");
  }
  ASSERT_NE(number, 0U) << json::serialize(members);

  const Ran nameless = run_giro(init_of("bank-e", directory / "nameless"));
  EXPECT_EQ(nameless.exit_code, 1) << nameless.out;
  EXPECT_NE(nameless.err.find("is not in the genesis file"), std::string::npos) << nameless.err;
  const testnet::Network fifth = newcomer("bank-e", {"--institution-id", std::to_string(number)});
  const testnet::Node& bank = fifth.nodes[0];
  const auto config = fifth.node_directory(bank) / "node.toml";
  auto another_number = init_of("bank-e", fifth.node_directory(bank));
  another_number.insert(another_number.end(), {"--institution-id", std::to_string(number + 1)});
  const Ran kept = run_giro(another_number);
  EXPECT_EQ(kept.exit_code, 1) << kept.out;
  EXPECT_NE(kept.err.find("is there already, of \"bank-e\" with institution_id " +
                          std::to_string(number)),
            std::string::npos)
      << kept.err;
  std::vector<std::string> change{"add", "bank-e"};
  std::ranges::copy(proof_of({"--config", config.string()}), std::back_inserter(change));
  testnet::Supervisor admitted(fifth, giro_program());
  ASSERT_TRUE(admitted.start("bank-e").has_value());
  decide(change, {"bank-b", "bank-c"});
  wait_validators(5);
  wait_voting(bank);

  // Of five with one down a quorum needs its vote; the others call it by its name.
  kill(nodes()[3].name);
  Stream stream;
  stream.add(payer(0));
  stream.add(payer(1));
  ASSERT_TRUE(stream.more(10)) << "four of five, one of them new";
  const auto all = stream.end();
  for (const auto& sent : all) EXPECT_TRUE(sent.receipt.has_value());
  start(nodes()[3].name);
  wait_ready();
  expect_settled(all);
  const auto peers = json::serialize(command({"peers", "list"}));
  EXPECT_NE(peers.find("bank-e"), std::string::npos) << peers;

  // Its store knows by now whose number it is.
  admitted.stop_all(std::chrono::seconds(20));
  std::string text = read_text(config);
  const std::string written = "institution_id = " + std::to_string(number);
  ASSERT_NE(text.find(written), std::string::npos) << text;
  text.replace(text.find(written), written.size(),
               "institution_id = " + std::to_string(number + 1));
  std::ofstream(config) << text;
  const Ran refused = run_giro({"start", "--config", config.string()});
  EXPECT_EQ(refused.exit_code, 78) << refused.out;
  EXPECT_NE(refused.err.find("\"bank-e\" is " + std::to_string(number)), std::string::npos)
      << refused.err;
}

}  // namespace
}  // namespace giro::process_test
