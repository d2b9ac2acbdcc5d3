// Reading the ledger: accounts, tokens, institutions, payments (surface 5.3).
#include <algorithm>
#include <boost/json.hpp>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/text.h"

namespace giro::api {
namespace {

namespace json = boost::json;

// One read view for the whole answer, which names its height.
struct Reading {
  explicit Reading(Context& context) : view(context.service.read()), reader(*view) {}
  std::shared_ptr<const runtime::ReadView> view;
  StateReader reader;

  void give(const Call& call, json::object body) const {
    body["height"] = std::to_string(view->height().value);
    answer(call, json::serialize(body), view->height());
  }
};

// ?limit= and ?cursor= of a list whose items have ascending numbers; the cursor is the number of
// the last one given.
struct Page {
  std::uint32_t limit = kListDefault;
  std::uint64_t after = 0;
};
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
      fail(call, problem(Fault::BadRequest, "cursor is the next_cursor of an earlier answer"));
      return std::nullopt;
    }
    page.after = *after;
  }
  return page;
}

// Items after.. last by number; `make` gives nullopt where there is none.
json::object list(const Page& page, std::uint64_t last,
                  const std::function<std::optional<json::object>(std::uint32_t)>& make) {
  json::array items;
  std::uint64_t at = page.after;
  while (at < last && items.size() < page.limit) {
    if (auto item = make(static_cast<std::uint32_t>(++at))) items.push_back(std::move(*item));
  }
  json::object out;
  out["items"] = std::move(items);
  out["next_cursor"] = at < last ? json::value(std::to_string(at)) : json::value(nullptr);
  return out;
}

void list_tokens(Context& context, const CallPtr& call) {
  const auto page = page_of(*call);
  if (!page) return;
  Reading reading(context);
  auto& reader = reading.reader;
  reading.give(*call, list(*page, reader.last_token(), [&reader](std::uint32_t id) {
    const auto token = reader.token(id);
    return token ? std::optional(token_form(reader, *token)) : std::nullopt;
  }));
}

void show_token(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto token = reading.reader.find_token(call->captures[0]);
  if (!token)
    return fail(*call, problem(Fault::NotFound, "no token is called " + call->captures[0]));
  reading.give(*call, token_form(reading.reader, *token));
}

void list_institutions(Context& context, const CallPtr& call) {
  const auto page = page_of(*call);
  if (!page) return;
  Reading reading(context);
  auto& reader = reading.reader;
  reading.give(*call, list(*page, reader.last_institution(), [&reader](std::uint32_t id) {
    const auto entry = reader.institution(id);
    return entry ? std::optional(institution_form(reader, *entry)) : std::nullopt;
  }));
}

void show_institution(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto id = reading.reader.institution_id(call->captures[0]);
  const auto entry = id ? reading.reader.institution(*id) : std::nullopt;
  if (!entry)
    return fail(*call, problem(Fault::NotFound, "no institution is called " + call->captures[0]));
  reading.give(*call, institution_detail_form(reading.reader, *entry));
}

// Accounts of one servicer, in order of their id; the cursor is the last id given.
void list_accounts(Context& context, const CallPtr& call) {
  const auto cursor = call->request->parameter("cursor");
  const auto limit = limit_of(*call);
  if (!limit) return;
  Reading reading(context);
  const auto servicer_name = call->request->parameter("servicer");
  const auto servicer =
      servicer_name ? reading.reader.institution_id(*servicer_name) : std::nullopt;
  if (!servicer) return fail(*call, problem(Fault::BadRequest, "servicer names an institution"));
  ledger::AccountId after{};
  if (cursor && (cursor->size() != 32 || !crypto::from_hex(*cursor, after.bytes))) {
    return fail(*call,
                problem(Fault::BadRequest, "cursor is the next_cursor of an earlier answer"));
  }
  ledger::Key first = ledger::account_key(*servicer, after);
  const auto end = ledger::prefix_end(first.view().first(5));  // table and servicer
  json::array items;
  std::string last;
  bool has_more = false;
  reading.view->scan(first, end, [&](ledger::ByteView key, ledger::ByteView value) {
    if (cursor && std::ranges::equal(key, first.view())) return true;
    if (items.size() == *limit) {
      has_more = true;
      return false;
    }
    const auto account = ledger::decode_record<ledger::Account>(value);
    if (!account) return true;
    ledger::AccountId id;
    std::ranges::copy(key.last(16), id.bytes.begin());
    last = crypto::to_hex(id);
    items.push_back(account_form(reading.reader, *servicer, id, *account));
    return true;
  });
  json::object out{{"items", std::move(items)}};
  out["next_cursor"] = has_more ? json::value(last) : json::value(nullptr);
  reading.give(*call, std::move(out));
}

// The account of a path; nullopt: answered. An id is unique per servicer only (ledger 2), so a
// second one must be asked for by name.
struct FoundAccount {
  ledger::InstId servicer = 0;
  ledger::AccountId id;
  ledger::Account record;
};
std::optional<FoundAccount> account_of(const Call& call, StateReader& reader) {
  const auto refuse = [&](Fault fault, const std::string& text) {
    fail(call, problem(fault, text));
    return std::nullopt;
  };
  ledger::AccountId id;
  if (!crypto::from_hex(call.captures[0], id.bytes))
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
  return found;
}

void show_account(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto found = account_of(*call, reading.reader);
  if (!found) return;
  reading.give(*call, account_form(reading.reader, found->servicer, found->id, found->record));
}

// A part of a position's statement: entries in order, and the chain that binds them (ledger 9.3).
void list_entries(Context& context, const CallPtr& call) {
  Reading reading(context);
  auto& reader = reading.reader;
  const auto page = page_of(*call);
  if (!page) return;
  const auto found = account_of(*call, reader);
  if (!found) return;
  const auto name = call->request->parameter("token");
  const auto token = name ? reader.find_token(*name) : std::nullopt;
  if (!token) return fail(*call, problem(Fault::BadRequest, "token names a token"));
  const auto position =
      token->record.issuer == found->servicer
          ? reader.read<ledger::Position>(ledger::position_key(token->id, found->id))
          : std::nullopt;
  if (!position)
    return fail(*call, problem(Fault::NotFound, "the account holds no " + token->name));
  const auto statement =
      context.service.statement(token->id, found->id, *position, page->after, page->limit);
  if (!statement) {
    return fail(*call, problem(Fault::NotFound,
                               "this node began with a snapshot and holds entries from cursor=" +
                                   std::to_string(statement.error().held_after) +
                                   " on; another node may hold the others"));
  }
  reading.give(*call, statement_form(reader, *token, *position, *statement));
}

void show_payment(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto bank = reading.reader.institution_id(call->captures[0]);
  const auto uetr = receipt::from_uuid_text(call->captures[1]);
  if (!uetr) return fail(*call, problem(Fault::BadRequest, "a UETR is a lower-case UUID"));
  const auto payment =
      bank ? reading.reader.read<ledger::Payment>(ledger::payment_key(*bank, ledger::Uetr{*uetr}))
           : std::nullopt;
  if (!payment) return fail(*call, problem(Fault::NotFound, "no such payment"));
  reading.give(*call, payment_form(reading.reader, *payment));
}

}  // namespace

void add_ledger_routes(Router& router, Context& context) {
  const auto add = [&](const char* pattern, std::vector<std::string> parameters,
                       void (*function)(Context&, const CallPtr&)) {
    parameters.emplace_back("min_height");
    router.add({"GET", pattern, std::move(parameters), RateKind::Read,
                [&context, function](const CallPtr& call) { function(context, call); }});
  };
  add("/v1/tokens", {"limit", "cursor"}, list_tokens);
  add("/v1/tokens/{id}", {}, show_token);
  add("/v1/institutions", {"limit", "cursor"}, list_institutions);
  add("/v1/institutions/{name}", {}, show_institution);
  add("/v1/accounts", {"servicer", "limit", "cursor"}, list_accounts);
  add("/v1/accounts/{id}", {"servicer"}, show_account);
  add("/v1/accounts/{id}/entries", {"servicer", "token", "limit", "cursor"}, list_entries);
  add("/v1/payments/{payer_bank}/{uetr}", {}, show_payment);
}

}  // namespace giro::api
