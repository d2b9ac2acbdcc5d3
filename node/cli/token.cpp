// giro token create | list | show | supply, giro mint, giro redeem
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::text_field;

void print_row(const json::object& token) {
  std::cout << std::left << std::setw(14) << text_field(token, "name") << std::setw(12)
            << text_field(token, "class") << std::right << std::setw(18)
            << text_field(token, "outstanding") << std::setw(18) << text_field(token, "issued")
            << std::setw(18) << text_field(token, "redeemed") << '\n';
}

void list(Run& run) {
  auto session = open_session(run);
  if (!session) return fail(run, "token.list", session.error());
  const auto value = session->client.get("/v1/tokens?limit=1000");
  if (!value) return fail(run, "token.list", value.error());
  const auto* object = value->if_object();
  const auto* items = object == nullptr ? nullptr : array_field(*object, "items");
  if (items == nullptr) return fail_with(run, "token.list", 70, "the node's answer is no list");
  if (run.json)
    return print_json("token.list", {{"items", *items}, {"height", text_field(*object, "height")}});
  std::cout << std::left << std::setw(14) << "token" << std::setw(12) << "class" << std::right
            << std::setw(18) << "outstanding" << std::setw(18) << "issued" << std::setw(18)
            << "redeemed" << '\n';
  for (const auto& item : *items) {
    if (item.is_object()) print_row(item.get_object());
  }
}

void show(Run& run, const std::string& command, const std::string& name, bool only_supply) {
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto value = session->client.get("/v1/tokens/" + name);
  if (!value) return fail(run, command, value.error());
  if (!value->is_object()) return fail_with(run, command, 70, "the node's answer is no token");
  const auto& token = value->get_object();
  if (run.json) return print_json(command, token);
  if (only_supply) {
    std::cout << text_field(token, "name") << "  issued " << text_field(token, "issued")
              << "  redeemed " << text_field(token, "redeemed") << "  outstanding "
              << text_field(token, "outstanding") << "      as of height "
              << text_field(token, "height") << '\n';
    return;
  }
  for (const auto& [key, member] : token) {
    std::cout << std::left << std::setw(20) << std::string(key)
              << (member.is_string() ? std::string(member.get_string()) : json::serialize(member))
              << '\n';
  }
}

struct MoveOptions {
  std::string token, account, amount, reference;
  SubmitOptions submit;
};

using DraftFunction = std::expected<client::Draft, client::Error> (*)(const client::Directory&,
                                                                      const client::MintRequest&,
                                                                      const client::DraftOptions&);

void move(Run& run, const std::string& command, const MoveOptions& options, DraftFunction make) {
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, command, drafting.error());
  const auto account = client::parse_account(options.account, session->profile);
  if (!account) return fail(run, command, account.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, command, directory.error());
  const client::MintRequest request{.token = options.token,
                                    .account = *account,
                                    .amount = options.amount,
                                    .reference = options.reference};
  const auto draft = make(*directory, request, *drafting);
  if (!draft) return fail(run, command, draft.error());
  submit_draft(run, command, *session, *draft, options.submit);
}

void add_move(CLI::App& app, Run& run, const std::string& name, const std::string& help,
              DraftFunction make) {
  auto options = std::make_shared<MoveOptions>();
  CLI::App* command = add_command(app, run, name, help);
  add_profile_option(*command, run);
  command->add_option("TOKEN", options->token, "As bank-a.EUR")->required();
  command->add_option("ACCOUNT", options->account, "An alias, or bank-a/<32 hexadecimal digits>")
      ->required();
  command->add_option("AMOUNT", options->amount, "In major units, as 12.50")->required();
  command->add_option("--reference", options->reference,
                      "Of the core system; only a salted commitment is sent");
  options->submit.add_to(*command);
  command->callback([&run, name, options, make] { move(run, name, *options, make); });
}

struct CreateOptions {
  client::TokenCreateRequest request;
  SubmitOptions submit;
};

void create(Run& run, const CreateOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "token.create", session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "token.create", drafting.error());
  auto request = options.request;
  if (request.issuer.empty()) request.issuer = session->profile.institution;
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, "token.create", directory.error());
  const auto draft = client::draft_token_create(*directory, request, *drafting);
  if (!draft) return fail(run, "token.create", draft.error());
  submit_draft(run, "token.create", *session, *draft, options.submit);
}

}  // namespace

void add_token(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("token", "Deposit and settlement tokens");
  group->require_subcommand(1);
  CLI::App* list_command = add_command(*group, run, "list", "All tokens and what is outstanding");
  add_profile_option(*list_command, run);
  list_command->callback([&run] { list(run); });

  auto name = std::make_shared<std::string>();
  for (const bool only_supply : {false, true}) {
    const std::string word = only_supply ? "supply" : "show";
    CLI::App* command =
        add_command(*group, run, word,
                    only_supply ? "Issued, redeemed and outstanding" : "Settings and totals");
    add_profile_option(*command, run);
    command->add_option("TOKEN", *name, "As bank-a.EUR")->required();
    command->callback(
        [&run, name, word, only_supply] { show(run, "token." + word, *name, only_supply); });
  }

  auto options = std::make_shared<CreateOptions>();
  CLI::App* create_command =
      add_command(*group, run, "create", "Create a token of the profile's institution");
  add_profile_option(*create_command, run);
  auto& request = options->request;
  create_command->add_option("CURRENCY", request.currency, "ISO 4217")->required();
  create_command->add_option("--issuer", request.issuer, "Else the profile's institution");
  create_command->add_option("--product", request.product, "0 is the plain deposit token");
  create_command->add_flag("--settlement", request.settlement,
                           "A settlement agent's or central bank's token");
  create_command->add_option("--cap", request.cap, "Issuance cap");
  create_command->add_option("--max-tx", request.max_tx, "Largest transaction");
  create_command->add_option("--min-tx", request.min_tx, "Smallest transaction");
  create_command->add_option("--fee-max", request.fee_max, "Largest fee");
  options->submit.add_to(*create_command);
  create_command->callback([&run, options] { create(run, *options); });

  add_token_controls(*group, run);

  add_move(app, run, "mint", "Issue deposit tokens to an account", client::draft_mint);
  add_move(app, run, "redeem", "Redeem deposit tokens of an account", client::draft_redeem);
}

}  // namespace giro::cli
