#include "node/api/context.h"

#include "node/api/limits.h"
#include "node/config/values.h"

namespace giro::api {

void Context::when(Waiters& waiters, std::function<bool()> is_so, std::chrono::milliseconds limit,
                   std::function<void(bool)> then) {
  if (is_so()) return then(true);
  if (waiters.is_full()) return then(false);
  ++waiters.count;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto again = std::make_shared<std::function<void()>>();
  *again = [this, &waiters, is_so = std::move(is_so), deadline, then = std::move(then),
            weak = std::weak_ptr<std::function<void()>>(again)] {
    const bool is_there = is_so();
    if (is_there || std::chrono::steady_clock::now() >= deadline) {
      --waiters.count;
      return then(is_there);
    }
    if (const auto self = weak.lock()) http.after(kMinHeightPoll, [self] { (*self)(); });
  };
  http.after(kMinHeightPoll, [again] { (*again)(); });
}

void Context::when_height(consensus::Height height, std::chrono::milliseconds limit,
                          std::function<void(bool)> then) {
  when([this, height] { return service.read()->height() >= height; }, limit, std::move(then));
}

void fail(const Call& call, const Problem& problem) {
  call.respond(response(problem, call.request->request_id));
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
