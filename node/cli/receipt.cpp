// giro receipt get | verify (offline)
#include <algorithm>
#include <iostream>

#include "node/cli/command.h"
#include "node/ledger/amount.h"
#include "node/ledger/encode.h"
#include "node/ledger/ledger.h"

namespace giro::cli {
namespace {

// "PAY 9b2e41c0-… EUR 1.23 bank-a -> bank-b" as far as the receipt and the genesis file tell.
std::string what(const receipt::Receipt& receipt, const client::PinnedGenesis& genesis) {
  const std::string id = receipt::to_uuid_text(receipt.outcome.op_id.bytes);
  if (!receipt.operation) return "operation " + id;
  std::vector<ledger::SignatureField> signatures;
  for (const auto& one : receipt.operation->signatures)
    signatures.push_back({one.public_key, one.signature});
  const auto decoded = ledger::decode(
      receipt.chain,
      ledger::encode_signed_operation(receipt.operation->body, std::move(signatures)));
  if (!decoded) return "operation " + id;
  const auto name = [&genesis](ledger::InstId institution) {
    const auto& all = genesis.genesis.ledger.institutions;
    return institution >= 1 && institution <= all.size() ? all[institution - 1].name
                                                         : "#" + std::to_string(institution);
  };
  const auto terms_text = [&](const char* type, const ledger::PaymentTerms& terms) {
    const auto& tokens = genesis.genesis.ledger.tokens;
    std::string amount;
    if (terms.token_from >= 1 && terms.token_from <= tokens.size()) {
      const auto& currency = tokens[terms.token_from - 1].currency;
      amount = std::string(currency.text()) + " " +
               ledger::to_decimal(terms.amount, ledger::currency_scale(currency).value_or(0)) +
               "  ";
    }
    return std::string(type) + " " + id + "  " + amount + name(terms.payer_bank) + " -> " +
           name(terms.payee_bank);
  };
  const auto& action = decoded->operation().action;
  if (const auto* pay = std::get_if<ledger::Pay>(&action)) return terms_text("PAY", pay->terms);
  if (const auto* transfer = std::get_if<ledger::Transfer>(&action)) {
    return terms_text("TRANSFER", transfer->terms);
  }
  return "operation " + id + " of " + name(decoded->actor());
}

void verify(Run& run, const std::string& file, const std::string& genesis_file) {
  const std::string command = "receipt.verify";
  const auto text = read_file(file);
  if (!text) return fail(run, command, text.error());
  std::filesystem::path genesis_path = genesis_file;
  if (genesis_path.empty()) {
    const auto session = open_session(run);
    if (!session) return fail(run, command, session.error());
    genesis_path = session->profile.genesis;
  }
  const auto genesis = client::read_genesis(genesis_path);
  if (!genesis) return fail(run, command, genesis.error());
  const auto parsed = receipt::from_json(*text);
  const auto facts = parsed ? receipt::verify(*parsed, genesis->for_receipts())
                            : std::unexpected(receipt::Failure::Malformed);
  if (!facts) {
    run.exit_code = 1;
    if (run.json)
      return print_json(command, {{"valid", false}, {"failure", receipt::name(facts.error())}});
    std::cout << "INVALID  " << receipt::name(facts.error()) << '\n';
    return;
  }
  const auto& outcome = parsed->outcome;
  std::string signers;
  json::array signer_names;
  for (const auto& vote : parsed->attestation) {
    const auto institution = facts->set.at(vote.voter).institution.value;
    const auto& all = genesis->genesis.ledger.institutions;
    const std::string name = institution >= 1 && institution <= all.size()
                                 ? all[institution - 1].name
                                 : "#" + std::to_string(institution);
    signers += (signers.empty() ? "" : ", ") + name;
    signer_names.emplace_back(name);
  }
  const std::string time = receipt::to_time_text(
      std::clamp<std::int64_t>(outcome.block_time.value, 0, receipt::kTimeMsMax));
  if (run.json) {
    return print_json(command, {{"valid", true},
                                {"receipt_id", crypto::to_hex(facts->receipt_id)},
                                {"op_id", receipt::to_uuid_text(outcome.op_id.bytes)},
                                {"code", ledger::code_name(outcome.code)},
                                {"recorded", outcome.recorded},
                                {"height", std::to_string(outcome.height)},
                                {"index", outcome.index},
                                {"block_time", time},
                                {"signers", signer_names},
                                {"validators", facts->set.size()},
                                {"quorum", facts->set.quorum()},
                                {"set_changes", facts->set_changes},
                                {"body_checked", facts->body_checked}});
  }
  std::cout << "VALID  " << what(*parsed, *genesis) << "  outcome "
            << ledger::code_name(outcome.code) << '\n'
            << "  height " << outcome.height << " index " << outcome.index << ", block time "
            << time << ", receipt " << crypto::to_hex(facts->receipt_id).substr(0, 16) << "…\n"
            << "  signed by " << signers << " (" << parsed->attestation.size() << " of "
            << facts->set.size() << ", quorum " << facts->set.quorum()
            << "); validator set of epoch " << facts->set.epoch << " derived from genesis "
            << crypto::to_hex(genesis->chain_id).substr(0, 6) << "… (" << facts->set_changes
            << (facts->set_changes == 1 ? " change)" : " changes)") << '\n';
  if (!facts->body_checked) std::cout << "  the body is redacted: only its hash is proven\n";
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
