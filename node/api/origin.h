// No foreign Origin, and with auth = "open" only loopback names in Host (surface 5.1): keeps web
// pages of other sites, rebound names included, away from an API that asks nobody who they are, or
// asks a browser that shows its certificate by itself.
#pragma once

#include <string_view>

namespace giro::api {

[[nodiscard]] bool is_loopback_host(
    std::string_view host_header);  // "localhost:7401", "[::1]", "127.0.0.1"
// An absent origin is no foreign one.
[[nodiscard]] bool is_own_origin(std::string_view origin_header, std::string_view host_header,
                                 bool is_tls);

}  // namespace giro::api
