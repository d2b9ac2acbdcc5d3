#include "node/config/settings.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/check.h"
#include "node/config/file_text.h"
#include "node/config/toml_document.h"

namespace giro::config {
namespace {

constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kListMax = 256;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

bool is_institution(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

bool is_account(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_institution(text.substr(0, slash)) &&
         text.size() - slash - 1 == 32 && crypto::from_hex(text.substr(slash + 1)).has_value();
}

bool is_variable_name(std::string_view text) {
  return is_name(text) && text.find('-') == std::string_view::npos &&
         !(text[0] >= '0' && text[0] <= '9');
}

std::string_view last_segment(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}
std::string_view parent_of(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

std::string write_this(const KeyRule& rule) {
  return "write " + std::string(key_segments(rule.key).back()) + " = " + std::string(rule.example);
}

// Why one value is not what the rule wants: the words after `key = value`; empty if it is right.
std::string judge_text(const KeyRule& rule, const std::string& text, Setting& out) {
  const bool plain =
      !text.empty() && text.size() <= kTextMax && text.find('\0') == std::string::npos;
  const auto measured = [&](std::optional<std::uint64_t> value, std::string_view what) {
    if (!value) {
      return "is not a " + std::string(what) + "; example " + std::string(rule.example);
    }
    out.number = *value;
    return *value < rule.min || *value > rule.max ? "is out of range; write " + describe_value(rule)
                                                  : std::string();
  };
  const auto formed = [&](bool right, std::string_view what) {
    return right ? std::string()
                 : "is not " + std::string(what) + "; example " + std::string(rule.example);
  };
  switch (rule.kind) {
    case ValueKind::Size:
      return measured(parse_size(text), "size");
    case ValueKind::Duration:
      return measured(parse_duration_ms(text), "duration");
    case ValueKind::Address:
      return formed(parse_host_port(text, false).has_value(), "an address host:port");
    case ValueKind::Listen:
      return formed(parse_host_port(text, true).has_value(), "an address host:port");
    case ValueKind::Digest:
      return formed(text.size() == 64 && crypto::from_hex(text).has_value(),
                    "a SHA-256 of 64 hexadecimal digits");
    case ValueKind::Institution:
      return formed(is_institution(text), "an institution's name (a-z 0-9 -, at most 32)");
    case ValueKind::Url:
      return formed(parse_api_url(text).has_value(), "a URL http(s)://host:port");
    case ValueKind::Account:
      return formed(is_account(text), "institution/account id (32 hexadecimal digits)");
    case ValueKind::Choice: {
      const std::vector<std::string_view> choices = split_choices(rule.choices);
      if (std::find(choices.begin(), choices.end(), text) != choices.end()) {
        return {};
      }
      const std::vector<std::string> words(choices.begin(), choices.end());
      const std::optional<std::string> near = nearest(text, words);
      return "is not known; " +
             (near ? "did you mean " + toml_quoted(*near) + "?" : "write " + describe_value(rule));
    }
    default:
      return formed(plain, rule.kind == ValueKind::Path ? "a path" : "a text of 1 to 4096 bytes");
  }
}

std::string judge_scalar(const KeyRule& rule, const TomlValue& value, Setting& out) {
  const std::string example = "; example " + std::string(rule.example);
  if (rule.kind == ValueKind::Flag) {
    out.number = value.flag ? 1 : 0;
    out.text = value.flag ? "true" : "false";
    return value.kind == TomlValue::Kind::Flag ? "" : "is not true or false" + example;
  }
  if (rule.kind == ValueKind::Count) {
    if (value.kind != TomlValue::Kind::Integer) {
      return "is not a whole number" + example;
    }
    out.number = static_cast<std::uint64_t>(value.integer);
    out.text = std::to_string(value.integer);
    return value.integer < 0 || out.number < rule.min || out.number > rule.max
               ? "is out of range; write " + describe_value(rule)
               : "";
  }
  if (value.kind == TomlValue::Kind::Integer &&
      (rule.kind == ValueKind::Size || rule.kind == ValueKind::Duration)) {
    return "has no unit" + example;
  }
  if (value.kind != TomlValue::Kind::Text) {
    return "is not a text in quotes" + example;
  }
  out.text = value.text;
  return judge_text(rule, value.text, out);
}

// What a variable holds, as the value it would be in the file.
TomlValue value_of_variable(const KeyRule& rule, const std::string& text) {
  TomlValue value;
  value.kind = TomlValue::Kind::Text;
  value.text = text;
  if (rule.kind == ValueKind::Flag && (text == "true" || text == "false")) {
    value.kind = TomlValue::Kind::Flag;
    value.flag = text == "true";
  } else if (rule.kind == ValueKind::Count) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value.integer);
    if (error == std::errc{} && rest == end) {
      value.kind = TomlValue::Kind::Integer;
    }
  }
  if (!rule.list) {
    return value;
  }
  TomlValue list;
  list.kind = TomlValue::Kind::Array;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    list.items.emplace_back();
    list.items.back().kind = TomlValue::Kind::Text;
    list.items.back().text = text.substr(begin, end - begin);
    begin = end + 1;
  }
  return list;
}

}  // namespace

std::filesystem::path resolve_path(const std::filesystem::path& base, std::string_view text) {
  const std::filesystem::path path = (base / text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "dir/" is "dir"
}

class Settings::Reader {
 public:
  Reader(Settings& settings, const KeyTable& table) : out_(settings), table_(table) {}

  void file(std::string_view text) {
    TomlDocument document = parse_toml(text, out_.file_);
    out_.errors_ = std::move(document.errors);
    out_.dropped_keys_ = std::move(document.dropped_keys);
    readable_ = document.root.has_value();
    if (readable_) {
      std::vector<const KeyRule*> rules;
      for (const KeyRule& rule : table_.rules) {
        rules.push_back(&rule);
      }
      walk(*document.root, "", "", rules, 0);
    }
  }

  void environment(const Environment& environment, std::span<const KeyTable> others) {
    std::set<std::string, std::less<>> named{"GIRO_PROFILE"};  // and variables that hold a secret
    for (const auto& [key, setting] : out_.values_) {
      if (setting.rule->kind == ValueKind::Secret && setting.from_variable) {
        named.insert(setting.text);
      }
    }
    for (const auto& [name, text] : environment) {  // a variable may say which one holds a secret
      const std::optional<std::string> key = key_of_variable(table_, name);
      if (key && key->ends_with(".env")) {
        named.insert(text);
      }
    }
    for (const auto& [name, text] : environment) {
      if (name.starts_with("GIRO_") && !named.contains(name)) {
        variable(name, text, others);
      }
    }
  }

  void complete() {
    if (!readable_) {
      return;
    }
    for (const KeyRule& rule : table_.rules) {
      const std::string pattern(parent_of(rule.key));
      const std::string_view last = last_segment(rule.key);
      const bool fixed =
          pattern.find('*') == std::string::npos && pattern.find("[]") == std::string::npos;
      if (fixed) {
        complete_one(rule, std::string(rule.key), out_.written_.contains(pattern));
        continue;
      }
      for (const auto& [table_pattern, concrete] : tables_) {
        if (table_pattern == pattern && last != "*") {
          complete_one(rule, concrete + "." + std::string(last), true);
        }
      }
    }
  }

 private:
  Origin in_file(std::uint32_t line, std::uint32_t column) const {
    return {Origin::Kind::File, out_.file_, line, column};
  }
  void report(Origin origin, std::string message) {
    out_.errors_.push_back({std::move(origin), std::move(message)});
  }

  void walk(const TomlValue& table, const std::string& pattern, const std::string& concrete,
            const std::vector<const KeyRule*>& rules, std::size_t depth) {
    for (const TomlMember& member : table.members) {
      std::vector<const KeyRule*> matching;
      std::string segment;
      for (const std::string& form : {member.key, member.key + "[]", std::string("*")}) {
        for (const KeyRule* rule : rules) {
          const std::vector<std::string_view> segments = key_segments(rule->key);
          if (segments.size() > depth && segments[depth] == form) {
            matching.push_back(rule);
          }
        }
        if (!matching.empty()) {
          segment = form;
          break;
        }
      }
      if (matching.empty()) {
        unknown(member, concrete, rules, depth);
      } else if (segment == "*" && !is_name(member.key)) {
        report(
            in_file(member.line, member.column),
            toml_quoted(member.key) + " is not a name; write letters, digits, - and _, at most 64");
      } else {
        const std::string dot = depth == 0 ? "" : ".";
        enter(member, pattern + dot + segment, concrete + dot + member.key, matching, depth);
      }
    }
  }

  void enter(const TomlMember& member, const std::string& pattern, const std::string& concrete,
             const std::vector<const KeyRule*>& rules, std::size_t depth) {
    const TomlValue& value = member.value;
    if (rules.front()->key == pattern) {
      out_.written_.emplace(concrete, in_file(value.line, value.column));
      leaf(*rules.front(), concrete, value, in_file(value.line, value.column));
      return;
    }
    const Origin origin = in_file(member.line, member.column);
    if (pattern.ends_with("[]")) {
      const bool tables =
          value.kind == TomlValue::Kind::Array &&
          std::all_of(value.items.begin(), value.items.end(),
                      [](const TomlValue& item) { return item.kind == TomlValue::Kind::Table; });
      if (!tables) {
        report(origin, concrete + " is not a list of tables; write [[" + concrete + "]]");
        return;
      }
      for (std::size_t at = 0; at < value.items.size(); ++at) {
        const std::string name = concrete + "[" + std::to_string(at) + "]";
        add_table(pattern, name, in_file(value.items[at].line, value.items[at].column));
        walk(value.items[at], pattern, name, rules, depth + 1);
      }
      return;
    }
    if (value.kind != TomlValue::Kind::Table) {
      out_.written_.emplace(concrete, origin);
      not_tables_.insert(concrete);
      report(in_file(value.line, value.column),
             concrete + " = " + value.shown() + " is not a table; write [" + concrete + "]");
      return;
    }
    add_table(pattern, concrete, in_file(value.line, value.column));
    walk(value, pattern, concrete, rules, depth + 1);
  }

  void add_table(const std::string& pattern, const std::string& concrete, const Origin& origin) {
    if (out_.written_.emplace(concrete, origin).second) {
      tables_.emplace_back(pattern, concrete);
    }
  }

  void unknown(const TomlMember& member, const std::string& concrete,
               const std::vector<const KeyRule*>& rules, std::size_t depth) {
    const bool is_table = member.value.kind == TomlValue::Kind::Table;
    std::vector<std::string> known;
    for (const KeyRule* rule : rules) {
      const std::vector<std::string_view> segments = key_segments(rule->key);
      if (segments.size() > depth) {
        std::string name(segments[depth]);
        if (name.ends_with("[]")) {
          name.resize(name.size() - 2);
        }
        if (name != "*" && std::find(known.begin(), known.end(), name) == known.end()) {
          known.push_back(std::move(name));
        }
      }
    }
    std::string shown_key = member.key.substr(0, 64);
    const std::string place = concrete.empty() ? "" : " in [" + concrete + "]";
    std::string message =
        std::string(is_table ? "unknown table " : "unknown key ") + toml_quoted(shown_key) + place;
    if (const std::optional<std::string> near = nearest(member.key, known)) {
      message += "; did you mean " + toml_quoted(*near) + "?";
    } else {
      message += "; known here:";
      for (const std::string& name : known) {
        message += (name == known.front() ? " " : ", ") + name;
      }
    }
    report(in_file(member.line, member.column), std::move(message));
  }

  void leaf(const KeyRule& rule, const std::string& key, const TomlValue& value, Origin origin) {
    Setting setting;
    setting.rule = &rule;
    setting.origin = origin;
    std::string wrong;
    if (rule.kind == ValueKind::Secret) {
      secret(key, value, std::move(setting));
      return;
    }
    if (!rule.list) {
      wrong = judge_scalar(rule, value, setting);
    } else if (value.kind != TomlValue::Kind::Array) {
      wrong = "is not a list; example " + std::string(rule.example);
    } else if (value.items.size() > kListMax) {
      wrong = "has more than 256 items; write fewer";
    } else {
      for (const TomlValue& item : value.items) {
        Setting one;
        const std::string bad = judge_scalar(rule, item, one);
        if (!bad.empty()) {
          Origin at = origin;
          if (origin.kind == Origin::Kind::File) {
            at = in_file(item.line, item.column);
          }
          report(std::move(at), key + ": " + item.shown() + " " + bad);
          return;
        }
        setting.text += (setting.list.empty() ? "" : ", ") + one.text;
        setting.list.push_back(std::move(one.text));
      }
    }
    if (!wrong.empty()) {
      report(std::move(origin), key + " = " + value.shown() + " " + wrong);
      return;
    }
    out_.values_.insert_or_assign(key, std::move(setting));
  }

  // The value is never shown.
  void secret(const std::string& key, const TomlValue& value, Setting setting) {
    const std::string name(last_segment(key));
    if (value.kind != TomlValue::Kind::Table || value.members.size() != 1) {
      report(setting.origin, key + " must say where the secret is and not hold it; write " + name +
                                 " = { file = \"/path\" } or " + name + " = { env = \"NAME\" }");
      return;
    }
    const TomlMember& member = value.members.front();
    const std::string full = key + "." + member.key;
    if (member.key != "file" && member.key != "env") {
      report(in_file(member.line, member.column), "unknown key " +
                                                      toml_quoted(member.key.substr(0, 64)) +
                                                      " in " + key + "; write file or env");
      return;
    }
    setting.from_variable = member.key == "env";
    setting.text = member.value.text;
    if (member.value.kind != TomlValue::Kind::Text ||
        !(setting.from_variable ? is_variable_name(setting.text)
                                : !setting.text.empty() && setting.text.size() <= kTextMax)) {
      report(in_file(member.value.line, member.value.column),
             full + " is not " +
                 (setting.from_variable ? "a variable's name; write env = \"NAME\""
                                        : "a path; write file = \"/path\""));
      return;
    }
    out_.values_.insert_or_assign(key, std::move(setting));
  }

  void variable(const std::string& name, const std::string& text,
                std::span<const KeyTable> others) {
    const Origin origin{Origin::Kind::Variable, name, 0, 0};
    const std::optional<std::string> key = key_of_variable(table_, name);
    if (!key) {
      unknown_variable(name, others);
      return;
    }
    std::string concrete = *key;
    const KeyRule* rule = rule_of(concrete);
    if (rule == nullptr) {  // the last segment is the { file } or { env } of a secret
      concrete = std::string(parent_of(concrete));
      rule = rule_of(concrete);
      GIRO_CHECK(rule != nullptr, name);
    }
    note_parents(concrete, *rule, origin);
    out_.written_.insert_or_assign(concrete, origin);
    out_.values_.erase(concrete);
    if (rule->kind != ValueKind::Secret) {
      leaf(*rule, concrete, value_of_variable(*rule, text), origin);
      return;
    }
    Setting setting;
    setting.rule = rule;
    setting.origin = origin;
    setting.from_variable = key->ends_with(".env");
    setting.text = text;
    if (setting.from_variable ? !is_variable_name(text) : text.empty()) {
      report(origin, *key + " is not " +
                         (setting.from_variable ? "a variable's name; set it to NAME"
                                                : "a path; set it to /path"));
      return;
    }
    out_.values_.insert_or_assign(concrete, std::move(setting));
  }

  void unknown_variable(const std::string& name, std::span<const KeyTable> others) {
    for (const KeyTable& other : others) {
      if (key_of_variable(other, name)) {
        return;
      }
    }
    const Origin origin{Origin::Kind::Variable, name, 0, 0};
    std::vector<std::string> known;
    for (const KeyRule& rule : table_.rules) {
      const std::string variable = variable_of_key(rule.key);
      if (rule.kind != ValueKind::Secret) {
        known.push_back(variable);
        continue;
      }
      if (key_of_variable(table_, name + "__FILE")) {
        report(origin, "a variable must not hold this secret; set " + name +
                           "__FILE to its path or " + name +
                           "__ENV to the name of the variable that holds it");
        return;
      }
      known.push_back(variable + "__FILE");
      known.push_back(variable + "__ENV");
    }
    const std::optional<std::string> near = nearest(name, known);
    report(origin, "names no key of " + std::string(table_.title) + "; " +
                       (near ? "did you mean " + *near + "?" : "unset it"));
  }

  const KeyRule* rule_of(std::string_view concrete) const {
    const std::vector<std::string_view> parts = key_segments(concrete);
    for (const KeyRule& rule : table_.rules) {
      const std::vector<std::string_view> segments = key_segments(rule.key);
      if (std::equal(parts.begin(), parts.end(), segments.begin(), segments.end(),
                     [](std::string_view part, std::string_view segment) {
                       return segment == "*" || segment == part ||
                              (segment.ends_with("[]") &&
                               part.starts_with(segment.substr(0, segment.size() - 1)));
                     })) {
        return &rule;
      }
    }
    return nullptr;
  }

  void note_parents(const std::string& concrete, const KeyRule& rule, const Origin& origin) {
    std::string pattern(rule.key);
    std::string table = concrete;
    while (table.find('.') != std::string::npos) {
      pattern = std::string(parent_of(pattern));
      table = std::string(parent_of(table));
      add_table(pattern, table, origin);
    }
  }

  void complete_one(const KeyRule& rule, const std::string& key, bool has_table) {
    if (out_.values_.contains(key) || out_.written_.contains(key) || last_segment(key) == "*" ||
        key.ends_with("[]")) {
      return;
    }
    for (std::string_view at = parent_of(key); !at.empty(); at = parent_of(at)) {
      if (not_tables_.contains(at)) {
        return;
      }
    }
    if (!rule.fallback.empty()) {
      const Origin origin;
      const std::size_t errors = out_.errors_.size();
      leaf(rule, key, value_of_variable(rule, std::string(rule.fallback)), origin);
      GIRO_CHECK(out_.errors_.size() == errors, key);  // a default that the table itself refuses
    } else if (rule.presence == Presence::Required ||
               (rule.presence == Presence::InTable && has_table)) {
      out_.missing(key, "");
    }
  }

  Settings& out_;
  const KeyTable& table_;
  std::vector<std::pair<std::string, std::string>> tables_;  // pattern, concrete key
  std::set<std::string, std::less<>> not_tables_;            // reported: what they lack is not
  bool readable_ = false;

  friend class Settings;
};

Settings Settings::read(std::string_view text, std::string_view file, const KeyTable& table,
                        const Environment* environment, std::span<const KeyTable> others) {
  Settings settings;
  settings.file_ = file;
  settings.table_ = table;
  Reader reader(settings, table);
  reader.file(text);
  if (environment != nullptr) {
    reader.environment(*environment, others);
  }
  reader.complete();
  return settings;
}

const Setting* Settings::find(std::string_view key) const {
  const auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

const std::string& Settings::text(std::string_view key) const {
  static const std::string kNone;
  const Setting* setting = find(key);
  return setting == nullptr ? kNone : setting->text;
}

std::uint64_t Settings::number(std::string_view key) const {
  const Setting* setting = find(key);
  return setting == nullptr ? 0 : setting->number;
}

const std::vector<std::string>& Settings::list(std::string_view key) const {
  static const std::vector<std::string> kNone;
  const Setting* setting = find(key);
  return setting == nullptr ? kNone : setting->list;
}

HostPort Settings::address(std::string_view key) const {
  return parse_host_port(text(key), true).value_or(HostPort{});
}

std::filesystem::path Settings::path(std::string_view key,
                                     const std::filesystem::path& base) const {
  return resolve_path(base, text(key));
}

SecretSource Settings::secret(std::string_view key, const std::filesystem::path& base) const {
  const Setting* setting = find(key);
  if (setting == nullptr) {
    return {};
  }
  return setting->from_variable
             ? SecretSource{SecretSource::Kind::Variable, setting->text}
             : SecretSource{SecretSource::Kind::File, resolve_path(base, setting->text).string()};
}

void Settings::check_readable(std::string_view key, const std::filesystem::path& base) {
  const Setting* setting = find(key);
  if (setting == nullptr || setting->from_variable) {
    return;
  }
  const std::string why = why_unreadable(resolve_path(base, setting->text));
  if (!why.empty()) {
    error(key, std::string(key) + " = " + toml_quoted(setting->text) + " " + why +
                   "; write the path of a file that this user can read");
  }
}

std::vector<std::string> Settings::names_under(std::string_view prefix) const {
  std::vector<std::pair<const Origin*, std::string>> found;
  for (const auto& [key, origin] : written_) {
    if (!key.starts_with(prefix) || key.size() <= prefix.size()) {
      continue;
    }
    const bool array = key[prefix.size()] == '[';
    std::string_view rest = std::string_view(key).substr(prefix.size() + (array ? 0 : 1));
    if ((array || key[prefix.size()] == '.') && rest.find('.') == std::string_view::npos) {
      found.emplace_back(&origin, std::string(rest));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.first->line, a.first->column) <
           std::make_pair(b.first->line, b.first->column);
  });
  std::vector<std::string> names;
  for (auto& [origin, name] : found) {
    names.push_back(std::move(name));
  }
  return names;
}

bool Settings::was_written(std::string_view key) const {
  return written_.contains(key);
}

void Settings::error(std::string_view key, std::string message) {
  Origin origin{Origin::Kind::File, file_, 1, 1};
  if (const Setting* setting = find(key)) {
    if (setting->origin.kind != Origin::Kind::Default) {
      errors_.push_back({setting->origin, std::move(message)});
      return;
    }
  }
  for (std::string_view at = key; !at.empty(); at = parent_of(at)) {
    const auto written = written_.find(at);
    if (written != written_.end()) {
      origin = written->second;
      break;
    }
  }
  errors_.push_back({std::move(origin), std::move(message)});
}

void Settings::missing(std::string_view key, std::string_view because) {
  const std::string_view name = last_segment(key);
  if (std::find(dropped_keys_.begin(), dropped_keys_.end(), name) != dropped_keys_.end()) {
    return;  // its line is broken, and reported
  }
  const KeyRule* rule = Reader(*this, table_).rule_of(key);
  const std::string table(parent_of(key));
  std::string message = "missing key " + toml_quoted(name);
  message += table.empty() ? "" : " in [" + table + "]";
  message += because.empty() ? "" : ", needed because " + std::string(because);
  error(key, message + "; " + (rule == nullptr ? "write it" : write_this(*rule)));
}

std::vector<Diagnostic> Settings::take_errors() {
  sort_diagnostics(errors_);
  return std::move(errors_);
}

std::vector<EffectiveValue> Settings::effective() const {
  std::vector<EffectiveValue> out;
  for (const KeyRule& rule : table_.rules) {
    std::vector<EffectiveValue> same;
    for (const auto& [key, setting] : values_) {
      if (setting.rule == &rule) {
        same.push_back(
            {key, rule.kind == ValueKind::Secret ? "<set>" : setting.text, setting.origin});
      }
    }
    std::stable_sort(same.begin(), same.end(), [](const auto& a, const auto& b) {
      return std::make_pair(a.origin.line, a.origin.column) <
             std::make_pair(b.origin.line, b.origin.column);
    });
    std::move(same.begin(), same.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace giro::config
