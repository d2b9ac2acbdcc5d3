#include "node/api/http.h"

#include <cstdint>

#include "node/api/limits.h"

namespace giro::api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::expected<void, std::string> split_path(Request& request, std::string_view path) {
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto end = path.find('/');
    auto segment = percent_decoded(path.substr(0, end));
    if (!segment || segment->empty() || segment->find('/') != std::string::npos) {
      return std::unexpected("the path has an empty or badly encoded segment");
    }
    if (request.segments.size() == kPathSegmentsMax) return std::unexpected("the path is too deep");
    request.segments.push_back(std::move(*segment));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
    if (path.empty()) return std::unexpected("the path ends with '/'");
  }
  return {};
}

std::expected<void, std::string> split_query(Request& request, std::string_view query) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto item = query.substr(0, end);
    const auto equal = item.find('=');
    auto name = percent_decoded(item.substr(0, equal));
    auto value = percent_decoded(equal == std::string_view::npos ? "" : item.substr(equal + 1));
    if (!name || name->empty() || !value) {
      return std::unexpected("the query is badly encoded");
    }
    if (request.query.size() == kQueryParametersMax) return std::unexpected("too many parameters");
    if (!request.query.emplace(*name, std::move(*value)).second) {
      return std::unexpected("the parameter " + *name + " stands twice");
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  const auto found = query.find(name);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

std::expected<void, std::string> split_target(Request& request) {
  const std::string_view target = request.target;
  if (target.empty() || target.front() != '/' || target.size() > kTargetBytesMax) {
    return std::unexpected("the target must be a path of at most " +
                           std::to_string(kTargetBytesMax) + " bytes");
  }
  const auto question = target.find('?');
  if (auto path = split_path(request, target.substr(0, question)); !path) return path;
  if (question == std::string_view::npos) return {};
  return split_query(request, target.substr(question + 1));
}

}  // namespace giro::api
