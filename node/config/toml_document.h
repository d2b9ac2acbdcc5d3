// A TOML file as a tree with positions. The only place that knows the TOML library; duplicate keys
// and broken lines are set aside, so that one run finds every error of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/config/diagnostic.h"

namespace giro::config {

struct TomlMember;

struct TomlValue {
  enum class Kind : std::uint8_t { Text, Integer, Float, Flag, Date, Array, Table };
  Kind kind = Kind::Table;
  std::string text;          // Text
  std::int64_t integer = 0;  // Integer
  bool flag = false;         // Flag
  std::vector<TomlValue> items;
  std::vector<TomlMember> members;  // file order
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  // As it would stand in the file, shortened to a line's worth: for error messages.
  [[nodiscard]] std::string shown() const;
};

struct TomlMember {
  std::string key;
  std::uint32_t line = 0;  // of the key
  std::uint32_t column = 0;
  TomlValue value;
};

struct TomlDocument {
  std::optional<TomlValue> root;   // absent if the file is broken beyond what can be set aside
  std::vector<Diagnostic> errors;  // syntax errors and duplicates
  std::vector<std::string>
      dropped_keys;  // keys of broken lines: do not also report them as missing
};

inline constexpr std::size_t kTomlBytesMax = 1024 * 1024;

[[nodiscard]] TomlDocument parse_toml(std::string_view text, std::string_view file);

// `text` as a TOML basic string, quotes included.
[[nodiscard]] std::string toml_quoted(std::string_view text);

}  // namespace giro::config
