// giro account open | show | list | entries
#include <algorithm>
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"
#include "node/receipt/statement.h"
#include "node/receipt/text.h"

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

struct EntriesOptions {
  std::string account, token;
  std::uint64_t after = 0, count = 1000;
};

void print_entry(const ledger::EntryEvent& entry, std::uint8_t scale, const std::string& bank) {
  const std::string sign = entry.side == ledger::Side::Credit ? "+" : "-";
  std::cout << std::right << std::setw(6) << entry.seq << "  "
            << receipt::to_time_text(entry.block_time.value) << "  " << std::left << std::setw(11)
            << ledger::name(entry.type) << std::right << std::setw(18)
            << sign + ledger::to_decimal(entry.amount, scale) << std::setw(18)
            << ledger::to_decimal(entry.balance, scale) << "  " << std::left << std::setw(10)
            << bank << ' ' << receipt::to_uuid_text(entry.reference.bytes) << '\n';
}

std::expected<receipt::StatementPart, client::Error> part_of(const json::object& page,
                                                             ledger::TokenId token,
                                                             const ledger::AccountId& account,
                                                             std::uint8_t scale) {
  const auto bad = [] {
    return std::unexpected(
        client::Error{client::ErrorKind::Internal, {}, "the node's answer is no statement"});
  };
  const auto* opening = object_field(page, "opening");
  const auto* items = array_field(page, "items");
  if (opening == nullptr || items == nullptr) return bad();
  receipt::StatementPart part{.token = token,
                              .account = account,
                              .after = number_field(*opening, "seq"),
                              .opening_chain = {},
                              .opening_balance = {},
                              .entries = {}};
  ledger::DecimalError error{};
  const auto balance = ledger::from_decimal(text_field(*opening, "balance"), scale, error);
  if (!balance || !crypto::from_hex(text_field(*opening, "entry_chain"), part.opening_chain.bytes))
    return bad();
  part.opening_balance = *balance;
  for (const auto& item : *items) {
    const auto bytes = item.is_object()
                           ? receipt::from_base64(text_field(item.get_object(), "canonical"))
                           : std::nullopt;
    if (!bytes) return bad();
    part.entries.push_back(*bytes);
  }
  return part;
}

// What is printed is read from the bytes that the chain binds, and the chain is checked from the
// first entry that was asked for to the position itself.
void entries(Run& run, const EntriesOptions& options) {
  constexpr const char* kCommand = "account.entries";
  auto session = open_session(run);
  if (!session) return fail(run, kCommand, session.error());
  const auto account = client::parse_account(options.account, session->profile);
  if (!account) return fail(run, kCommand, account.error());
  const auto directory = client::Directory::from_node(session->client);
  if (!directory) return fail(run, kCommand, directory.error());
  const auto token = directory->token(options.token);
  if (!token) return fail(run, kCommand, token.error());

  const auto name_of = [&](ledger::InstId id) {
    const auto found =
        std::ranges::find(directory->institutions(), id, &client::InstitutionFacts::id);
    return found == directory->institutions().end() ? std::string("-") : found->name;
  };

  if (!run.json) {
    std::cout << std::right << std::setw(6) << "entry" << "  " << std::left << std::setw(26)
              << "time" << std::setw(11) << "type" << std::right << std::setw(18) << "amount"
              << std::setw(18) << "balance" << "  " << std::left << std::setw(10) << "with"
              << " payment\n";
  }
  std::optional<receipt::CheckedStatement> whole;
  json::array items;
  json::object opening, position;
  std::string next = std::to_string(options.after);
  while (!next.empty() && items.size() < options.count) {
    const std::size_t page_size = std::min<std::size_t>(options.count - items.size(), 1000);
    const auto value = session->client.get(
        "/v1/accounts/" + crypto::to_hex(account->id) + "/entries?servicer=" + account->servicer +
        "&token=" + token->name + "&cursor=" + next + "&limit=" + std::to_string(page_size));
    if (!value) return fail(run, kCommand, value.error());
    const auto* page = value->if_object();
    const json::object empty;
    const auto part =
        part_of(page == nullptr ? empty : *page, token->id, account->id, token->scale);
    if (!part) return fail(run, kCommand, part.error());
    if (whole && (part->after != whole->last || part->opening_chain != whole->closing_chain))
      return fail_with(
          run, kCommand, 1,
          "after entry " + std::to_string(whole->last) + " the statement goes on elsewhere");
    const auto checked = receipt::check_statement(*part);
    if (!checked) return fail_with(run, kCommand, 1, checked.error());
    if (!whole) opening = *object_field(*page, "opening");
    position = *object_field(*page, "position");
    if (!run.json) {
      for (const auto& entry : checked->entries)
        print_entry(entry, token->scale, name_of(entry.counterparty_bank));
    }
    for (const auto& item : *array_field(*page, "items")) items.push_back(item);
    whole = *checked;
    next = text_field(*page, "next_cursor");
  }
  if (!whole) return fail_with(run, kCommand, 2, "--count is at least 1");
  const bool is_whole = next.empty();
  if (is_whole && crypto::to_hex(whole->closing_chain) != text_field(position, "entry_chain"))
    return fail_with(run, kCommand, 1, "the entries do not lead to the position's entry_chain");
  if (run.json) {
    return print_json(
        kCommand,
        {{"token", token->name},
         {"opening", opening},
         {"items", std::move(items)},
         {"closing",
          json::object{{"seq", std::to_string(whole->last)},
                       {"balance", ledger::to_decimal(whole->closing_balance, token->scale)},
                       {"entry_chain", crypto::to_hex(whole->closing_chain)}}},
         {"complete", is_whole}});
  }
  std::cout << "balance " << ledger::to_decimal(whole->closing_balance, token->scale) << ' '
            << token->name << " after entry " << whole->last << "; entry_chain "
            << crypto::to_hex(whole->closing_chain) << '\n'
            << (is_whole ? "complete: no entry is missing up to the position of now\n"
                         : "there are more: --after " + std::to_string(whole->last) + '\n');
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
  const auto directory = client::Directory::from_node(session->client);
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

  auto statement = std::make_shared<EntriesOptions>();
  CLI::App* entries_command = add_command(
      *group, run, "entries", "The statement of an account in one token, checked as it is read");
  add_profile_option(*entries_command, run);
  entries_command->add_option("ACCOUNT", statement->account, "An alias, or bank-a/<digits>")
      ->required();
  entries_command->add_option("TOKEN", statement->token, "As bank-a.EUR")->required();
  entries_command->add_option("--after", statement->after, "Number of the last entry known");
  entries_command->add_option("--count", statement->count, "At most so many")
      ->capture_default_str();
  entries_command->callback([&run, statement] { entries(run, *statement); });

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
