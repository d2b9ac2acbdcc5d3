// Strict JSON as a tree (RFC 8259): repeated members, fractions and nesting beyond 16 are errors.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace giro::config {

struct JsonMember;

struct JsonValue {
  enum class Kind : std::uint8_t { Null, Flag, Integer, Negative, Fraction, Text, Array, Object };
  Kind kind = Kind::Null;
  bool flag = false;
  std::uint64_t integer = 0;  // Integer: not below zero
  std::string text;
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// The error says where: "line 3: ...", or the path of a repeated member.
[[nodiscard]] std::expected<JsonValue, std::string> parse_json(std::string_view text);

// Reads one tree strictly. The first fault is kept, with its path; what is read after it has no
// meaning.
class JsonFault {
 public:
  void set(const std::string& path, std::string_view reason);
  [[nodiscard]] bool is_set() const { return !text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// One object. Every member must be asked for; finish() reports those that were not.
class JsonObject {
 public:
  JsonObject(const JsonValue& value, std::string path, JsonFault& fault);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const JsonValue* find(std::string_view name);  // nullptr and no fault if absent
  const JsonValue& need(std::string_view name);                // a fault if absent
  std::string text(std::string_view name);
  std::uint64_t integer(std::string_view name, std::uint64_t min, std::uint64_t max);
  bool flag(std::string_view name);
  // The items of an array of at most `max`.
  const std::vector<JsonValue>& array(std::string_view name, std::size_t max);
  std::vector<std::string> texts(std::string_view name, std::size_t max);
  JsonObject object(std::string_view name);

  [[nodiscard]] std::string path_of(std::string_view name) const;
  void fail(std::string_view name, std::string_view reason);  // about one member
  void finish();
  [[nodiscard]] const JsonValue& value() const { return *value_; }
  [[nodiscard]] JsonFault& fault() { return *fault_; }

 private:
  const JsonValue* value_;
  std::string path_;
  JsonFault* fault_;
  std::vector<bool> asked_;
};

// Builds indented JSON, members in the order of the calls.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& name(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& integer(std::uint64_t value);
  JsonWriter& flag(bool value);
  JsonWriter& texts(const std::vector<std::string>& values);  // on one line
  [[nodiscard]] std::string take();

 private:
  void item();
  void end(char bracket);
  std::string out_;
  std::vector<std::size_t> counts_;
  bool named_ = false;
};

}  // namespace giro::config
