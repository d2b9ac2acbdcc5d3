// Which events somebody asks for, and looking for them in the stored blocks (surface 5.6, ledger
// 10, 12).
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <set>

#include "node/api/context.h"
#include "node/api/limits.h"
#include "node/api/reading.h"
#include "node/receipt/event_form.h"

namespace giro::api {

struct EventFilter {
  runtime::EventPlace after;
  std::uint32_t limit = kListDefault;
  std::set<std::uint16_t> types;  // empty: all
  std::optional<receipt::AccountAt> account;
  std::optional<ledger::TokenId> token;

  std::shared_ptr<const Caller> caller;  // sees what is of his institutions (ledger 12)

  [[nodiscard]] bool takes(const ledger::EventRecord& event, StateReader& state) const {
    const auto issuer_of = [&state](ledger::TokenId id) {
      const auto found = state.token(id);
      return found ? found->record.issuer : 0;
    };
    return (types.empty() || types.contains(event.type)) && caller->sees(event.scope) &&
           (!account || receipt::is_about(event, *account, issuer_of)) &&
           (!token || receipt::is_about(event, *token));
  }
};

// ?after=&types=&account=&servicer=&token=&limit=, and who asks; nullopt: answered.
[[nodiscard]] std::optional<EventFilter> event_filter_of(Context& context, const Call& call);

struct FoundEvents {
  boost::json::array items;
  runtime::EventPlace
      last;  // that was looked at; all up to it that the filter takes are in `items`
  bool is_head = false;
  bool is_pruned = false;  // there was nothing to look at
};

// What the filter takes, in blocks that are attested, as far as one answer goes.
[[nodiscard]] FoundEvents look_for_events(Context& context, const EventFilter& filter,
                                          Reading& reading);

// Executed, and yet not here: it lies below the snapshot that this node began with.
[[nodiscard]] bool is_pruned(Context& context, std::uint64_t height, const Reading& reading);
// Tells from where on it has events.
[[nodiscard]] Problem pruned_events(Context& context, runtime::EventPlace place,
                                    const Reading& reading);

}  // namespace giro::api
