// What happened on the ledger, in order (surface 5.6, ledger 10): read from the stored blocks, so
// that nothing is lost between two questions.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "node/api/context.h"
#include "node/api/limits.h"
#include "node/api/reading.h"
#include "node/api/state_names.h"
#include "node/api/text.h"
#include "node/receipt/event_form.h"

namespace giro::api {
namespace {

namespace json = boost::json;
using runtime::EventPlace;

struct EventFilter {
  EventPlace after;
  std::uint32_t limit = kListDefault;
  std::set<std::uint16_t> types;  // empty: all
  std::optional<receipt::AccountAt> account;
  std::optional<ledger::TokenId> token;

  // Who may read it (ledger 12): the institution of this node; empty scopes are of all.
  ledger::InstId reader = 0;

  [[nodiscard]] bool takes(const ledger::EventRecord& event, StateReader& state) const {
    const auto issuer_of = [&state](ledger::TokenId id) {
      const auto found = state.token(id);
      return found ? found->record.issuer : 0;
    };
    return (types.empty() || types.contains(event.type)) &&
           (event.scope.empty() || std::ranges::find(event.scope, reader) != event.scope.end()) &&
           (!account || receipt::is_about(event, *account, issuer_of)) &&
           (!token || receipt::is_about(event, *token));
  }
};

std::nullopt_t refuse_events(const Call& call, const std::string& detail) {
  fail(call, problem(Fault::BadRequest, detail));
  return std::nullopt;
}

// "payment_settled,entry"; nullopt: answered.
std::optional<std::set<std::uint16_t>> types_of(const Call& call) {
  std::set<std::uint16_t> types;
  const auto text = call.request->parameter("types");
  if (!text) return types;
  for (std::size_t at = 0; at <= text->size();) {
    const std::size_t end = std::min(text->find(',', at), text->size());
    const auto type = receipt::event_type(text->substr(at, end - at));
    if (!type) return refuse_events(call, "types are event names, as payment_settled,entry");
    types.insert(*type);
    at = end + 1;
  }
  return types;
}

std::optional<EventFilter> event_filter_of(Context& context, const Call& call) {
  EventFilter filter;
  const auto limit = limit_of(call);
  if (!limit) return std::nullopt;
  filter.limit = *limit;
  filter.after = {context.service.info().stable.value + 1, 0};
  if (const auto text = call.request->parameter("after")) {
    const auto place = parse_place(*text);
    if (!place)
      return refuse_events(call, "after is HEIGHT.N, the place of an event, or of none yet");
    filter.after = {place->first, place->second};
  }
  auto types = types_of(call);
  if (!types) return std::nullopt;
  filter.types = std::move(*types);
  filter.reader = context.service.info().institution;
  const auto view = context.service.read();
  StateReader reader(*view);
  if (const auto text = call.request->parameter("account")) {
    if (!crypto::from_hex(*text, filter.account.emplace().account.bytes))
      return refuse_events(call, "an account id is 32 hexadecimal digits");
  }
  if (const auto text = call.request->parameter("servicer")) {
    const auto servicer = reader.institution_id(*text);
    if (!filter.account || !servicer)
      return refuse_events(call, "servicer is the bank of the account that is asked for");
    filter.account->servicer = *servicer;
  }
  if (const auto text = call.request->parameter("token")) {
    const auto token = StateNames(reader).token(*text);
    if (!token) {
      fail(call, problem(Fault::NotFound, "no token is called " + std::string(*text)));
      return std::nullopt;
    }
    filter.token = token->id;
  }
  return filter;
}

struct FoundEvents {
  json::array items;
  EventPlace last;  // that was looked at; all up to it that the filter takes are in `items`
  bool is_head = false;
  bool is_pruned = false;  // there was nothing to look at
};

// Executed, and yet not here.
bool is_below_snapshot(Context& context, std::uint64_t height, consensus::Height head) {
  return height <= head.value && !context.service.block({height});
}

// What the filter takes, in blocks that are attested, as far as one answer goes.
FoundEvents look_for_events(Context& context, const EventFilter& filter, Reading& reading) {
  const StateNames names(reading.reader);
  FoundEvents found{.items = {}, .last = filter.after};
  std::size_t visited = 0, operations = 0;
  for (std::size_t blocks = 0; blocks < kEventBlocksMax && operations < kBlockOperationsMax;
       ++blocks) {
    const auto block = context.service.events({found.last.height});
    if (!block) {
      found.is_pruned = is_below_snapshot(context, found.last.height, reading.view->height());
      found.is_head = !found.is_pruned;
      return found;
    }
    operations += block->operations;
    while (found.last.n < block->events->size()) {
      if (found.items.size() == filter.limit || visited == kListVisitedMax) return found;
      const auto event = ledger::decode_event((*block->events)[found.last.n]);
      ++visited;
      ++found.last.n;
      if (!event || !filter.takes(*event, reading.reader)) continue;
      if (auto form = receipt::write_event(*event, names)) found.items.push_back(std::move(*form));
    }
    found.last = {found.last.height + 1, 0};
  }
  return found;
}

void give_events(Context& context, const CallPtr& call, const EventFilter& filter) {
  Reading reading(context);
  FoundEvents found = look_for_events(context, filter, reading);
  if (found.is_pruned && found.items.empty()) {
    const auto earliest = std::to_string(earliest_held(
        found.last.height, reading.view->height().value,
        [&](std::uint64_t height) { return context.service.block({height}).has_value(); }));
    return fail(*call, problem(Fault::Pruned,
                               "this node began with a snapshot and holds events "
                               "from after=" +
                                   earliest + ".0 on; another node may hold these"));
  }
  reading.give(*call, {{"items", std::move(found.items)},
                       {"next_cursor",
                        std::to_string(found.last.height) + "." + std::to_string(found.last.n)},
                       {"at_head", found.is_head}});
}

void list_events(Context& context, const CallPtr& call) {
  const auto wait = duration_parameter(*call, "wait", std::chrono::milliseconds(0), kWaitMax);
  if (!wait) return;
  const auto filter = event_filter_of(context, *call);
  if (!filter) return;
  if (wait->count() == 0) return give_events(context, call, *filter);
  const auto is_news = [&context, height = filter->after.height] {
    return context.service.events({height}).has_value() ||
           is_below_snapshot(context, height, context.service.read()->height());
  };
  if (context.followers.is_full() && !is_news())
    return fail(*call, problem(Fault::Capacity, "too many follow the events at once"));
  call->begin_wait();
  context.when(context.followers, is_news, *wait,
               [&context, call, filter = *filter](bool) { give_events(context, call, filter); });
}

}  // namespace

void add_event_routes(Router& router, Context& context) {
  router.add({"GET",
              "/v1/events",
              {"after", "types", "account", "servicer", "token", "limit", "wait", "min_height"},
              RateKind::Read,
              [&context](const CallPtr& call) { list_events(context, call); }});
}

}  // namespace giro::api
