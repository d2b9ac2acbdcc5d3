// What the routes that read the ledger have in common: one view for an answer, pages, the account
// of a path.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "node/api/context.h"
#include "node/api/limits.h"
#include "node/api/state_reader.h"
#include "node/receipt/text.h"

namespace giro::api {

// One read view for the whole answer, which names its height.
struct Reading {
  explicit Reading(Context& context) : view(context.service.read()), reader(*view) {}
  std::shared_ptr<const runtime::ReadView> view;
  StateReader reader;

  void give(const Call& call, boost::json::object body) const;
};

// ?limit= of a list; nullopt: answered.
[[nodiscard]] std::optional<std::uint32_t> limit_of(const Call& call);

// ?limit= and ?cursor= of a list whose items have ascending numbers; the cursor is the number of
// the last one given.
struct Page {
  std::uint32_t limit = kListDefault;
  std::uint64_t after = 0;
};
[[nodiscard]] std::optional<Page> page_of(const Call& call);
[[nodiscard]] Problem bad_cursor();

// The first height of those that this node holds, which are all from there up to `head`; `missing`
// is not.
[[nodiscard]] std::uint64_t earliest_held(std::uint64_t missing, std::uint64_t head,
                                          const std::function<bool(std::uint64_t)>& is_held);

// ?from= and ?to= of a list: from <= t < to.
struct Period {
  std::int64_t from = 0, to = receipt::kTimeMsMax;
  bool is_given = false;
};
[[nodiscard]] std::optional<Period> period_of(const Call& call);  // nullopt: answered

// The account of a path; nullopt: answered. An id is unique per servicer only (ledger 2), so a
// second one must be asked for by name.
struct FoundAccount {
  ledger::InstId servicer = 0;
  ledger::AccountId id;
  ledger::Account record;
};
[[nodiscard]] std::optional<FoundAccount> account_of(const Call& call, StateReader& reader,
                                                     std::string_view id);

}  // namespace giro::api
