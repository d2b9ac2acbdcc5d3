// The explorer's files as the API serves them.
#include <filesystem>
#include <fstream>

#include "node/explorer/explorer.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

TEST_F(ServerTest, Ui_files_come_with_their_type_policy_and_etag) {
  ASSERT_FALSE(explorer::files().empty());
  for (const auto& file : explorer::files()) {
    const auto answer = get("/ui/" + std::string(file.name));
    EXPECT_EQ(answer.status, 200U) << file.name;
    EXPECT_EQ(answer.headers.at("content-type"), file.content_type) << file.name;
    EXPECT_EQ(answer.headers.at("etag"), file.etag) << file.name;
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << file.name;
    EXPECT_TRUE(answer.headers.at("content-security-policy").starts_with("default-src '"))
        << file.name;
    EXPECT_EQ(answer.body, file.bytes) << file.name;
  }
}

TEST_F(ServerTest, Ui_scripts_are_of_the_origin_or_admitted_by_their_hash) {
  EXPECT_TRUE(get("/ui/").headers.at("content-security-policy").starts_with("default-src 'self';"));
  const std::string policy = get("/ui/verify.html").headers.at("content-security-policy");
  EXPECT_NE(policy.find("script-src 'sha256-"), std::string::npos) << policy;
  for (const auto& file : explorer::files()) {
    EXPECT_EQ(file.policy.find("unsafe"), std::string_view::npos) << file.name;
  }
}

TEST_F(ServerTest, Ui_places_survive_a_reload_and_nothing_else_has_an_address) {
  const std::string page = get("/ui/").body;
  ASSERT_FALSE(page.empty());
  for (const auto* target :
       {"/ui", "/ui/validators", "/ui/ledger", "/ui/parameters", "/ui/search?q=2",
        "/ui/payments/bank-a/9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713", "/ui/operations/bank-a/x",
        "/ui/accounts/bank-a/0", "/ui/blocks/7"}) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, 200U) << target;
    EXPECT_EQ(answer.body, page) << target;
  }
  for (const auto* target :
       {"/ui/nothing", "/ui/payments", "/ui/payments/bank-a", "/ui/blocks", "/ui/blocks/1/2",
        "/ui/index.html/x", "/ui/validators/x", "/ui/..%2f..%2fetc", "/ui/a/b/c/d"}) {
    EXPECT_GE(get(target).status, 400U) << target;
    EXPECT_LT(get(target).status, 500U) << target;
  }
  EXPECT_EQ(get("/ui/nothing").status, 404U);
  EXPECT_EQ(get("/ui/?colour=red").status, 400U);
  EXPECT_EQ(send("POST", "/ui/app.js").status, 405U);
}

TEST_F(ServerTest, Ui_is_where_the_root_leads) {
  const auto answer = get("/");
  EXPECT_EQ(answer.status, 302U);
  EXPECT_EQ(answer.headers.at("location"), "/ui/");
}

TEST_F(ServerTest, Ui_files_that_are_known_are_not_sent_again) {
  const std::string etag = get("/ui/style.css").headers.at("etag");
  const auto ask = [this](const std::string& known) {
    return send_raw("GET /ui/style.css HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: " + known +
                    "\r\nConnection: close\r\n\r\n");
  };
  const std::string same = ask(etag);
  EXPECT_TRUE(same.starts_with("HTTP/1.1 304")) << same.substr(0, 40);
  EXPECT_TRUE(same.ends_with("\r\n\r\n"));
  EXPECT_TRUE(ask("\"other\"").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, Ui_has_the_genesis_file_byte_for_byte_if_it_is_this_chain_s) {
  EXPECT_EQ(get("/ui/genesis.json").status, 404U);  // the fixture names no file
  const auto file = std::filesystem::path(testing::TempDir()) / "ui_genesis.json";
  std::ofstream(file, std::ios::binary) << "{\"format\": \"another chain's\"}\n";
  auto with = config();
  with.genesis = file;
  server.reset();
  start(with);
  EXPECT_EQ(get("/ui/genesis.json").status, 404U);
  const std::string text = config::write_genesis_file(demo_network().checked.genesis);
  ASSERT_EQ(config::chain_id_of(text), with.chain_id);
  std::ofstream(file, std::ios::binary) << text;
  server.reset();
  start(with);
  const auto answer = get("/ui/genesis.json");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, text);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace giro::api
