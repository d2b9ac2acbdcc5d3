// giro pay FROM TO AMT (surface 2.1, 2.3).
#include <iostream>

#include "node/cli/command.h"
#include "node/client/payment.h"

namespace giro::cli {
namespace {

struct PayOptions {
  std::string from, to, amount, currency, settle_token, purpose, travel_rule;
  SubmitOptions submit;
};

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::expected<client::PaymentRequest, client::Error> request_of(const PayOptions& options,
                                                                const client::Session& session) {
  const auto from = client::parse_account(options.from, session.profile);
  if (!from) return std::unexpected(from.error());
  const auto to = client::parse_account(options.to, session.profile);
  if (!to) return std::unexpected(to.error());
  client::PaymentRequest request{.from = *from,
                                 .to = *to,
                                 .amount = options.amount,
                                 .currency = given(options.currency),
                                 .settle_token = given(options.settle_token),
                                 .purpose = given(options.purpose),
                                 .travel_rule_data = {},
                                 .throwaway = session.genesis.genesis.throwaway};
  if (!options.travel_rule.empty()) {
    auto text = read_file(options.travel_rule);
    if (!text) return std::unexpected(std::move(text.error()));
    request.travel_rule_data = std::move(*text);
  }
  return request;
}

void pay(Run& run, const PayOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, "pay", session.error());
  const auto drafting = options.submit.draft_options();
  if (!drafting) return fail(run, "pay", drafting.error());
  if (resume_entry(run, "pay", *session, options.submit)) return;
  const auto request = request_of(options, *session);
  if (!request) return fail(run, "pay", request.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, "pay", directory.error());
  const auto draft = client::draft_payment(session->client, *directory, *request, *drafting,
                                           session->keys, session->genesis.chain_id);
  if (!draft) return fail(run, "pay", draft.error());
  std::vector<std::string> notes;
  if (draft->has_ticket) {
    notes.push_back("  pre-accepted with the keys of " + request->to.servicer +
                    ", which this test profile holds as well");
  }
  if (draft->will_be_pending) {
    notes.push_back("  above standing acceptance: it stays PENDING until " + request->to.servicer +
                    " accepts it, or expires");
  }
  json::object more{
      {"summary", draft->draft.summary},
      {"settle_token",
       draft->settle_token.empty() ? json::value(nullptr) : json::value(draft->settle_token)},
      {"ticket", draft->has_ticket}};
  submit_draft(run, "pay", *session, draft->draft, options.submit, std::move(more), notes);
}

}  // namespace

void add_pay(CLI::App& app, Run& run) {
  auto options = std::make_shared<PayOptions>();
  CLI::App* command =
      add_command(app, run, "pay", "Pay: TRANSFER inside one token, PAY across banks");
  add_profile_option(*command, run);
  command->add_option("FROM", options->from, "Account: an alias, or bank-a/<32 hexadecimal digits>")
      ->required();
  command->add_option("TO", options->to, "Account")->required();
  command->add_option("AMOUNT", options->amount, "In major units, as 12.50")->required();
  command->add_option("--currency", options->currency,
                      "Else the first, by code, that both accounts hold");
  command->add_option("--settle-token", options->settle_token,
                      "As agent-s.EUR; else the corridor's");
  command->add_option("--purpose", options->purpose, "ISO 20022 purpose code, four letters");
  command->add_option("--travel-rule", options->travel_rule,
                      "File with the parties' data; only a salted commitment is sent");
  options->submit.add_to(*command);
  command->callback([&run, options] { pay(run, *options); });
}

}  // namespace giro::cli
