// How long ended records stay (ledger 4.3, 6, 13). A record past its retention counts as absent,
// deleted or not.
#pragma once

#include "node/ledger/effects.h"

namespace giro::ledger {

// The moment after which a record may go; nullopt: it has not ended.
[[nodiscard]] std::optional<TimeMs> retained_until(const Params& params,
                                                   const OutcomeRecord& record);
[[nodiscard]] std::optional<TimeMs> retained_until(const Params& params, const Payment& record);
[[nodiscard]] std::optional<TimeMs> retained_until(const Params& params, const Hold& record);
[[nodiscard]] std::optional<TimeMs> retained_until(const Params& params,
                                                   const MintReference& record);

[[nodiscard]] std::optional<TimeMs> retained_until(const Params& params, const Proposal& record);

template <class Record>
[[nodiscard]] bool is_past_retention(const Params& params, const Record& record, TimeMs now) {
  const std::optional<TimeMs> until = retained_until(params, record);
  return until && now > *until;
}

// Files the record of `subject` for the sweep of the day after `until`.
void keep_for_retention(Effects& effects, RetentionKind kind, const Key& subject, TimeMs until);

}  // namespace giro::ledger
