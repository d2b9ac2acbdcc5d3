// Errors of configuration files and what a load gives back. One form for node.toml, the client
// profile, clients.toml, manifests and scenarios: `file:line:column: error: what is wrong; what to
// write` (surface 3).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace giro::config {

// Where a value came from. A file position (line and column from 1, columns count code points), a
// variable's name, or the default.
struct Origin {
  enum class Kind : std::uint8_t { Default, File, Variable } kind = Kind::Default;
  std::string name;  // of the file or the variable
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  [[nodiscard]] std::string to_string() const;  // "node.toml:34:1", "GIRO_P2P__LISTEN", "default"
};

struct Diagnostic {
  Origin origin;
  std::string message;                          // "what is wrong; what to write", never a secret
  [[nodiscard]] std::string to_string() const;  // "node.toml:34:1: error: ..."
};

// File order; what has no place in the file comes after it.
void sort_diagnostics(std::vector<Diagnostic>& errors);

// One line of `config show --origin`. Secrets have the text "<set>".
struct EffectiveValue {
  std::string key;  // "p2p.listen"
  std::string text;
  Origin origin;
};

// Either a value and no errors, or errors and no value.
template <typename T>
struct Loaded {
  std::optional<T> value;
  std::vector<Diagnostic> errors;
  std::vector<EffectiveValue>
      effective;  // in the order of the key table; also when there are errors

  [[nodiscard]] bool ok() const { return value.has_value(); }
};

// Variables by name. Only those that begin with GIRO_ are looked at.
using Environment = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] Environment process_environment();

}  // namespace giro::config
