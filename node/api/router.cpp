#include "node/api/router.h"

#include <algorithm>
#include <optional>

namespace giro::api {
namespace {

std::vector<std::string> split_pattern(std::string_view pattern) {
  std::vector<std::string> out;
  while (pattern.size() > 1) {
    pattern.remove_prefix(1);
    const auto end = std::min(pattern.find('/'), pattern.size());
    out.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return out;
}

// The captures where the path fits.
std::optional<std::vector<std::string>> fit(const std::vector<std::string>& pattern,
                                            const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::vector<std::string> captures;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].front() == '{') {
      captures.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return captures;
}

}  // namespace

void Router::add(Route route) {
  auto segments = split_pattern(route.pattern);
  rows_.push_back({std::move(route), std::move(segments)});
}

std::vector<std::string> Router::patterns() const {
  std::vector<std::string> out;
  for (const auto& row : rows_) {
    if (std::ranges::find(out, row.route.pattern) == out.end()) out.push_back(row.route.pattern);
  }
  return out;
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> out;
  for (const auto& row : rows_) out.push_back(&row.route);
  return out;
}

std::variant<Router::Match, Router::Mismatch> Router::find(const Request& request) const {
  Mismatch mismatch;
  for (const auto& row : rows_) {
    auto captures = fit(row.segments, request.segments);
    if (!captures) continue;
    if (row.route.method != request.method) {
      if (!mismatch.allowed_methods.empty()) mismatch.allowed_methods += ", ";
      mismatch.allowed_methods += row.route.method;
      continue;
    }
    for (const auto& [name, value] : request.query) {
      if (std::ranges::find(row.route.parameters, name) == row.route.parameters.end()) {
        return Mismatch{.allowed_methods = {}, .unknown_parameter = name, .route = &row.route};
      }
    }
    return Match{&row.route, std::move(*captures)};
  }
  return mismatch;
}

}  // namespace giro::api
