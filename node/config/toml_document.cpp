#include "node/config/toml_document.h"

#include <cassert>
#include <string_view>

// The library asserts that a table's name begins like one, and two lines below has an error for a
// name that does not: a file must not end the process ("[=").
#define TOML_ASSERT(condition) \
  assert((condition) || std::string_view(#condition).starts_with("is_bare_key_character(*cp) ||"))
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <utility>

namespace giro::config {
namespace {

constexpr std::size_t kSyntaxErrorsMax = 20;
constexpr std::size_t kRoundsMax =
    100;  // of repair and parse again: a new name for a duplicate may be taken

using Position = std::pair<std::uint32_t, std::uint32_t>;

TomlValue convert(const toml::node& node, const std::set<Position>& set_aside) {
  TomlValue value;
  value.line = node.source().begin.line;
  value.column = node.source().begin.column;
  switch (node.type()) {
    case toml::node_type::string:
      value.kind = TomlValue::Kind::Text;
      value.text = node.as_string()->get();
      break;
    case toml::node_type::integer:
      value.kind = TomlValue::Kind::Integer;
      value.integer = node.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      value.kind = TomlValue::Kind::Float;
      break;
    case toml::node_type::boolean:
      value.kind = TomlValue::Kind::Flag;
      value.flag = node.as_boolean()->get();
      break;
    case toml::node_type::array:
      value.kind = TomlValue::Kind::Array;
      for (const toml::node& item : *node.as_array()) {
        value.items.push_back(convert(item, set_aside));
      }
      break;
    case toml::node_type::table:
      for (const auto& [key, child] : *node.as_table()) {
        const Position position{key.source().begin.line, key.source().begin.column};
        if (!set_aside.contains(position)) {
          value.members.push_back(
              {std::string(key.str()), position.first, position.second, convert(child, set_aside)});
        }
      }
      std::stable_sort(value.members.begin(), value.members.end(),
                       [](const TomlMember& a, const TomlMember& b) {
                         return Position(a.line, a.column) < Position(b.line, b.column);
                       });
      break;
    default:
      value.kind = TomlValue::Kind::Date;
      break;
  }
  return value;
}

// Offset of the start of a line (from 1), or the end of the text.
std::size_t line_start(std::string_view text, std::uint32_t line) {
  std::size_t offset = 0;
  for (std::uint32_t at = 1; at < line && offset < text.size(); ++at) {
    const std::size_t end = text.find('\n', offset);
    offset = end == std::string_view::npos ? text.size() : end + 1;
  }
  return offset;
}

std::uint32_t column_of(std::string_view text, std::size_t start, std::size_t offset) {
  std::uint32_t column = 1;
  for (std::size_t at = start; at < offset; ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U) {
      ++column;
    }
  }
  return column;
}

bool is_key_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

// A line from `start` with one wrong statement in it.
struct Line {
  std::size_t start = 0;
  std::size_t end = 0;
};

Line line_at(std::string_view text, std::uint32_t line) {
  const std::size_t start = line_start(text, line);
  const std::size_t end = std::min(text.find('\n', start), text.size());
  return {start, end};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string quoted_part(std::string_view description) {
  const std::size_t first = description.find('\'');
  const std::size_t last = description.rfind('\'');
  return first == last ? std::string()
                       : std::string(description.substr(first + 1, last - first - 1));
}

std::string_view without_preamble(std::string_view description) {
  constexpr std::string_view kPreamble = "Error while parsing ";
  return description.starts_with(kPreamble) ? description.substr(kPreamble.size()) : description;
}

// Repairs a copy of the text until the library accepts it, writing down what was wrong.
class Repair {
 public:
  Repair(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  TomlDocument run() {
    for (std::size_t round = 0; round < kRoundsMax && document_.errors.size() < kSyntaxErrorsMax;
         ++round) {
      const toml::parse_result result = toml::parse(std::string_view(text_), std::string_view());
      if (result) {
        document_.root = convert(result.table(), set_aside_);
        document_.root->line = 1;
        document_.root->column = 1;
        break;
      }
      const toml::parse_error& error = result.error();
      const std::string description(error.description());
      const bool duplicate = description.find("cannot redefine") != std::string::npos ||
                             description.find("cannot insert") != std::string::npos;
      const toml::source_position at = error.source().begin;
      if (!(duplicate ? set_duplicate_aside(at, description) : blank_line(at, description))) {
        break;
      }
    }
    return std::move(document_);
  }

 private:
  void report(std::uint32_t line, std::uint32_t column, std::string message) {
    Origin origin{Origin::Kind::File, std::string(file_), line, column};
    document_.errors.push_back({std::move(origin), std::move(message)});
  }

  // Renames the second of two equal keys to something unused of the same length, and remembers to
  // skip it.
  bool set_duplicate_aside(toml::source_position at, const std::string& description) {
    const Line line = line_at(text_, at.line);
    std::size_t end = line.start;
    const bool header = description.find("table header") != std::string::npos;
    if (header) {
      end = std::min(text_.find(']', line.start), line.end);
    } else {
      std::size_t offset = line.start;
      while (offset < line.end && column_of(text_, line.start, offset) < at.column) {
        ++offset;
      }
      end = text_.rfind('=', offset == line.start ? offset : offset - 1);
      if (end == std::string::npos || end < line.start) {
        return blank_line(at, description);
      }
    }
    const auto is_space_or_quote = [](char c) {
      return c == ' ' || c == '\t' || c == '"' || c == '\'';
    };
    while (end > line.start && is_space_or_quote(text_[end - 1])) {
      --end;
    }
    std::size_t begin = end;
    while (begin > line.start && is_key_character(text_[begin - 1])) {
      --begin;
    }
    if (begin == end) {
      return blank_line(at, description);
    }
    const std::size_t shown_at = begin > line.start && text_[begin - 1] == '"' ? begin - 1 : begin;
    const std::uint32_t column = column_of(text_, line.start, shown_at);
    if (set_aside_.insert({at.line, column}).second) {
      const std::string name = quoted_part(description);
      report(at.line, column,
             header ? "the table [" + name + "] is written twice; keep one"
                    : "duplicate key \"" + name + "\"; keep one");
    }
    rename(begin, end);
    return true;
  }

  void rename(std::size_t begin, std::size_t end) {
    constexpr std::string_view kAlphabet =
        "_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz";
    std::uint64_t number = ++renames_;
    for (std::size_t at = end; at > begin; --at) {
      text_[at - 1] = kAlphabet[number % kAlphabet.size()];
      number /= kAlphabet.size();
    }
  }

  // A broken statement that ends with its line is taken out; a broken header or multi-line value
  // cannot be, since its remains would be misread.
  bool blank_line(toml::source_position at, const std::string& description) {
    const std::string_view what = without_preamble(description);
    report(at.line, at.column, "not TOML: " + std::string(what) + "; write key = value");
    const Line line = line_at(text_, at.line);
    const std::string_view content =
        trimmed(std::string_view(text_).substr(line.start, line.end - line.start));
    const bool multi_line = what.starts_with("array") || what.starts_with("inline table") ||
                            what.find("multi-line") != std::string_view::npos ||
                            what.find("end-of-file") != std::string_view::npos;
    if (content.empty() || content.starts_with('[') || multi_line) {
      return false;
    }
    std::string_view key = trimmed(content.substr(0, content.find('=')));
    key = trimmed(key.substr(key.rfind('.') == std::string_view::npos ? 0 : key.rfind('.') + 1));
    document_.dropped_keys.emplace_back(key.substr(0, key.find(' ')));
    std::fill(text_.begin() + static_cast<std::ptrdiff_t>(line.start),
              text_.begin() + static_cast<std::ptrdiff_t>(line.end), ' ');
    return true;
  }

  std::string text_;
  std::string_view file_;
  TomlDocument document_;
  std::set<Position> set_aside_;
  std::uint64_t renames_ = 0;
};

}  // namespace

TomlDocument parse_toml(std::string_view text, std::string_view file) {
  if (text.size() > kTomlBytesMax) {
    TomlDocument document;
    document.errors.push_back({{Origin::Kind::File, std::string(file), 0, 0},
                               "the file is larger than 1MiB; write a smaller one"});
    return document;
  }
  return Repair(text, file).run();
}

std::string toml_quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string TomlValue::shown() const {
  constexpr std::size_t kShown = 60;
  switch (kind) {
    case Kind::Integer:
      return std::to_string(integer);
    case Kind::Flag:
      return flag ? "true" : "false";
    case Kind::Float:
      return "a fraction";
    case Kind::Date:
      return "a date";
    case Kind::Array:
      return "an array";
    case Kind::Table:
      return "a table";
    case Kind::Text:
      break;
  }
  if (text.size() <= kShown) {
    return toml_quoted(text);
  }
  std::size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) {
    --cut;
  }
  return toml_quoted(text.substr(0, cut)) + "...";
}

}  // namespace giro::config
