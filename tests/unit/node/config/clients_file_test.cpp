#include "node/config/clients_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace giro::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kKeyA(64, 'a'), kKeyB(64, 'b');

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& error : parse_clients_file(text, "clients.toml").errors)
    out.push_back(error.to_string());
  return out;
}
std::string row_of(const std::string& name, const std::string& key,
                   const std::string& institution = "bank-a",
                   const std::string& roles = "\"reader\"") {
  return "[[client]]\nname = \"" + name + "\"\nkey_sha256 = \"" + key + "\"\ninstitution = \"" +
         institution + "\"\nroles = [" + roles + "]\n";
}
const std::string kHead = "clients_version = 1\n";

TEST(ClientsFile, What_is_written_reads_the_same) {
  const auto loaded =
      parse_clients_file(kHead + row_of("core", kKeyA, "bank-a", R"("submitter", "reader")") +
                             row_of("core", kKeyA, "bank-b", "\"auditor\"") +
                             row_of("ops", kKeyB, "bank-a", R"("observer", "operator")"),
                         "clients.toml");
  ASSERT_TRUE(loaded.ok());
  const auto& clients = loaded.value->clients;
  ASSERT_EQ(clients.size(), 3U);
  EXPECT_EQ(clients[0].name, "core");
  EXPECT_EQ(crypto::to_hex(clients[0].key_sha256), kKeyA);
  EXPECT_THAT(clients[0].roles, ElementsAre(ClientRole::Submitter, ClientRole::Reader));
  EXPECT_EQ(clients[1].institution, "bank-b");
  EXPECT_THAT(clients[2].roles, ElementsAre(ClientRole::Observer, ClientRole::Operator));
  const std::string written = write_clients_file(*loaded.value);
  const auto again = parse_clients_file(written, "again");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(write_clients_file(*again.value), written);
  EXPECT_TRUE(parse_clients_file(kHead, "nobody").ok());
}

TEST(ClientsFile, Says_what_is_wrong_and_where) {
  EXPECT_THAT(errors_of(kHead + row_of("a", kKeyA) + row_of("b", kKeyA)),
              ElementsAre("clients.toml:8:8: error: this key is that of \"a\" above; give one key "
                          "one name"));
  EXPECT_THAT(errors_of(kHead + row_of("a", kKeyA) + row_of("a", kKeyB)),
              ElementsAre("clients.toml:8:8: error: \"a\" is another key above; give each key a "
                          "name of its own"));
  EXPECT_THAT(errors_of(kHead + row_of("a", kKeyA) + row_of("a", kKeyA)),
              ElementsAre("clients.toml:10:15: error: this key has a row for this institution "
                          "above; write all roles in one row"));
  EXPECT_THAT(errors_of(kHead + row_of("a", kKeyA, "bank-a", "")),
              ElementsAre("clients.toml:6:9: error: roles = [] lets it do nothing; leave the row "
                          "out"));
  for (const std::string& bad :
       std::vector<std::string>{row_of("a", "00"), row_of("a", kKeyA, "Bank A"),
                                row_of("a", kKeyA, "bank-a", "\"root\""), row_of("", kKeyA),
                                "[[client]]\nname = \"a\"\n", "[[clients]]\nname = \"a\"\n",
                                row_of("a", kKeyA) + "expires = 5\n"})
    EXPECT_THAT(errors_of(kHead + bad), Not(IsEmpty())) << bad;
  EXPECT_THAT(errors_of(row_of("a", kKeyA)), Not(IsEmpty())) << "without a version";
}

TEST(ClientsFile, A_file_that_is_not_there_is_named) {
  const auto loaded = load_clients_file("/nowhere/clients.toml");
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_NE(loaded.errors[0].to_string().find("/nowhere/clients.toml"), std::string::npos);
}

}  // namespace
}  // namespace giro::config
