// What every endpoint of one server shares. Used on the loop's thread only, unless a member says
// otherwise.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "node/api/height_watch.h"
#include "node/api/http_server.h"
#include "node/api/limits.h"
#include "node/api/problem.h"
#include "node/api/router.h"
#include "node/api/state_reader.h"
#include "node/config/node_config.h"
#include "node/metrics/metrics.h"
#include "node/runtime/service.h"

namespace giro::api {

struct Context {
  runtime::Service& service;
  metrics::Metrics& metrics;  // any thread
  HttpServer& http;
  config::NodeConfig config;
  std::string version;
  HttpServer::Post post;  // any thread: what callbacks of the service answer through
  // Of a request with several operations: so many more of the client's share of submissions.
  std::function<bool(const std::string& client, std::size_t more)> may_submit_more;
  // Reads clients.toml again; the error is for people, and then nothing has changed.
  std::function<std::expected<std::size_t, std::string>()> reload_clients;
  // Who waits for a height to be stored here, or to be attested too. Who follows the events does so
  // for as long as he likes, and must not keep the others from waiting.
  HeightWatch stored{http, [this] { return stored_height(); }, kMinHeightWaitersMax};
  HeightWatch attested{http, [this] { return attested_height(); }, kProofWaitersMax};
  HeightWatch followers{http, [this] { return attested_height(); }, kEventWaitersMax};
  HeightWatch streams{http, [this] { return attested_height(); }, config.api.streams};
  // Open streams, and the block each is at; shared with them, since the last of them may go after
  // this.
  using StreamHeights = std::map<const void*, std::uint64_t>;
  std::shared_ptr<StreamHeights> stream_heights = std::make_shared<StreamHeights>();
  std::string genesis_file = {};  // its bytes; empty: cannot be had
  bool is_draining = false;       // the node stops: nothing new is taken, and nobody waits

  // Answers who waits for a height, and ends the streams.
  void begin_drain();

  [[nodiscard]] std::uint64_t stored_height() const { return service.read()->height().value; }
  [[nodiscard]] std::uint64_t attested_height() const;
  // Of the slowest stream: so many attested blocks it has not been told of; 0 without one.
  [[nodiscard]] std::uint64_t stream_lag() const;
};

void fail(const Call& call, const Problem& problem);
[[nodiscard]] Problem not_its_actor();
// 200 with the height that the answer describes.
void answer(const Call& call, std::string body,
            std::optional<consensus::Height> height = std::nullopt);

inline constexpr const char* kHeightHeader = "X-Giro-Height";

// A duration parameter such as timeout=5s, at most `limit`; `fallback` if absent. nullopt: answered
// with 400.
[[nodiscard]] std::optional<std::chrono::milliseconds> duration_parameter(
    const Call& call, std::string_view name, std::chrono::milliseconds fallback,
    std::chrono::milliseconds limit);

void add_operation_routes(Router& router, Context& context);
void add_preview_routes(Router& router, Context& context);
void add_ledger_routes(Router& router, Context& context);
void add_payment_routes(Router& router, Context& context);  // and holds
void add_event_routes(Router& router, Context& context);
void add_governance_routes(Router& router, Context& context);
void add_node_routes(Router& router, Context& context);
void add_consensus_routes(Router& router, Context& context);
void add_document_routes(Router& router);
void add_ops_routes(Router& router, Context& context);
void add_control_routes(Router& router, Context& context);  // the ops socket's
void add_ui_routes(Router& router, Context& context);

// Empty: cannot be read, larger than kGenesisBytesMax, or of another chain.
[[nodiscard]] std::string read_genesis_file(const std::filesystem::path& path,
                                            const crypto::Hash& chain);

}  // namespace giro::api
