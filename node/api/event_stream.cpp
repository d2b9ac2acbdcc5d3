#include "node/api/event_stream.h"

#include <utility>

#include "node/api/event_search.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr std::string_view kStreamType = "text/event-stream";

// "id: 48212.4\nevent: entry\ndata: {…}\n\n". JSON has no line ends of its own.
void add_message(std::string& out, const std::string& id, std::string_view event,
                 const json::object& data) {
  out += "id: " + id + "\nevent: ";
  out += event;
  out += "\ndata: " + json::serialize(data) + "\n\n";
}

// One reader's way through the events. Lives as long as its connection.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(Context& context, EventFilter filter)
      : context_(context),
        metrics_(context.metrics),
        heights_(context.stream_heights),
        filter_(std::move(filter)) {
    filter_.limit = kStreamPieceEvents;
    metrics_.api_streaming(1);
    (*heights_)[this] = filter_.after.height;
  }
  ~EventStream() {
    metrics_.api_streaming(-1);
    heights_->erase(this);
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void next(Give give) {
    if (context_.is_draining) return give(std::nullopt);  // resumed elsewhere, from the last id
    Reading reading(context_);
    FoundEvents found = look_for_events(context_, filter_, reading);
    if (found.is_pruned && found.items.empty()) return give(std::nullopt);  // asked again: 410
    filter_.after = found.last;
    (*heights_)[this] = filter_.after.height;
    const bool is_silent = Steady::now() - spoke_at_ >= kStreamBeat;
    if (!found.items.empty() || is_silent) return speak(found.items, give);
    if (found.is_head) return wait(std::move(give));
    // It went through blocks in vain; the others on this thread come first.
    context_.http.after({}, [self = shared_from_this(), give] { self->next(give); });
  }

 private:
  void speak(const json::array& items, const Give& give) {
    std::string piece;
    for (const auto& item : items) {
      const auto& event = item.get_object();
      const std::string_view height = event.at("height").get_string();
      add_message(piece, std::string(height) + "." + json::serialize(event.at("n")),
                  event.at("type").get_string(), event);
    }
    // How far it has looked, also past what the filter does not take.
    if (items.empty())
      add_message(piece, place_text(filter_.after.height, filter_.after.n), "height",
                  {{"height", std::to_string(context_.attested_height())}});
    spoke_at_ = Steady::now();
    give(std::move(piece));
  }

  void wait(Give give) {
    const auto until_beat =
        std::chrono::ceil<std::chrono::milliseconds>(kStreamBeat - (Steady::now() - spoke_at_));
    context_.streams.wait(filter_.after.height, until_beat,
                          [self = shared_from_this(), give = std::move(give)](bool) {
                            // Not from within the watch: reached and not readable yet would turn
                            // round for ever.
                            self->context_.http.after(kHeightPoll,
                                                      [self, give] { self->next(give); });
                          });
  }

  Context& context_;
  metrics::Metrics& metrics_;
  std::shared_ptr<Context::StreamHeights> heights_;
  EventFilter filter_;
  Steady::time_point spoke_at_{};  // at once, so that its reader knows where it began
};

// Last-Event-ID wins: a browser repeats the address it began with. False: answered.
bool take_last_event_id(const Call& call, EventFilter& filter) {
  const auto text = call.request->header("last-event-id");
  if (text.empty()) return true;
  const auto place = parse_place(text);
  if (!place) {
    fail(call, problem(Fault::BadRequest, "Last-Event-ID is HEIGHT.N, an id of this stream"));
    return false;
  }
  filter.after = {place->first, place->second};
  return true;
}

}  // namespace

bool asks_for_stream(const Call& call) {
  return call.request->header("accept").find(kStreamType) != std::string_view::npos;
}

void stream_events(Context& context, const CallPtr& call) {
  for (const char* name : {"limit", "wait"}) {
    if (call->request->parameter(name))
      return fail(*call, problem(Fault::BadRequest,
                                 std::string(name) + " is of a page of events, not of a stream"));
  }
  auto filter = event_filter_of(context, *call);
  if (!filter || !take_last_event_id(*call, *filter)) return;
  Reading reading(context);
  if (is_pruned(context, filter->after.height, reading))
    return fail(*call, pruned_events(context, filter->after, reading));
  if (context.stream_heights->size() >= context.config.api.streams) {
    context.metrics.api_refused(metrics::ApiRefusal::Capacity);
    return fail(*call, problem(Fault::Capacity, "api.limits.streams are open already"));
  }
  const auto stream = std::make_shared<EventStream>(context, std::move(*filter));
  Response out;
  out.content_type = kStreamType;
  out.pieces = [stream](Give give) { stream->next(std::move(give)); };
  call->respond(std::move(out));
}

}  // namespace giro::api
