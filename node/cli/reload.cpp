// giro reload: a running node reads its clients.toml again, through its ops socket (surface 5.1).
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

void reload(Run& run, const std::string& file) {
  constexpr const char* kReload = "reload";
  constexpr std::chrono::seconds kPatience{10};
  const auto config = load_node(run, kReload, file);
  if (!config) return;
  client::HttpClient http(config->ops.socket);
  const auto answer = http.send("POST", "/ops/v1/reload", "application/json", "{}", kPatience);
  if (!answer)
    return fail_with(run, kReload, 69,
                     answer.error().message + "; is the node of " + file + " running?");
  if (answer->status != 200) {  // the file has errors, and the node goes on with what it had
    auto error = client::error_of(*answer);
    error.kind = client::ErrorKind::No;
    return fail(run, kReload, error);
  }
  json::error_code error;
  const json::value said = json::parse(answer->body, error);
  const auto clients = said.is_object() ? client::number_field(said.get_object(), "clients") : 0;
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
