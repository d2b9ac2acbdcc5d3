// Mutual TLS with client roles (surface 5.1): who is let in, and what each role may do and see.
#include <filesystem>
#include <fstream>

#include "node/config/clients_file.h"
#include "p2p/certificate.h"
#include "tests/unit/node/api/server_fixture.h"

namespace giro::api {
namespace {

namespace fs = std::filesystem;
using config::ClientRole;

class MtlsTest : public ServerTest {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("giro-mtls-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    make("server");
    auto with = config();
    with.api.auth = config::ApiAuth::Mtls;
    with.api.tls = config::TlsFiles{folder_ / "server.pem", folder_ / "server.key"};
    with.api.clients = folder_ / "clients.toml";
    with.ops.socket = folder_ / "ops.sock";
    add("core", "bank-a", {ClientRole::Submitter});
    add("books", "bank-a", {ClientRole::Reader});
    add("other", "bank-b", {ClientRole::Reader});
    add("audit", "bank-c", {ClientRole::Auditor});
    add("screen", "bank-c", {ClientRole::Observer});
    add("sre", "bank-a", {ClientRole::Operator});
    write_clients();
    start(with);
  }
  void TearDown() override {
    server.reset();
    fs::remove_all(folder_);
  }

  void make(const std::string& name,
            const p2p::Validity& validity = p2p::usual_validity(
                std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))) {
    const auto pair = p2p::make_certificate(name, validity);
    ASSERT_TRUE(p2p::write_certificate(file(name, "pem"), file(name, "key"), pair));
  }
  void add(const std::string& name, const std::string& institution, std::vector<ClientRole> roles) {
    if (!fs::exists(file(name, "pem"))) make(name);
    std::ifstream in(file(name, "pem"));
    const std::string pem(std::istreambuf_iterator<char>(in), {});
    rows_.clients.push_back(
        {name, *p2p::certificate_key_sha256(pem), institution, std::move(roles)});
  }
  void write_clients() {
    std::ofstream(folder_ / "clients.toml") << config::write_clients_file(rows_);
  }
  [[nodiscard]] fs::path file(const std::string& name, const std::string& kind) const {
    return folder_ / (name + "." + kind);
  }
  client::HttpClient open(const std::string& name) {
    auto tls =
        client::TlsClient::make({{file(name, "pem"), file(name, "key")}, file("server", "pem")});
    EXPECT_TRUE(tls) << tls.error();
    return client::HttpClient({true, {"127.0.0.1", server->api_port()}}, *tls);
  }
  client::HttpAnswer ask(const std::string& name, const std::string& target) {
    auto answer = open(name).send("GET", target, {}, {}, std::chrono::seconds(20));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : client::HttpAnswer{};
  }
  unsigned status(const std::string& name, const std::string& target) {
    return ask(name, target).status;
  }
  client::HttpAnswer control(const std::string& target, std::string_view method = "POST") {
    auto answer = client::HttpClient(folder_ / "ops.sock")
                      .send(method, target, "application/json", "{}", std::chrono::seconds(20));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : client::HttpAnswer{};
  }

  fs::path folder_;
  config::ClientsFile rows_;
};

const std::string kAlice = crypto::to_hex(config::demo_aliases().at("ALICE").account);
const std::vector<std::string> kAll{"core", "books", "other", "audit", "screen", "sre"};

TEST_F(MtlsTest, Who_has_no_row_is_told_which_key_he_showed) {
  make("stranger");
  const auto answer = ask("stranger", "/v1/node");
  EXPECT_EQ(answer.status, 401U);
  EXPECT_NE(answer.body.find("UNAUTHENTICATED"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("key_sha256"), std::string::npos) << answer.body;
}

TEST_F(MtlsTest, Without_a_certificate_or_without_TLS_there_is_no_answer) {
  client::HttpClient plain({false, {"127.0.0.1", server->api_port()}});
  EXPECT_FALSE(plain.send("GET", "/v1/node", {}, {}, std::chrono::seconds(20)));
  client::HttpClient none({true, {"127.0.0.1", server->api_port()}});
  const auto refused = none.send("GET", "/v1/node", {}, {}, std::chrono::seconds(20));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("tls = { ca, cert, key }"), std::string::npos);
}

TEST_F(MtlsTest, A_server_that_is_not_believed_is_not_spoken_to) {
  make("imposter");
  auto tls = client::TlsClient::make(
      {{file("core", "pem"), file("core", "key")}, file("imposter", "pem")});
  ASSERT_TRUE(tls);
  client::HttpClient http({true, {"127.0.0.1", server->api_port()}}, *tls);
  const auto answer = http.send("GET", "/v1/node", {}, {}, std::chrono::seconds(20));
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().may_have_arrived);
  EXPECT_NE(answer.error().message.find("its certificate is not believed"), std::string::npos)
      << answer.error().message;
}

TEST_F(MtlsTest, Each_role_reads_what_it_may) {
  struct Row {
    std::string target;
    std::vector<std::string> allowed;
  };
  const std::vector<Row> rows{
      {"/v1/node", kAll},
      {"/v1/validators", kAll},
      {"/v1/tokens", kAll},
      {"/v1/institutions/bank-a", kAll},
      {"/v1/conservation", kAll},
      {"/v1/params", kAll},
      {"/v1/peers", kAll},
      {"/v1/consensus/explain", kAll},
      {"/v1/accounts/" + kAlice, {"books", "audit"}},
      {"/v1/accounts/" + kAlice + "/holds", {"books", "audit"}},
      {"/v1/accounts?servicer=bank-a", {"books", "audit"}},
      {"/v1/accounts?servicer=bank-b", {"other", "audit"}},
      {"/v1/payments?account=" + kAlice, {"books", "audit"}},
      {"/v1/events?after=0.0", {"core", "books", "other", "audit", "sre"}},
      {"/v1/institutions/bank-a/deny-list", {"books"}},
      {"/v1/operations/bank-a/11111111-1111-4111-8111-111111111111", {"core", "books", "audit"}},
  };
  for (const auto& row : rows) {
    for (const auto& name : kAll) {
      const bool is_allowed = std::ranges::find(row.allowed, name) != row.allowed.end();
      EXPECT_EQ(status(name, row.target), is_allowed ? 200U : 403U) << name << ' ' << row.target;
    }
  }
  // An operator follows any operation, and here there is none.
  EXPECT_EQ(status("sre", "/v1/operations/bank-a/11111111-1111-4111-8111-111111111111/trace"),
            404U);
}

TEST_F(MtlsTest, Addresses_are_for_operators) {
  const auto address_of = [this](const std::string& name) {
    const auto peers = document(ask(name, "/v1/peers"));
    return std::string(peers.at("items").as_array()[0].as_object().at("address").as_string());
  };
  EXPECT_NE(address_of("sre"), "");
  EXPECT_EQ(address_of("audit"), "");
}

TEST_F(MtlsTest, A_submitter_sends_what_its_institution_does) {
  receipt::Uuid id{};
  id.fill(std::byte{7});
  id[6] = std::byte{0x47};
  id[8] = std::byte{0x87};
  const std::string bytes(crypto::as_text(mint(id)));
  const auto send_as = [&](const std::string& name, const std::string& path) {
    const auto answer =
        open(name).send("POST", path, "application/x-protobuf", bytes, std::chrono::seconds(20));
    return answer ? answer->status : 0U;
  };
  EXPECT_EQ(send_as("core", "/v1/operations"), 200U);
  for (const std::string name : {"books", "other", "audit", "screen", "sre"})
    EXPECT_EQ(send_as(name, "/v1/operations"), 403U) << name;
  EXPECT_EQ(service.submissions(), 1U);
  add("foreign", "bank-b", {ClientRole::Submitter});
  write_clients();
  EXPECT_EQ(control("/ops/v1/reload").status, 200U);
  EXPECT_EQ(send_as("foreign", "/v1/operations"), 403U);
  EXPECT_EQ(send_as("foreign", "/v1/operations/simulate"), 403U);
  EXPECT_EQ(service.submissions(), 1U);
}

TEST_F(MtlsTest, A_row_that_is_gone_cuts_its_client_off_at_once) {
  auto http = open("books");
  const auto get = [&http] {
    return http.send("GET", "/v1/node", {}, {}, std::chrono::seconds(20));
  };
  ASSERT_EQ(get()->status, 200U);
  std::erase_if(rows_.clients, [](const auto& row) { return row.name == "books"; });
  write_clients();
  EXPECT_EQ(get()->status, 200U) << "nobody has said so yet";
  const auto reloaded = control("/ops/v1/reload");
  EXPECT_EQ(reloaded.status, 200U) << reloaded.body;
  EXPECT_EQ(get()->status, 401U);
  EXPECT_EQ(status("audit", "/v1/node"), 200U);
}

TEST_F(MtlsTest, A_file_with_errors_changes_nothing) {
  std::ofstream(folder_ / "clients.toml") << "clients_version = 1\n[[client]]\nname = \"x\"\n";
  const auto refused = control("/ops/v1/reload");
  EXPECT_EQ(refused.status, 400U);
  EXPECT_NE(refused.body.find("key_sha256"), std::string::npos) << refused.body;
  add("ghost", "bank-z", {ClientRole::Reader});
  write_clients();
  EXPECT_NE(control("/ops/v1/reload").body.find("bank-z"), std::string::npos);
  EXPECT_EQ(status("books", "/v1/node"), 200U);
}

TEST_F(MtlsTest, A_certificate_past_its_end_is_still_its_key) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  make("old", {now - std::chrono::days(30), now - std::chrono::days(1)});
  add("old", "bank-a", {ClientRole::Reader});
  write_clients();
  EXPECT_EQ(control("/ops/v1/reload").status, 200U);
  EXPECT_EQ(status("old", "/v1/accounts/" + kAlice), 200U);
  server->stop();
  EXPECT_EQ(service.certificate_ends.at("old"), now - std::chrono::days(1)) << "it is told of";
}

TEST_F(MtlsTest, Rows_of_one_key_add_up) {
  add("other", "bank-a", {ClientRole::Reader});
  write_clients();
  EXPECT_EQ(control("/ops/v1/reload").status, 200U);
  EXPECT_EQ(status("other", "/v1/accounts?servicer=bank-a"), 200U);
  EXPECT_EQ(status("other", "/v1/accounts?servicer=bank-b"), 200U);
  EXPECT_EQ(status("other", "/v1/accounts?servicer=bank-c"), 403U);
}

// The socket is its owner's alone, and gives nothing of the API.
TEST_F(MtlsTest, The_ops_socket) {
  const auto mode = fs::status(folder_ / "ops.sock").permissions();
  EXPECT_EQ(mode & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(control("/v1/node").status, 404U);
  EXPECT_EQ(control("/ops/v1/log?level=debug", "PUT").status, 200U);
  EXPECT_EQ(service.log_level, config::LogLevel::Debug);
  EXPECT_EQ(control("/ops/v1/log?level=loud", "PUT").status, 400U);
  EXPECT_EQ(control("/ops/v1/log", "PUT").status, 400U);
  EXPECT_EQ(get_ops("/ops/v1/reload").status, 404U);
  server.reset();
  EXPECT_FALSE(fs::exists(folder_ / "ops.sock"));
}

TEST_F(MtlsTest, What_cannot_be_served_is_named_at_start) {
  server.reset();
  auto with = config();
  with.api.auth = config::ApiAuth::Mtls;
  with.api.tls = config::TlsFiles{folder_ / "clients.toml", folder_ / "server.key"};
  with.api.clients = folder_ / "clients.toml";
  const auto bad_certificate = Server::start(with, service, "0");
  ASSERT_FALSE(bad_certificate);
  EXPECT_NE(bad_certificate.error().find("is no certificate in PEM"), std::string::npos);
  with.api.tls = config::TlsFiles{folder_ / "server.pem", folder_ / "core.key"};
  const auto other_key = Server::start(with, service, "0");
  ASSERT_FALSE(other_key);
  EXPECT_NE(other_key.error().find("is not the private key"), std::string::npos);
  with.api.tls = config::TlsFiles{folder_ / "server.pem", folder_ / "server.key"};
  with.api.clients = folder_ / "nobody.toml";
  EXPECT_FALSE(Server::start(with, service, "0"));
}

}  // namespace
}  // namespace giro::api
