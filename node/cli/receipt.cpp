// giro receipt get | payment | verify (offline)
#include <iostream>

#include "node/cli/command.h"
#include "node/client/directory.h"
#include "node/verifier/giro_receipt.h"

namespace giro::cli {
namespace {

using giro_receipt::Facts;
using giro_receipt::Money;
using giro_receipt::Payment;

std::string money_text(const Money& money) {
  if (money.currency.empty())
    return money.minor_units + " of token #" + std::to_string(money.token);
  return money.currency + " " + money.amount;
}

std::string terms_text(const Payment& payment) {
  std::string out = money_text(payment.amount);
  if (payment.amount_to.token != 0) out += " for " + money_text(payment.amount_to);
  return out + "  " + payment.payer_bank + " -> " + payment.payee_bank;
}

// "PAY 9b2e41c0-…  EUR 1.23  bank-a -> bank-b" as far as the receipt and the genesis file tell.
std::string what(const Facts& facts) {
  if (facts.index == 0) return "time-outs of block " + std::to_string(facts.height);
  if (facts.operation.empty()) return "operation " + facts.op_id + " of " + facts.actor;
  const std::string out = facts.operation + " " + facts.op_id;
  return out + (facts.ordered ? "  " + terms_text(*facts.ordered) : " of " + facts.actor);
}

void print_payment(const Payment& payment) {
  std::cout << "  payment " << payment.state << "  " << payment.payer_bank << '/' << payment.uetr
            << "  " << terms_text(payment);
  if (payment.code != 0) std::cout << "  " << payment.code_name;
  if (!payment.original_uetr.empty())
    std::cout << "  returns " << payment.original_payer_bank << '/' << payment.original_uetr;
  if (payment.returned.minor_units != "0")
    std::cout << "  returned " << money_text(payment.returned);
  if (payment.expires_at_ms != 0)
    std::cout << "  until " << receipt::to_time_text(payment.expires_at_ms);
  std::cout << '\n';
}

json::value money_form(const Money& money) {
  if (money.token == 0) return nullptr;
  const bool is_known = !money.currency.empty();
  return json::object{{"token", money.token},
                      {"token_name", is_known ? json::value(money.token_name) : nullptr},
                      {"currency", is_known ? json::value(money.currency) : nullptr},
                      {"amount", is_known ? json::value(money.amount) : nullptr},
                      {"minor_units", money.minor_units}};
}

json::object payment_form(const Payment& payment) {
  json::object out{{"state", payment.state},
                   {"code", payment.code_name},
                   {"kind", payment.kind},
                   {"payer_bank", payment.payer_bank},
                   {"uetr", payment.uetr},
                   {"payer_account", payment.payer_account},
                   {"payee_bank", payment.payee_bank},
                   {"payee_account", payment.payee_account},
                   {"amount", money_form(payment.amount)},
                   {"amount_to", money_form(payment.amount_to)},
                   {"payer_fee", money_form(payment.payer_fee)},
                   {"payee_fee", money_form(payment.payee_fee)},
                   {"returned", money_form(payment.returned)}};
  out["original"] = payment.original_uetr.empty()
                        ? json::value(nullptr)
                        : json::value(payment.original_payer_bank + "/" + payment.original_uetr);
  return out;
}

json::object facts_form(const Facts& facts) {
  json::array payments, signers;
  for (const Payment& payment : facts.payments) payments.push_back(payment_form(payment));
  for (const std::string& signer : facts.signers) signers.emplace_back(signer);
  const bool is_sweep = facts.index == 0;
  return {{"valid", true},
          {"receipt_id", facts.receipt_id},
          {"actor", is_sweep ? json::value(nullptr) : json::value(facts.actor)},
          {"op_id", is_sweep ? json::value(nullptr) : json::value(facts.op_id)},
          {"code", facts.code_name},
          {"recorded", facts.recorded},
          {"height", std::to_string(facts.height)},
          {"index", facts.index},
          {"block_time", receipt::to_time_text(facts.time_ms)},
          {"payments", std::move(payments)},
          {"signers", std::move(signers)},
          {"validators", facts.validators},
          {"quorum", facts.quorum},
          {"set_changes", facts.set_changes},
          {"body_checked", facts.has_body}};
}

void print_facts(const Facts& facts, const std::string& chain_id) {
  std::cout << "VALID  " << what(facts) << "  outcome " << facts.code_name << '\n';
  for (const Payment& payment : facts.payments) print_payment(payment);
  std::cout << "  height " << facts.height << " index " << facts.index << ", block time "
            << receipt::to_time_text(facts.time_ms) << ", receipt "
            << facts.receipt_id.substr(0, 16) << "…\n  signed by ";
  for (std::size_t i = 0; i < facts.signers.size(); ++i)
    std::cout << (i == 0 ? "" : ", ") << facts.signers[i];
  std::cout << " (" << facts.signers.size() << " of " << facts.validators << ", quorum "
            << facts.quorum << "); validator set of epoch " << facts.epoch
            << " derived from genesis " << chain_id.substr(0, 6) << "… (" << facts.set_changes
            << (facts.set_changes == 1 ? " change)" : " changes)") << '\n';
  if (!facts.has_body && facts.index != 0)
    std::cout << "  without the signed body: only its hash is proven\n";
}

void verify(Run& run, const std::string& file, const std::string& genesis_file) {
  const std::string command = "receipt.verify";
  const auto text = read_file(file);
  if (!text) return fail(run, command, text.error());
  std::string genesis_path = genesis_file;
  if (genesis_path.empty()) {
    const auto session = open_session(run);
    if (!session) return fail(run, command, session.error());
    genesis_path = session->profile.genesis.string();
  }
  const auto genesis_text = read_file(genesis_path);
  if (!genesis_text) return fail(run, command, genesis_text.error());
  std::string why;
  const auto genesis = giro_receipt::Genesis::read(*genesis_text, &why);
  if (!genesis) return fail_with(run, command, 1, genesis_path + ": " + why);
  const auto checked = genesis->verify(*text);
  if (checked.verdict != giro_receipt::Verdict::Valid) {
    run.exit_code = 1;
    if (run.json)
      return print_json(command, {{"valid", false}, {"failure", name(checked.verdict)}});
    std::cout << "INVALID  " << name(checked.verdict) << '\n';
    return;
  }
  if (run.json) return print_json(command, facts_form(checked.facts));
  print_facts(checked.facts, genesis->chain_id());
}

// The payment that "bank-a/ID" names; the number of its bank is asked of a node.
std::expected<client::PaymentName, client::Error> payment_named(client::Session& session,
                                                                const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto uetr =
      slash == std::string::npos ? std::nullopt : receipt::from_uuid_text(text.substr(slash + 1));
  if (!uetr) {
    return std::unexpected(client::Error{
        client::ErrorKind::Usage, {}, "a payment is named by payer bank and UETR, as bank-a/ID"});
  }
  auto directory = client::Directory::from_node(session.client, session.genesis);
  if (!directory) return std::unexpected(directory.error());
  const auto bank = directory->institution(text.substr(0, slash));
  if (!bank) return std::unexpected(bank.error());
  return client::PaymentName{bank->name, bank->id, *uetr};
}

void get_of_payment(Run& run, const std::string& text, const std::string& at) {
  const std::string command = "receipt.payment";
  if (at.find_first_not_of("0123456789.") != std::string::npos)
    return fail_with(run, command, 2, "--at is HEIGHT.N of a transition");
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto name = payment_named(*session, text);
  if (!name) return fail(run, command, name.error());
  const auto found = session->client.payment_receipt(*name, at, session->genesis.for_receipts());
  if (!found) return fail(run, command, found.error());
  std::cout << found->text << '\n';
}

void get(Run& run, const std::string& id, const std::string& actor) {
  const std::string command = "receipt.get";
  auto session = open_session(run);
  if (!session) return fail(run, command, session.error());
  const auto op_id = receipt::from_uuid_text(id);
  if (!op_id) return fail_with(run, command, 2, "the operation id is a lower-case UUID");
  const auto entry = session->journal.find(*op_id);
  std::string who = actor;
  if (who.empty()) who = entry && *entry ? (*entry)->actor : session->profile.institution;
  const auto found = session->client.receipt({who, *op_id}, session->genesis.for_receipts());
  if (!found) return fail(run, command, found.error());
  // The receipt itself is the document, in its one canonical text.
  std::cout << found->text << '\n';
}

}  // namespace

void add_receipt(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("receipt", "Proofs of outcomes");
  group->require_subcommand(1);

  struct GetOptions {
    std::string id, actor;
  };
  auto getting = std::make_shared<GetOptions>();
  CLI::App* get_command = add_command(*group, run, "get", "Fetch a receipt, verify it, print it");
  add_profile_option(*get_command, run);
  get_command->add_option("OP_ID", getting->id, "Operation id")->required();
  get_command->add_option("--actor", getting->actor,
                          "Acting institution; else the journal's, else the profile's");
  get_command->callback([&run, getting] { get(run, getting->id, getting->actor); });

  struct PaymentOptions {
    std::string name, at;
  };
  auto paying = std::make_shared<PaymentOptions>();
  CLI::App* payment_command = add_command(
      *group, run, "payment", "Fetch what proves how a payment stood last, verify it, print it");
  add_profile_option(*payment_command, run);
  payment_command->add_option("PAYMENT", paying->name, "Its payer bank and UETR, as bank-a/ID")
      ->required();
  payment_command->add_option("--at", paying->at,
                              "HEIGHT.N of an earlier transition, as in `account payment --json`");
  payment_command->callback([&run, paying] { get_of_payment(run, paying->name, paying->at); });

  struct VerifyOptions {
    std::string file, genesis;
  };
  auto verifying = std::make_shared<VerifyOptions>();
  CLI::App* verify_command = add_command(*group, run, "verify", "Check a receipt offline");
  add_profile_option(*verify_command, run);
  verify_command->add_option("FILE", verifying->file, "Receipt; - is standard input")->required();
  verify_command->add_option("--genesis", verifying->genesis, "Genesis file; else the profile's");
  verify_command->callback([&run, verifying] { verify(run, verifying->file, verifying->genesis); });
}

}  // namespace giro::cli
