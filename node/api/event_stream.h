// Server-Sent Events (surface 5.6; WHATWG HTML, 9.2): an answer that goes on, read from the stored
// blocks piece by piece as fast as its reader takes them.
#pragma once

#include "node/api/context.h"

namespace giro::api {

[[nodiscard]] bool asks_for_stream(const Call& call);  // by Accept
void stream_events(Context& context, const CallPtr& call);

}  // namespace giro::api
