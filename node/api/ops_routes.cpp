// The ops port: probes and metrics, GET only; and the ops socket: what changes the node (surface
// 5.1).
#include "node/api/context.h"

namespace giro::api {
namespace {

// 200 when every check passes, else 503; with ?verbose a line for each check.
void probe(const CallPtr& call, const std::vector<runtime::Probe>& checks) {
  const bool is_verbose = call->request->parameter("verbose").has_value();
  bool is_ok = true;
  Response out;
  out.content_type = "text/plain; charset=utf-8";
  for (const auto& check : checks) {
    is_ok = is_ok && check.ok;
    if (!is_verbose) continue;
    out.body += (check.ok ? "[+] " : "[-] ") + check.name;
    out.body += check.ok ? " ok" : " failed";
    if (!check.detail.empty()) out.body += ": " + check.detail;
    out.body += '\n';
  }
  out.body += is_ok ? "ok\n" : "not ok\n";
  out.status = is_ok ? 200 : 503;
  call->respond(std::move(out));
}

void show_metrics(Context& context, const CallPtr& call) {
  Response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  context.metrics.api_stream_lag(context.stream_lag());
  out.body = context.metrics.render(context.service);
  call->respond(std::move(out));
}

}  // namespace

// The API's clients, and what the node sees, for whoever may open the ops socket.
void add_control_routes(Router& router, Context& context) {
  router.add({"POST", "/ops/v1/reload", {}, RateKind::None, [&context](const CallPtr& call) {
                const auto loaded = context.reload_clients();
                if (!loaded) return fail(*call, problem(Fault::BadRequest, loaded.error()));
                answer(*call, "{\"clients\":" + std::to_string(*loaded) + "}");
              }});
  router.add({"PUT", "/ops/v1/log", {"level"}, RateKind::None, [&context](const CallPtr& call) {
                const auto level =
                    config::log_level(call->request->parameter("level").value_or(""));
                if (!level)
                  return fail(*call, problem(Fault::BadRequest,
                                             "level is trace, debug, info, warn or error"));
                context.service.set_log_level(*level);
                answer(*call, "{\"level\":\"" + std::string(config::name(*level)) + "\"}");
              }});
}

void add_ops_routes(Router& router, Context& context) {
  const auto add = [&router](const char* pattern, std::vector<std::string> parameters,
                             Endpoint endpoint) {
    router.add({"GET", pattern, std::move(parameters), RateKind::None, std::move(endpoint)});
  };
  // The answer itself proves this loop; the node's own loops are its checks.
  add("/livez", {"verbose"},
      [&context](const CallPtr& call) { probe(call, context.service.live()); });
  add("/readyz", {"verbose", "max_commit_age"}, [&context](const CallPtr& call) {
    constexpr std::chrono::hours kAgeMax{24};
    const auto age = duration_parameter(*call, "max_commit_age", kAgeMax, kAgeMax);
    if (!age) return;
    auto checks = context.service.ready();
    if (context.is_draining)
      checks.push_back({"not_stopping", false, "it answers what it was asked, and ends"});
    if (call->request->parameter("max_commit_age")) {
      const auto since = context.service.info().milliseconds_since_commit;
      checks.push_back({"commit_age", since <= static_cast<std::uint64_t>(age->count()),
                        "last commit " + std::to_string(since) + " ms ago"});
    }
    probe(call, checks);
  });
  // Listeners open once storage is open and repaired, so whoever gets an answer gets this one.
  add("/startupz", {"verbose"},
      [](const CallPtr& call) { probe(call, {runtime::Probe{"storage", true, {}}}); });
  add("/metrics", {}, [&context](const CallPtr& call) { show_metrics(context, call); });
}

}  // namespace giro::api
