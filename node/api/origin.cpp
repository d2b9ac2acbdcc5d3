#include "node/api/origin.h"

#include <string>

#include "node/config/values.h"

namespace giro::api {

bool is_loopback_host(std::string_view host_header) {
  auto parsed = config::parse_host_port(host_header, false);
  if (!parsed) parsed = config::parse_host_port(std::string(host_header) + ":80", false);
  return parsed && config::is_loopback(*parsed);
}

bool is_own_origin(std::string_view origin_header, std::string_view host_header, bool is_tls) {
  return origin_header.empty() ||
         origin_header == (is_tls ? "https://" : "http://") + std::string(host_header);
}

}  // namespace giro::api
