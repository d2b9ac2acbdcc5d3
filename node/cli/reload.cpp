// giro reload: a running node reads its clients.toml again, through its ops socket (surface 5.1).
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

void reload(Run& run, const std::string& file) {
  constexpr const char* kReload = "reload";
  const auto config = load_node(run, kReload, file);
  if (!config) return;
  // An error is of the file, and the node goes on with what it had.
  const auto said = ask_ops_socket(*config, "POST", "/ops/v1/reload");
  if (!said) return fail(run, kReload, said.error());
  const auto clients = client::number_field(*said, "clients");
  if (run.json) return print_json(kReload, {{"clients", clients}});
  std::cout << clients << (clients == 1 ? " client" : " clients")
            << " may use the API; whoever is not among them was cut off\n";
}

}  // namespace

void add_reload(CLI::App& app, Run& run) {
  auto file = std::make_shared<std::string>();
  CLI::App* command =
      add_command(app, run, "reload", "Make a running node read its clients.toml again");
  command->add_option("--config", *file, "node.toml of the node")->required();
  command->callback([&run, file] { reload(run, *file); });
}

}  // namespace giro::cli
