// F11: what a client sends: paths, queries, bodies of operations in JSON and protobuf.
#include "node/api/http.h"
#include "node/api/limits.h"
#include "node/api/submission.h"
#include "node/ledger/encode.h"
#include "node/receipt/text.h"
#include "tests/fuzz/target.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::fuzz::of_api {
namespace {

using namespace api;

constexpr std::string_view kTypes[] = {"application/json", "application/x-protobuf", "text/plain"};

bool run_body(ByteView input) {
  if (input.empty()) return false;
  Request request;
  const std::string_view type = kTypes[std::to_integer<std::size_t>(input[0]) % std::size(kTypes)];
  request.headers["content-type"] = type;
  request.body = crypto::as_text(input.subspan(1));
  const auto& chain = ledger::demo::chain_id();
  const auto simulation = read_simulation(request, chain);
  const auto submission = read_submission(request, chain);
  if (!submission) return simulation && !simulation->is_signed;
  GIRO_CHECK(simulation && simulation->is_signed);
  GIRO_CHECK(simulation->operation.operation_hash() == submission->operation_hash);
  const auto decoded = ledger::decode(chain, submission->bytes);
  GIRO_CHECK(decoded && decoded->type() == submission->type);
  return true;
}

bool run_batch(ByteView input) {
  if (input.empty()) return false;
  Request request;
  const std::string_view type = kTypes[std::to_integer<std::size_t>(input[0]) % std::size(kTypes)];
  request.headers["content-type"] = type;
  request.body = crypto::as_text(input.subspan(1));
  const auto& chain = ledger::demo::chain_id();
  const auto batch = read_batch(request, chain);
  if (!batch) return false;
  GIRO_CHECK(!batch->empty() && batch->size() <= kBatchOperationsMax, batch->size());
  bool has_operation = false;
  for (const auto& each : *batch) {
    if (!each) continue;
    const auto decoded = ledger::decode(chain, each->bytes);
    GIRO_CHECK(decoded && decoded->operation_hash() == each->operation_hash);
    has_operation = true;
  }
  return has_operation;
}

std::vector<Bytes> batch_seeds() {
  const Bytes bytes = ledger::demo::transfer(ledger::demo::transfer_order(1, "12.50")).bytes();
  std::string message;
  for (int i = 0; i < 2; ++i) {  // two bytes are enough for its length
    message += '\x0a';
    message += static_cast<char>((bytes.size() & 0x7f) | 0x80);
    message += static_cast<char>(bytes.size() >> 7);
    message += crypto::as_text(bytes);
  }
  return {tagged(1, crypto::as_view(message)),
          tagged(0, text_bytes(R"({"operations":[{"body":"CAEQ","signatures":[]}]})"))};
}

std::vector<Bytes> body_seeds() {
  const auto signed_order = ledger::demo::transfer(ledger::demo::transfer_order(1, "12.50"));
  const Bytes bytes = signed_order.bytes();
  const Bytes body = ledger::encode_body(signed_order.operation);
  const std::string base64 = "{\"body\":\"" + receipt::to_base64(body) + "\"";
  const auto& key = signed_order.keys[0]->public_key();
  const std::string signature = ",\"signatures\":[{\"public_key\":\"" + crypto::to_hex(key) +
                                "\",\"signature\":\"" + std::string(128, '1') + "\"}]}";
  return {tagged(0, crypto::as_view(base64 + signature)), tagged(0, crypto::as_view(base64 + "}")),
          tagged(1, bytes)};
}

bool run_target(ByteView input) {
  Request request;
  request.target = crypto::as_text(input);
  const auto split = split_target(request);
  GIRO_CHECK(split || !split.error().empty());
  if (!split) return false;
  std::size_t size = 0;
  for (const auto& each : request.segments) size += each.size();
  for (const auto& [name, value] : request.query) size += name.size() + value.size();
  GIRO_CHECK(size <= request.target.size());
  return !request.segments.empty() && !request.query.empty();
}

std::vector<Bytes> target_seeds() {
  return {text_bytes("/v1/accounts/5555?limit=10&cursor=ab%20c"), text_bytes("/"),
          text_bytes("/v1/operations/bank-a/9b2e41c0-5a77-4d0e-9c1b-2f60d8a4e713?wait=5")};
}

}  // namespace

std::span<const Target> targets() {
  static constexpr Target kTargets[] = {{"F11", "api_body", run_body, body_seeds},
                                        {"F11", "api_batch", run_batch, batch_seeds},
                                        {"F11", "http_target", run_target, target_seeds}};
  return kTargets;
}

}  // namespace giro::fuzz::of_api
