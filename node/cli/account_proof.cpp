// giro account proof | verify (offline)
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/ledger/amount.h"

namespace giro::cli {
namespace {

// What the genesis file knows of a token; tokens made later are known by their number only.
struct TokenWords {
  std::string name;
  std::uint8_t scale = 0;
};

TokenWords token_words(const config::Genesis& genesis, ledger::TokenId id) {
  const auto directory = client::Directory::from_genesis(genesis);
  const auto found = std::ranges::find(directory.tokens(), id, &client::TokenFacts::id);
  if (found != directory.tokens().end()) return {found->name, found->scale};
  return {"token #" + std::to_string(id) + " (minor units)", 0};
}

void print_proven(Run& run, const std::string& command, const receipt::PositionProof& proof,
                  const receipt::VerifiedPosition& facts, const client::PinnedGenesis& genesis) {
  const auto& position = proof.position;
  const TokenWords token = token_words(genesis.genesis, proof.token);
  const auto money = [&token](ledger::Amount amount) {
    return ledger::to_decimal(amount, token.scale);
  };
  const std::string time =
      receipt::to_time_text(std::clamp<std::int64_t>(proof.header.time.ms, 0, receipt::kTimeMsMax));
  if (run.json) {
    return print_json(command, {{"valid", true},
                                {"account", crypto::to_hex(proof.account)},
                                {"token", token.name},
                                {"posted", money(position.posted)},
                                {"held", money(position.held)},
                                {"frozen", money(position.frozen)},
                                {"available", money(position.available())},
                                {"entries", std::to_string(position.entry_seq)},
                                {"entry_chain", crypto::to_hex(position.entry_chain)},
                                {"height", std::to_string(proof.header.height.value)},
                                {"block_time", time},
                                {"signatures", proof.attestation.size()},
                                {"validators", facts.set.size()},
                                {"quorum", facts.set.quorum()},
                                {"set_changes", facts.set_changes}});
  }
  std::cout << "VALID  account " << crypto::to_hex(proof.account) << "  " << token.name << '\n'
            << "  posted " << money(position.posted) << ", held " << money(position.held)
            << ", frozen " << money(position.frozen) << ", available "
            << money(position.available()) << '\n'
            << "  after entry " << position.entry_seq << ", entry_chain "
            << crypto::to_hex(position.entry_chain) << '\n'
            << "  height " << proof.header.height << ", block time " << time << "; signed by "
            << proof.attestation.size() << " of " << facts.set.size() << ", quorum "
            << facts.set.quorum() << "; validator set of epoch " << facts.set.epoch
            << " derived from genesis " << crypto::to_hex(genesis.chain_id).substr(0, 6) << "… ("
            << facts.set_changes << (facts.set_changes == 1 ? " change)" : " changes)") << '\n';
}

void prove(Run& run, const std::string& name, const std::string& token_name) {
  constexpr const char* kCommand = "account.proof";
  auto session = open_session(run);
  if (!session) return fail(run, kCommand, session.error());
  const auto account = client::parse_account(name, session->profile);
  if (!account) return fail(run, kCommand, account.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, kCommand, directory.error());
  const auto token = directory->token(token_name);
  if (!token) return fail(run, kCommand, token.error());
  const auto proven = session->client.position(account->servicer, account->id, token->id, 0,
                                               session->genesis.for_receipts());
  if (!proven) return fail(run, kCommand, proven.error());
  std::cout << proven->text << '\n';  // the proof itself, in its one canonical text
}

void verify_file(Run& run, const std::string& file, const std::string& genesis_file) {
  constexpr const char* kCommand = "account.verify";
  const auto text = read_file(file);
  if (!text) return fail(run, kCommand, text.error());
  std::filesystem::path genesis_path = genesis_file;
  if (genesis_path.empty()) {
    const auto session = open_session(run);
    if (!session) return fail(run, kCommand, session.error());
    genesis_path = session->profile.genesis;
  }
  const auto genesis = client::read_genesis(genesis_path);
  if (!genesis) return fail(run, kCommand, genesis.error());
  const auto proof = receipt::position_from_json(*text);
  const auto facts = proof ? receipt::verify(*proof, genesis->for_receipts())
                           : std::unexpected(receipt::Failure::Malformed);
  if (facts) return print_proven(run, kCommand, *proof, *facts, *genesis);
  run.exit_code = 1;
  if (run.json)
    return print_json(kCommand, {{"valid", false}, {"failure", receipt::name(facts.error())}});
  std::cout << "INVALID  " << receipt::name(facts.error()) << '\n';
}

}  // namespace

void add_account_proof(CLI::App& group, Run& run) {
  struct Options {
    std::string account, token, file, genesis;
  };
  auto options = std::make_shared<Options>();
  CLI::App* proof = add_command(group, run, "proof",
                                "Prove how an account stands in one token; prints the proof");
  add_profile_option(*proof, run);
  proof->add_option("ACCOUNT", options->account, "An alias, or bank-a/<digits>")->required();
  proof->add_option("TOKEN", options->token, "As bank-a.EUR")->required();
  proof->callback([&run, options] { prove(run, options->account, options->token); });

  CLI::App* verify = add_command(group, run, "verify", "Check a position's proof offline");
  add_profile_option(*verify, run);
  verify->add_option("FILE", options->file, "Proof; - is standard input")->required();
  verify->add_option("--genesis", options->genesis, "Genesis file; else the profile's");
  verify->callback([&run, options] { verify_file(run, options->file, options->genesis); });
}

}  // namespace giro::cli
