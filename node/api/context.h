// What every endpoint of one server shares. Used on the loop's thread only, unless a member says
// otherwise.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

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
  // Who wait for a condition, and of them who follow the events, for as long as they like: they
  // must not keep the others from waiting.
  struct Waiters {
    std::size_t count = 0, max = 0;
    [[nodiscard]] bool is_full() const { return count >= max; }
  };
  Waiters conditions{0, kMinHeightWaitersMax}, followers{0, kEventWaitersMax};
  std::string genesis_file = {};  // its bytes; empty: cannot be had

  // Runs `then` on the loop once `is_so` says true, with true, or after `limit`, with false; at
  // once if too many wait. Asks again and again, on the loop.
  void when(std::function<bool()> is_so, std::chrono::milliseconds limit,
            std::function<void(bool)> then) {
    when(conditions, std::move(is_so), limit, std::move(then));
  }
  void when(Waiters& waiters, std::function<bool()> is_so, std::chrono::milliseconds limit,
            std::function<void(bool)> then);
  // The same for: the stored height has been reached.
  void when_height(consensus::Height height, std::chrono::milliseconds limit,
                   std::function<void(bool)> then);
};

void fail(const Call& call, const Problem& problem);
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
void add_ops_routes(Router& router, Context& context);
void add_ui_routes(Router& router, Context& context);

// Empty: cannot be read, larger than kGenesisBytesMax, or of another chain.
[[nodiscard]] std::string read_genesis_file(const std::filesystem::path& path,
                                            const crypto::Hash& chain);

}  // namespace giro::api
