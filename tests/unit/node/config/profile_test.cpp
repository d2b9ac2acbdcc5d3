#include "node/config/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace giro::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kGood = R"(profile_version = 1
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

std::vector<std::string> errors(const Loaded<Profile>& loaded) {
  std::vector<std::string> out;
  for (const Diagnostic& error : loaded.errors) {
    out.push_back(error.to_string());
  }
  return out;
}

Loaded<Profile> parse(std::string_view text, const Environment& environment = {}) {
  return parse_profile(text, "client.toml", environment, "/home/x");
}

TEST(Profile, Good_file_reads_in_file_order) {
  const Loaded<Profile> loaded = parse(kGood);
  ASSERT_THAT(errors(loaded), IsEmpty());
  const Profile& profile = *loaded.value;
  EXPECT_THAT(profile.api,
              ElementsAre(ApiUrl{true, {"127.0.0.1", 7401}}, ApiUrl{true, {"node.example", 7402}}));
  EXPECT_EQ(profile.genesis, "/home/x/genesis.json");
  EXPECT_EQ(profile.journal, "/home/x/client.journal");
  EXPECT_EQ(profile.tls->ca, "/home/x/ca.pem");
  ASSERT_EQ(profile.keys.size(), 2U);
  EXPECT_EQ(profile.keys[0].name, "zulu");
  EXPECT_EQ(profile.keys[0].institution, "bank-a");
  EXPECT_THAT(profile.keys[0].roles, ElementsAre("MAKER", "ONBOARD"));
  EXPECT_EQ(profile.keys[0].passphrase, (SecretSource{SecretSource::Kind::Variable, "ZULU"}));
  EXPECT_EQ(profile.keys[1].institution, "agent-s");
  EXPECT_FALSE(profile.keys[1].passphrase.has_value());
  EXPECT_EQ(profile.aliases.at("ALICE").institution, "bank-a");
  EXPECT_EQ(crypto::to_hex(profile.aliases.at("ALICE").account),
            "3f0c7700000000000000000000a91d01");
}

TEST(Profile, Written_profile_reads_back_the_same) {
  const Loaded<Profile> first = parse(kGood);
  const std::string text = write_profile(*first.value);
  const Loaded<Profile> second = parse(text);
  ASSERT_THAT(errors(second), IsEmpty());
  EXPECT_EQ(write_profile(*second.value), text);
  EXPECT_EQ(second.value->keys.size(), 2U);
}

TEST(Profile, Errors_come_with_position_and_remedy) {
  const Loaded<Profile> loaded = parse(R"(profile_version = 1
genesis = "genesis.json"
api = ["http://node.example:7401", "node"]
[keys."a b"]
path = "x"
[keys.maker]
roles = ["MAKER", "CHEKER"]
pasphrase = "hunter2"
[aliases]
BOB = "bank-a/12"
)");
  EXPECT_THAT(
      errors(loaded),
      ElementsAre(
          "client.toml:1:1: error: missing key \"institution\"; write institution = \"bank-a\"",
          "client.toml:3:36: error: api: \"node\" is not a URL http(s)://host:port; example "
          "[\"https://node.bank-a.example:7400\"]",
          "client.toml:4:7: error: \"a b\" is not a name; write letters, digits, - and _, at most "
          "64",
          "client.toml:6:1: error: missing key \"path\" in [keys.maker]; write path = "
          "\"keys/maker.key\"",
          "client.toml:7:19: error: keys.maker.roles: \"CHEKER\" is not known; did you mean "
          "\"CHECKER\"?",
          "client.toml:8:1: error: unknown key \"pasphrase\" in [keys.maker]; did you mean "
          "\"passphrase\"?",
          "client.toml:10:7: error: aliases.BOB = \"bank-a/12\" is not institution/account id (32 "
          "hexadecimal digits); example \"bank-a/3f0c7700000000000000000000a91d01\""));
}

TEST(Profile, Plain_http_reaches_this_host_only) {
  std::string text(kGood);
  text.replace(text.find("https://node"), 5, "http");
  EXPECT_THAT(
      errors(parse(text)),
      ElementsAre("client.toml:4:7: error: api: \"http://node.example:7402\" is plain HTTP to "
                  "another host; write https://node.example:7402"));
}

TEST(Profile, Https_needs_tls_files) {
  std::string text(kGood);
  const std::size_t tls = text.find("tls = ");
  text.erase(tls, text.find('\n', tls) - tls);
  EXPECT_EQ(errors(parse(text)).size(), 3U);
}

TEST(Profile, Variables_reach_lists_and_leave_node_keys_alone) {
  const Loaded<Profile> loaded =
      parse(kGood, {{"GIRO_API", "https://a.example:1,https://b.example:2"},
                    {"GIRO_P2P__LISTEN", "0.0.0.0:7300"}});
  ASSERT_THAT(errors(loaded), IsEmpty());
  EXPECT_EQ(loaded.value->api.size(), 2U);
  EXPECT_EQ(loaded.value->api[1].address.host, "b.example");
  EXPECT_THAT(errors(parse(kGood, {{"GIRO_APY", "x"}})),
              ElementsAre("GIRO_APY: error: names no key of client.toml; did you mean GIRO_API?"));
}

TEST(Profile, Path_is_the_flag_then_the_variable_then_the_home_directory) {
  EXPECT_EQ(profile_path("given.toml", {{"GIRO_PROFILE", "other.toml"}}), "given.toml");
  EXPECT_EQ(profile_path("", {{"GIRO_PROFILE", "other.toml"}}), "other.toml");
  EXPECT_TRUE(profile_path("", {}).string().ends_with(".config/giro/client.toml"));
}

}  // namespace
}  // namespace giro::config
