// Submitting operations and asking for their status and receipts (surface 5.3, 5.4).
#include <array>
#include <boost/json.hpp>
#include <map>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/submission.h"
#include "node/api/text.h"
#include "node/receipt/json.h"

namespace giro::api {
namespace {

namespace json = boost::json;
using runtime::OperationInfo;
using runtime::OperationStatus;
using Steady = std::chrono::steady_clock;

bool is_final(OperationStatus status) {
  return status >= OperationStatus::Committed;
}

std::string_view status_name(OperationStatus status) {
  constexpr std::array<std::string_view, 6> kNames{"UNKNOWN",   "RECEIVED", "ORDERING",
                                                   "COMMITTED", "REJECTED", "EXPIRED"};
  return kNames.at(static_cast<std::size_t>(status));
}

// What a waiting request asked for.
struct Asked {
  std::chrono::milliseconds timeout{};
  bool wait_for_final = false;
};

std::optional<Asked> asked_of(const Call& call, bool waits_by_default) {
  Asked asked;
  const auto timeout = duration_parameter(call, "timeout", kWaitDefault, kWaitMax);
  if (!timeout) return std::nullopt;
  asked.timeout = *timeout;
  const auto wait = call.request->parameter("wait");
  if (wait && *wait != "committed" && *wait != "received") {
    fail(call, problem(Fault::BadRequest, "wait is committed or received"));
    return std::nullopt;
  }
  asked.wait_for_final = wait ? *wait == "committed" : waits_by_default;
  return asked;
}

// The status document. A payment is shown as the stored state has it; `duplicate` only where it was
// submitted.
json::object status_form(StateReader& reader, const OperationInfo& info,
                         std::optional<bool> duplicate) {
  json::object out{{"actor", reader.institution_name(info.actor)},
                   {"op_id", to_uuid_text(info.op_id)}};
  out["operation_hash"] =
      info.operation_hash ? json::value(crypto::to_hex(*info.operation_hash)) : nullptr;
  out["status"] = status_name(info.status);
  if (duplicate) out["duplicate"] = *duplicate;
  if (info.outcome) {
    json::object outcome;
    put_code(outcome, info.outcome->code);
    if (info.outcome->code == ledger::Code::LegFailed || info.outcome->detail_index != 0) {
      json::object detail{{"index", info.outcome->detail_index}};
      put_code(detail, info.outcome->inner);
      outcome["detail"] = std::move(detail);
    }
    outcome["height"] = std::to_string(info.outcome->height.value);
    outcome["index"] = info.outcome->index;
    const auto& time = info.outcome->block_time;
    outcome["block_time"] = time ? json::value(time_text(time->ms)) : nullptr;
    out["outcome"] = std::move(outcome);
  } else {
    out["outcome"] = nullptr;
  }
  out["receipt_id"] = info.receipt_id ? json::value(crypto::to_hex(*info.receipt_id)) : nullptr;
  out["valid_until"] = info.valid_until ? json::value(time_text(info.valid_until->ms)) : nullptr;
  const ledger::Uetr uetr{info.op_id};
  if (const auto payment = reader.read<ledger::Payment>(ledger::payment_key(info.actor, uetr))) {
    out["payment"] = json::object{{"payer_bank", reader.institution_name(info.actor)},
                                  {"uetr", to_uuid_text(info.op_id)},
                                  {"state", ledger::name(payment->state)}};
  }
  return out;
}

// Answers with the status: 200 when final (or when nobody waits), 202 with Location when a wait
// ended without one. The stored state may lag the attested height by a moment; a final status shows
// the state that has it.
void answer_status(Context& context, const CallPtr& call, const OperationInfo& info,
                   std::optional<bool> duplicate, bool is_pending_202) {
  const consensus::Height height = info.outcome ? info.outcome->height : consensus::Height{};
  context.stored.wait(
      height.value, kMinHeightWait, [&context, call, info, duplicate, is_pending_202](bool) {
        const auto view = context.service.read();
        StateReader reader(*view);
        Response out;
        out.body = json::serialize(status_form(reader, info, duplicate));
        out.headers.emplace_back(kHeightHeader, std::to_string(view->height().value));
        if (!is_final(info.status) && is_pending_202) {
          out.status = 202;
          out.headers.emplace_back("Location", "/v1/operations/" +
                                                   reader.institution_name(info.actor) + "/" +
                                                   to_uuid_text(info.op_id));
        }
        call->respond(std::move(out));
      });
}

Problem conflict(const crypto::Hash& existing, const crypto::Hash& submitted,
                 const OperationInfo* info) {
  Problem out = problem(ledger::Code::IdempotencyConflict);
  if (info != nullptr && info->outcome) {
    out.detail = "recorded at height " + std::to_string(info->outcome->height.value);
  }
  out.existing_hash = crypto::to_hex(existing);
  out.submitted_hash = crypto::to_hex(submitted);
  return out;
}

void end_submission(Context& context, const CallPtr& call, const OperationInfo& info,
                    bool duplicate, const crypto::Hash& submitted) {
  // Another body under this id may have won at another node while this one waited.
  if (info.operation_hash && *info.operation_hash != submitted) {
    context.metrics.operation_duplicate(metrics::DuplicateKind::OtherBody);
    return fail(*call, conflict(*info.operation_hash, submitted, &info));
  }
  answer_status(context, call, info, duplicate, true);
}

// Counts what was refused, and says why.
Problem refused(Context& context, const runtime::Refusal& refusal) {
  using runtime::RefusalReason;
  if (refusal.reason == RefusalReason::NotReady) return problem(Fault::NotReady);
  if (refusal.reason == RefusalReason::DiskLow) {
    context.metrics.api_refused(metrics::ApiRefusal::Disk);
    return problem(Fault::DiskLow);
  }
  if (refusal.reason == RefusalReason::Capacity) {
    context.metrics.api_refused(metrics::ApiRefusal::Capacity);
    return problem(Fault::Capacity);
  }
  if (refusal.code == ledger::Code::IdempotencyConflict) {
    context.metrics.operation_duplicate(metrics::DuplicateKind::OtherBody);
    return conflict(refusal.existing_hash.value_or(crypto::Hash{}),
                    refusal.submitted_hash.value_or(crypto::Hash{}), nullptr);
  }
  if (refusal.code == ledger::Code::Capacity)
    context.metrics.api_refused(metrics::ApiRefusal::Capacity);
  return problem(refusal.code);
}

void count_admitted(Context& context, const runtime::Admitted& admitted, std::uint32_t type) {
  if (admitted.duplicate) {
    context.metrics.operation_duplicate(metrics::DuplicateKind::SameBody);
  } else {
    context.metrics.operation_submitted(operation_type_name(type));
  }
}

// Waits for a final status without holding a thread; beyond the limit of waiters the answer is the
// status now.
void wait_for_final(Context& context, const CallPtr& call, const OperationInfo& now,
                    std::chrono::milliseconds timeout, std::function<void(OperationInfo)> then) {
  call->begin_wait();
  context.metrics.api_waiting(1);
  const auto begin = Steady::now();
  const bool is_waiting =
      context.service.wait(now.actor, now.op_id, timeout,
                           [&context, post = context.post, begin, then](OperationInfo info) {
                             post([&context, begin, then, info = std::move(info)] {
                               context.metrics.api_waiting(-1);
                               const std::chrono::duration<double> passed = Steady::now() - begin;
                               if (info.outcome && is_final(info.status))
                                 context.metrics.finality(passed.count());
                               then(info);
                             });
                           });
  if (is_waiting) return;
  context.metrics.api_waiting(-1);
  then(now);
}

void submit(Context& context, const CallPtr& call) {
  const auto asked = asked_of(*call, true);
  if (!asked) return;
  auto read = read_submission(*call->request, context.config.chain_id);
  if (!read) return fail(*call, read.error());
  const Submission submission = std::move(*read);
  if (!call->caller->acts_for(submission.actor)) return fail(*call, not_its_actor());
  const auto key = call->request->header("idempotency-key");
  if (!key.empty() && key != to_uuid_text(submission.op_id)) {
    return fail(*call, problem(Fault::IdempotencyKeyMismatch));
  }
  auto done = [&context, post = context.post, call, asked = *asked,
               submission](runtime::SubmitAnswer answer) {
    post([&context, call, asked, submission, answer = std::move(answer)] {
      if (!answer) return fail(*call, refused(context, answer.error()));
      const bool duplicate = answer->duplicate;
      count_admitted(context, *answer, submission.type);
      const auto end = [&context, call, duplicate,
                        hash = submission.operation_hash](const OperationInfo& info) {
        end_submission(context, call, info, duplicate, hash);
      };
      if (is_final(answer->info.status) || !asked.wait_for_final) return end(answer->info);
      wait_for_final(context, call, answer->info, asked.timeout, end);
    });
  };
  context.service.submit(submission.bytes, std::move(done));
}

// A batch on its way: one result for each operation, in their order.
struct BatchAnswer {
  std::vector<std::expected<runtime::Admitted, Problem>> results;
  std::size_t open = 0;  // without a result yet
};

void answer_batch(Context& context, const Call& call, const BatchAnswer& batch) {
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array items;
  for (const auto& result : batch.results) {
    if (!result) {
      items.push_back(
          json::object{{"problem", problem_form(result.error(), call.request->request_id)}});
      continue;
    }
    items.push_back(
        json::object{{"operation", status_form(reader, result->info, result->duplicate)}});
  }
  answer(call, json::serialize(json::object{{"items", std::move(items)}}), view->height());
}

// Each operation is admitted or refused by itself, as if it had come alone with wait=received.
void submit_batch(Context& context, const CallPtr& call) {
  auto read = read_batch(*call->request, context.config.chain_id);
  if (!read) return fail(*call, read.error());
  for (auto& one : *read) {
    if (one && !call->caller->acts_for(one->actor)) one = std::unexpected(not_its_actor());
  }
  if (!context.may_submit_more(call->caller->name(), read->size() - 1)) {
    context.metrics.api_refused(metrics::ApiRefusal::Rate);
    return fail(*call, problem(Fault::RateLimited));
  }
  // Two bodies under one id: which one the node would see first nobody could say.
  std::map<std::pair<std::uint32_t, runtime::OpId>, crypto::Hash> first;
  for (auto& one : *read) {
    if (!one) continue;
    const auto [known, is_new] = first.try_emplace({one->actor, one->op_id}, one->operation_hash);
    if (!is_new && known->second != one->operation_hash) {
      context.metrics.operation_duplicate(metrics::DuplicateKind::OtherBody);
      one = std::unexpected(
          problem(Fault::BadRequest,
                  "this batch has another operation with this id before it: send this "
                  "one alone, and never another body under an id that may be used"));
    }
  }
  const auto batch = std::make_shared<BatchAnswer>();
  batch->results.resize(read->size(), std::unexpected(problem(Fault::Internal)));
  batch->open = read->size();
  const auto finish = [&context, call, batch] {
    if (--batch->open == 0) answer_batch(context, *call, *batch);
  };
  call->begin_wait();
  for (std::size_t i = 0; i < read->size(); ++i) {
    const auto& one = (*read)[i];
    if (!one) {
      batch->results[i] = std::unexpected(one.error());
      finish();
      continue;
    }
    context.service.submit(one->bytes, [&context, post = context.post, batch, i, finish,
                                        type = one->type](runtime::SubmitAnswer answer) {
      post([&context, batch, i, finish, type, answer = std::move(answer)] {
        if (answer) {
          count_admitted(context, *answer, type);
          batch->results[i] = *answer;
        } else {
          batch->results[i] = std::unexpected(refused(context, answer.error()));
        }
        finish();
      });
    });
  }
}

struct OperationName {
  std::uint32_t actor = 0;
  runtime::OpId op_id{};
};

// {actor}/{op_id} of the path. nullopt: answered.
std::optional<OperationName> named_operation(Context& context, const Call& call) {
  const auto view = context.service.read();
  const auto actor = StateReader(*view).institution_id(call.captures[0]);
  const auto op_id = receipt::from_uuid_text(call.captures[1]);
  if (!actor) {
    fail(call, problem(Fault::NotFound, "no institution is called " + call.captures[0]));
    return std::nullopt;
  }
  if (!op_id) {
    fail(call, problem(Fault::BadRequest, "the operation id is a lower-case UUID"));
    return std::nullopt;
  }
  return OperationName{*actor, *op_id};
}

// Its own institution's, or one that began a payment to which it is a party.
bool is_shown(Context& context, const Call& call, const OperationName& name) {
  if (call.caller->acts_for(name.actor) || call.caller->reads(name.actor)) return true;
  const auto view = context.service.read();
  const auto payment = StateReader(*view).read<ledger::Payment>(
      ledger::payment_key(name.actor, ledger::Uetr{name.op_id}));
  return payment && call.caller->sees(*payment);
}
// nullopt: answered.
std::optional<OperationName> shown_operation(Context& context, const Call& call) {
  const auto name = named_operation(context, call);
  if (!name || is_shown(context, call, *name)) return name;
  fail(call, problem(Fault::Forbidden,
                     "an operation is shown to its actor, to the parties of its payment and to "
                     "auditors"));
  return std::nullopt;
}

void show_status(Context& context, const CallPtr& call) {
  const auto asked = asked_of(*call, false);
  if (!asked) return;
  const auto name = shown_operation(context, *call);
  if (!name) return;
  OperationInfo info = context.service.operation(name->actor, name->op_id);
  info.actor = name->actor;  // also of one that this node has not seen
  info.op_id = name->op_id;
  if (is_final(info.status) || !asked->wait_for_final) {
    return answer_status(context, call, info, std::nullopt, false);
  }
  wait_for_final(context, call, info, asked->timeout,
                 [&context, call](const OperationInfo& at_end) {
                   answer_status(context, call, at_end, std::nullopt, true);
                 });
}

// What is known of its way here; a step without a time was not seen by this run of the node.
void show_trace(Context& context, const CallPtr& call) {
  const auto name = call->caller->has(Caller::Role::Operator) ? named_operation(context, *call)
                                                              : shown_operation(context, *call);
  if (!name) return;
  const auto info = context.service.operation(name->actor, name->op_id);
  const auto trace = context.service.trace(name->actor, name->op_id);
  if (!trace && info.status == OperationStatus::Unknown)
    return fail(*call, problem(Fault::NotFound, "not seen by this node"));
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array steps;
  const auto add = [&steps](const char* step, const std::optional<consensus::WallTime>& at,
                            json::object more = {}) {
    if (!at && more.empty()) return;
    json::object one{{"step", step}, {"time", at ? json::value(time_text(at->ms)) : nullptr}};
    for (const auto& [key, value] : more) one[key] = value;
    steps.push_back(std::move(one));
  };
  if (trace) add("RECEIVED", trace->received);
  const auto block = trace ? trace->block.value_or(runtime::BlockTrace{}) : runtime::BlockTrace{};
  if (block.proposed) {
    add("PROPOSED", block.proposed,
        {{"leader", reader.institution_name(block.leader)},
         {"view", std::to_string(block.view.value)},
         {"height", std::to_string(block.height.value)}});
  }
  add("PREPARED", block.prepared);
  add("COMMITTED", block.committed);
  json::object outcome;
  if (info.outcome) {
    put_code(outcome, info.outcome->code);
    outcome["height"] = std::to_string(info.outcome->height.value);
    outcome["index"] = info.outcome->index;
  }
  add("EXECUTED", block.executed, std::move(outcome));
  json::object attested;
  if (info.receipt_id) attested["receipt_id"] = crypto::to_hex(*info.receipt_id);
  add("ATTESTED", block.attested, std::move(attested));
  answer(*call,
         json::serialize(json::object{{"actor", reader.institution_name(name->actor)},
                                      {"op_id", to_uuid_text(name->op_id)},
                                      {"status", status_name(info.status)},
                                      {"steps", std::move(steps)}}),
         view->height());
}

void show_receipt(Context& context, const CallPtr& call) {
  const auto name = shown_operation(context, *call);
  if (!name) return;
  const auto redact = call->request->parameter("redact");
  if (redact && *redact != "body") {
    return fail(*call, problem(Fault::BadRequest, "redact takes only body"));
  }
  auto found = context.service.receipt(name->actor, name->op_id);
  if (!found) return fail(*call, problem(Fault::NotFound, "no recorded and attested outcome here"));
  if (redact) {  // the events say the same as the body
    found->operation.reset();
    found->events.clear();
  }
  answer(*call, receipt::to_json(*found));
}

}  // namespace

void add_operation_routes(Router& router, Context& context) {
  const auto bound = [&context](void (*function)(Context&, const CallPtr&)) {
    return [&context, function](const CallPtr& call) { function(context, call); };
  };
  router.add({"POST", "/v1/operations", {"wait", "timeout"}, RateKind::Submit, bound(submit)});
  router.add({"POST", "/v1/operations/batch", {}, RateKind::Submit, bound(submit_batch)});
  router.add({"GET",
              "/v1/operations/{actor}/{op_id}",
              {"wait", "timeout", "min_height"},
              RateKind::Read,
              bound(show_status)});
  router.add({"GET",
              "/v1/operations/{actor}/{op_id}/trace",
              {"min_height"},
              RateKind::Read,
              bound(show_trace)});
  router.add({"GET",
              "/v1/operations/{actor}/{op_id}/receipt",
              {"redact", "min_height"},
              RateKind::Read,
              bound(show_receipt)});
}

}  // namespace giro::api
