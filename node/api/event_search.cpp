#include "node/api/event_search.h"

#include <algorithm>

#include "node/api/state_names.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

namespace json = boost::json;

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

}  // namespace

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
  filter.caller = call.caller;
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

bool is_pruned(Context& context, std::uint64_t height, const Reading& reading) {
  return height <= reading.view->height().value && !context.service.events({height}) &&
         !context.service.block({height});
}

FoundEvents look_for_events(Context& context, const EventFilter& filter, Reading& reading) {
  const StateNames names(reading.reader);
  FoundEvents found{.items = {}, .last = filter.after};
  std::size_t visited = 0, operations = 0;
  for (std::size_t blocks = 0; blocks < kEventBlocksMax && operations < kBlockOperationsMax;
       ++blocks) {
    const auto block = context.service.events({found.last.height});
    if (!block) {
      found.is_pruned = is_pruned(context, found.last.height, reading);
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

Problem pruned_events(Context& context, runtime::EventPlace place, const Reading& reading) {
  const auto earliest = std::to_string(earliest_held(
      place.height, reading.view->height().value,
      [&](std::uint64_t height) { return context.service.block({height}).has_value(); }));
  return problem(Fault::Pruned, "this node began with a snapshot and holds events from after=" +
                                    earliest + ".0 on; another node may hold these");
}

}  // namespace giro::api
