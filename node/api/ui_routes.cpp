// The explorer (node/explorer): files of the program and the genesis file, below /ui/.
#include <fstream>
#include <span>

#include "node/api/context.h"
#include "node/explorer/explorer.h"

namespace giro::api {
namespace {

// Asked again each time, and sent again only when the program has another one.
Response site_file(const Request& request, std::string body, std::string_view etag,
                   std::string_view content_type, std::string_view policy) {
  Response out;
  out.headers.emplace_back("ETag", etag);
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("Content-Security-Policy", policy);
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (request.header("if-none-match") == etag) {
    out.status = 304;
    out.content_type.clear();
    return out;
  }
  out.content_type = std::string(content_type);
  out.body = std::move(body);
  return out;
}

void show_page(const CallPtr& call) {
  const auto path = std::span(call->request->segments).subspan(1);
  const auto* file = explorer::find(path);
  if (file == nullptr)
    return fail(*call, problem(Fault::NotFound, "the explorer has no such page"));
  call->respond(site_file(*call->request, std::string(file->bytes), file->etag, file->content_type,
                          file->policy));
}

// Receipts are checked against it. Whoever compares its SHA-256, the chain id, with what the
// consortium published trusts no node.
void show_genesis(const Context& context, const CallPtr& call) {
  if (context.genesis_file.empty())
    return fail(*call,
                problem(Fault::NotFound, "this node cannot read the genesis file of its chain"));
  const std::string etag = '"' + crypto::to_hex(context.config.chain_id) + '"';
  call->respond(site_file(*call->request, context.genesis_file, etag, "application/json",
                          "default-src 'none'"));
}

void lead_to_explorer(const CallPtr& call) {
  Response out;
  out.status = 302;
  out.content_type.clear();
  out.headers.emplace_back("Location", "/ui/");
  call->respond(std::move(out));
}

}  // namespace

std::string read_genesis_file(const std::filesystem::path& path, const crypto::Hash& chain) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || size > config::kGenesisBytesMax) return {};
  std::ifstream in(path, std::ios::binary);
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  return in && config::chain_id_of(bytes) == chain ? bytes : std::string();
}

void add_ui_routes(Router& router, Context& context) {
  router.add({"GET", "/", {}, RateKind::Read, lead_to_explorer});
  router.add({"GET", "/ui/genesis.json", {}, RateKind::Read, [&context](const CallPtr& call) {
                show_genesis(context, call);
              }});
  for (const char* pattern : {"/ui", "/ui/{page}", "/ui/{page}/{a}", "/ui/{page}/{a}/{b}"})
    router.add({"GET", pattern, {"q"}, RateKind::Read, show_page});
}

}  // namespace giro::api
