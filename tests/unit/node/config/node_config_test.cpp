#include "node/config/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/node/config/node_file.h"

namespace giro::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(NodeConfig, Good_file_has_no_error_and_absolute_paths) {
  const Loaded<NodeConfig> loaded = parse(with({}));
  ASSERT_THAT(errors(loaded), IsEmpty());
  const NodeConfig& config = *loaded.value;
  EXPECT_EQ(config.name, "bank-b");
  EXPECT_EQ(config.role, NodeRole::Validator);
  EXPECT_EQ(config.genesis, "/etc/giro/genesis.json");
  EXPECT_EQ(crypto::to_hex(config.chain_id), kChainId);
  EXPECT_EQ(config.validator_key->path, "/etc/giro/keys/validator.key");
  EXPECT_EQ(config.validator_key->passphrase,
            (SecretSource{SecretSource::Kind::File, "/run/pass"}));
  EXPECT_EQ(config.log.level, LogLevel::Debug);
  EXPECT_EQ(config.p2p.addresses.at("bank-a"), (HostPort{"10.1.0.5", 7300}));
  EXPECT_EQ(config.p2p.tls.key, "/etc/giro/tls/peer.key");
  EXPECT_EQ(*config.api.clients, "/etc/giro/clients.toml");
}

TEST(NodeConfig, Defaults_of_the_file_are_those_of_the_struct) {
  const Loaded<NodeConfig> loaded = parse(with({{8, ""}, {16, ""}, {19, ""}, {24, ""}, {25, ""}}));
  ASSERT_THAT(errors(loaded), IsEmpty());
  const NodeConfig standard;
  const NodeConfig& config = *loaded.value;
  EXPECT_EQ(config.log.level, standard.log.level);
  EXPECT_EQ(config.log.format, standard.log.format);
  EXPECT_EQ(config.log.budget_per_day_bytes, standard.log.budget_per_day_bytes);
  EXPECT_EQ(config.pool.operations, standard.pool.operations);
  EXPECT_EQ(config.pool.bytes, standard.pool.bytes);
  EXPECT_EQ(config.api.auth, standard.api.auth);
  EXPECT_EQ(config.api.body_bytes, standard.api.body_bytes);
  EXPECT_EQ(config.api.waiters, standard.api.waiters);
  EXPECT_EQ(config.api.streams, standard.api.streams);
  EXPECT_EQ(config.api.submit_rate, standard.api.submit_rate);
  EXPECT_EQ(config.api.submit_burst, standard.api.submit_burst);
  EXPECT_EQ(config.api.read_rate, standard.api.read_rate);
  EXPECT_EQ(config.api.read_burst, standard.api.read_burst);
  EXPECT_EQ(config.ops.listen, standard.ops.listen);
  EXPECT_EQ(config.storage.log_segment_bytes, standard.storage.log_segment_bytes);
  EXPECT_EQ(config.storage.snapshot_keep, standard.storage.snapshot_keep);
  EXPECT_EQ(config.storage.stop_below_bytes, standard.storage.stop_below_bytes);
}

struct Golden {
  const char* name;
  std::vector<Change> changes;
  std::vector<std::string> expected;
};
void PrintTo(const Golden& golden, std::ostream* out) {
  *out << golden.name;
}

const Golden kGolden[] = {
    {"unknown_key",
     {{0, "snapshot_kep = 3"}, {0, "stop_below = \"1 giga\""}},
     {"node.toml:26:1: error: unknown key \"snapshot_kep\" in [storage]; did you mean "
      "\"snapshot_keep\"?",
      "node.toml:27:14: error: storage.stop_below = \"1 giga\" is not a size; example \"1GiB\""}},
    {"unknown_key_without_a_neighbour",
     {{25, "prune_after = 3"}},
     {"node.toml:25:1: error: unknown key \"prune_after\" in [storage]; known here: log_segment, "
      "snapshot_keep, stop_below"}},
    {"unknown_table",
     {{24, "[storag]"}, {25, ""}},
     {"node.toml:24:2: error: unknown table \"storag\"; did you mean \"storage\"?"}},
    {"key_of_the_next_release",
     {{10, "path = \"k\"\npin = { env = \"PIN\" }"}},
     {"node.toml:11:1: error: unknown table \"pin\" in [keys.validator]; known here: provider, "
      "path, "
      "passphrase"}},
    {"duplicate_key",
     {{13, "listen = \"0.0.0.0:7300\"\nlisten = \"0.0.0.0:7301\""}},
     {"node.toml:14:1: error: duplicate key \"listen\"; keep one"}},
    {"duplicate_table",
     {{0, "[p2p]"}, {0, "listen = 5"}},
     {"node.toml:26:2: error: the table [p2p] is written twice; keep one"}},
    {"duplicate_inline",
     {{15, "tls = { cert = \"a\", key = \"b\", key = \"c\" }"}},
     {"node.toml:15:32: error: duplicate key \"key\"; keep one"}},
    {"broken_line_and_later_errors",
     {{2, "name = bank-b"}, {25, "snapshot_keep = 1"}},
     {"node.toml:2:8: error: not TOML: value: could not determine value type; write key = value",
      "node.toml:25:17: error: storage.snapshot_keep = 1 is out of range; write a whole number, 2 "
      "to "
      "1000"}},
    {"missing_unit",
     {{8, "pool = { bytes = 1048576 }"}},
     {"node.toml:8:18: error: pool.bytes = 1048576 has no unit; example \"256MiB\""}},
    {"wrong_types",
     {{2, "name = 5"}, {8, "ops = 1"}, {22, ""}, {23, ""}, {25, "snapshot_keep = \"3\""}},
     {"node.toml:2:8: error: name = 5 is not a text in quotes; example \"bank-b\"",
      "node.toml:8:7: error: ops = 1 is not a table; write [ops]",
      "node.toml:25:17: error: storage.snapshot_keep = \"3\" is not a whole number; example 3"}},
    {"out_of_range",
     {{8, "pool = { operations = 0, bytes = \"1KiB\" }"}},
     {"node.toml:8:23: error: pool.operations = 0 is out of range; write a whole number, 1 to "
      "10000000",
      "node.toml:8:34: error: pool.bytes = \"1KiB\" is out of range; write a size (KiB, MiB, GiB), "
      "1MiB to 64GiB"}},
    {"choice",
     {{3, "role = \"validater\""}, {8, "log = { format = \"xml\" }"}},
     {"node.toml:3:8: error: role = \"validater\" is not known; did you mean \"validator\"?",
      "node.toml:8:18: error: log.format = \"xml\" is not known; write one of logfmt, json"}},
    {"missing_keys",
     {{1, ""}, {13, ""}, {23, ""}},
     {"node.toml:1:1: error: missing key \"config_version\"; write config_version = 1",
      "node.toml:12:1: error: missing key \"listen\" in [p2p]; write listen = \"0.0.0.0:7300\"",
      "node.toml:22:1: error: missing key \"socket\" in [ops]; write socket = "
      "\"/run/giro/ops.sock\""}},
    {"config_version",
     {{1, "config_version = 2"}},
     {"node.toml:1:18: error: config_version = 2 is out of range; write a whole number, 1"}},
    {"inline_secret",
     {{11, "passphrase = \"hunter2\""}},
     {"node.toml:11:14: error: keys.validator.passphrase must say where the secret is and not hold "
      "it; write passphrase = { file = \"/path\" } or passphrase = { env = \"NAME\" }"}},
    {"secret_in_two_places",
     {{11, "passphrase = { file = \"/run/pass\", env = \"PASS\" }"}},
     {"node.toml:11:14: error: keys.validator.passphrase must say where the secret is and not hold "
      "it; write passphrase = { file = \"/path\" } or passphrase = { env = \"NAME\" }"}},
    {"secret_by_unknown_means",
     {{11, "passphrase = { value = \"hunter2\" }"}},
     {"node.toml:11:16: error: unknown key \"value\" in keys.validator.passphrase; write file or "
      "env"}},
    {"provider_of_the_next_release",
     {{10, "provider = \"pkcs11\"\npath = \"k\""}},
     {"node.toml:10:12: error: keys.validator.provider = \"pkcs11\" is not known; write one of "
      "file"}},
    {"addresses",
     {{13, "listen = \"0.0.0.0\""}, {16, "addresses = { bank-a = \"10.1.0.5\" }"}},
     {"node.toml:13:10: error: p2p.listen = \"0.0.0.0\" is not an address host:port; example "
      "\"0.0.0.0:7300\"",
      "node.toml:16:24: error: p2p.addresses.bank-a = \"10.1.0.5\" is not an address host:port; "
      "example \"10.1.0.5:7300\""}},
    {"sign_state_inside_data",
     {{7, "sign_state_dir = \"/var/lib/giro/x/../signer\""}},
     {"node.toml:7:18: error: sign_state_dir lies inside data_dir, which may be deleted or "
      "restored; write a directory outside /var/lib/giro"}},
    {"sign_state_is_data",
     {{7, "sign_state_dir = \"/var/lib/giro/\""}},
     {"node.toml:7:18: error: sign_state_dir lies inside data_dir, which may be deleted or "
      "restored; write a directory outside /var/lib/giro"}},
    {"open_beyond_loopback",
     {{18, "listen = \"0.0.0.0:7400\""}, {19, "auth = \"open\""}, {20, ""}, {21, ""}},
     {"node.toml:19:8: error: api.auth = \"open\" serves anybody who can reach 0.0.0.0:7400; write "
      "listen = \"127.0.0.1:7400\" or auth = \"mtls\""}},
    {"mtls_without_files",
     {{20, ""}, {21, ""}},
     {"node.toml:17:1: error: missing key \"cert\" in [api.tls], needed because api.auth = "
      "\"mtls\"; "
      "write cert = \"/etc/giro/tls/api.pem\"",
      "node.toml:17:1: error: missing key \"key\" in [api.tls], needed because api.auth = "
      "\"mtls\"; "
      "write key = \"/etc/giro/tls/api.key\"",
      "node.toml:17:1: error: missing key \"clients\" in [api], needed because api.auth = "
      "\"mtls\"; "
      "write clients = \"/etc/giro/clients.toml\""}},
    {"validator_without_key",
     {{9, ""}, {10, ""}, {11, ""}},
     {"node.toml:1:1: error: missing key \"path\" in [keys.validator], needed because role = "
      "\"validator\"; write path = \"/etc/giro/keys/validator.key\"",
      "node.toml:1:1: error: missing key \"passphrase\" in [keys.validator], needed because role = "
      "\"validator\"; write passphrase = { file = "
      "\"/run/credentials/giro.service/validator-passphrase\" }"}},
    {"socket_path",
     {{23, "socket = \"/" + std::string(107, 's') + "\""}},
     {"node.toml:23:10: error: ops.socket is a path of 108 bytes; write one of at most 107"}},
    {"burst_below_rate",
     {{21, "clients = \"c\"\nrates = { submit = 10, submit_burst = 9 }"}},
     {"node.toml:22:39: error: api.rates.submit_burst is below api.rates.submit; write 10 or "
      "more"}},
    {"one_port_twice",
     {{18, "listen = \"0.0.0.0:7300\""}},
     {"node.toml:18:10: error: api.listen is the same as p2p.listen; write another port"}},
    {"chain_id",
     {{5, "chain_id = \"1f09\""}},
     {"node.toml:5:12: error: chain_id = \"1f09\" is not a SHA-256 of 64 hexadecimal digits; "
      "example "
      "\"1f09c2...\", what `giro genesis hash` prints"}},
    {"unknown_inner_table",
     {{0, "[api.tlss]"}},
     {"node.toml:26:6: error: unknown table \"tlss\" in [api]; did you mean \"tls\"?"}},
    {"table_without_a_name",  // aborted the process
     {{12, "[=p2p]"}},
     {"node.toml:12:2: error: not TOML: key: expected bare key starting character or "
      "string delimiter, saw '='; write key = value"}},
    {"array_closed_like_a_table",  // aborted the process
     {{18, "listen = [\"0.0.0.0:7400\", }"}},
     {"node.toml:18:27: error: not TOML: value: could not determine value type; write key = "
      "value"}},
    {"not_toml_at_all",
     {{12, "[p2p"}},
     {"node.toml:12:5: error: not TOML: table header: expected ']', saw '\\n'; write key = value"}},
};

class NodeConfigErrors : public ::testing::TestWithParam<Golden> {};

TEST_P(NodeConfigErrors, Are_all_reported_in_file_order) {
  const Loaded<NodeConfig> loaded = parse(with(GetParam().changes));
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(errors(loaded), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Golden, NodeConfigErrors, ::testing::ValuesIn(kGolden),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(NodeConfigEnvironment, Variables_win_over_the_file) {
  const Environment environment{{"GIRO_P2P__LISTEN", "127.0.0.1:7777"},
                                {"GIRO_LOG__LEVEL", "warn"},
                                {"GIRO_POOL__OPERATIONS", "7"},
                                {"GIRO_P2P__ADDRESSES__BANK_C", "c.example:1"},
                                {"GIRO_KEYS__VALIDATOR__PASSPHRASE__ENV", "SECRET_PLACE"},
                                {"GIRO_PROFILE", "/home/x/client.toml"},
                                {"GIRO_INSTITUTION", "bank-b"},  // a key of the client profile
                                {"PATH", "/bin"}};
  const Loaded<NodeConfig> loaded = parse(with({}), environment);
  ASSERT_THAT(errors(loaded), IsEmpty());
  EXPECT_EQ(loaded.value->p2p.listen, (HostPort{"127.0.0.1", 7777}));
  EXPECT_EQ(loaded.value->log.level, LogLevel::Warn);
  EXPECT_EQ(loaded.value->pool.operations, 7U);
  EXPECT_EQ(loaded.value->p2p.addresses.at("bank-c"), (HostPort{"c.example", 1}));
  EXPECT_EQ(loaded.value->validator_key->passphrase,
            (SecretSource{SecretSource::Kind::Variable, "SECRET_PLACE"}));
}

TEST(NodeConfigEnvironment, A_variable_can_bring_a_key_that_the_file_lacks) {
  const Loaded<NodeConfig> loaded =
      parse(with({{22, ""}, {23, ""}}), {{"GIRO_OPS__SOCKET", "/tmp/ops.sock"}});
  ASSERT_THAT(errors(loaded), IsEmpty());
  EXPECT_EQ(loaded.value->ops.socket, "/tmp/ops.sock");
}

TEST(NodeConfigEnvironment, Errors_name_the_variable) {
  const Environment environment{{"GIRO_P2P__LISTN", "x"},
                                {"GIRO_COLOUR", "no"},
                                {"GIRO_STORAGE__SNAPSHOT_KEEP", "many"},
                                {"GIRO_KEYS__VALIDATOR__PASSPHRASE", "hunter2"},
                                {"GIRO_POOL__BYTES", "5"}};
  const Loaded<NodeConfig> loaded = parse(with({{25, "snapshot_kep = 1"}}), environment);
  EXPECT_THAT(
      errors(loaded),
      ElementsAre(
          "node.toml:25:1: error: unknown key \"snapshot_kep\" in [storage]; did you mean "
          "\"snapshot_keep\"?",
          "GIRO_COLOUR: error: names no key of node.toml; unset it",
          "GIRO_KEYS__VALIDATOR__PASSPHRASE: error: a variable must not hold this secret; set "
          "GIRO_KEYS__VALIDATOR__PASSPHRASE__FILE to its path or "
          "GIRO_KEYS__VALIDATOR__PASSPHRASE__ENV to the name of the variable that holds it",
          "GIRO_P2P__LISTN: error: names no key of node.toml; did you mean GIRO_P2P__LISTEN?",
          "GIRO_POOL__BYTES: error: pool.bytes = \"5\" is not a size; example \"256MiB\"",
          "GIRO_STORAGE__SNAPSHOT_KEEP: error: storage.snapshot_keep = \"many\" is not a whole "
          "number; example 3"));
}

TEST(NodeConfigEnvironment, The_variable_that_holds_a_secret_needs_no_key) {
  const Loaded<NodeConfig> loaded = parse(
      with({{11, "passphrase = { env = \"GIRO_PASSPHRASE\" }"}}), {{"GIRO_PASSPHRASE", "hunter2"}});
  EXPECT_THAT(errors(loaded), IsEmpty());
}

TEST(NodeConfigSecrets, Never_stand_in_an_error_or_in_the_effective_values) {
  const std::string texts[] = {with({{11, "passphrase = \"hunter2\""}}),
                               with({{11, "passphrase = [\"hunter2\"]"}}),
                               with({{11, "passphrase = { value = \"hunter2\" }"}}),
                               with({{11, "passphrase = { env = \"hunter2 \" }"}}),
                               with({{11, "passphrase = { file = \"/run/hunter2\" }"}})};
  for (const std::string& text : texts) {
    const Loaded<NodeConfig> loaded =
        parse(text, {{"GIRO_KEYS__VALIDATOR__PASSPHRASE", "hunter2"}});
    for (const Diagnostic& error : loaded.errors) {
      EXPECT_THAT(error.to_string(), ::testing::Not(HasSubstr("hunter2")));
    }
    for (const EffectiveValue& value : loaded.effective) {
      EXPECT_THAT(value.text, ::testing::Not(HasSubstr("hunter2")));
    }
  }
}

TEST(NodeConfigOrigin, Each_value_says_where_it_comes_from) {
  const Loaded<NodeConfig> loaded = parse(with({}), {{"GIRO_API__LIMITS__WAITERS", "9"}});
  std::vector<std::string> lines;
  for (const EffectiveValue& value : loaded.effective) {
    lines.push_back(value.key + " = " + value.text + " (" + value.origin.to_string() + ")");
  }
  EXPECT_THAT(lines, ::testing::IsSupersetOf(
                         {"name = bank-b (node.toml:2:8)", "log.level = debug (node.toml:8:17)",
                          "log.format = logfmt (default)",
                          "keys.validator.passphrase = <set> (node.toml:11:14)",
                          "p2p.addresses.bank-a = 10.1.0.5:7300 (node.toml:16:24)",
                          "api.limits.waiters = 9 (GIRO_API__LIMITS__WAITERS)"}));
}

TEST(NodeConfigText, Written_configuration_reads_back_the_same) {
  Loaded<NodeConfig> first = parse(with({}));
  ASSERT_TRUE(first.ok());
  first.value->storage.stop_below_bytes = 64ULL << 20U;
  first.value->institution_id = 9;
  const std::string text = write_node_config(*first.value);
  const Loaded<NodeConfig> second = parse(text);
  ASSERT_THAT(errors(second), IsEmpty());
  EXPECT_EQ(write_node_config(*second.value), text);
  EXPECT_EQ(second.value->storage.stop_below_bytes, 64ULL << 20U);
  EXPECT_EQ(second.value->p2p.addresses, first.value->p2p.addresses);
  EXPECT_EQ(second.value->validator_key->passphrase, first.value->validator_key->passphrase);
}

TEST(NodeConfigText, Explain_says_value_default_example_and_variable) {
  const auto text = explain_node_key("storage.stop_below");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text,
            "storage.stop_below\n"
            "  Free space at which voting stops cleanly.\n"
            "  value    a size (KiB, MiB, GiB), 16MiB to 1024GiB\n"
            "  default  1GiB\n"
            "  example  stop_below = \"1GiB\"\n"
            "  variable GIRO_STORAGE__STOP_BELOW\n");
  EXPECT_FALSE(explain_node_key("storage.prune").has_value());
}

}  // namespace
}  // namespace giro::config
