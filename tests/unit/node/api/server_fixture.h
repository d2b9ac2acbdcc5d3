// A server over a FakeService, and requests to it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "node/api/server.h"
#include "node/client/http_client.h"
#include "node/client/operations.h"
#include "tests/unit/node/api/fake_service.h"

namespace giro::api {

namespace json = boost::json;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { start(config()); }

  static config::NodeConfig config();
  void start(const config::NodeConfig& config);

  client::HttpAnswer send(std::string_view method, const std::string& target,
                          std::string_view type = {}, const std::string& body = {});
  client::HttpAnswer get(const std::string& target) { return send("GET", target); }
  client::HttpAnswer get_ops(const std::string& target);
  static json::object document(const client::HttpAnswer& answer);

  // A signed operation of bank-a; the same id with another amount is another body.
  static crypto::Bytes mint(const receipt::Uuid& id, std::uint64_t amount = 100);
  client::HttpAnswer post(const crypto::Bytes& bytes, const std::string& query = {});
  // Whatever bytes, on a connection of their own; gives what comes back until the server closes.
  std::string send_raw(const std::string& bytes, std::uint16_t port = 0);

  FakeService service;
  std::unique_ptr<Server> server;
};

}  // namespace giro::api
