// giro keys list | gen | show NAME | prove
#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "crypto/signer.h"
#include "node/cli/command.h"
#include "node/client/genesis.h"
#include "node/client/journal.h"
#include "node/config/clients_file.h"
#include "node/config/node_config.h"
#include "node/ledger/encode.h"
#include "node/runtime/start.h"
#include "p2p/certificate.h"
#include "storage/file_posix.h"

namespace giro::cli {
namespace {

struct KeyRow {
  std::string name, use, institution, roles;
  std::filesystem::path path;
};

std::string id_text(const crypto::PublicKey& key) {
  crypto::Bytes bytes;
  crypto::Writer(bytes).u64(crypto::key_id(key));
  return crypto::to_hex(bytes);
}

json::object form(const KeyRow& row) {
  json::object out{
      {"name", row.name}, {"use", row.use}, {"provider", "file"}, {"path", row.path.string()}};
  if (!row.institution.empty()) out["institution"] = row.institution;
  if (!row.roles.empty()) out["roles"] = row.roles;
  const auto key = crypto::peek_key_file(row.path);
  if (key) {
    out["key_id"] = id_text(*key);
    out["public_key"] = crypto::to_hex(*key);
  } else {
    out["error"] = crypto::describe(key.error());
  }
  return out;
}

void print(const json::object& row, const std::string& roles) {
  const auto text = [&row](const char* name) {
    const auto* value = row.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string("-");
  };
  const std::string key = text("public_key");
  std::cout << std::left << std::setw(24) << text("name") << std::setw(12) << text("use")
            << std::setw(10) << text("provider") << std::setw(18) << text("key_id")
            << (key.size() == 66 ? key.substr(0, 6) + "…" + key.substr(64) : text("error")) << "  "
            << roles << '\n';
}

// The validator's key of a node configuration, and the operators' keys of a profile.
std::expected<std::vector<KeyRow>, client::Error> rows_of(const Run& run, const std::string& node) {
  std::vector<KeyRow> out;
  if (!node.empty()) {
    const auto loaded = config::load_node_config(node, run.environment);
    if (!loaded.ok()) {
      return std::unexpected(
          client::Error{client::ErrorKind::No, {}, loaded.errors.front().to_string()});
    }
    if (loaded.value->validator_key) {
      out.push_back(
          {"validator", "votes", loaded.value->name, {}, loaded.value->validator_key->path});
    }
    return out;
  }
  const auto profile =
      config::load_profile(config::profile_path(run.profile, run.environment), run.environment);
  if (!profile.ok()) {
    return std::unexpected(
        client::Error{client::ErrorKind::Unreachable, {}, profile.errors.front().to_string()});
  }
  for (const auto& key : profile.value->keys) {
    std::string roles;
    for (const auto& role : key.roles) roles += (roles.empty() ? "" : " ") + role;
    out.push_back({key.name, "operations", key.institution, roles, key.path});
  }
  return out;
}

void list(Run& run, const std::string& node, const std::string& only) {
  const std::string command = only.empty() ? "keys.list" : "keys.show";
  const auto rows = rows_of(run, node);
  if (!rows) return fail(run, command, rows.error());
  json::array items;
  bool has_header = run.json;
  for (const auto& row : *rows) {
    if (!only.empty() && row.name != only) continue;
    json::object one = form(row);
    if (!has_header) {
      std::cout << std::left << std::setw(24) << "name" << std::setw(12) << "use" << std::setw(10)
                << "provider" << std::setw(18) << "key id" << "public key (secp256k1)\n";
      has_header = true;
    }
    if (!run.json) print(one, row.roles);
    if (!run.json && !only.empty() && one.contains("public_key")) {
      std::cout << std::string(one.at("public_key").as_string()) << '\n';
    }
    items.push_back(std::move(one));
  }
  if (!only.empty() && items.empty()) return fail_with(run, command, 1, "there is no key " + only);
  if (!run.json) return;
  if (only.empty()) return print_json(command, {{"items", std::move(items)}});
  print_json(command, items.front().as_object());
}

struct GenOptions {
  std::string file, passphrase_file, node;
  bool throwaway = false;
};

// The node's configuration with this key in the place of its own.
std::expected<config::NodeConfig, client::Error> config_with_key(
    const Run& run, const std::string& node, const std::string& file,
    const std::string& passphrase_file) {
  auto loaded = config::load_node_config(node, run.environment);
  if (!loaded.ok()) {
    return std::unexpected(
        client::Error{client::ErrorKind::No, {}, loaded.errors.front().to_string()});
  }
  if (!loaded.value->validator_key)
    return std::unexpected(client::Error{client::ErrorKind::No, {}, node + " names no key"});
  if (!file.empty()) {
    loaded.value->validator_key->path = std::filesystem::absolute(file);
    loaded.value->validator_key->passphrase = {config::SecretSource::Kind::File,
                                               std::filesystem::absolute(passphrase_file).string()};
  }
  return std::move(*loaded.value);
}

void generate(Run& run, const GenOptions& options) {
  const std::string command = "keys.gen";
  std::string passphrase;
  if (!options.passphrase_file.empty()) {
    const config::SecretSource source{config::SecretSource::Kind::File, options.passphrase_file};
    auto read = source.read();
    if (!read) return fail_with(run, command, 69, read.error());
    passphrase = std::move(*read);
  } else {
    auto asked = ask_passphrase(options.file);
    if (!asked) return fail(run, command, asked.error());
    auto again = ask_passphrase(options.file + ", again");
    if (!again) return fail(run, command, again.error());
    if (*asked != *again) return fail_with(run, command, 2, "the two passphrases differ");
    passphrase = std::move(*asked);
  }
  const auto key = crypto::SecretKey::generate();
  const auto cost = options.throwaway ? crypto::ScryptCost::light() : crypto::ScryptCost{};
  if (const auto written = crypto::write_key_file(options.file, key, passphrase, cost); !written) {
    const int code = written.error() == crypto::KeyFileError::Exists ? 1 : 74;
    return fail_with(run, command, code,
                     options.file + ": " + std::string(crypto::describe(written.error())));
  }
  if (!options.node.empty()) {  // the sign state is made once, empty, with the key (protocol R37)
    const auto config = config_with_key(run, options.node, options.file, options.passphrase_file);
    if (!config) return fail(run, command, config.error());
    storage::PosixFilePort files;
    if (const auto made =
            runtime::create_sign_state(*config, runtime::real_platform(files, *config));
        !made)
      return fail_with(run, command, static_cast<int>(made.error().code), made.error().message);
  }
  if (run.json) {
    return print_json(command, {{"path", options.file},
                                {"key_id", id_text(key.public_key())},
                                {"public_key", crypto::to_hex(key.public_key())}});
  }
  std::cout << options.file << "  key id " << id_text(key.public_key()) << "  public key "
            << crypto::to_hex(key.public_key()) << '\n';
}

struct ProveOptions {
  std::string node, file, passphrase_file;
};

// What a proposal to seat this validator key needs (ledger 5.1).
void prove(Run& run, const ProveOptions& options) {
  const std::string command = "keys.prove";
  const auto config = config_with_key(run, options.node, options.file, options.passphrase_file);
  if (!config) return fail(run, command, config.error());
  const auto genesis = client::read_genesis(config->genesis);
  if (!genesis) return fail(run, command, genesis.error());
  const auto self = config::own_institution(*config, genesis->genesis);
  if (!self)
    return fail_with(run, command, 1,
                     config->name + " is no institution of the genesis file, and " +
                         "node.toml has no institution_id");
  const auto passphrase = config->validator_key->passphrase.read();
  if (!passphrase) return fail_with(run, command, 69, passphrase.error());
  const auto key = crypto::read_key_file(config->validator_key->path, *passphrase);
  if (!key) return fail_with(run, command, 69, std::string(crypto::describe(key.error())));
  const crypto::Signature signature =
      key->sign(ledger::validator_key_sign_bytes(genesis->chain_id, *self, key->public_key()));
  const json::object document{{"institution", config->name},
                              {"public_key", crypto::to_hex(key->public_key())},
                              {"possession", crypto::to_hex(signature)}};
  if (run.json) return print_json(command, document);
  for (const auto& [name, value] : document) {
    std::cout << std::left << std::setw(12) << std::string(name) << std::string(value.as_string())
              << '\n';
  }
}

struct ClientOptions {
  std::string file, name, institution;
  std::vector<std::string> roles;
};

// A client's certificate, and the row that lets it in.
void make_client(Run& run, const ClientOptions& options) {
  constexpr const char* kClientCommand = "keys.client";
  const std::string name =
      options.name.empty() ? std::filesystem::path(options.file).filename().string() : options.name;
  const auto roles = config::client_roles(options.roles);
  if (!roles || roles->empty())
    return fail_with(run, kClientCommand, 2,
                     "--roles is of submitter, reader, auditor, observer, operator");
  const auto certificate = make_certificate(options.file, name);
  if (!certificate) return fail(run, kClientCommand, certificate.error());
  const auto key = p2p::certificate_key_sha256(*certificate);
  if (!key) return fail_with(run, kClientCommand, 1, options.file + ".pem is no certificate");
  const auto row = config::write_client_row({name, *key, options.institution, *roles});
  if (!config::parse_clients_file("clients_version = 1\n" + row, "row").ok())
    return fail_with(run, kClientCommand, 2, options.institution + " is no institution's name");
  if (run.json)
    return print_json(kClientCommand, {{"certificate", options.file + ".pem"},
                                       {"key", options.file + ".key"},
                                       {"key_sha256", crypto::to_hex(*key)},
                                       {"row", row}});
  std::cerr << options.file << ".pem and " << options.file
            << ".key are the client's. Put these lines into the node's clients.toml, then  giro "
               "reload --config node.toml\n";
  std::cout << row;
}

}  // namespace

void add_keys(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("keys", "Keys and their files");
  group->require_subcommand(1);
  struct ListOptions {
    std::string node, name;
  };
  auto listing = std::make_shared<ListOptions>();
  CLI::App* list_command = add_command(*group, run, "list", "Keys of the profile, or of a node");
  add_profile_option(*list_command, run);
  list_command->add_option("--config", listing->node, "Of the node with this node.toml");
  list_command->callback([&run, listing] { list(run, listing->node, {}); });
  CLI::App* show_command = add_command(*group, run, "show", "One key, with its whole public key");
  add_profile_option(*show_command, run);
  show_command->add_option("NAME", listing->name, "Name of the key")->required();
  show_command->add_option("--config", listing->node, "Of the node with this node.toml");
  show_command->callback([&run, listing] { list(run, listing->node, listing->name); });

  auto options = std::make_shared<GenOptions>();
  CLI::App* gen_command = add_command(*group, run, "gen", "Make an operator's key file");
  gen_command->add_option("FILE", options->file, "Where; never overwritten")->required();
  gen_command->add_option("--passphrase-file", options->passphrase_file,
                          "Else asked on the terminal");
  gen_command->add_flag("--throwaway", options->throwaway,
                        "Cheap to open, cheap to guess: for test networks");
  gen_command
      ->add_option("--validator", options->node,
                   "For the validator with this node.toml: makes the key's sign state too")
      ->needs("--passphrase-file");
  gen_command->callback([&run, options] { generate(run, *options); });

  auto made = std::make_shared<ClientOptions>();
  CLI::App* client_command =
      add_command(*group, run, "client",
                  "Make a certificate for a client of the API, and its row of clients.toml");
  client_command->add_option("FILE", made->file, "FILE.pem and FILE.key; kept if both are there")
      ->required();
  client_command->add_option("--name", made->name, "What the node calls it; else the file's name");
  client_command->add_option("--institution", made->institution, "For whom it acts")->required();
  client_command->add_option("--roles", made->roles, "submitter,reader,auditor,observer,operator")
      ->delimiter(',')
      ->required();
  client_command->callback([&run, made] { make_client(run, *made); });

  auto proof = std::make_shared<ProveOptions>();
  CLI::App* prove_command =
      add_command(*group, run, "prove", "That a validator key is ours: for giro gov propose");
  prove_command->add_option("--config", proof->node, "node.toml of the validator")->required();
  prove_command->add_option("--key", proof->file, "Another key than the one in node.toml");
  prove_command->add_option("--passphrase-file", proof->passphrase_file, "Of that key");
  prove_command->callback([&run, proof] { prove(run, *proof); });
}

}  // namespace giro::cli
