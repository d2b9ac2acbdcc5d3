// The strict reader: a file and the environment against a key table. It gives every value with its
// origin and every error of the file; the caller assembles its own struct from the values and adds
// what relations between keys are wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/config/diagnostic.h"
#include "node/config/key_table.h"
#include "node/config/values.h"

namespace giro::config {

struct Setting {
  const KeyRule* rule = nullptr;
  std::string text;               // texts, choices, addresses, paths; of a secret: where it is
  std::uint64_t number = 0;       // counts, bytes, ms, 0 or 1
  std::vector<std::string> list;  // of lists
  bool from_variable = false;     // of a secret: { env }
  Origin origin;
};

// `text` from `base`, without "." and ".." and a final slash.
[[nodiscard]] std::filesystem::path resolve_path(const std::filesystem::path& base,
                                                 std::string_view text);

class Settings {
 public:
  // `environment` may be null: files that variables do not reach. Variables that name a key of
  // `others` are left alone, as is GIRO_PROFILE.
  static Settings read(std::string_view text, std::string_view file, const KeyTable& table,
                       const Environment* environment, std::span<const KeyTable> others = {});

  [[nodiscard]] const Setting* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  // Of keys that are there (required, or with a default) once there are no errors; else an empty
  // value.
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] std::uint64_t number(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;

  // Of addresses, paths and secrets, likewise; relative paths start at `base`.
  [[nodiscard]] HostPort address(std::string_view key) const;
  [[nodiscard]] std::filesystem::path path(std::string_view key,
                                           const std::filesystem::path& base) const;
  [[nodiscard]] SecretSource secret(std::string_view key, const std::filesystem::path& base) const;

  // Names that stand for the "*" behind `prefix`, or "[0]", "[1]" for an array of tables; file
  // order.
  [[nodiscard]] std::vector<std::string> names_under(std::string_view prefix) const;

  // True if the key was written, even if its value is wrong.
  [[nodiscard]] bool was_written(std::string_view key) const;
  // Reports at the key's value, or where the table begins that should hold it.
  void error(std::string_view key, std::string message);
  // As `missing` reports a required key; for keys that other keys make necessary.
  void missing(std::string_view key, std::string_view because);
  // Reports the file that `key` names if it cannot be read.
  void check_readable(std::string_view key, const std::filesystem::path& base);

  [[nodiscard]] std::vector<Diagnostic> take_errors();  // in file order
  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }
  [[nodiscard]] std::vector<EffectiveValue> effective() const;

 private:
  class Reader;
  std::string file_;
  KeyTable table_{};
  std::map<std::string, Setting, std::less<>> values_;
  std::map<std::string, Origin, std::less<>> written_;  // keys and tables, right or wrong
  std::vector<std::string> dropped_keys_;
  std::vector<Diagnostic> errors_;
};

}  // namespace giro::config
