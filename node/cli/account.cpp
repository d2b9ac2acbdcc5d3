// giro account open | show | list
#include <algorithm>
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

std::string joined(const json::array* words) {
  std::string out;
  if (words == nullptr) return out;
  for (const auto& word : *words) {
    if (word.is_string()) out += (out.empty() ? "" : ", ") + std::string(word.get_string());
  }
  return out;
}

void print_position(const json::object& position) {
  const auto* limits = object_field(position, "limits");
  const auto* day = object_field(position, "day");
  std::cout << std::left << std::setw(14) << text_field(position, "token") << std::right
            << std::setw(18) << text_field(position, "posted") << std::setw(14)
            << text_field(position, "held") << std::setw(12) << text_field(position, "frozen")
            << std::setw(18) << text_field(position, "available");
  if (day != nullptr && limits != nullptr && number_field(*day, "debits") != 0) {
    std::cout << "   today " << number_field(*day, "debits") << " debits, "
              << text_field(*day, "amount");
    const std::string limit = text_field(*limits, "day_amount");
    if (limit.find_first_not_of("0.") != std::string::npos) std::cout << " of " << limit;
  }
  std::cout << '\n';
}

void print_account(const std::string& name, const json::object& account,
                   const std::string& height) {
  std::cout << name << "  " << text_field(account, "id") << "  " << text_field(account, "kind")
            << " of " << text_field(account, "servicer") << "  " << text_field(account, "status")
            << "  ";
  const std::string blocks = joined(array_field(account, "blocks"));
  std::cout << (blocks.empty() ? "no blocks" : "blocked: " + blocks) << "      as of height "
            << height << '\n';
  std::cout << std::left << std::setw(14) << "token" << std::right << std::setw(18) << "posted"
            << std::setw(14) << "held" << std::setw(12) << "frozen" << std::setw(18) << "available"
            << '\n';
  if (const auto* positions = array_field(account, "positions")) {
    for (const auto& position : *positions) {
      if (position.is_object()) print_position(position.get_object());
    }
  }
}

void show(Run& run, const std::string& name) {
  auto session = open_session(run);
  if (!session) return fail(run, "account.show", session.error());
  const auto account = client::parse_account(name, session->profile);
  if (!account) return fail(run, "account.show", account.error());
  const auto value = session->client.get("/v1/accounts/" + crypto::to_hex(account->id) +
                                         "?servicer=" + account->servicer);
  if (!value) return fail(run, "account.show", value.error());
  if (!value->is_object())
    return fail_with(run, "account.show", 70, "the node's answer is no account");
  if (run.json) {
    json::object document{{"alias", account->alias}};
    for (const auto& [key, member] : value->get_object()) document[key] = member;
    return print_json("account.show", document);
  }
  print_account(account->alias, value->get_object(), text_field(value->get_object(), "height"));
}

void list(Run& run, const std::string& servicer) {
  auto session = open_session(run);
  if (!session) return fail(run, "account.list", session.error());
  const std::string bank = servicer.empty() ? session->profile.institution : servicer;
  json::array items;
  std::string cursor;
  do {
    const auto page = session->client.get("/v1/accounts?servicer=" + bank + "&limit=1000" +
                                          (cursor.empty() ? "" : "&cursor=" + cursor));
    if (!page) return fail(run, "account.list", page.error());
    const auto* object = page->if_object();
    const auto* rows = object == nullptr ? nullptr : array_field(*object, "items");
    if (rows == nullptr) return fail_with(run, "account.list", 70, "the node's answer is no list");
    for (const auto& row : *rows) items.push_back(row);
    cursor = text_field(*object, "next_cursor");
  } while (!cursor.empty());
  if (run.json) return print_json("account.list", {{"items", std::move(items)}});
  for (const auto& item : items) {
    if (!item.is_object()) continue;
    const auto& account = item.get_object();
    std::string name = "-";
    for (const auto& [alias, known] : session->profile.aliases) {
      if (crypto::to_hex(known.account) == text_field(account, "id") &&
          known.institution == text_field(account, "servicer")) {
        name = alias;
      }
    }
    std::cout << std::left << std::setw(10) << name << ' ' << text_field(account, "id") << "  "
              << std::setw(14) << text_field(account, "kind") << ' '
              << text_field(account, "status");
    if (const auto* positions = array_field(account, "positions")) {
      for (const auto& position : *positions) {
        if (!position.is_object()) continue;
        std::cout << "  " << text_field(position.get_object(), "token") << ' '
                  << text_field(position.get_object(), "posted");
      }
    }
    std::cout << '\n';
  }
}

struct OpenOptions {
  std::string servicer, id, country, owner;
  std::vector<std::string> tokens;
  SubmitOptions submit;
};

void open(Run& run, const OpenOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "account.open", session.error());
  client::AccountOpenRequest request;
  request.servicer = options.servicer.empty() ? session->profile.institution : options.servicer;
  request.tokens = options.tokens;
  request.country = options.country;
  request.nostro_owner = options.owner;
  if (options.id.empty()) {
    crypto::random_bytes(request.id.bytes);
  } else if (!crypto::from_hex(options.id, request.id.bytes)) {
    return fail_with(run, "account.open", 2, "--account is 32 hexadecimal digits");
  }
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "account.open", drafting.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, "account.open", directory.error());
  const auto draft = client::draft_account_open(*directory, request, *drafting);
  if (!draft) return fail(run, "account.open", draft.error());
  const std::string account = request.servicer + "/" + crypto::to_hex(request.id);
  submit_draft(run, "account.open", *session, *draft, options.submit, {{"account", account}},
               {"  account " + account});
}

}  // namespace

void add_account(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("account", "Accounts");
  group->require_subcommand(1);

  auto name = std::make_shared<std::string>();
  CLI::App* show_command =
      add_command(*group, run, "show", "Balances, holds and limits of an account");
  add_profile_option(*show_command, run);
  show_command->add_option("ACCOUNT", *name, "An alias, or bank-a/<32 hexadecimal digits>")
      ->required();
  show_command->callback([&run, name] { show(run, *name); });

  auto servicer = std::make_shared<std::string>();
  CLI::App* list_command = add_command(*group, run, "list", "Accounts at a bank");
  add_profile_option(*list_command, run);
  list_command->add_option("--bank", *servicer, "Else the profile's institution");
  list_command->callback([&run, servicer] { list(run, *servicer); });

  add_account_entries(*group, run);
  add_account_controls(*group, run);
  add_account_lists(*group, run);
  add_account_proof(*group, run);

  auto options = std::make_shared<OpenOptions>();
  CLI::App* open_command = add_command(*group, run, "open", "Open an account");
  add_profile_option(*open_command, run);
  open_command->add_option("--bank", options->servicer,
                           "Its servicer; else the profile's institution");
  open_command->add_option("--token", options->tokens, "Tokens it may hold, as bank-a.EUR")
      ->required();
  open_command->add_option("--account", options->id, "32 hexadecimal digits; else random");
  open_command->add_option("--country", options->country, "Two letters");
  open_command->add_option("--nostro-of", options->owner,
                           "Institution that owns it: a NOSTRO account");
  options->submit.add_to(*open_command);
  open_command->callback([&run, options] { open(run, *options); });
}

}  // namespace giro::cli
