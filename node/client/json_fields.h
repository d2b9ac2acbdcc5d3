// Reading members of a node's JSON answers. What is absent or of another kind reads as empty or 0:
// newer nodes may say more, and nothing that matters rests on an answer without a receipt.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace giro::client {

[[nodiscard]] std::string text_field(const boost::json::object& from, std::string_view name);
// A number, or decimal text as 64-bit numbers are written.
[[nodiscard]] std::uint64_t number_field(const boost::json::object& from, std::string_view name);
[[nodiscard]] bool bool_field(const boost::json::object& from, std::string_view name);
// nullptr where there is none.
[[nodiscard]] const boost::json::object* object_field(const boost::json::object& from,
                                                      std::string_view name);
[[nodiscard]] const boost::json::array* array_field(const boost::json::object& from,
                                                    std::string_view name);

}  // namespace giro::client
