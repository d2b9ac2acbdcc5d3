#include "node/api/server.h"

#include <algorithm>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/origin.h"
#include "node/api/rate_limit.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

using Steady = std::chrono::steady_clock;

std::string_view condition(const runtime::NodeInfo& info) {
  if (info.diverged) return "diverged";
  constexpr std::uint64_t kBehindMax = 10;  // blocks, as /readyz has it
  if (info.stable.value > info.executed.value + kBehindMax) return "syncing";
  return info.suspecting ? "stalled" : "ok";
}

metrics::KnownLabels known_labels(runtime::Service& service, const Router& api, const Router& ops,
                                  const std::string& version) {
  metrics::KnownLabels known;
  const auto info = service.info();
  if (info.validator) known.validators.push_back(info.name);
  for (const auto& peer : info.peers) known.validators.push_back(peer.name);
  for (const auto& route : api.patterns()) known.routes.push_back(route);
  for (const auto& route : ops.patterns()) known.routes.push_back(route);
  known.routes.emplace_back("unknown");
  known.operations = operation_type_names();
  for (const auto& check : service.ready()) known.checks.push_back(check.name);
  known.version = version;
  return known;
}

Response refuse_transport(TransportError error, const std::string& request_id) {
  switch (error) {
    case TransportError::BodyTooLarge:
      return response(problem(Fault::TooLarge, "the body is longer than api.limits.body"),
                      request_id);
    case TransportError::HeaderTooLarge:
      return response(problem(Fault::TooLarge, "the header is longer than " +
                                                   std::to_string(kHeaderBytesMax) + " bytes"),
                      request_id);
    case TransportError::Malformed:
      break;
  }
  return response(problem(Fault::BadRequest, "this is not HTTP/1.1"), request_id);
}

}  // namespace

struct Server::Parts {
  Parts(const config::NodeConfig& config, runtime::Service& from, const std::string& version)
      : service(from),
        api(api_routes(context)),
        ops(ops_routes(context)),
        metrics(known_labels(from, api, ops, version)),
        context{from,
                metrics,
                http,
                config,
                version,
                http.post(),
                [this](const std::string& client, std::size_t more) {
                  return submit_rate.take_more(client, Steady::now(), more);
                }},
        submit_rate(config.api.submit_rate, config.api.submit_burst),
        read_rate(config.api.read_rate, config.api.read_burst) {
    context.genesis_file = read_genesis_file(config.genesis, config.chain_id);
  }

  // They keep the reference and use it with the first request only.
  static Router api_routes(Context& context) {
    Router router;
    add_operation_routes(router, context);
    add_preview_routes(router, context);
    add_ledger_routes(router, context);
    add_payment_routes(router, context);
    add_event_routes(router, context);
    add_governance_routes(router, context);
    add_node_routes(router, context);
    add_ui_routes(router, context);
    return router;
  }
  static Router ops_routes(Context& context) {
    Router router;
    add_ops_routes(router, context);
    return router;
  }

  void serve_api(const std::shared_ptr<const Request>& received, const Respond& respond);
  void serve(const Router& router, const std::shared_ptr<const Request>& received,
             const Respond& respond);
  void run(const Route& route, const CallPtr& call);
  [[nodiscard]] bool may_pass(RateKind kind, const std::string& client);
  void add_node_headers(const Request& request, Response& out);
  [[nodiscard]] const std::string& present_condition();

  runtime::Service& service;
  Router api, ops;
  metrics::Metrics metrics;
  HttpServer http;
  Context context;
  RateLimit submit_rate, read_rate;
  std::string last_condition;
  Steady::time_point condition_at{};
  std::uint16_t api_port = 0, ops_port = 0;
};

const std::string& Server::Parts::present_condition() {
  constexpr std::chrono::milliseconds kFresh{100};
  const auto now = Steady::now();
  if (last_condition.empty() || now - condition_at > kFresh) {
    last_condition = condition(service.info());
    condition_at = now;
  }
  return last_condition;
}

// On every answer of the API (surface 5.2).
void Server::Parts::add_node_headers(const Request& request, Response& out) {
  const bool has_height = std::ranges::any_of(
      out.headers, [](const auto& header) { return header.first == kHeightHeader; });
  if (!has_height)
    out.headers.emplace_back(kHeightHeader, std::to_string(service.read()->height().value));
  out.headers.emplace_back("X-Giro-Condition", present_condition());
  const auto trace = request.header("traceparent");
  constexpr std::size_t kTraceParentBytes = 55;  // W3C Trace Context, version 00
  if (trace.size() == kTraceParentBytes) out.headers.emplace_back("traceparent", trace);
}

bool Server::Parts::may_pass(RateKind kind, const std::string& client) {
  if (kind == RateKind::None) return true;
  return (kind == RateKind::Submit ? submit_rate : read_rate).take(client, Steady::now());
}

void Server::Parts::run(const Route& route, const CallPtr& call) {
  const auto min_height = call->request->parameter("min_height");
  if (!min_height) return route.endpoint(call);
  const auto height = parse_number(*min_height);
  if (!height) return fail(*call, problem(Fault::BadRequest, "min_height is a decimal number"));
  call->begin_wait();
  context.when_height({*height}, kMinHeightWait, [&route, call](bool is_there) {
    if (is_there) return route.endpoint(call);
    fail(*call, problem(Fault::Behind));
  });
}

void Server::Parts::serve(const Router& router, const std::shared_ptr<const Request>& received,
                          const Respond& respond) {
  auto request = std::make_shared<Request>(*received);
  if (request->target == "/ui/")
    request->target = "/ui";  // the one address with a slash at its end
  auto call = std::make_shared<Call>();
  call->request = request;
  const auto begin = Steady::now();
  const auto waits_from = std::make_shared<std::optional<Steady::time_point>>();
  auto label = std::make_shared<std::string>("unknown");
  // Endpoints answer on the loop's thread, or hop there first, so the time may be kept without a
  // lock.
  call->begin_wait = [waits_from] {
    if (!*waits_from) *waits_from = Steady::now();
  };
  const bool is_api = &router == &api;
  call->respond = [this, request, respond, begin, waits_from, label, is_api](Response out) {
    const std::chrono::duration<double> busy = waits_from->value_or(Steady::now()) - begin;
    metrics.api_answered(*label, out.status, busy.count());
    if (is_api) add_node_headers(*request, out);
    respond(std::move(out));
  };
  if (const auto split = split_target(*request); !split) {
    return fail(*call, problem(Fault::BadRequest, split.error()));
  }
  auto found = router.find(*request);
  if (const auto* mismatch = std::get_if<Router::Mismatch>(&found)) {
    if (!mismatch->unknown_parameter.empty()) {
      *label = mismatch->route->pattern;
      return fail(*call,
                  problem(Fault::BadRequest, "unknown parameter " + mismatch->unknown_parameter));
    }
    if (mismatch->allowed_methods.empty()) {
      return fail(*call, problem(Fault::NotFound, "no such path"));
    }
    auto refusal = response(problem(Fault::MethodNotAllowed), request->request_id);
    refusal.headers.emplace_back("Allow", mismatch->allowed_methods);
    return call->respond(std::move(refusal));
  }
  auto& match = std::get<Router::Match>(found);
  *label = match.route->pattern;
  if (!may_pass(match.route->rate, request->client)) {
    metrics.api_refused(metrics::ApiRefusal::Rate);
    return fail(*call, problem(Fault::RateLimited));
  }
  call->captures = std::move(match.captures);
  run(*match.route, call);
}

void Server::Parts::serve_api(const std::shared_ptr<const Request>& received,
                              const Respond& respond) {
  const auto host = received->header("host");
  if (!is_loopback_host(host) || !is_own_origin(received->header("origin"), host)) {
    metrics.api_refused(metrics::ApiRefusal::Auth);
    return respond(response(
        problem(Fault::Forbidden, "an open API answers loopback names and its own pages only"),
        received->request_id));
  }
  serve(api, received, respond);
}

std::expected<std::unique_ptr<Server>, std::string> Server::start(const config::NodeConfig& config,
                                                                  runtime::Service& service,
                                                                  const std::string& version) {
  if (config.api.auth != config::ApiAuth::Open) {
    return std::unexpected("api.auth = \"mtls\": this version serves auth = \"open\" only");
  }
  auto parts = std::make_unique<Parts>(config, service, version);
  Parts* raw = parts.get();
  const auto api_port = raw->http.listen(
      {config.api.listen, config.api.body_bytes,
       static_cast<std::size_t>(config.api.waiters + config.api.streams) + kSpareConnections},
      [raw](const std::shared_ptr<const Request>& request, const Respond& respond) {
        raw->serve_api(request, respond);
      },
      refuse_transport);
  if (!api_port) return std::unexpected("api.listen: " + api_port.error());
  const auto ops_port = raw->http.listen(
      {config.ops.listen, kOpsBodyBytesMax, kOpsConnectionsMax},
      [raw](const std::shared_ptr<const Request>& request, const Respond& respond) {
        raw->serve(raw->ops, request, respond);
      },
      refuse_transport);
  if (!ops_port) return std::unexpected("ops.listen: " + ops_port.error());
  parts->api_port = *api_port;
  parts->ops_port = *ops_port;
  parts->http.start();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() {
  stop();
}

void Server::stop() {
  parts_->http.stop();
}
std::uint16_t Server::api_port() const {
  return parts_->api_port;
}
std::uint16_t Server::ops_port() const {
  return parts_->ops_port;
}

}  // namespace giro::api
