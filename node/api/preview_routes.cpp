// Before an operation is sent: its body from its form, and what it would do (surface 5.3).
#include <algorithm>
#include <boost/json.hpp>

#include "crypto/keys.h"
#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/state_names.h"
#include "node/api/submission.h"
#include "node/api/text.h"
#include "node/ledger/encode.h"
#include "node/ledger/events.h"

namespace giro::api {
namespace {

namespace json = boost::json;

// Body, hashes, and the operation as it stands in the body, for people to compare (surface 5.3).
void prepare(Context& context, const CallPtr& call) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kFormDepthMax;
  const json::value form = json::parse(call->request->body, error, {}, options);
  if (error || !form.is_object())
    return fail(*call, problem(Fault::BadRequest, "the body is an operation as a JSON object"));
  const auto view = context.service.read();
  StateReader reader(*view);
  const StateNames names(reader);
  const auto operation = receipt::read_operation(form.get_object(), names, {});
  if (!operation) {
    const auto code = operation.error().code;
    const std::string text = operation.error().to_string();
    return fail(*call, code ? problem(*code, text) : problem(Fault::BadRequest, text));
  }
  const auto body = ledger::encode_body(*operation);
  const auto decoded = ledger::decode_body(context.config.chain_id, body);
  if (!decoded) return fail(*call, problem(decoded.error()));
  const auto& hash = decoded->operation_hash();
  const auto sign_hash = ledger::operation_sign_bytes(context.config.chain_id, hash);
  answer(*call,
         json::serialize(json::object{{"body", receipt::to_base64(body)},
                                      {"operation_hash", crypto::to_hex(hash)},
                                      {"sign_hash", crypto::to_hex(sign_hash)},
                                      {"operation", receipt::write_operation(*operation, names)},
                                      {"height", std::to_string(view->height().value)}}),
         view->height());
}

json::array journal_form(StateReader& reader, const std::vector<ledger::Event>& events) {
  json::array out;
  for (const auto& event : events) {
    if (event.type != static_cast<std::uint16_t>(ledger::EventType::Entry)) continue;
    const auto entry = ledger::decode_record<ledger::EntryEvent>(event.body);
    const auto token = entry ? reader.token(entry->token) : std::nullopt;
    if (!token) continue;
    out.push_back(
        json::object{{"token", token->name},
                     {"account", crypto::to_hex(entry->account)},
                     {"type", ledger::name(entry->type)},
                     {"side", entry->side == ledger::Side::Debit ? "DEBIT" : "CREDIT"},
                     {"amount", ledger::to_decimal(entry->amount, token->record.scale)},
                     {"balance", ledger::to_decimal(entry->balance, token->record.scale)}});
  }
  return out;
}

json::object preview_form(StateReader& reader, const ledger::Preview& preview, bool is_signed) {
  json::object out;
  const auto& outcome = preview.outcome;
  const bool lacks_signatures = is_signed && preview.authority != ledger::Code::Ok;
  put_code(out, lacks_signatures ? preview.authority : outcome.code);
  out["recorded"] = outcome.recorded && !lacks_signatures;
  if (outcome.inner != ledger::Code::Ok || outcome.index != 0) {
    json::object detail{{"index", outcome.index}};
    put_code(detail, outcome.inner);
    out["detail"] = std::move(detail);
  }
  json::object authority;
  put_code(authority, preview.authority);
  out["authority"] = std::move(authority);
  json::array roles, accounts;
  for (const auto& one : preview.roles) {
    roles.push_back(json::object{{"institution", reader.institution_name(one.institution)},
                                 {"role", ledger::name(one.role)},
                                 {"count", one.count}});
  }
  for (const auto& policy : preview.account_keys) {
    json::array keys;
    for (const auto& key : policy.keys) keys.push_back(json::value(crypto::to_hex(key)));
    accounts.push_back(json::object{{"count", policy.m}, {"keys", std::move(keys)}});
  }
  out["needs"] = std::move(roles);
  out["account_keys"] = std::move(accounts);
  out["journal"] = journal_form(reader, outcome.events);
  return out;
}

// Nothing is sent and nothing is changed. A body alone is judged as if all had signed it.
void simulate(Context& context, const CallPtr& call) {
  auto read = read_simulation(*call->request, context.config.chain_id);
  if (!read) return fail(*call, read.error());
  if (!call->caller->acts_for(read->operation.operation().actor))
    return fail(*call, not_its_actor());
  const auto checks = read->operation.signature_checks();
  if (checks.size() > kSimulatedSignaturesMax) {
    return fail(*call,
                problem(Fault::BadRequest, "at most " + std::to_string(kSimulatedSignaturesMax) +
                                               " signatures are checked here"));
  }
  const auto valid = std::make_unique<bool[]>(checks.size());
  std::ranges::transform(checks, valid.get(), [](const auto& check) {
    return crypto::verify(check.key, check.message, check.signature);
  });
  const auto verified =
      ledger::verify(std::move(read->operation), std::span(valid.get(), checks.size()));
  if (!verified) return fail(*call, problem(verified.error()));
  const auto view = context.service.read();
  StateReader reader(*view);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const ledger::BlockContext next{
      .height = view->height().value + 1,
      .time = {std::max<std::int64_t>(now.count(), view->time().ms + 1)}};
  json::object out = preview_form(reader, ledger::preview(*view, next, *verified), read->is_signed);
  out["operation_hash"] = crypto::to_hex(verified->operation_hash());
  out["sign_hash"] = crypto::to_hex(
      ledger::operation_sign_bytes(context.config.chain_id, verified->operation_hash()));
  out["height"] = std::to_string(view->height().value);
  answer(*call, json::serialize(out), view->height());
}

}  // namespace

void add_preview_routes(Router& router, Context& context) {
  const auto add = [&](const char* pattern, void (*function)(Context&, const CallPtr&)) {
    router.add({"POST",
                pattern,
                {"min_height"},
                RateKind::Submit,
                [&context, function](const CallPtr& call) { function(context, call); }});
  };
  add("/v1/operations/prepare", prepare);
  add("/v1/operations/simulate", simulate);
}

}  // namespace giro::api
