// giro db usage | verify: what a node's data directory holds, and whether it is right. They read
// files; `verify` opens the store, and needs the node stopped.
#include <filesystem>
#include <iostream>

#include "node/cli/command.h"
#include "node/config/node_config.h"
#include "node/runtime/disk_use.h"
#include "node/runtime/replay.h"
#include "storage/file_posix.h"

namespace giro::cli {
namespace {

struct DbOptions {
  std::string file = "/etc/giro/node.toml";
};

void show_usage(Run& run, const DbOptions& options) {
  const auto config = load_node(run, "db.usage", options.file);
  if (!config) return;
  std::error_code error;
  const auto space = std::filesystem::space(config->data_dir, error);
  if (error)
    return fail_with(run, "db.usage", 1, config->data_dir.string() + ": " + error.message());
  struct Part {
    const char* name;
    const char* what;
  };
  constexpr Part kParts[] = {{"log", "what was agreed, and what was voted for"},
                             {"state", "the ledger, its blocks and receipts"},
                             {"snapshots", "states of earlier heights, for peers and for itself"},
                             {"quarantine", "damaged files that were set aside: for people"}};
  json::object parts;
  std::uint64_t known = 0;
  for (const auto& [name, what] : kParts) {
    const std::uint64_t bytes = runtime::bytes_below(config->data_dir / name);
    known += bytes;
    parts[name] = std::to_string(bytes);
    if (!run.json) std::cout << bytes << " bytes  " << name << "  (" << what << ")\n";
  }
  const std::uint64_t total = runtime::bytes_below(config->data_dir);
  const std::uint64_t other = total > known ? total - known : 0;
  if (run.json)
    return print_json("db.usage", {{"bytes", std::move(parts)},
                                   {"other_bytes", std::to_string(other)},
                                   {"free_bytes", std::to_string(space.available)}});
  std::cout << other << " bytes  other files\n" << space.available << " bytes  free\n";
}

void verify_store(Run& run, const DbOptions& options) {
  const auto config = load_node(run, "db.verify", options.file);
  if (!config) return;
  storage::PosixFilePort files;
  const auto tell = [](const std::string& text) { std::cerr << text << '\n'; };
  std::uint64_t next = 10;  // per cent: a line for each ten
  const auto progress = [&](consensus::Height at, consensus::Height head) {
    const std::uint64_t percent = at.value * 100 / head.value;
    if (percent < next) return;
    next = percent - percent % 10 + 10;
    std::cerr << "height " << at.value << " of " << head.value << " (" << percent << " %)\n";
  };
  const auto done =
      runtime::replay(*config, runtime::real_platform(files, *config), tell, progress);
  if (!done) {
    const bool is_wrong = done.error().fault == runtime::ReplayFault::Differs;
    return fail_with(run, "db.verify", is_wrong ? 65 : 1,
                     is_wrong ? "this store is not what its log gives; " + done.error().text +
                                    ". Keep a copy of data_dir for whoever looks into it; without "
                                    "data_dir/state the next start makes it again from the log"
                              : done.error().text);
  }
  if (run.json)
    return print_json("db.verify", {{"base", std::to_string(done->base.value)},
                                    {"head", std::to_string(done->head.value)},
                                    {"operations", std::to_string(done->operations)},
                                    {"certificates", std::to_string(done->certificates)},
                                    {"attested", std::to_string(done->attested.value)},
                                    {"records", std::to_string(done->records)}});
  const std::string from = done->base.value == 0 ? "genesis"
                                                 : "the certified snapshot of height " +
                                                       std::to_string(done->base.value);
  std::cout << "the store is what its log gives: every block from " << from << " to height "
            << done->head.value << ", " << done->operations << " operations, " << done->records
            << " records\n"
            << done->certificates
            << " headers with a quorum's certificate of their own, up to height "
            << done->attested.value << "; each binds all below it\n";
}

}  // namespace

void add_db(CLI::App& app, Run& run) {
  CLI::App* group =
      app.add_subcommand("db", "A node's data directory: its size, and whether it is right");
  group->require_subcommand(1);
  auto options = std::make_shared<DbOptions>();
  CLI::App* usage_command =
      add_command(*group, run, "usage", "Bytes of each part, and what is free");
  usage_command->callback([&run, options] { show_usage(run, *options); });
  CLI::App* verify_command = add_command(
      *group, run, "verify", "Executes the whole log again and compares; the node is stopped");
  verify_command->callback([&run, options] { verify_store(run, *options); });
  for (CLI::App* command : {usage_command, verify_command})
    command->add_option("--config", options->file, "node.toml")->capture_default_str();
}

}  // namespace giro::cli
