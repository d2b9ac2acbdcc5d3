#include "tests/unit/node/api/server_fixture.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "crypto/digest.h"

namespace giro::api {

config::NodeConfig ServerTest::config() {
  config::NodeConfig out;
  out.name = "bank-a";
  out.chain_id = demo_network().checked.chain_id;
  out.api.listen = {"127.0.0.1", 0};
  out.api.auth = config::ApiAuth::Open;
  out.api.body_bytes = 64 * 1024;
  out.api.waiters = 10;
  out.api.streams = 10;
  out.api.submit_rate = out.api.read_rate = 100'000;
  out.api.submit_burst = out.api.read_burst = 100'000;
  out.ops.listen = {"127.0.0.1", 0};
  return out;
}

void ServerTest::start(const config::NodeConfig& with) {
  auto started = Server::start(with, service, "0.1.0");
  ASSERT_TRUE(started.has_value()) << started.error();
  server = std::move(*started);
}

client::HttpAnswer ServerTest::send(std::string_view method, const std::string& target,
                                    std::string_view type, const std::string& body) {
  client::HttpClient http({false, {"127.0.0.1", server->api_port()}});
  auto answer = http.send(method, target, type, body, std::chrono::seconds(20));
  EXPECT_TRUE(answer.has_value()) << answer.error().message;
  return answer ? *answer : client::HttpAnswer{};
}

client::HttpAnswer ServerTest::get_ops(const std::string& target) {
  client::HttpClient http({false, {"127.0.0.1", server->ops_port()}});
  auto answer = http.send("GET", target, {}, {}, std::chrono::seconds(20));
  EXPECT_TRUE(answer.has_value()) << answer.error().message;
  return answer ? *answer : client::HttpAnswer{};
}

json::object ServerTest::document(const client::HttpAnswer& answer) {
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  EXPECT_FALSE(error) << answer.body;
  return value.is_object() ? value.get_object() : json::object{};
}

crypto::Bytes ServerTest::mint(const receipt::Uuid& id, std::uint64_t amount) {
  ledger::Operation operation;
  operation.actor = 1;
  operation.op_id = ledger::OpId{id};
  operation.valid_until = {1'700'000'300'000};
  operation.action = ledger::Mint{.token = 2,
                                  .account = config::demo_aliases().at("ALICE").account,
                                  .amount = {0, amount},
                                  .kind = {},
                                  .core_ref_commit = crypto::sha256(id)};
  const auto body = ledger::encode_body(operation);
  const auto& key = demo_network().operators.begin()->second;
  const auto digest =
      ledger::operation_sign_bytes(demo_network().checked.chain_id, ledger::operation_hash(body));
  return ledger::encode_signed_operation(body, {{key.public_key(), key.sign(digest)}});
}

client::HttpAnswer ServerTest::post(const crypto::Bytes& bytes, const std::string& query) {
  return send("POST", "/v1/operations" + query, "application/x-protobuf",
              std::string(crypto::as_text(bytes)));
}

std::string ServerTest::send_raw(const std::string& bytes, std::uint16_t port) {
  namespace asio = boost::asio;
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port == 0 ? server->api_port() : port});
  boost::system::error_code error;
  asio::write(socket, asio::buffer(bytes), error);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

}  // namespace giro::api
