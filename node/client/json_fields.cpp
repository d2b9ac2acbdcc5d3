#include "node/client/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace giro::client {

namespace json = boost::json;

namespace {
const json::value* field(const json::object& from, std::string_view name) {
  return from.if_contains({name.data(), name.size()});
}
}  // namespace

std::string text_field(const json::object& from, std::string_view name) {
  const auto* value = field(from, name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::uint64_t number_field(const json::object& from, std::string_view name) {
  const auto* value = field(from, name);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64())
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->get_int64()));
  if (!value->is_string()) return 0;
  std::uint64_t number = 0;
  const auto& text = value->get_string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

bool bool_field(const json::object& from, std::string_view name) {
  const auto* value = field(from, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_field(const json::object& from, std::string_view name) {
  const auto* value = field(from, name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_field(const json::object& from, std::string_view name) {
  const auto* value = field(from, name);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace giro::client
