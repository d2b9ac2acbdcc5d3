// Reading governance: proposals and how they were voted on (surface 5.3, ledger 5.1).
#include <boost/json.hpp>

#include "node/api/context.h"
#include "node/api/ledger_forms.h"
#include "node/api/limits.h"
#include "node/api/text.h"
#include "node/ledger/codes.h"
#include "node/ledger/query.h"
#include "node/receipt/text.h"

namespace giro::api {
namespace {

namespace json = boost::json;

std::string_view state_name(ledger::ProposalState state) {
  switch (state) {
    case ledger::ProposalState::Open:
      return "OPEN";
    case ledger::ProposalState::Passed:
      return "PASSED";
    case ledger::ProposalState::Executed:
      return "EXECUTED";
    case ledger::ProposalState::Failed:
      return "FAILED";
    case ledger::ProposalState::Rejected:
      return "REJECTED";
    case ledger::ProposalState::Expired:
      return "EXPIRED";
  }
  return "UNKNOWN";
}

constexpr std::string_view kStatus[] = {"ACTIVE", "SUSPENDED", "EXITING", "EXITED"};

json::object form_of(StateReader&, const ledger::InstAdd& action) {
  return {{"type", "INST_ADD"},
          {"name", action.name},
          {"lei", action.lei.text()},
          {"bic", action.bic},
          {"country", action.country.text()},
          {"admin_quorum", action.admin.quorum},
          {"admin_keys", action.admin.keys.size()}};
}
json::object form_of(StateReader& reader, const ledger::InstStatus& action) {
  return {{"type", "INST_STATUS"},
          {"institution", reader.institution_name(action.institution)},
          {"status", kStatus[static_cast<std::size_t>(action.status)]}};
}
json::object form_of(StateReader& reader, const ledger::InstKeys& action) {
  return {{"type", "INST_KEYS"},
          {"institution", reader.institution_name(action.institution)},
          {"admin_quorum", action.admin.quorum},
          {"admin_keys", action.admin.keys.size()}};
}
json::object form_of(StateReader& reader, const ledger::ValidatorSetAction& action) {
  constexpr std::string_view kChanges[] = {"ADD", "REMOVE", "REPLACE"};
  json::object out{{"type", "VALIDATOR_SET"},
                   {"change", kChanges[static_cast<std::size_t>(action.change)]},
                   {"institution", reader.institution_name(action.institution)}};
  if (action.change != ledger::SeatChange::Remove)
    out["public_key"] = crypto::to_hex(action.public_key);
  return out;
}
json::object form_of(StateReader&, const ledger::ParamSet& action) {
  return {{"type", "PARAM_SET"}, {"name", action.name}, {"value", std::to_string(action.value)}};
}

json::object action_form(StateReader& reader, const ledger::Proposal& record) {
  const auto action = ledger::action_of(record);
  if (!action) return {{"type", "UNKNOWN"}};
  return std::visit([&reader](const auto& each) { return form_of(reader, each); }, *action);
}

json::value time_form(ledger::TimeMs time) {
  return time.value == 0 ? json::value(nullptr) : json::value(receipt::to_time_text(time.value));
}

json::object proposal_form(StateReader& reader, const ledger::ProposalView& proposal) {
  const ledger::Proposal& record = proposal.record;
  json::array votes;
  for (const auto& vote : record.votes) {
    votes.push_back(json::object{{"institution", reader.institution_name(vote.institution)},
                                 {"yes", vote.yes}});
  }
  return {{"proposer", reader.institution_name(proposal.proposer)},
          {"id", receipt::to_uuid_text(proposal.id.bytes)},
          {"action", action_form(reader, record)},
          {"urgent", record.urgent},
          {"state", state_name(record.state)},
          {"code", ledger::code_name(static_cast<ledger::Code>(record.code))},
          {"votes", std::move(votes)},
          {"expires_at", time_form(record.expires_at)},
          {"execute_at", time_form(record.execute_at)},
          {"ended_at", time_form(record.ended_at)}};
}

void list_proposals(Context& context, const CallPtr& call) {
  const auto view = context.service.read();
  StateReader reader(*view);
  json::array items;
  for (const auto& proposal : ledger::query_proposals(*view, kListMax))
    items.push_back(proposal_form(reader, proposal));
  answer(*call,
         json::serialize(json::object{{"items", std::move(items)},
                                      {"next_cursor", nullptr},
                                      {"height", std::to_string(view->height().value)}}),
         view->height());
}

void show_proposal(Context& context, const CallPtr& call) {
  const auto view = context.service.read();
  StateReader reader(*view);
  const auto proposer = reader.institution_id(call->captures[0]);
  const auto id = receipt::from_uuid_text(call->captures[1]);
  if (!id)
    return fail(*call, problem(Fault::BadRequest, "the id of a proposal is a lower-case UUID"));
  auto record =
      proposer ? ledger::query_proposal(*view, *proposer, ledger::PropId{*id}) : std::nullopt;
  if (!record) return fail(*call, problem(Fault::NotFound, "no such proposal"));
  json::object body = proposal_form(reader, {*proposer, ledger::PropId{*id}, std::move(*record)});
  body["height"] = std::to_string(view->height().value);
  answer(*call, json::serialize(body), view->height());
}

}  // namespace

void add_governance_routes(Router& router, Context& context) {
  const auto add = [&](const char* pattern, void (*function)(Context&, const CallPtr&)) {
    router.add(
        {"GET", pattern, {"min_height"}, RateKind::Read, [&context, function](const CallPtr& call) {
           function(context, call);
         }});
  };
  add("/v1/proposals", list_proposals);
  add("/v1/proposals/{proposer}/{id}", show_proposal);
}

}  // namespace giro::api
