// A node of few words: an HTTP server that answers what the test says.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "node/api/http_server.h"
#include "node/config/profile.h"

namespace giro::client {

class StubNode {
 public:
  using Answer = std::function<api::Response(const api::Request&)>;
  explicit StubNode(Answer answer);
  ~StubNode() { server_.stop(); }

  [[nodiscard]] config::ApiUrl url() const { return {false, {"127.0.0.1", port_}}; }
  [[nodiscard]] std::vector<api::Request> requests() const;

 private:
  mutable std::mutex mutex_;
  std::vector<api::Request> requests_;
  Answer answer_;
  api::HttpServer server_;
  std::uint16_t port_ = 0;
};

// Where nobody listens.
config::ApiUrl dead_url();

api::Response json_answer(unsigned status, std::string body);
std::string status_body(const std::string& op_id, const std::string& status,
                        const std::string& code = {});

}  // namespace giro::client
