#include "node/config/diagnostic.h"

#include <algorithm>
#include <string>
#include <tuple>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace giro::config {

std::string Origin::to_string() const {
  switch (kind) {
    case Kind::Default:
      return "default";
    case Kind::Variable:
      return name;
    case Kind::File:
      break;
  }
  if (line == 0) {
    return name;
  }
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Diagnostic::to_string() const {
  return origin.to_string() + ": error: " + message;
}

void sort_diagnostics(std::vector<Diagnostic>& errors) {
  const auto place = [](const Diagnostic& error) {
    return std::make_tuple(error.origin.kind != Origin::Kind::File, error.origin.line,
                           error.origin.column);
  };
  std::stable_sort(errors.begin(), errors.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && text.starts_with("GIRO_")) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

}  // namespace giro::config
