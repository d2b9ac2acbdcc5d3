// What a bank does to its accounts and tokens: giro account block | unblock | close, giro token
// pause | unpause.
#include "node/cli/command.h"

namespace giro::cli {
namespace {

struct ControlOptions {
  std::string subject;
  bool debit = false, credit = false;
  std::uint32_t reason_class = 0;
  std::string case_text;
  std::vector<std::string> flags;
  SubmitOptions submit;
};

// The order of a command; Usage says what is wrong with it.
using OrderFunction = std::expected<json::object, client::Error> (*)(const ControlOptions&,
                                                                     const client::Session&);

std::expected<json::object, client::Error> account_order(const ControlOptions& options,
                                                         const client::Session& session) {
  const auto account = client::parse_account(options.subject, session.profile);
  if (!account) return std::unexpected(account.error());
  return json::object{{"actor", account->servicer}, {"account", crypto::to_hex(account->id)}};
}

std::expected<json::object, client::Error> block_order(const ControlOptions& options,
                                                       const client::Session& session) {
  auto order = account_order(options, session);
  if (!order) return order;
  const bool is_both = options.debit == options.credit;
  (*order)["debit"] = is_both || options.debit;
  (*order)["credit"] = is_both || options.credit;
  (*order)["reason_class"] = options.reason_class;
  if (!options.case_text.empty())
    (*order)["case_commit"] = json::object{{"data", options.case_text}};
  return order;
}

std::expected<json::object, client::Error> token_order(const ControlOptions& options,
                                                       const client::Session&) {
  json::array flags;
  for (const auto& flag : options.flags) flags.push_back(json::value(flag));
  return json::object{{"actor", options.subject.substr(0, options.subject.find('.'))},
                      {"token", options.subject},
                      {"flags", std::move(flags)}};
}

CLI::App* add_control(CLI::App& group, Run& run, const std::string& name, const std::string& help,
                      const char* type, OrderFunction make,
                      const std::shared_ptr<ControlOptions>& options) {
  CLI::App* command = add_command(group, run, name, help);
  add_profile_option(*command, run);
  options->submit.add_to(*command);
  command->callback([&run, options, make, type, full = group.get_name() + "." + name] {
    auto session = open_session(run);
    if (!session) return fail(run, full, session.error());
    auto order = make(*options, *session);
    if (!order) return fail(run, full, order.error());
    (*order)["type"] = type;
    submit_order(run, full, *session, *order, options->submit);
  });
  return command;
}

}  // namespace

void add_account_controls(CLI::App& group, Run& run) {
  constexpr const char* kAccount = "An alias, or bank-a/<32 hexadecimal digits>";
  for (const bool is_block : {true, false}) {
    auto options = std::make_shared<ControlOptions>();
    CLI::App* command = is_block ? add_control(group, run, "block", "Let nothing leave or enter it",
                                               "ACCT_BLOCK", block_order, options)
                                 : add_control(group, run, "unblock", "Lift blocks of an account",
                                               "ACCT_UNBLOCK", block_order, options);
    command->add_option("ACCOUNT", options->subject, kAccount)->required();
    command->add_flag("--debit", options->debit, "Only what leaves it; without either flag both");
    command->add_flag("--credit", options->credit, "Only what enters it");
    command->add_option("--class", options->reason_class, "Class of the reason, a number");
    command->add_option("--case", options->case_text,
                        "Of the bank's case system; only a salted commitment is sent");
  }
  auto options = std::make_shared<ControlOptions>();
  add_control(group, run, "close", "Close an empty account for ever", "ACCT_CLOSE", account_order,
              options)
      ->add_option("ACCOUNT", options->subject, kAccount)
      ->required();
}

void add_token_controls(CLI::App& group, Run& run) {
  for (const bool is_pause : {true, false}) {
    auto options = std::make_shared<ControlOptions>();
    CLI::App* command = is_pause ? add_control(group, run, "pause", "Stop what a token is used for",
                                               "TOKEN_PAUSE", token_order, options)
                                 : add_control(group, run, "unpause", "Let it go on",
                                               "TOKEN_UNPAUSE", token_order, options);
    command->add_option("TOKEN", options->subject, "As bank-a.EUR")->required();
    command->add_option("FLAG", options->flags, "MINT, REDEEM, TRANSFER, XBANK")->required();
  }
}

}  // namespace giro::cli
