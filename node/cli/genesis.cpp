// giro genesis new | hash | show
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"
#include "node/config/demo_genesis.h"
#include "node/config/genesis_file.h"
#include "testnet/setup.h"

namespace giro::cli {
namespace {

using client::text_field;

struct NewOptions {
  std::string file, keys, network = "giro-dev";
  std::vector<std::string> records;
};

// What `giro init --json` printed at each bank.
std::expected<std::pair<std::string, config::DemoValidator>, client::Error> read_record(
    const std::string& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  json::error_code error;
  const json::value value = json::parse(*text, error);
  const auto* object = error ? nullptr : value.if_object();
  config::DemoValidator validator;
  const auto address =
      object == nullptr ? std::nullopt : config::parse_host_port(text_field(*object, "p2p"), false);
  if (!address || !crypto::from_hex(text_field(*object, "validator_key"), validator.key.bytes)) {
    return std::unexpected(
        client::Error{client::ErrorKind::Usage, {}, file + " is no record of giro init --json"});
  }
  validator.address = *address;
  return std::pair(text_field(*object, "name"), validator);
}

void make(Run& run, const NewOptions& options) {
  const std::string command = "genesis.new";
  config::DemoSetup setup;
  setup.network = options.network;
  setup.time = {client::now_ms()};
  for (const auto& file : options.records) {
    auto record = read_record(file);
    if (!record) return fail(run, command, record.error());
    setup.validators.insert(std::move(*record));
  }
  for (const auto& name : config::demo_validators()) {
    if (!setup.validators.contains(name)) {
      return fail_with(
          run, command, 2,
          "the record of " + name + " is missing; the demo consortium has bank-a to bank-d");
    }
  }
  if (std::filesystem::exists(options.file))
    return fail_with(run, command, 1, options.file + " exists already");
  auto operators =
      testnet::make_operator_keys(options.keys, std::filesystem::path(options.keys) / "passphrase");
  if (!operators) return fail_with(run, command, 74, operators.error());
  setup.operators = std::move(*operators);
  const std::string text = config::write_genesis_file(config::demo_genesis(setup));
  if (const auto written = client::write_file_durably(options.file, text, 0644); !written) {
    return fail(run, command, written.error());
  }
  const std::string hash = crypto::to_hex(config::chain_id_of(text));
  if (run.json) return print_json(command, {{"path", options.file}, {"chain_id", hash}});
  std::cout << options.file << "  chain id " << hash
            << "\n  a throw-away network: operators' keys in " << options.keys << '\n';
}

void hash(Run& run, const std::string& file) {
  const auto text = read_file(file);
  if (!text) return fail(run, "genesis.hash", text.error());
  const std::string id = crypto::to_hex(config::chain_id_of(*text));
  if (run.json) return print_json("genesis.hash", {{"path", file}, {"chain_id", id}});
  std::cout << id << '\n';
}

// Also the check of a genesis file: every reference in it, and block 0 itself.
void show_genesis(Run& run, const std::string& file) {
  const auto text = read_file(file);
  if (!text) return fail(run, "genesis.show", text.error());
  const auto checked = config::check_genesis_file(*text);
  if (!checked) return fail_with(run, "genesis.show", 1, file + ": " + checked.error());
  const auto& genesis = checked->genesis;
  json::array institutions, tokens;
  for (const auto& institution : genesis.ledger.institutions) {
    const auto address = genesis.addresses.find(institution.name);
    institutions.push_back(json::object{
        {"name", institution.name},
        {"validator", institution.validator.has_value()},
        {"address", address == genesis.addresses.end() ? json::value(nullptr)
                                                       : json::value(address->second.to_string())},
        {"keys", institution.keys.size()}});
  }
  const auto directory = client::Directory::from_genesis(genesis);
  for (const auto& token : directory.tokens()) tokens.emplace_back(token.name);
  if (run.json) {
    return print_json("genesis.show", {{"network", genesis.name},
                                       {"chain_id", crypto::to_hex(checked->chain_id)},
                                       {"throwaway", genesis.throwaway},
                                       {"institutions", std::move(institutions)},
                                       {"tokens", std::move(tokens)},
                                       {"accounts", genesis.ledger.accounts.size()}});
  }
  std::cout << genesis.name << (genesis.throwaway ? " (throw-away)" : "") << "  chain id "
            << crypto::to_hex(checked->chain_id) << '\n';
  for (const auto& institution : genesis.ledger.institutions) {
    std::cout << "  " << institution.name << (institution.validator ? "  validator" : "");
    const auto address = genesis.addresses.find(institution.name);
    if (address != genesis.addresses.end()) std::cout << "  " << address->second.to_string();
    std::cout << "  " << institution.keys.size() << " keys\n";
  }
  std::cout << "  tokens";
  for (const auto& token : directory.tokens()) std::cout << ' ' << token.name;
  std::cout << "\n  " << genesis.ledger.accounts.size() << " accounts, "
            << genesis.ledger.corridors.size() << " corridors\n";
}

}  // namespace

void add_genesis(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("genesis", "What a consortium agrees on before block 1");
  group->require_subcommand(1);
  auto options = std::make_shared<NewOptions>();
  CLI::App* new_command =
      add_command(*group, run, "new", "Make the demo consortium's file from four banks' records");
  new_command->add_option("FILE", options->file, "Where; never overwritten")->required();
  new_command->add_option("--record", options->records, "Output of giro init --json, of each bank")
      ->required();
  new_command->add_option("--keys", options->keys, "Directory for the operators' keys")->required();
  new_command->add_option("--network", options->network, "Name of the network")
      ->capture_default_str();
  new_command->callback([&run, options] { make(run, *options); });
  auto file = std::make_shared<std::string>();
  CLI::App* hash_command = add_command(*group, run, "hash", "The chain id: SHA-256 of the file");
  hash_command->add_option("FILE", *file, "Genesis file")->required();
  hash_command->callback([&run, file] { hash(run, *file); });
  CLI::App* show_command = add_command(*group, run, "show", "Check a genesis file and sum it up");
  show_command->add_option("FILE", *file, "Genesis file")->required();
  show_command->callback([&run, file] { show_genesis(run, *file); });
}

}  // namespace giro::cli
