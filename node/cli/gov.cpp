// giro gov members | params | list | show PROPOSAL | propose CHANGE INSTITUTION | vote PROPOSAL
// yes|no
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/governance.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::text_field;

std::string what_of(const json::object& proposal) {
  const auto* action = proposal.if_contains("action");
  if (action == nullptr || !action->is_object()) return "-";
  const auto& form = action->get_object();
  return text_field(form, "type") + " " + text_field(form, "change") + " " +
         text_field(form, "institution");
}

std::string tally_of(const json::object& proposal) {
  std::size_t yes = 0, no = 0;
  if (const auto* votes = array_field(proposal, "votes")) {
    for (const auto& vote : *votes) {
      if (vote.is_object()) ++(client::bool_field(vote.get_object(), "yes") ? yes : no);
    }
  }
  return std::to_string(yes) + " yes, " + std::to_string(no) + " no";
}

std::string name_of(const json::object& proposal) {
  return text_field(proposal, "proposer") + "/" + text_field(proposal, "id");
}

void list(Run& run) {
  auto session = open_session(run);
  if (!session) return fail(run, "gov.list", session.error());
  const auto value = session->client.get("/v1/proposals");
  if (!value) return fail(run, "gov.list", value.error());
  const auto* object = value->if_object();
  const auto* items = object == nullptr ? nullptr : array_field(*object, "items");
  if (items == nullptr) return fail_with(run, "gov.list", 70, "the node's answer is no list");
  if (run.json)
    return print_json("gov.list", {{"items", *items}, {"height", text_field(*object, "height")}});
  for (const auto& item : *items) {
    if (!item.is_object()) continue;
    const auto& proposal = item.get_object();
    std::cout << std::left << std::setw(50) << name_of(proposal) << std::setw(10)
              << text_field(proposal, "state") << std::setw(16) << tally_of(proposal)
              << what_of(proposal) << '\n';
  }
}

void show_proposal(Run& run, const std::string& proposal) {
  auto session = open_session(run);
  if (!session) return fail(run, "gov.show", session.error());
  const auto value = session->client.get("/v1/proposals/" + proposal);
  if (!value) return fail(run, "gov.show", value.error());
  if (!value->is_object())
    return fail_with(run, "gov.show", 70, "the node's answer is no proposal");
  if (run.json) return print_json("gov.show", value->get_object());
  for (const auto& [key, member] : value->get_object()) {
    std::cout << std::left << std::setw(12) << std::string(key)
              << (member.is_string() ? std::string(member.get_string()) : json::serialize(member))
              << '\n';
  }
}

// By the numbers that the ledger gave them: node.toml of one that joined after genesis names its
// own.
void list_members(Run& run) {
  constexpr const char* kMembers = "gov.members";
  auto session = open_session(run);
  if (!session) return fail(run, kMembers, session.error());
  const auto rows = client::read_list(session->client, "/v1/institutions");
  if (!rows) return fail(run, kMembers, rows.error());
  if (run.json) return print_json(kMembers, {{"items", json::array(rows->begin(), rows->end())}});
  for (const auto& row : *rows) {
    std::cout << std::left << std::setw(6) << client::number_field(row, "id") << std::setw(34)
              << text_field(row, "name") << std::setw(12) << text_field(row, "kind")
              << std::setw(12) << text_field(row, "status")
              << (client::bool_field(row, "validator") ? "validator" : "-") << '\n';
  }
}

// In the base unit of each: milliseconds, bytes, counts.
void show_params(Run& run) {
  constexpr const char* kParams = "gov.params";
  auto session = open_session(run);
  if (!session) return fail(run, kParams, session.error());
  const auto value = session->client.get("/v1/params");
  if (!value) return fail(run, kParams, value.error());
  const auto* params = value->if_object();
  if (params == nullptr) return fail_with(run, kParams, 70, "the node's answer is no document");
  if (run.json) return print_json(kParams, *params);
  for (const char* part : {"ledger", "network", "next_epoch"}) {
    const auto* rows = client::object_field(*params, part);
    if (rows == nullptr) continue;
    for (const auto& [name, member] : *rows) {
      std::cout << std::left << std::setw(12) << part << std::setw(28) << std::string(name)
                << (member.is_string() ? std::string(member.get_string()) : json::serialize(member))
                << '\n';
    }
  }
}

struct ProposeOptions {
  client::SeatRequest request;
  std::string ttl = "24h";
  SubmitOptions submit;
};

void propose(Run& run, const ProposeOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "gov.propose", session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "gov.propose", drafting.error());
  const auto ttl = parse_duration(options.ttl);
  if (!ttl) return fail_with(run, "gov.propose", 2, "--ttl is a duration, as 24h");
  auto request = options.request;
  request.ttl_s =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(*ttl).count());
  if (request.actor.empty()) request.actor = session->profile.institution;
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, "gov.propose", directory.error());
  const auto draft = client::draft_seat_proposal(*directory, request, *drafting);
  if (!draft) return fail(run, "gov.propose", draft.error());
  const std::string proposal =
      draft->actor + "/" + receipt::to_uuid_text(draft->operation.op_id.bytes);
  submit_draft(run, "gov.propose", *session, *draft, options.submit, {{"proposal", proposal}},
               {"proposal " + proposal});
}

struct BallotOptions {
  client::VoteRequest request;
  std::string answer;
  SubmitOptions submit;
};

void vote(Run& run, const BallotOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "gov.vote", session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "gov.vote", drafting.error());
  auto request = options.request;
  if (options.answer != "yes" && options.answer != "no")
    return fail_with(run, "gov.vote", 2, "the vote is yes or no");
  request.yes = options.answer == "yes";
  if (request.actor.empty()) request.actor = session->profile.institution;
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, "gov.vote", directory.error());
  const auto draft = client::draft_vote(*directory, request, *drafting);
  if (!draft) return fail(run, "gov.vote", draft.error());
  submit_draft(run, "gov.vote", *session, *draft, options.submit);
}

}  // namespace

void add_gov(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("gov", "What the consortium decides by vote");
  group->require_subcommand(1);
  CLI::App* list_command = add_command(*group, run, "list", "Proposals, open and closed");
  add_profile_option(*list_command, run);
  list_command->callback([&run] { list(run); });

  CLI::App* params_command =
      add_command(*group, run, "params", "The network's parameters, and those of the next epoch");
  add_profile_option(*params_command, run);
  params_command->callback([&run] { show_params(run); });

  CLI::App* members_command =
      add_command(*group, run, "members", "The institutions, by the ledger's numbers");
  add_profile_option(*members_command, run);
  members_command->callback([&run] { list_members(run); });

  auto name = std::make_shared<std::string>();
  CLI::App* show_command = add_command(*group, run, "show", "One proposal and its votes");
  add_profile_option(*show_command, run);
  show_command->add_option("PROPOSAL", *name, "As bank-a/ID")->required();
  show_command->callback([&run, name] { show_proposal(run, *name); });

  auto proposing = std::make_shared<ProposeOptions>();
  CLI::App* propose_command =
      add_command(*group, run, "propose", "Propose a change of the validator set");
  add_profile_option(*propose_command, run);
  auto& seat = proposing->request;
  propose_command->add_option("CHANGE", seat.change, "add, remove or replace")->required();
  propose_command->add_option("INSTITUTION", seat.institution, "Whose seat")->required();
  propose_command->add_option("--public-key", seat.public_key, "Of its validator");
  propose_command->add_option("--possession", seat.possession, "As giro keys prove prints it");
  propose_command->add_option("--ttl", proposing->ttl, "How long it can be voted on")
      ->capture_default_str();
  propose_command->add_flag("--urgent", seat.urgent, "Without gov_timelock: remove, replace");
  propose_command->add_option("--actor", seat.actor, "Else the profile's institution");
  proposing->submit.add_to(*propose_command);
  propose_command->callback([&run, proposing] { propose(run, *proposing); });

  auto ballot = std::make_shared<BallotOptions>();
  CLI::App* vote_command = add_command(*group, run, "vote", "Vote on a proposal");
  add_profile_option(*vote_command, run);
  vote_command->add_option("PROPOSAL", ballot->request.proposal, "As bank-a/ID")->required();
  vote_command->add_option("ANSWER", ballot->answer, "yes or no")->required();
  vote_command->add_option("--actor", ballot->request.actor, "Else the profile's institution");
  ballot->submit.add_to(*vote_command);
  vote_command->callback([&run, ballot] { vote(run, *ballot); });
}

}  // namespace giro::cli
