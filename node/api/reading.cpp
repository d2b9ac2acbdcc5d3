#include "node/api/reading.h"

#include "node/api/text.h"

namespace giro::api {

void Reading::give(const Call& call, boost::json::object body) const {
  body["height"] = std::to_string(view->height().value);
  answer(call, boost::json::serialize(body), view->height());
}

Problem bad_cursor() {
  return problem(Fault::BadRequest, "cursor is the next_cursor of an earlier answer");
}

std::optional<std::uint32_t> limit_of(const Call& call) {
  const auto text = call.request->parameter("limit");
  if (!text) return kListDefault;
  const auto limit = parse_number(*text);
  if (limit && *limit >= 1 && *limit <= kListMax) return static_cast<std::uint32_t>(*limit);
  fail(call, problem(Fault::BadRequest, "limit is a number from 1 to " + std::to_string(kListMax)));
  return std::nullopt;
}

std::optional<Page> page_of(const Call& call) {
  Page page;
  const auto limit = limit_of(call);
  if (!limit) return std::nullopt;
  page.limit = *limit;
  if (const auto text = call.request->parameter("cursor")) {
    const auto after = parse_number(*text);
    if (!after) {
      fail(call, bad_cursor());
      return std::nullopt;
    }
    page.after = *after;
  }
  return page;
}

std::uint64_t earliest_held(std::uint64_t missing, std::uint64_t head,
                            const std::function<bool(std::uint64_t)>& is_held) {
  while (head - missing > 1) {
    const std::uint64_t middle = missing + (head - missing) / 2;
    (is_held(middle) ? head : missing) = middle;
  }
  return head;
}

std::optional<Period> period_of(const Call& call) {
  Period period;
  for (const auto& [name, target] :
       {std::pair("from", &period.from), std::pair("to", &period.to)}) {
    const auto text = call.request->parameter(name);
    if (!text) continue;
    const auto time = receipt::from_time_text(*text);
    if (!time) {
      fail(call, problem(Fault::BadRequest,
                         std::string(name) + " is a time, as 2026-11-21T22:41:07.114Z"));
      return std::nullopt;
    }
    *target = *time;
    period.is_given = true;
  }
  if (period.from <= period.to) return period;
  fail(call, problem(Fault::BadRequest, "from is not later than to"));
  return std::nullopt;
}

std::optional<FoundAccount> account_of(const Call& call, StateReader& reader,
                                       std::string_view digits) {
  const auto refuse = [&](Fault fault, const std::string& text) {
    fail(call, problem(fault, text));
    return std::nullopt;
  };
  ledger::AccountId id;
  if (!crypto::from_hex(digits, id.bytes))
    return refuse(Fault::BadRequest, "an account id is 32 hexadecimal digits");
  std::optional<ledger::InstId> only;
  if (const auto name = call.request->parameter("servicer")) {
    only = reader.institution_id(*name);
    if (!only) return refuse(Fault::NotFound, "no institution is called " + std::string(*name));
  }
  std::optional<FoundAccount> found;
  for (ledger::InstId inst = only.value_or(1); inst <= only.value_or(reader.last_institution());
       ++inst) {
    auto account = reader.read<ledger::Account>(ledger::account_key(inst, id));
    if (!account) continue;
    if (found) return refuse(Fault::BadRequest, "several servicers use this id; add ?servicer=");
    found = FoundAccount{inst, id, std::move(*account)};
  }
  if (!found) return refuse(Fault::NotFound, "no such account");
  if (!call.caller->reads(found->servicer))
    return refuse(Fault::Forbidden, "an account is shown to its own institution and to auditors");
  return found;
}

}  // namespace giro::api
