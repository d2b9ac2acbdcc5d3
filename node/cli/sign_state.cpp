// giro sign-state show: how far a validator's key may have signed (protocol R37).
#include <iostream>

#include "crypto/signer.h"
#include "node/cli/command.h"
#include "node/config/node_config.h"
#include "storage/file_posix.h"
#include "storage/sign_state.h"

namespace giro::cli {
namespace {

constexpr const char* kShow = "sign-state.show";

std::string signer_id_text(const crypto::PublicKey& key) {
  crypto::Bytes bytes;
  crypto::Writer(bytes).u64(crypto::key_id(key));
  return crypto::to_hex(bytes);
}

// Looks without a lock: the node may run meanwhile.
void show_sign_state(Run& run, const std::string& file) {
  const auto loaded = config::load_node_config(file, run.environment);
  if (!loaded.ok()) return fail_with(run, kShow, 1, loaded.errors.front().to_string());
  const auto& node = *loaded.value;
  if (!node.validator_key) return fail_with(run, kShow, 1, "an observer has no sign state");
  const auto key = crypto::peek_key_file(node.validator_key->path);
  if (!key) {
    return fail_with(
        run, kShow, 1,
        node.validator_key->path.string() + ": " + std::string(crypto::describe(key.error())));
  }
  storage::PosixFilePort files;
  const std::string directory = node.sign_state_dir.string();
  const auto ceiling = storage::SignState::inspect(files, directory, {node.chain_id, *key});
  if (!ceiling) return fail_with(run, kShow, 1, ceiling.error().text);
  const std::string path = storage::SignState::path_of(directory, *key);
  // A floor that was learnt from others is the end of an epoch: every view of it (protocol R39).
  const bool is_every_view = ceiling->view == UINT64_MAX;
  if (run.json) {
    return print_json(kShow, {{"key_id", signer_id_text(*key)},
                              {"chain_id", crypto::to_hex(node.chain_id)},
                              {"path", path},
                              {"record", std::to_string(ceiling->record)},
                              {"epoch", std::to_string(ceiling->epoch)},
                              {"view", is_every_view ? json::value(nullptr)
                                                     : json::value(std::to_string(ceiling->view))},
                              {"height", std::to_string(ceiling->height)}});
  }
  std::cout << "key " << signer_id_text(*key) << " of " << node.name
            << " may have signed up to epoch " << ceiling->epoch << " view "
            << (is_every_view ? "any" : std::to_string(ceiling->view)) << " height "
            << ceiling->height << "\n  record " << ceiling->record << " in " << path
            << "\n  never copy, restore or delete it\n";
}

}  // namespace

void add_sign_state(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("sign-state", "What a validator's key may have signed");
  group->require_subcommand(1);
  auto file = std::make_shared<std::string>("/etc/giro/node.toml");
  CLI::App* command = add_command(*group, run, "show", "The ceiling, as the file holds it");
  command->add_option("--config", *file, "node.toml")->capture_default_str();
  command->callback([&run, file] { show_sign_state(run, *file); });
}

}  // namespace giro::cli
