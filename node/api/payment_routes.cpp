// Payments with their history, and holds (surface 5.3, ledger 10).
#include <algorithm>
#include <boost/json.hpp>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/reading.h"
#include "node/api/text.h"
#include "node/receipt/json.h"
#include "node/runtime/payment_index.h"

namespace giro::api {
namespace {

namespace json = boost::json;
using runtime::EventPlace;

json::object transition_form(StateReader& reader, const runtime::Transition& one) {
  json::object out{{"event", ledger::name(one.type)}};
  put_code(out, one.code);
  out["height"] = std::to_string(one.place.height);
  out["n"] = one.place.n;
  out["index"] = one.index;
  out["time"] = time_text(one.time.value);
  const bool is_sweep = one.index == 0;
  out["actor"] = is_sweep ? json::value(nullptr) : json::value(reader.institution_name(one.actor));
  out["op_id"] = is_sweep ? json::value(nullptr) : json::value(to_uuid_text(one.op_id.bytes));
  return out;
}

// "48212.4": of an event.
std::optional<EventPlace> place_of(std::string_view text) {
  const auto place = parse_place(text);
  if (!place) return std::nullopt;
  return EventPlace{place->first, place->second};
}

// {payer_bank}/{uetr} of the path. nullopt: answered.
std::optional<ledger::Payment> named_payment(Reading& reading, const Call& call) {
  const auto bank = reading.reader.institution_id(call.captures[0]);
  const auto uetr = receipt::from_uuid_text(call.captures[1]);
  if (!uetr) {
    fail(call, problem(Fault::BadRequest, "a UETR is a lower-case UUID"));
    return std::nullopt;
  }
  auto payment =
      bank ? reading.reader.read<ledger::Payment>(ledger::payment_key(*bank, ledger::Uetr{*uetr}))
           : std::nullopt;
  // Whether there is one, who is no party to it does not learn.
  if (!payment || !call.caller->sees(*payment)) {
    fail(call, problem(Fault::NotFound, "no such payment"));
    return std::nullopt;
  }
  return payment;
}

std::vector<runtime::Transition> transitions_of(const Reading& reading,
                                                const ledger::Payment& payment, EventPlace from) {
  return runtime::read_transitions(*reading.view, payment.terms.payer_bank, payment.terms.uetr,
                                   from, kListMax);
}

void show_payment(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto payment = named_payment(reading, *call);
  if (!payment) return;
  json::object out = payment_form(reading.reader, *payment);
  json::array transitions;
  for (const auto& one : transitions_of(reading, *payment, {}))
    transitions.push_back(transition_form(reading.reader, one));
  out["transitions"] = std::move(transitions);
  reading.give(*call, std::move(out));
}

// What proves how a payment stands, or how it stood after one of its transitions.
void show_payment_receipt(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto payment = named_payment(reading, *call);
  if (!payment) return;
  EventPlace place{payment->last_height, 0};
  const auto at = call->request->parameter("at");
  if (at) {
    const auto asked = place_of(*at);
    if (!asked) return fail(*call, problem(Fault::BadRequest, "at is HEIGHT.N of a transition"));
    place = *asked;
  }
  auto transitions = transitions_of(reading, *payment, place);
  if (at && (transitions.empty() || transitions.front().place != place))
    return fail(*call, problem(Fault::NotFound, "the payment has no such transition"));
  // The last of its last block, or the one that was asked for.
  auto receipt = transitions.empty()
                     ? std::nullopt
                     : context.service.receipt_of_event(at ? place : transitions.back().place);
  if (!receipt) return fail(*call, problem(Fault::NotFound, "no attested transition here"));
  answer(*call, receipt::to_json(*receipt));
}

// What a list of payments is to show; nullopt: answered.
struct Filter {
  std::optional<std::string> state;
  Period created;

  [[nodiscard]] bool takes(const ledger::Payment& payment) const {
    const std::int64_t at = payment.created_at.value;
    return at >= created.from && at < created.to &&
           (!state || *state == ledger::name(payment.state));
  }
};
std::optional<Filter> filter_of(const Call& call) {
  Filter filter;
  if (const auto state = call.request->parameter("state")) {
    filter.state = std::string(*state);
    constexpr auto kStates = static_cast<int>(ledger::PaymentState::Returned) + 1;
    bool is_known = false;
    for (int i = 0; i < kStates; ++i)
      is_known = is_known || ledger::name(static_cast<ledger::PaymentState>(i)) == *state;
    if (!is_known) {
      fail(call, problem(Fault::BadRequest, "state is that of a payment, as SETTLED"));
      return std::nullopt;
    }
  }
  const auto created = period_of(call);
  if (!created) return std::nullopt;
  filter.created = *created;
  return filter;
}

// An id may be in use at several servicers.
bool is_party(StateReader& reader, const ledger::Payment& payment, const FoundAccount& account) {
  const auto& terms = payment.terms;
  const auto is_it = [&](const ledger::AccountId& id, ledger::TokenId token_id) {
    const auto token = reader.token(token_id);
    return id == account.id && token && token->record.issuer == account.servicer;
  };
  return is_it(terms.payer_account, terms.token_from) || is_it(terms.payee_account, terms.token_to);
}

void list_by_uetr(const Reading& reading, StateReader& reader, const Call& call,
                  const Filter& filter, std::string_view text) {
  const auto uetr = receipt::from_uuid_text(text);
  if (!uetr) return fail(call, problem(Fault::BadRequest, "a UETR is a lower-case UUID"));
  json::array items;
  for (const auto& payment : ledger::query_payments(*reading.view, ledger::Uetr{*uetr})) {
    if (filter.takes(payment) && call.caller->sees(payment))
      items.push_back(payment_form(reader, payment));
  }
  reading.give(call, {{"items", std::move(items)}, {"next_cursor", nullptr}});
}

void list_payments(Context& context, const CallPtr& call) {
  Reading reading(context);
  auto& reader = reading.reader;
  const auto& request = *call->request;
  const auto limit = limit_of(*call);
  if (!limit) return;
  const auto filter = filter_of(*call);
  if (!filter) return;
  if (const auto uetr = request.parameter("uetr"))
    return list_by_uetr(reading, reader, *call, *filter, *uetr);
  const auto id = request.parameter("account");
  if (!id) return fail(*call, problem(Fault::BadRequest, "name a uetr or an account"));
  const auto account = account_of(*call, reader, *id);
  if (!account) return;
  EventPlace at;  // where the last payment that was looked at began
  if (const auto cursor = request.parameter("cursor")) {
    const auto place = place_of(*cursor);
    if (!place) return fail(*call, bad_cursor());
    at = *place;
  }
  const auto rows = runtime::read_payments_of(*reading.view, account->id, at, kListVisitedMax + 1);
  json::array items;
  std::size_t visited = 0;
  for (; visited < std::min(rows.size(), kListVisitedMax) && items.size() < *limit; ++visited) {
    const auto& row = rows[visited];
    at = row.began;
    const auto payment =
        reader.read<ledger::Payment>(ledger::payment_key(row.payer_bank, row.uetr));
    // Past payment_retention there is none.
    if (payment && filter->takes(*payment) && call->caller->sees(*payment) &&
        is_party(reader, *payment, *account))
      items.push_back(payment_form(reader, *payment));
  }
  json::object out{{"items", std::move(items)}};
  out["next_cursor"] = visited < rows.size()
                           ? json::value(std::to_string(at.height) + "." + std::to_string(at.n))
                           : json::value(nullptr);
  reading.give(*call, std::move(out));
}

void show_hold(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto creator = reading.reader.institution_id(call->captures[0]);
  const auto uuid = receipt::from_uuid_text(call->captures[1]);
  if (!uuid) return fail(*call, problem(Fault::BadRequest, "a hold id is a lower-case UUID"));
  const ledger::HoldId id{*uuid};
  auto record = creator ? ledger::query_hold(*reading.view, *creator, id) : std::nullopt;
  const auto token = record ? reading.reader.token(record->token) : std::nullopt;
  const bool is_seen =
      token && (call->caller->reads(*creator) || call->caller->reads(token->record.issuer));
  if (!is_seen) return fail(*call, problem(Fault::NotFound, "no such hold"));
  reading.give(*call, hold_form(reading.reader, {*creator, id, std::move(*record)}));
}

// Table 23 has a row for each ACTIVE hold of a position (ledger 9.1); the cursor is the last row.
constexpr std::size_t kHoldRowBytes = 1 + 4 + 16 + 8 + 4 + 16;

void list_holds(Context& context, const CallPtr& call) {
  Reading reading(context);
  auto& reader = reading.reader;
  const auto limit = limit_of(*call);
  if (!limit) return;
  const auto account = account_of(*call, reader, call->captures[0]);
  if (!account) return;
  crypto::Bytes after;
  if (const auto cursor = call->request->parameter("cursor")) {
    after.resize(kHoldRowBytes);
    if (!crypto::from_hex(*cursor, after)) return fail(*call, bad_cursor());
  }
  json::array items;
  crypto::Bytes last;
  bool has_more = false;
  for (ledger::TokenId id = 1; id <= reader.last_token() && !has_more; ++id) {
    const auto token = reader.token(id);
    if (!token || token->record.issuer != account->servicer) continue;
    auto from = ledger::hold_of_position_key(id, account->id, 0, 0, ledger::HoldId{}).to_bytes();
    const auto end = ledger::prefix_end(ledger::ByteView(from).first(1 + 4 + 16));
    if (after >= end) continue;
    from = std::max(from, after);
    std::vector<crypto::Bytes> keys;
    reading.view->scan(from, end, [&](ledger::ByteView key, ledger::ByteView) {
      if (!std::ranges::equal(key, after)) keys.push_back(crypto::to_bytes(key));
      return keys.size() + items.size() <= *limit;
    });
    for (const auto& key : keys) {
      has_more = items.size() == *limit;
      if (has_more) break;
      crypto::Reader fields(ledger::ByteView(key).last(4 + 16));
      const ledger::InstId creator = fields.u32();
      ledger::HoldId hold_id;
      std::ranges::copy(fields.raw(hold_id.bytes.size()), hold_id.bytes.begin());
      if (auto hold = ledger::query_hold(*reading.view, creator, hold_id))
        items.push_back(hold_form(reader, {creator, hold_id, std::move(*hold)}));
      last = key;
    }
  }
  json::object out{{"items", std::move(items)}};
  out["next_cursor"] = has_more ? json::value(crypto::to_hex(last)) : json::value(nullptr);
  reading.give(*call, std::move(out));
}

}  // namespace

void add_payment_routes(Router& router, Context& context) {
  const auto add = [&](const char* pattern, std::vector<std::string> parameters,
                       void (*function)(Context&, const CallPtr&)) {
    parameters.emplace_back("min_height");
    router.add({"GET", pattern, std::move(parameters), RateKind::Read,
                [&context, function](const CallPtr& call) { function(context, call); }});
  };
  add("/v1/payments", {"uetr", "account", "servicer", "state", "from", "to", "limit", "cursor"},
      list_payments);
  add("/v1/payments/{payer_bank}/{uetr}", {}, show_payment);
  add("/v1/payments/{payer_bank}/{uetr}/receipt", {"at"}, show_payment_receipt);
  add("/v1/accounts/{id}/holds", {"servicer", "limit", "cursor"}, list_holds);
  add("/v1/holds/{creator}/{hold_id}", {}, show_hold);
}

}  // namespace giro::api
