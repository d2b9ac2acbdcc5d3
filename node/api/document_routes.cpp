// The documents that a client is written from: this API, and the messages that are signed
// (surface 5.3).
#include "node/api/context.h"

namespace giro::embedded {
std::string_view openapi_json();
std::string_view ledger_proto();
}  // namespace giro::embedded

namespace giro::api {

void add_document_routes(Router& router) {
  const auto add = [&router](const char* pattern, const char* content_type,
                             std::string_view document) {
    router.add({"GET", pattern, {}, RateKind::Read, [content_type, document](const CallPtr& call) {
                  call->respond({.status = 200,
                                 .content_type = content_type,
                                 .body = std::string(document),
                                 .headers = {}});
                }});
  };
  add("/v1/openapi.json", "application/json", embedded::openapi_json());
  add("/v1/schema.proto", "text/plain; charset=utf-8", embedded::ledger_proto());
}

}  // namespace giro::api
