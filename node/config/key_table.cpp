#include "node/config/key_table.h"

#include <algorithm>
#include <numeric>

#include "node/config/values.h"

namespace giro::config {
namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + separator.size());
  }
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : (c == '-' ? '_' : c);
  }
  return out;
}

std::string name_of_variable_part(std::string_view part) {
  std::string out(part);
  for (char& c : out) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : (c == '_' ? '-' : c);
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

std::string joined(std::span<const std::string_view> parts, std::string_view between) {
  std::string out;
  for (const std::string_view part : parts) {
    out += (out.empty() ? std::string_view() : between);
    out += part;
  }
  return out;
}

std::string range_words(const KeyRule& rule, std::string (*format)(std::uint64_t)) {
  if (rule.min == rule.max) {
    return format(rule.min);
  }
  if (rule.max == KeyRule{}.max) {
    return "from " + format(rule.min);
  }
  return format(rule.min) + " to " + format(rule.max);
}

}  // namespace

std::vector<std::string_view> key_segments(std::string_view key) {
  return split(key, ".");
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  return split(choices, "|");
}

std::optional<std::string> key_of_variable(const KeyTable& table, std::string_view variable) {
  if (variable.starts_with("GIRO_")) {
    variable.remove_prefix(5);
  }
  const std::vector<std::string_view> parts = split(variable, "__");
  for (const KeyRule& rule : table.rules) {
    std::vector<std::string_view> segments = key_segments(rule.key);
    const bool secret = rule.kind == ValueKind::Secret;
    if (segments.size() + (secret ? 1 : 0) != parts.size()) {
      continue;
    }
    std::string key;
    bool match = true;
    for (std::size_t at = 0; at < segments.size() && match; ++at) {
      const bool any = segments[at] == "*";
      match = (any && !parts[at].empty()) || upper(segments[at]) == parts[at];
      key += (at == 0 ? "" : ".");
      key += any ? name_of_variable_part(parts[at]) : std::string(segments[at]);
    }
    if (match && secret) {
      match = parts.back() == "FILE" || parts.back() == "ENV";
      key += parts.back() == "FILE" ? ".file" : ".env";
    }
    if (match) {
      return key;
    }
  }
  return std::nullopt;
}

std::string variable_of_key(std::string_view key) {
  std::string out = "GIRO_";
  for (const std::string_view segment : key_segments(key)) {
    out += out.size() == 5 ? "" : "__";
    out += upper(segment);
  }
  return out;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.size() > 100) {
    return std::nullopt;
  }
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = &candidate;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

std::string describe_value(const KeyRule& rule) {
  const std::string_view each = rule.list ? "a list, each " : "";
  switch (rule.kind) {
    case ValueKind::Text:
      return std::string(each) + "a text";
    case ValueKind::Flag:
      return "true or false";
    case ValueKind::Count:
      return "a whole number, " +
             range_words(rule, +[](std::uint64_t value) { return std::to_string(value); });
    case ValueKind::Size:
      return "a size (KiB, MiB, GiB), " + range_words(rule, format_size);
    case ValueKind::Duration:
      return "a duration (ms, s, m, h, d), " + range_words(rule, format_duration);
    case ValueKind::Choice:
      return std::string(each) + "one of " + joined(split_choices(rule.choices), ", ");
    case ValueKind::Address:
      return "an address, host:port";
    case ValueKind::Listen:
      return "an address to listen on, host:port";
    case ValueKind::Path:
      return "a path; a relative one starts at the file's directory";
    case ValueKind::Digest:
      return "a SHA-256, 64 hexadecimal digits";
    case ValueKind::Institution:
      return "the name of an institution";
    case ValueKind::Url:
      return std::string(each) + "a URL, http://host:port or https://host:port";
    case ValueKind::Account:
      return "an account, institution/32 hexadecimal digits";
    case ValueKind::Secret:
      return "where a secret is, { file = \"...\" } or { env = \"...\" }";
  }
  return {};
}

std::optional<std::string> explain_key(const KeyTable& table, std::string_view key) {
  for (const KeyRule& rule : table.rules) {
    if (rule.key != key) {
      continue;
    }
    std::string out(rule.key);
    out += "\n  " + std::string(rule.explanation);
    out += "\n  value    " + describe_value(rule);
    if (!rule.fallback.empty()) {
      out += "\n  default  " + std::string(rule.fallback);
    } else {
      out +=
          rule.presence == Presence::Optional ? "\n  default  none" : "\n  default  none: required";
    }
    out += "\n  example  " + std::string(key_segments(rule.key).back()) + " = " +
           std::string(rule.example);
    out += "\n  variable " + variable_of_key(rule.key) +
           (rule.kind == ValueKind::Secret ? "__FILE or __ENV\n" : "\n");
    return out;
  }
  return std::nullopt;
}

}  // namespace giro::config
