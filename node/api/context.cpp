#include "node/api/context.h"

#include <algorithm>

#include "node/api/limits.h"
#include "node/config/values.h"

namespace giro::api {

std::uint64_t Context::attested_height() const {
  return std::min(service.info().stable.value, stored_height());
}

void Context::begin_drain() {
  is_draining = true;
  for (HeightWatch* watch : {&stored, &attested, &followers, &streams}) watch->close();
}

std::uint64_t Context::stream_lag() const {
  const std::uint64_t next = attested_height() + 1;
  std::uint64_t lag = 0;
  for (const auto& [stream, height] : *stream_heights)
    lag = std::max(lag, next - std::min(height, next));
  return lag;
}

void fail(const Call& call, const Problem& problem) {
  call.respond(response(problem, call.request->request_id));
}

Problem not_its_actor() {
  return problem(Fault::Forbidden,
                 "a client sends operations of its own institution, as submitter");
}

void answer(const Call& call, std::string body, std::optional<consensus::Height> height) {
  Response out;
  out.body = std::move(body);
  if (height) out.headers.emplace_back(kHeightHeader, std::to_string(height->value));
  call.respond(std::move(out));
}

std::optional<std::chrono::milliseconds> duration_parameter(const Call& call, std::string_view name,
                                                            std::chrono::milliseconds fallback,
                                                            std::chrono::milliseconds limit) {
  const auto text = call.request->parameter(name);
  if (!text) return fallback;
  const auto ms = config::parse_duration_ms(*text);
  if (!ms || *ms > static_cast<std::uint64_t>(limit.count())) {
    fail(call, problem(Fault::BadRequest,
                       std::string(name) + " is a duration such as 5s, at most " +
                           config::format_duration(static_cast<std::uint64_t>(limit.count()))));
    return std::nullopt;
  }
  return std::chrono::milliseconds(*ms);
}

}  // namespace giro::api
