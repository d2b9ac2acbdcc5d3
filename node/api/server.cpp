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
                                  const Router& control, const std::string& version,
                                  const std::string& commit) {
  metrics::KnownLabels known;
  const auto info = service.info();
  if (info.validator) known.validators.push_back(info.name);
  for (const auto& peer : info.peers) known.validators.push_back(peer.name);
  for (const auto& route : api.patterns()) known.routes.push_back(route);
  for (const auto& route : ops.patterns()) known.routes.push_back(route);
  for (const auto& route : control.patterns()) known.routes.push_back(route);
  known.routes.emplace_back("unknown");
  known.operations = operation_type_names();
  for (const auto& check : service.ready()) known.checks.push_back(check.name);
  known.version = version;
  known.commit = commit;
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
  Parts(const config::NodeConfig& config, runtime::Service& from, const std::string& version,
        const std::string& commit)
      : service(from),
        api(api_routes(context)),
        ops(ops_routes(context)),
        control(control_routes(context)),
        metrics(known_labels(from, api, ops, control, version, commit)),
        institution(from.info().institution),
        context{from,
                metrics,
                http,
                config,
                version,
                http.post(),
                [this](const std::string& client, std::size_t more) {
                  return submit_rate.take_more(client, Steady::now(), more);
                },
                [this] { return reload_clients(); }},
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
    add_consensus_routes(router, context);
    add_document_routes(router);
    add_ui_routes(router, context);
    return router;
  }
  static Router control_routes(Context& context) {
    Router router;
    add_control_routes(router, context);
    return router;
  }
  static Router ops_routes(Context& context) {
    Router router;
    add_ops_routes(router, context);
    return router;
  }

  void serve_api(const std::shared_ptr<const Request>& received, const Respond& respond);
  void serve(const Router& router, std::shared_ptr<const Caller> caller,
             const std::shared_ptr<const Request>& received, const Respond& respond);
  [[nodiscard]] std::expected<std::shared_ptr<const Caller>, Problem> caller_of(
      const Request& request) const;
  void run(const Route& route, const CallPtr& call);
  // Reads clients.toml; the error is for people, and then nothing has changed.
  [[nodiscard]] std::expected<void, std::string> load_clients();
  // Who is not in it any more is cut off, streams and waiters included.
  [[nodiscard]] std::expected<std::size_t, std::string> reload_clients();
  [[nodiscard]] bool may_pass(RateKind kind, const std::string& client);
  void add_node_headers(const Request& request, Response& out);
  [[nodiscard]] const std::string& present_condition();

  runtime::Service& service;
  Router api, ops, control;
  metrics::Metrics metrics;
  HttpServer http;
  ledger::InstId institution;      // whose node it is
  std::optional<Clients> clients;  // nullopt: auth = "open"
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
  context.stored.wait(*height, kMinHeightWait, [&route, call](bool is_there) {
    if (is_there) return route.endpoint(call);
    fail(*call, problem(Fault::Behind));
  });
}

void Server::Parts::serve(const Router& router, std::shared_ptr<const Caller> caller,
                          const std::shared_ptr<const Request>& received, const Respond& respond) {
  auto request = std::make_shared<Request>(*received);
  if (request->target == "/ui/")
    request->target = "/ui";  // the one address with a slash at its end
  auto call = std::make_shared<Call>();
  call->request = request;
  call->caller = std::move(caller);
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
  if (!may_pass(match.route->rate, call->caller->name())) {
    metrics.api_refused(metrics::ApiRefusal::Rate);
    return fail(*call, problem(Fault::RateLimited));
  }
  const Access access = access_of(match.route->method, match.route->pattern);
  if (is_api && !may_ask(*call->caller, access)) {
    metrics.api_refused(metrics::ApiRefusal::Auth);
    return fail(*call, problem(Fault::Forbidden, "this is for " + std::string(who_may(access))));
  }
  if (is_api && context.is_draining && match.route->rate == RateKind::Submit)
    return fail(*call, problem(Fault::NotReady));
  call->captures = std::move(match.captures);
  run(*match.route, call);
}

std::expected<std::shared_ptr<const Caller>, Problem> Server::Parts::caller_of(
    const Request& request) const {
  // A browser shows the certificate of whoever sits there to any page that asks.
  if (!is_own_origin(request.header("origin"), request.header("host"), clients.has_value()))
    return std::unexpected(problem(Fault::Forbidden, "the API answers its own pages only"));
  if (clients) {
    const auto& shown = request.certificate;
    auto known = shown ? clients->find(shown->key) : nullptr;
    if (known) {
      service.client_shows(known->name(), shown->end);
      return known;
    }
    return std::unexpected(problem(
        Fault::Unauthenticated, "no row of the node's clients.toml has key_sha256 = \"" +
                                    (shown ? crypto::to_hex(shown->key) : std::string()) + "\""));
  }
  if (!is_loopback_host(request.header("host")))
    return std::unexpected(problem(Fault::Forbidden, "an open API answers loopback names only"));
  return std::make_shared<const Caller>(Caller::open(request.client, institution));
}

void Server::Parts::serve_api(const std::shared_ptr<const Request>& received,
                              const Respond& respond) {
  auto caller = caller_of(*received);
  if (caller) return serve(api, std::move(*caller), received, respond);
  metrics.api_refused(metrics::ApiRefusal::Auth);
  respond(response(caller.error(), received->request_id));
}

std::expected<void, std::string> Server::Parts::load_clients() {
  const auto file =
      config::load_clients_file(context.config.api.clients.value_or(std::filesystem::path{}));
  if (!file.ok()) {
    std::string lines = "api.clients:";
    for (const auto& error : file.errors) lines += "\n" + error.to_string();
    return std::unexpected(std::move(lines));
  }
  const auto view = service.read();
  auto read = Clients::of(*file.value, StateReader(*view));
  if (!read) return std::unexpected("api.clients: " + read.error());
  clients = std::move(*read);
  return {};
}

std::expected<std::size_t, std::string> Server::Parts::reload_clients() {
  if (!clients) return std::unexpected("api.auth = \"open\": there are no clients to read again");
  if (auto loaded = load_clients(); !loaded) return std::unexpected(loaded.error());
  http.close_clients([this](const crypto::Hash& key) { return clients->find(key) == nullptr; });
  return clients->size();
}

std::expected<std::unique_ptr<Server>, std::string> Server::start(const config::NodeConfig& config,
                                                                  runtime::Service& service,
                                                                  const std::string& version,
                                                                  const std::string& commit) {
  auto parts = std::make_unique<Parts>(config, service, version, commit);
  Parts* raw = parts.get();
  ListenerOptions clients_of_api{
      .address = config.api.listen,
      .body_bytes_max = config.api.body_bytes,
      .connections_max =
          static_cast<std::size_t>(config.api.waiters + config.api.streams) + kSpareConnections};
  if (config.api.auth == config::ApiAuth::Mtls) {
    auto tls = make_tls_server(config.api.tls.value_or(config::TlsFiles{}));
    if (!tls) return std::unexpected("api.tls: " + tls.error());
    clients_of_api.tls = std::move(*tls);
    if (auto loaded = parts->load_clients(); !loaded) return std::unexpected(loaded.error());
  }
  const auto api_port = raw->http.listen(
      clients_of_api,
      [raw](const std::shared_ptr<const Request>& request, const Respond& respond) {
        raw->serve_api(request, respond);
      },
      refuse_transport);
  if (!api_port) return std::unexpected("api.listen: " + api_port.error());
  const auto ops_port = raw->http.listen(
      {.address = config.ops.listen,
       .body_bytes_max = kOpsBodyBytesMax,
       .connections_max = kOpsConnectionsMax,
       .is_for_clients = false},
      [raw](const std::shared_ptr<const Request>& request, const Respond& respond) {
        raw->serve(raw->ops, std::make_shared<const Caller>(request->client), request, respond);
      },
      refuse_transport);
  if (!ops_port) return std::unexpected("ops.listen: " + ops_port.error());
  if (!config.ops.socket.empty()) {
    const auto control = raw->http.listen_at(
        config.ops.socket,
        {.address = {},
         .body_bytes_max = kOpsBodyBytesMax,
         .connections_max = kOpsConnectionsMax,
         .is_for_clients = false},
        [raw](const std::shared_ptr<const Request>& request, const Respond& respond) {
          raw->serve(raw->control, std::make_shared<const Caller>("ops"), request, respond);
        },
        refuse_transport);
    if (!control) return std::unexpected("ops.socket: " + control.error());
  }
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
  parts_->http.drain(kDrainTimeMax, [this] {
    parts_->context.begin_drain();
    parts_->service.stop_waiting();
  });
  parts_->http.stop();
}
const Router& Server::routes() const {
  return parts_->api;
}
std::uint16_t Server::api_port() const {
  return parts_->api_port;
}
std::uint16_t Server::ops_port() const {
  return parts_->ops_port;
}

}  // namespace giro::api
