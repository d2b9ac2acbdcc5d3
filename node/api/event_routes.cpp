// What happened on the ledger, in order (surface 5.6, ledger 10): read from the stored blocks, so
// that nothing is lost between two questions. A page for each question, or a stream.
#include "node/api/event_search.h"
#include "node/api/event_stream.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

void give_events(Context& context, const CallPtr& call, const EventFilter& filter) {
  Reading reading(context);
  FoundEvents found = look_for_events(context, filter, reading);
  if (found.is_pruned && found.items.empty())
    return fail(*call, pruned_events(context, found.last, reading));
  reading.give(*call, {{"items", std::move(found.items)},
                       {"next_cursor", place_text(found.last.height, found.last.n)},
                       {"at_head", found.is_head}});
}

void list_events(Context& context, const CallPtr& call) {
  if (asks_for_stream(*call)) return stream_events(context, call);
  const auto wait = duration_parameter(*call, "wait", std::chrono::milliseconds(0), kWaitMax);
  if (!wait) return;
  const auto filter = event_filter_of(context, *call);
  if (!filter) return;
  if (wait->count() == 0) return give_events(context, call, *filter);
  auto& followers = context.followers;
  if (followers.is_full() && !followers.has_reached(filter->after.height))
    return fail(*call, problem(Fault::Capacity, "too many follow the events at once"));
  call->begin_wait();
  followers.wait(filter->after.height, *wait,
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
