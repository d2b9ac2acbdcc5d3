// Reading the ledger: accounts, tokens, institutions (surface 5.3).
#include <algorithm>
#include <boost/json.hpp>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/reading.h"
#include "node/api/supply_forms.h"
#include "node/api/text.h"
#include "node/ledger/network_params.h"

namespace giro::api {
namespace {

namespace json = boost::json;

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
  json::object out = institution_detail_form(reading.reader, *entry);
  put_positions_of_bank(reading.reader, *id, out);
  reading.give(*call, std::move(out));
}

// Shown to its owner only (ledger 10, 12).
void show_deny_list(Context& context, const CallPtr& call) {
  const auto limit = limit_of(*call);
  if (!limit) return;
  const std::string& owner = call->captures[0];
  Reading reading(context);
  const auto id =
      owner == context.config.name ? reading.reader.institution_id(owner) : std::nullopt;
  if (!id || !call->caller->is_of(*id))
    return fail(*call, problem(Fault::Forbidden,
                               "a deny list is shown by its owner's node, to its owner only"));
  constexpr std::size_t kSubjectBytesMax = 21;  // an account at an institution
  crypto::Bytes after;
  if (const auto cursor = call->request->parameter("cursor")) {
    after.resize(cursor->size() / 2);
    if (after.empty() || after.size() > kSubjectBytesMax ||
        !receipt::from_lower_hex(*cursor, after))
      return fail(*call, bad_cursor());
  }
  auto rows = ledger::query_deny_list(*reading.view, *id, after, *limit + 1);
  json::object out;
  out["next_cursor"] = nullptr;
  if (rows.size() > *limit) {
    rows.pop_back();
    out["next_cursor"] = crypto::to_hex(rows.back().subject);
  }
  json::array items;
  for (const auto& row : rows) items.push_back(deny_form(reading.reader, row));
  out["items"] = std::move(items);
  reading.give(*call, std::move(out));
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
  if (!call->caller->reads(*servicer))
    return fail(*call, problem(Fault::Forbidden,
                               "accounts are shown to their own institution and to auditors"));
  ledger::AccountId after{};
  if (cursor && (cursor->size() != 32 || !crypto::from_hex(*cursor, after.bytes))) {
    return fail(*call, bad_cursor());
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

void show_account(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto found = account_of(*call, reading.reader, call->captures[0]);
  if (!found) return;
  reading.give(*call, account_form(reading.reader, found->servicer, found->id, found->record));
}

// The account of the path in the token of ?token=; nullopt: answered.
struct FoundPosition {
  FoundAccount account;
  TokenEntry token;
  ledger::Position record;
};
std::optional<FoundPosition> position_of(const Call& call, StateReader& reader) {
  auto account = account_of(call, reader, call.captures[0]);
  if (!account) return std::nullopt;
  const auto name = call.request->parameter("token");
  auto token = name ? reader.find_token(*name) : std::nullopt;
  if (!token) {
    fail(call, problem(Fault::BadRequest, "token names a token"));
    return std::nullopt;
  }
  auto record = token->record.issuer == account->servicer
                    ? reader.read<ledger::Position>(ledger::position_key(token->id, account->id))
                    : std::nullopt;
  if (!record) {
    fail(call, problem(Fault::NotFound, "the account holds no " + token->name));
    return std::nullopt;
  }
  return FoundPosition{std::move(*account), std::move(*token), *record};
}

// Of the height that is the newest here, once a quorum has attested it.
void prove_position(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto found = position_of(*call, reading.reader);
  if (!found) return;
  call->begin_wait();
  const auto done = [&context, post = context.post,
                     call](std::optional<receipt::PositionProof> proof) {
    post([&context, call, proof = std::move(proof)] {
      if (!proof) return fail(*call, problem(Fault::NotReady));
      const auto made = std::make_shared<receipt::PositionProof>(*proof);
      context.attested.wait(made->header.height.value, kMinHeightWait,
                            [&context, call, made](bool) {
                              if (!context.service.attest(*made))
                                return fail(*call, problem(Fault::Behind));
                              answer(*call, receipt::to_json(*made), made->header.height);
                            });
    });
  };
  if (!context.service.prove(found->token.id, found->account.id, done))
    fail(*call, problem(Fault::Capacity, "too many proofs are asked for at once"));
}

// A part of a position's statement: entries in order, and the chain that binds them (ledger 9.3);
// of all of them, or of those of a period.
void list_entries(Context& context, const CallPtr& call) {
  Reading reading(context);
  auto& reader = reading.reader;
  const auto page = page_of(*call);
  if (!page) return;
  const auto period = period_of(*call);
  if (!period) return;
  const auto found = position_of(*call, reader);
  if (!found) return;
  const auto& [account, token, position] = *found;
  const auto not_held = [&](const runtime::StatementNotHeld& error) {
    fail(*call,
         problem(Fault::Pruned, "this node began with a snapshot and holds entries from cursor=" +
                                    std::to_string(error.held_after) +
                                    " on; another node may hold the others"));
  };
  std::uint64_t first = 0, last = position.entry_seq;  // of entries: after `first`, up to `last`
  if (period->is_given) {
    for (const auto& [time, number] :
         {std::pair(period->from, &first), std::pair(period->to, &last)}) {
      const auto before = context.service.entries_before(token.id, account.id, position, {time});
      if (!before) return not_held(before.error());
      *number = *before;
    }
  }
  const std::uint64_t after = std::clamp(page->after, first, std::max(first, last));
  const auto limit = std::min<std::uint64_t>(page->limit, last - after);
  const auto statement = context.service.statement(token.id, account.id, position, after, limit);
  if (!statement) return not_held(statement.error());
  json::object out = statement_form(reader, token, position, *statement, last);
  if (period->is_given) {
    out["period"] = json::object{{"from", receipt::to_time_text(period->from)},
                                 {"to", receipt::to_time_text(period->to)},
                                 {"after", std::to_string(first)},
                                 {"last", std::to_string(last)}};
  }
  reading.give(*call, std::move(out));
}

// Per token the sum of its positions against what is outstanding (ledger I1), with the root that
// the validators attest for this height.
void show_conservation(Context& context, const CallPtr& call) {
  Reading reading(context);
  auto& reader = reading.reader;
  json::array items;
  bool is_conserved = true;
  for (ledger::TokenId id = 1; id <= reader.last_token(); ++id) {
    const auto token = reader.token(id);
    if (!token) continue;
    const auto& record = token->record;
    const auto outstanding = ledger::subtract_or_zero(record.issued, record.redeemed);
    is_conserved = is_conserved && outstanding == record.posted;
    items.push_back(json::object{{"token", token->name},
                                 {"positions", ledger::to_decimal(record.posted, record.scale)},
                                 {"outstanding", ledger::to_decimal(outstanding, record.scale)},
                                 {"conserved", outstanding == record.posted}});
  }
  const auto block = context.service.block(reading.view->height());
  reading.give(*call, {{"conserved", is_conserved},
                       {"state_root", block ? json::value(crypto::to_hex(block->header.state_root))
                                            : json::value(nullptr)},
                       {"items", std::move(items)}});
}

// In the base unit of each: bytes, milliseconds, counts.
void show_params(Context& context, const CallPtr& call) {
  Reading reading(context);
  const auto params = reading.reader.read<ledger::Params>(ledger::params_key());
  if (!params) return fail(*call, problem(Fault::Internal, "the parameters are missing"));
  json::object own, network, next;
  for (const auto& rule : ledger::ledger_param_rules())
    own[{rule.name.data(), rule.name.size()}] = std::to_string((*params).*rule.value);
  for (const auto& [list, out] :
       {std::pair(&params->network, &network), std::pair(&params->network_next, &next)}) {
    for (const auto& param : *list) {
      const auto* rule = ledger::find_network_param(param.id);
      if (rule != nullptr)
        (*out)[{rule->name.data(), rule->name.size()}] = std::to_string(param.value);
    }
  }
  reading.give(*call, {{"rules_version", params->rules_version},
                       {"epoch_blocks", std::to_string(params->epoch_blocks)},
                       {"ledger", std::move(own)},
                       {"network", std::move(network)},
                       {"next_epoch", std::move(next)}});
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
  add("/v1/institutions/{name}/deny-list", {"limit", "cursor"}, show_deny_list);
  add("/v1/conservation", {}, show_conservation);
  add("/v1/params", {}, show_params);
  add("/v1/accounts", {"servicer", "limit", "cursor"}, list_accounts);
  add("/v1/accounts/{id}", {"servicer"}, show_account);
  add("/v1/accounts/{id}/proof", {"servicer", "token"}, prove_position);
  add("/v1/accounts/{id}/entries", {"servicer", "token", "from", "to", "limit", "cursor"},
      list_entries);
}

}  // namespace giro::api
