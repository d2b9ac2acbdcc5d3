// The HTTP API and the ops port of a node (surface 5): starts beside a Service, stops before it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "node/api/router.h"
#include "node/config/node_config.h"
#include "node/runtime/service.h"

namespace giro::api {

class Server {
 public:
  // Listens on api.listen and ops.listen and serves from a thread of its own. The service must
  // outlive the server. The error is one line for people: an address in use, or a configuration
  // that this version does not serve.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, std::string> start(
      const config::NodeConfig& config, runtime::Service& service, const std::string& version,
      const std::string& commit = "unknown");  // of the source that this was built from
  ~Server();                                   // as stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes no more clients, tells those that wait what is known, ends the streams, and closes; what
  // has not been answered within kDrainTimeMax loses its connection. Until then the ops port
  // answers, and /readyz says no.
  void stop();

  [[nodiscard]] const Router& routes() const;  // of the API, as openapi.json describes them
  [[nodiscard]] std::uint16_t api_port() const;
  [[nodiscard]] std::uint16_t ops_port() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace giro::api
