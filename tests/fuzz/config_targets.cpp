// F25: configuration and genesis files.
#include "node/config/genesis_file.h"
#include "node/config/json_document.h"
#include "node/config/node_config.h"
#include "node/config/profile.h"
#include "node/config/toml_document.h"
#include "tests/fuzz/target.h"
#include "tests/unit/node/config/demo_setup.h"
#include "tests/unit/node/config/node_file.h"

namespace giro::fuzz::of_config {
namespace {

using namespace config;

template <class Value>
bool has_answer(const Loaded<Value>& loaded) {
  GIRO_CHECK(loaded.ok() == loaded.errors.empty());
  for (const Diagnostic& each : loaded.errors) GIRO_CHECK(!each.to_string().empty());
  return loaded.ok();
}

// Every fault is told; what is taken is written as a file that gives the same.
bool run_node_config(ByteView input) {
  const std::string_view text = crypto::as_text(input);
  const auto read = parse_node_config(text, "node.toml", {}, "/etc/giro");
  if (!has_answer(read)) return false;
  const std::string written = write_node_config(*read.value);
  const auto again = parse_node_config(written, "node.toml", {}, "/etc/giro");
  GIRO_CHECK(has_answer(again), written);
  GIRO_CHECK(write_node_config(*again.value) == written, written);
  return true;
}

std::vector<Bytes> node_config_seeds() {
  return {text_bytes(with({})), text_bytes(with({{1, "config_version = 2"}, {3, "role = 7"}})),
          text_bytes(with({{0, "[pool]\noperations = 5_000"}}))};
}

bool run_profile(ByteView input) {
  const std::string_view text = crypto::as_text(input);
  const auto read = parse_profile(text, "client.toml", {}, "/etc/giro");
  if (!has_answer(read)) return false;
  const std::string written = write_profile(*read.value);
  const auto again = parse_profile(written, "client.toml", {}, "/etc/giro");
  GIRO_CHECK(has_answer(again), written);
  GIRO_CHECK(write_profile(*again.value) == written, written);
  return true;
}

constexpr std::string_view kProfile = R"(profile_version = 1
genesis = "genesis.json"
institution = "bank-a"
api = ["https://127.0.0.1:7401", "https://node.example:7402"]
tls = { ca = "ca.pem", cert = "c.pem", key = "c.key" }
[keys.zulu]
path = "keys/zulu.key"
passphrase = { env = "ZULU" }
roles = ["MAKER", "ONBOARD"]
[keys.alpha]
path = "keys/alpha.key"
institution = "agent-s"
[aliases]
ALICE = "bank-a/3f0c7700000000000000000000a91d01"
)";

std::vector<Bytes> profile_seeds() {
  return {text_bytes(kProfile), text_bytes(kProfile.substr(0, 90))};
}

bool run_toml(ByteView input) {
  const auto document = parse_toml(crypto::as_text(input), "a.toml");
  GIRO_CHECK(document.root || !document.errors.empty());
  const std::string quoted = toml_quoted(crypto::as_text(input));
  return document.errors.empty() && document.root->members.size() > 1 && quoted.size() > 2;
}

std::vector<Bytes> toml_seeds() {
  return {text_bytes("a = 1\n[b]\nc = [1, 2.5, \"x\"]\nd = { e = true, f = 2026-11-21 }\n"),
          text_bytes("a = \"\\u00e9\"\nb = '''\nx'''\na = 2\n"), text_bytes("a = [[[[1]]]]\n")};
}

bool run_json(ByteView input) {
  const auto value = parse_json(crypto::as_text(input));
  GIRO_CHECK(value || !value.error().empty());
  return value && !value->members.empty();
}

std::vector<Bytes> json_seeds() {
  return {text_bytes(R"({"a":[1,-2,true,null,"\u00e9\n"],"b":{"c":18446744073709551615}})"),
          text_bytes(R"({"a":1,"a":2})"), text_bytes("[[[[[[1.5e3]]]]]]")};
}

// Its form; and block 0, or why it is none.
bool run_genesis(ByteView input) {
  const std::string_view text = crypto::as_text(input);
  const auto checked = check_genesis_file(text);
  if (!checked) {
    GIRO_CHECK(!checked.error().empty());
    return false;
  }
  GIRO_CHECK(checked->chain_id == chain_id_of(text));
  const std::string written = write_genesis_file(checked->genesis);
  const auto again = check_genesis_file(written);
  GIRO_CHECK(again.has_value(), again.error());
  GIRO_CHECK(write_genesis_file(again->genesis) == written);
  return true;
}

std::vector<Bytes> genesis_seeds() {
  return {text_bytes(write_genesis_file(demo_genesis(test_setup())))};
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F25", "genesis", run_genesis, genesis_seeds},
                                        {"F25", "json", run_json, json_seeds},
                                        {"F25", "node_config", run_node_config, node_config_seeds},
                                        {"F25", "profile", run_profile, profile_seeds},
                                        {"F25", "toml", run_toml, toml_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_config
