// giro status: one screen about one node.
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::bool_field;
using client::number_field;
using client::object_field;
using client::text_field;

// The chain code of surface 2.3, as far as one node's numbers tell it.
std::string chain_code(const json::object& node) {
  constexpr std::uint64_t kSlowMs = 3'000, kBehind = 10;
  const auto* height = object_field(node, "height");
  if (bool_field(node, "diverged")) return "HALTED_DIVERGED";
  if (height != nullptr &&
      number_field(*height, "stable") > number_field(*height, "executed") + kBehind) {
    return "SYNCING";
  }
  if (number_field(node, "milliseconds_since_commit") < kSlowMs) return "PROGRESSING";
  if (number_field(node, "connected") < number_field(node, "quorum")) return "QUORUM_MISSING";
  return bool_field(node, "suspecting") ? "VIEW_CHANGING" : "SLOW";
}

std::string voting_text(const json::object& node) {
  const std::string stopped = text_field(node, "votes_stopped");
  if (!stopped.empty()) return " (votes stopped: " + stopped + ")";
  return bool_field(node, "voting") ? "" : " (not voting)";
}

void print(const json::object& node, const std::string& code, const json::array* peers) {
  const auto* height = object_field(node, "height");
  const std::uint64_t executed = height == nullptr ? 0 : number_field(*height, "executed");
  const std::uint64_t since = number_field(node, "milliseconds_since_commit");
  const std::uint64_t connected = number_field(node, "connected"),
                      quorum = number_field(node, "quorum");
  std::cout << text_field(node, "name") << "  " << text_field(node, "role") << " of "
            << text_field(node, "network") << " (" << text_field(node, "chain_id").substr(0, 6)
            << "…)  " << code << '\n';
  std::cout << "height " << executed << ", committed " << since / 1000 << '.' << since % 1000 / 100
            << " s ago; view " << number_field(node, "view") << ", leader "
            << text_field(node, "leader") << "; quorum " << quorum << ", connected " << connected;
  if (connected > quorum) std::cout << ", can lose " << connected - quorum << " more";
  if (connected == quorum) std::cout << ", can lose none";
  std::cout << '\n';
  std::cout << "own vote h" << number_field(node, "own_last_vote_height") << voting_text(node)
            << "; disk " << number_field(node, "disk_free") / (1024ULL * 1024 * 1024)
            << " GiB free; version " << text_field(node, "version") << '\n';
  if (peers == nullptr) return;
  for (const auto& row : *peers) {
    if (!row.is_object()) continue;
    const auto& peer = row.get_object();
    const std::string cause = text_field(peer, "cause");
    if (bool_field(peer, "connected") && cause.empty()) continue;
    std::cout << "  " << text_field(peer, "name") << "  "
              << (cause.empty() ? "not connected" : cause) << "  "
              << number_field(peer, "seconds_in_state") << " s  " << text_field(peer, "detail")
              << "  last vote h" << number_field(peer, "last_vote_height") << '\n';
  }
}

void status(Run& run, const NodeOptions& options) {
  const auto url = options.url_of(run);
  if (!url) return fail(run, "status", url.error());
  client::Client http({*url});
  const auto value = http.get("/v1/node");
  if (!value) return fail(run, "status", value.error());
  if (!value->is_object()) return fail_with(run, "status", 70, "the node's answer is no status");
  const auto& node = value->get_object();
  const std::string code = chain_code(node);
  const auto peers = http.get("/v1/peers");
  const auto* items =
      peers && peers->is_object() ? client::array_field(peers->get_object(), "items") : nullptr;
  if (!run.json) return print(node, code, items);
  json::object document{{"condition", code}, {"api", url->to_string()}};
  for (const auto& [name, member] : node) document[name] = member;
  document["peers"] = items == nullptr ? json::value(nullptr) : json::value(*items);
  print_json("status", document);
}

}  // namespace

void add_status(CLI::App& app, Run& run) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = add_command(app, run, "status", "What a node sees, on one screen");
  options->add_to(*command, run);
  command->callback([&run, options] { status(run, *options); });
}

}  // namespace giro::cli
