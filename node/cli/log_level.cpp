// giro log-level: what a running node writes into its log, through its ops socket (surface 9).
#include <iostream>

#include "node/cli/command.h"

namespace giro::cli {
namespace {

struct LogLevelOptions {
  std::string file, level;
};

void set_log_level(Run& run, const LogLevelOptions& options) {
  constexpr const char* kLogLevel = "log-level";
  const auto config = load_node(run, kLogLevel, options.file);
  if (!config) return;
  const auto said = ask_ops_socket(*config, "PUT", "/ops/v1/log?level=" + options.level);
  if (!said) return fail(run, kLogLevel, said.error());
  if (run.json) return print_json(kLogLevel, *said);
  std::cout << config->name << " writes " << options.level
            << " and above, until it is started again: then log.level of " << options.file
            << " decides\n";
}

}  // namespace

void add_log_level(CLI::App& app, Run& run) {
  auto options = std::make_shared<LogLevelOptions>();
  CLI::App* command =
      add_command(app, run, "log-level", "Change what a running node writes into its log");
  command->add_option("LEVEL", options->level, "The least severe level that is written")
      ->required()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  command->add_option("--config", options->file, "node.toml of the node")->required();
  command->callback([&run, options] { set_log_level(run, *options); });
}

}  // namespace giro::cli
