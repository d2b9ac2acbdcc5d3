#include "tests/unit/node/client/stub_node.h"

#include "crypto/check.h"

namespace giro::client {

StubNode::StubNode(Answer answer) : answer_(std::move(answer)) {
  const auto port = server_.listen(
      {{"127.0.0.1", 0}, 1024 * 1024, 100},
      [this](const std::shared_ptr<const api::Request>& request, const api::Respond& respond) {
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(*request);
        }
        respond(answer_(*request));
      },
      [](api::TransportError, const std::string&) { return json_answer(400, "{}"); });
  GIRO_CHECK(port.has_value(), port.error());
  port_ = *port;
  server_.start();
}

std::vector<api::Request> StubNode::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

config::ApiUrl dead_url() {
  api::HttpServer unused;  // its port is free again when this returns
  const auto port = unused.listen({{"127.0.0.1", 0}, 1, 1}, {}, {});
  GIRO_CHECK(port.has_value(), port.error());
  return {false, {"127.0.0.1", *port}};
}

api::Response json_answer(unsigned status, std::string body) {
  return {
      .status = status, .content_type = "application/json", .body = std::move(body), .headers = {}};
}

std::string status_body(const std::string& op_id, const std::string& status,
                        const std::string& code) {
  std::string outcome = "null";
  if (!code.empty())
    outcome = R"({"code":")" + code + R"(","number":0,"iso_reason":null,"height":"9","index":1})";
  return R"({"actor":"bank-a","op_id":")" + op_id + R"(","status":")" + status + R"(","outcome":)" +
         outcome + R"(,"receipt_id":null})";
}

}  // namespace giro::client
