// What a strict configuration file may contain, as a table: one row a key. The reader, the
// variables, the defaults, the error texts and `config explain` all come from the same row.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace giro::config {

enum class ValueKind : std::uint8_t {
  Text,         // not empty, at most 4096 bytes
  Flag,         // true, false
  Count,        // whole number from min to max
  Size,         // "64KiB"; min and max in bytes
  Duration,     // "15m"; min and max in ms
  Choice,       // one of `choices`
  Address,      // "host:port"
  Listen,       // likewise; port 0 lets the system choose
  Path,         // of a file or directory
  Digest,       // SHA-256, 64 hexadecimal digits
  Institution,  // a-z 0-9 -, at most 32
  Url,          // http://host:port or https://host:port
  Account,      // institution/account id: "bank-a/" and 32 hexadecimal digits
  Secret,       // { file = "..." } or { env = "..." }, never the secret itself
};

enum class Presence : std::uint8_t {
  Optional,
  Required,
  InTable,  // required if its table is there
};

struct KeyRule {
  // Segments joined by dots. "*" stands for a name of the writer's choice, "client[]" for an array
  // of tables.
  std::string_view key;
  ValueKind kind = ValueKind::Text;
  Presence presence = Presence::Optional;
  std::string_view fallback{};  // the default as text: what a variable would hold; empty: none
  std::string_view example{};   // as TOML: what an error tells the reader to write
  std::string_view explanation{};
  std::string_view choices{};  // "logfmt|json"
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  bool list = false;  // an array of such values
};

struct KeyTable {
  std::string_view title;  // "node.toml"
  std::span<const KeyRule> rules;
};

[[nodiscard]] std::vector<std::string_view> key_segments(std::string_view key);
[[nodiscard]] std::vector<std::string_view> split_choices(std::string_view choices);

// True if the variable's name (with or without GIRO_) names a key of the table; `key` then is the
// concrete key, with
// "{file|env}" of a secret as a last segment.
[[nodiscard]] std::optional<std::string> key_of_variable(const KeyTable& table,
                                                         std::string_view variable);
[[nodiscard]] std::string variable_of_key(std::string_view key);

// The candidate nearest to `word` by edit distance, if it is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

// What kind of value it is, in words, with its range: "a size from 1MiB to 64GiB".
[[nodiscard]] std::string describe_value(const KeyRule& rule);
// Some lines about one key: meaning, value, default, variable. nullopt if there is no such key.
[[nodiscard]] std::optional<std::string> explain_key(const KeyTable& table, std::string_view key);

}  // namespace giro::config
