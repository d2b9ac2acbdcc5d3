// giro snapshot list | create | verify: the snapshots in a node's data directory (protocol R34).
// They read files, so they work beside a running node; `create` opens the store, and needs it
// stopped.
#include <iostream>

#include "consensus/wire/codec.h"
#include "node/cli/command.h"
#include "node/config/node_config.h"
#include "node/runtime/local_snapshot.h"
#include "storage/file_posix.h"

namespace giro::cli {
namespace {

struct SnapshotOptions {
  std::string file = "/etc/giro/node.toml";
  std::uint64_t height = 0;
};

json::object form(const runtime::SnapshotInfo& info) {
  return {{"height", std::to_string(info.height.value)},
          {"manifest", crypto::to_hex(info.manifest)},
          {"chunks", info.chunks},
          {"chunk_bytes", info.chunk_bytes},
          {"certified", info.certified},
          {"local", info.local}};
}

void print(const runtime::SnapshotInfo& info) {
  std::cout << "height " << info.height.value << "  " << info.chunks << " chunks  "
            << (info.certified ? "certified"
                : info.local   ? "local"
                               : "not certified")
            << "  " << crypto::to_hex(info.manifest) << '\n';
}

void list(Run& run, const SnapshotOptions& options) {
  const auto config = load_node(run, "snapshot.list", options.file);
  if (!config) return;
  storage::PosixFilePort files;
  const auto infos = runtime::list_snapshots(files, *config);
  if (!infos) return fail_with(run, "snapshot.list", 1, infos.error());
  if (run.json) {
    json::array items;
    for (const auto& info : *infos) items.push_back(form(info));
    return print_json("snapshot.list", {{"items", std::move(items)}});
  }
  for (const auto& info : *infos) print(info);
  if (infos->empty()) std::cout << "no snapshots\n";
}

void create(Run& run, const SnapshotOptions& options) {
  const auto config = load_node(run, "snapshot.create", options.file);
  if (!config) return;
  storage::PosixFilePort files;
  const auto info = runtime::create_local_snapshot(files, *config);
  if (!info) return fail_with(run, "snapshot.create", 1, info.error());
  if (run.json) return print_json("snapshot.create", form(*info));
  print(*info);
}

void verify(Run& run, const SnapshotOptions& options) {
  const auto config = load_node(run, "snapshot.verify", options.file);
  if (!config) return;
  storage::PosixFilePort files;
  const auto info = runtime::verify_local_snapshot(files, *config, {options.height});
  if (!info) return fail_with(run, "snapshot.verify", 1, info.error());
  if (run.json) return print_json("snapshot.verify", form(*info));
  std::cout << "whole, and gives the state root of its header: ";
  print(*info);
}

}  // namespace

void add_snapshot(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("snapshot", "Snapshots in a node's data directory");
  group->require_subcommand(1);
  auto options = std::make_shared<SnapshotOptions>();
  CLI::App* list_command = add_command(*group, run, "list", "Those that are there");
  list_command->callback([&run, options] { list(run, *options); });
  CLI::App* create_command =
      add_command(*group, run, "create", "One of the present state; the node is stopped");
  create_command->callback([&run, options] { create(run, *options); });
  CLI::App* verify_command = add_command(*group, run, "verify", "Reads one whole and checks it");
  verify_command->add_option("HEIGHT", options->height, "As in the list")->required();
  verify_command->callback([&run, options] { verify(run, *options); });
  for (CLI::App* command : {list_command, create_command, verify_command})
    command->add_option("--config", options->file, "node.toml")->capture_default_str();
}

}  // namespace giro::cli
