// giro config check | show | explain
#include <iostream>

#include "node/cli/command.h"
#include "node/config/node_config.h"

namespace giro::cli {
namespace {

struct ConfigOptions {
  std::string file = "/etc/giro/node.toml", key;
  bool origin = false;
};

void check(Run& run, const ConfigOptions& options) {
  const auto loaded = config::load_node_config(options.file, run.environment);
  run.exit_code = loaded.ok() ? 0 : 1;
  if (run.json) {
    json::array errors;
    for (const auto& error : loaded.errors) {
      errors.push_back(json::object{{"at", error.origin.to_string()},
                                    {"message", error.message},
                                    {"text", error.to_string()}});
    }
    return print_json("config.check", {{"valid", loaded.ok()}, {"errors", std::move(errors)}});
  }
  for (const auto& error : loaded.errors) std::cout << error.to_string() << '\n';
  if (loaded.ok()) std::cout << options.file << ": no errors\n";
}

void show(Run& run, const ConfigOptions& options) {
  const auto loaded = config::load_node_config(options.file, run.environment);
  for (const auto& error : loaded.errors) std::cerr << error.to_string() << '\n';
  run.exit_code = loaded.ok() ? 0 : 1;
  if (run.json) {
    json::array values;
    for (const auto& value : loaded.effective) {
      values.push_back(json::object{
          {"key", value.key}, {"value", value.text}, {"origin", value.origin.to_string()}});
    }
    return print_json("config.show", {{"items", std::move(values)}});
  }
  for (const auto& value : loaded.effective) {
    std::cout << value.key << " = " << value.text;
    if (options.origin) std::cout << "    # " << value.origin.to_string();
    std::cout << '\n';
  }
}

void explain(Run& run, const ConfigOptions& options) {
  const auto text = config::explain_node_key(options.key);
  if (!text) return fail_with(run, "config.explain", 1, "node.toml has no key " + options.key);
  if (run.json) return print_json("config.explain", {{"key", options.key}, {"text", *text}});
  std::cout << *text << '\n';
}

}  // namespace

void add_config(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("config", "Node configuration");
  group->require_subcommand(1);
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* check_command = add_command(*group, run, "check", "All errors of a node.toml");
  check_command->add_option("--config", options->file, "node.toml")->capture_default_str();
  check_command->callback([&run, options] { check(run, *options); });
  CLI::App* show_command = add_command(*group, run, "show", "The values in effect");
  show_command->add_option("--config", options->file, "node.toml")->capture_default_str();
  show_command->add_flag("--origin", options->origin, "And where each comes from");
  show_command->callback([&run, options] { show(run, *options); });
  CLI::App* explain_command = add_command(*group, run, "explain", "What a key means");
  explain_command->add_option("KEY", options->key, "As p2p.listen")->required();
  explain_command->callback([&run, options] { explain(run, *options); });
}

}  // namespace giro::cli
