// The rule for auth = "open" (surface 5.1): only loopback names in Host, no foreign Origin. It
// keeps web pages of other sites, rebound names included, away from an API that asks nobody who
// they are.
#pragma once

#include <string_view>

namespace giro::api {

[[nodiscard]] bool is_loopback_host(
    std::string_view host_header);  // "localhost:7401", "[::1]", "127.0.0.1"
// An absent origin is no foreign one.
[[nodiscard]] bool is_own_origin(std::string_view origin_header, std::string_view host_header);

}  // namespace giro::api
