#include "node/config/json_document.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <utility>

namespace giro::config {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 16;

// Builds the tree from the library's events, since its own tree keeps only the last of two equal
// members.
class Handler {
 public:
  static constexpr std::size_t max_object_size = 10'000'000;
  static constexpr std::size_t max_array_size = 10'000'000;
  static constexpr std::size_t max_key_size = 256;
  static constexpr std::size_t max_string_size = 4096;

  JsonValue take() { return std::move(root_); }
  [[nodiscard]] const std::string& fault() const { return fault_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open(JsonValue::Kind::Object); }
  bool on_object_end(std::size_t, json::error_code& error) {
    const auto& members = open_.back()->members;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : members) {
      names.push_back(name);
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) {
      fault_ = path() + (path().empty() ? "" : ".") + std::string(*twice) + ": is written twice";
      error = json::error::syntax;
      return false;
    }
    open_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return open(JsonValue::Kind::Array); }
  bool on_array_end(std::size_t, json::error_code&) {
    open_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    open_.back()->members.push_back({std::exchange(text_, {}), JsonValue{}});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part.data(), part.size());
    JsonValue& value = place();
    value.kind = JsonValue::Kind::Text;
    value.text = std::exchange(text_, {});
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    JsonValue& value = place();
    value.kind = number < 0 ? JsonValue::Kind::Negative : JsonValue::Kind::Integer;
    value.integer = number < 0 ? 0 : static_cast<std::uint64_t>(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    JsonValue& value = place();
    value.kind = JsonValue::Kind::Integer;
    value.integer = number;
    return true;
  }
  bool on_double(double, json::string_view, json::error_code&) {
    place().kind = JsonValue::Kind::Fraction;
    return true;
  }
  bool on_bool(bool flag, json::error_code&) {
    JsonValue& value = place();
    value.kind = JsonValue::Kind::Flag;
    value.flag = flag;
    return true;
  }
  bool on_null(json::error_code&) {
    place().kind = JsonValue::Kind::Null;
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool open(JsonValue::Kind kind) {
    JsonValue& value = place();
    value.kind = kind;
    open_.push_back(&value);
    return true;
  }

  // Where the next value goes. Values above it do not move until it is complete.
  JsonValue& place() {
    if (open_.empty()) {
      return root_;
    }
    JsonValue& parent = *open_.back();
    return parent.kind == JsonValue::Kind::Array ? parent.items.emplace_back()
                                                 : parent.members.back().value;
  }

  [[nodiscard]] std::string path() const {
    std::string out;
    for (std::size_t at = 0; at + 1 < open_.size(); ++at) {
      const JsonValue& value = *open_[at];
      if (value.kind == JsonValue::Kind::Array) {
        out += "[" + std::to_string(value.items.size() - 1) + "]";
      } else {
        out += (out.empty() ? "" : ".") + value.members.back().name;
      }
    }
    return out;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string text_;
  std::string fault_;
};

const JsonValue kNothing;

}  // namespace

std::expected<JsonValue, std::string> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) {
    error = json::error::extra_data;
  }
  if (!parser.handler().fault().empty()) {
    return std::unexpected(parser.handler().fault());
  }
  if (error) {
    const std::size_t line =
        1 + static_cast<std::size_t>(
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n'));
    return std::unexpected("line " + std::to_string(line) + ": not JSON: " + error.message());
  }
  return parser.handler().take();
}

void JsonFault::set(const std::string& path, std::string_view reason) {
  if (!is_set()) {
    text_ = (path.empty() ? "the file" : path) + ": " + std::string(reason);
  }
}

JsonObject::JsonObject(const JsonValue& value, std::string path, JsonFault& fault)
    : value_(&value), path_(std::move(path)), fault_(&fault) {
  if (value.kind != JsonValue::Kind::Object) {
    fault.set(path_, "is not an object");
    value_ = &kNothing;
  }
  asked_.resize(value_->members.size());
}

bool JsonObject::has(std::string_view name) const {
  return std::ranges::any_of(value_->members,
                             [&](const auto& member) { return member.name == name; });
}

const JsonValue* JsonObject::find(std::string_view name) {
  for (std::size_t at = 0; at < value_->members.size(); ++at) {
    if (value_->members[at].name == name) {
      asked_[at] = true;
      return &value_->members[at].value;
    }
  }
  return nullptr;
}

const JsonValue& JsonObject::need(std::string_view name) {
  const JsonValue* value = find(name);
  if (value == nullptr) {
    fail(name, "is missing");
    return kNothing;
  }
  return *value;
}

std::string JsonObject::text(std::string_view name) {
  const JsonValue& value = need(name);
  if (value.kind != JsonValue::Kind::Text) {
    fail(name, "is not a text");
  }
  return value.text;
}

std::uint64_t JsonObject::integer(std::string_view name, std::uint64_t min, std::uint64_t max) {
  const JsonValue& value = need(name);
  if (value.kind != JsonValue::Kind::Integer && value.kind != JsonValue::Kind::Negative) {
    fail(name, "is not a whole number");
  } else if (value.kind == JsonValue::Kind::Negative || value.integer < min ||
             value.integer > max) {
    fail(name, "is out of range, which is " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value.integer;
}

bool JsonObject::flag(std::string_view name) {
  const JsonValue& value = need(name);
  if (value.kind != JsonValue::Kind::Flag) {
    fail(name, "is not true or false");
  }
  return value.flag;
}

const std::vector<JsonValue>& JsonObject::array(std::string_view name, std::size_t max) {
  const JsonValue& value = need(name);
  if (value.kind != JsonValue::Kind::Array) {
    fail(name, "is not an array");
  } else if (value.items.size() > max) {
    fail(name, "has more than " + std::to_string(max) + " items");
    return kNothing.items;
  }
  return value.items;
}

std::vector<std::string> JsonObject::texts(std::string_view name, std::size_t max) {
  std::vector<std::string> out;
  const std::vector<JsonValue>& items = array(name, max);
  for (std::size_t at = 0; at < items.size(); ++at) {
    if (items[at].kind != JsonValue::Kind::Text) {
      fault_->set(path_of(name) + "[" + std::to_string(at) + "]", "is not a text");
    }
    out.push_back(items[at].text);
  }
  return out;
}

JsonObject JsonObject::object(std::string_view name) {
  return {need(name), path_of(name), *fault_};
}

std::string JsonObject::path_of(std::string_view name) const {
  return path_ + (path_.empty() ? "" : ".") + std::string(name);
}

void JsonObject::fail(std::string_view name, std::string_view reason) {
  fault_->set(path_of(name), reason);
}

void JsonObject::finish() {
  for (std::size_t at = 0; at < asked_.size(); ++at) {
    if (!asked_[at]) {
      fail(value_->members[at].name, "is not known here");
    }
  }
}

void JsonWriter::item() {
  if (named_) {
    named_ = false;
    return;
  }
  if (!counts_.empty()) {
    out_ += counts_.back()++ == 0 ? "\n" : ",\n";
    out_.append(counts_.size() * 2, ' ');
  }
}

void JsonWriter::end(char bracket) {
  const bool empty = counts_.back() == 0;
  counts_.pop_back();
  if (!empty) {
    out_ += '\n';
    out_.append(counts_.size() * 2, ' ');
  }
  out_ += bracket;
}

JsonWriter& JsonWriter::begin_object() {
  item();
  out_ += '{';
  counts_.push_back(0);
  return *this;
}
JsonWriter& JsonWriter::end_object() {
  end('}');
  return *this;
}
JsonWriter& JsonWriter::begin_array() {
  item();
  out_ += '[';
  counts_.push_back(0);
  return *this;
}
JsonWriter& JsonWriter::end_array() {
  end(']');
  return *this;
}
JsonWriter& JsonWriter::name(std::string_view name) {
  item();
  out_ += json::serialize(json::string_view(name.data(), name.size())) + ": ";
  named_ = true;
  return *this;
}
JsonWriter& JsonWriter::text(std::string_view value) {
  item();
  out_ += json::serialize(json::string_view(value.data(), value.size()));
  return *this;
}
JsonWriter& JsonWriter::integer(std::uint64_t value) {
  item();
  out_ += std::to_string(value);
  return *this;
}
JsonWriter& JsonWriter::flag(bool value) {
  item();
  out_ += value ? "true" : "false";
  return *this;
}
JsonWriter& JsonWriter::texts(const std::vector<std::string>& values) {
  item();
  out_ += '[';
  for (std::size_t at = 0; at < values.size(); ++at) {
    out_ += (at == 0 ? "" : ", ") +
            json::serialize(json::string_view(values[at].data(), values[at].size()));
  }
  out_ += ']';
  return *this;
}
std::string JsonWriter::take() {
  return std::move(out_) + "\n";
}

}  // namespace giro::config
