// giro account payments | payment | holds | deny-list
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::number_field;
using client::text_field;

struct ListOptions {
  std::string account, state, bank;
  std::size_t count = 1000;
};

void print_payment(const json::object& payment) {
  std::cout << text_field(payment, "created_at") << "  " << text_field(payment, "payer_bank") << '/'
            << text_field(payment, "uetr") << "  " << std::left << std::setw(10)
            << text_field(payment, "state") << std::right << std::setw(16)
            << text_field(payment, "amount") << ' ' << text_field(payment, "currency") << "  "
            << text_field(payment, "payer_account") << " -> "
            << text_field(payment, "payee_account") << '@' << text_field(payment, "payee_bank")
            << '\n';
}

void print_hold(const json::object& hold) {
  std::cout << text_field(hold, "creator") << '/' << text_field(hold, "hold_id") << "  "
            << std::left << std::setw(8) << text_field(hold, "kind") << std::right << std::setw(16)
            << text_field(hold, "amount") << ' ' << text_field(hold, "token") << "  expires "
            << text_field(hold, "expires_at") << '\n';
}

void print_denied(const json::object& entry) {
  const std::string servicer = text_field(entry, "servicer");
  std::cout << std::left << std::setw(12) << text_field(entry, "kind") << std::setw(44)
            << (servicer.empty() ? "" : servicer + '/') + text_field(entry, "account") +
                   text_field(entry, "institution") + text_field(entry, "country")
            << " class " << number_field(entry, "reason_class") << "  since height "
            << text_field(entry, "height") << '\n';
}

using TargetFunction = std::string (*)(const client::AccountRef&, const ListOptions&);

std::string payments_target(const client::AccountRef& account, const ListOptions& options) {
  return "/v1/payments?account=" + crypto::to_hex(account.id) + "&servicer=" + account.servicer +
         (options.state.empty() ? "" : "&state=" + options.state);
}

std::string holds_target(const client::AccountRef& account, const ListOptions&) {
  return "/v1/accounts/" + crypto::to_hex(account.id) + "/holds?servicer=" + account.servicer;
}

// Page by page, as far as --count says.
void print_pages(Run& run, const std::string& command, client::Session& session,
                 const std::string& target, const ListOptions& options,
                 void (*print)(const json::object&)) {
  json::array items;
  std::string cursor;
  do {
    const std::size_t page_size = std::min<std::size_t>(options.count - items.size(), 1000);
    const auto page = session.client.get(target + "limit=" + std::to_string(page_size) +
                                         (cursor.empty() ? "" : "&cursor=" + cursor));
    if (!page) return fail(run, command, page.error());
    const auto* object = page->if_object();
    const auto* rows = object == nullptr ? nullptr : array_field(*object, "items");
    if (rows == nullptr) return fail_with(run, command, 70, "the node's answer is no list");
    for (const auto& row : *rows) items.push_back(row);
    cursor = text_field(*object, "next_cursor");
  } while (!cursor.empty() && items.size() < options.count);
  const bool is_whole = cursor.empty();
  if (run.json) return print_json(command, {{"items", std::move(items)}, {"complete", is_whole}});
  for (const auto& item : items) {
    if (item.is_object()) print(item.get_object());
  }
  if (!is_whole) std::cout << "there are more: --count\n";
}

void list_of(Run& run, const std::string& command, const ListOptions& options,
             TargetFunction target, void (*print)(const json::object&)) {
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto account = client::parse_account(options.account, session->profile);
  if (!account) return fail(run, command, account.error());
  print_pages(run, command, *session, target(*account, options) + '&', options, print);
}

// Whom a bank pays nothing to and takes nothing from.
void list_denied(Run& run, const ListOptions& options) {
  constexpr const char* kDenyList = "account.deny-list";
  auto session = open_session(run);
  if (!session) return fail(run, kDenyList, session.error());
  const std::string bank = options.bank.empty() ? session->profile.institution : options.bank;
  print_pages(run, kDenyList, *session, "/v1/institutions/" + bank + "/deny-list?", options,
              print_denied);
}

// How a payment came to be what it is.
void show_history(Run& run, const std::string& name) {
  constexpr const char* kPayment = "account.payment";
  auto session = open_session(run);
  if (!session) return fail(run, kPayment, session.error());
  const auto value = session->client.get("/v1/payments/" + name);
  if (!value) return fail(run, kPayment, value.error());
  const auto* payment = value->if_object();
  const auto* transitions = payment == nullptr ? nullptr : array_field(*payment, "transitions");
  if (transitions == nullptr)
    return fail_with(run, kPayment, 70, "the node's answer is no payment");
  if (run.json) return print_json(kPayment, *payment);
  print_payment(*payment);
  for (const auto& row : *transitions) {
    if (!row.is_object()) continue;
    const auto& one = row.get_object();
    std::cout << "  " << text_field(one, "time") << "  " << std::left << std::setw(18)
              << text_field(one, "event") << std::right << "  height " << text_field(one, "height")
              << " index " << number_field(one, "index");
    if (const auto op_id = text_field(one, "op_id"); !op_id.empty())
      std::cout << "  by " << text_field(one, "actor") << '/' << op_id;
    if (const auto code = text_field(one, "code"); code != "OK") std::cout << "  " << code;
    std::cout << '\n';
  }
}

void add_count_option(CLI::App& command, const std::shared_ptr<ListOptions>& options) {
  command.add_option("--count", options->count, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

CLI::App* add_list(CLI::App& group, Run& run, const std::string& name, const std::string& help,
                   TargetFunction target, void (*print)(const json::object&),
                   const std::shared_ptr<ListOptions>& options) {
  CLI::App* command = add_command(group, run, name, help);
  add_profile_option(*command, run);
  command->add_option("ACCOUNT", options->account, "An alias, or bank-a/<32 hexadecimal digits>")
      ->required();
  add_count_option(*command, options);
  command->callback([&run, options, target, print, full = "account." + name] {
    list_of(run, full, *options, target, print);
  });
  return command;
}

}  // namespace

void add_account_lists(CLI::App& group, Run& run) {
  auto payments = std::make_shared<ListOptions>();
  add_list(group, run, "payments", "Payments of an account, oldest first", payments_target,
           print_payment, payments)
      ->add_option("--state", payments->state, "Only these, as PENDING");
  add_list(group, run, "holds", "What is held on an account", holds_target, print_hold,
           std::make_shared<ListOptions>());

  auto denied = std::make_shared<ListOptions>();
  CLI::App* deny_list =
      add_command(group, run, "deny-list", "Whom a bank has denied; shown by its own node only");
  add_profile_option(*deny_list, run);
  deny_list->add_option("--bank", denied->bank, "Else the profile's institution");
  add_count_option(*deny_list, denied);
  deny_list->callback([&run, denied] { list_denied(run, *denied); });

  auto name = std::make_shared<std::string>();
  CLI::App* payment =
      add_command(group, run, "payment", "One payment and how it came to its state");
  add_profile_option(*payment, run);
  payment->add_option("PAYMENT", *name, "Its payer bank and UETR, as bank-a/ID")->required();
  payment->callback([&run, name] { show_history(run, *name); });
}

}  // namespace giro::cli
