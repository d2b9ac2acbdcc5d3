// giro status: one screen about one node.
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::bool_field;
using client::number_field;
using client::object_field;
using client::text_field;

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

std::string names_of(const json::object& from, const char* list) {
  std::string names;
  const auto* rows = array_field(from, list);
  for (const auto& row : rows == nullptr ? json::array{} : *rows)
    if (row.is_string()) names += (names.empty() ? "" : ", ") + std::string(row.get_string());
  return names.empty() ? "nobody" : names;
}

void print_why(const json::object& node, const json::object& why) {
  const std::uint64_t since = number_field(why, "milliseconds_since_commit") / 1000;
  std::cout << text_field(node, "name") << "  " << text_field(node, "network") << "  "
            << (bool_field(why, "progressing")
                    ? std::string("PROGRESSING")
                    : "NOT PROGRESSING for " + std::to_string(since) + " s")
            << "   code " << text_field(why, "code") << '\n'
            << "  height " << text_field(why, "height") << " committed " << since << " s ago; view "
            << text_field(why, "view") << ", leader " << text_field(why, "leader") << '\n';
  if (const auto* awaited = object_field(why, "waits_for")) {
    const auto* have = array_field(*awaited, "have");
    std::cout << "  " << text_field(*awaited, "what") << ": "
              << (have == nullptr ? 0 : have->size()) << " of " << number_field(*awaited, "needed")
              << " needed   have " << names_of(*awaited, "have") << "   missing "
              << names_of(*awaited, "missing") << '\n';
  }
  const auto* faults = array_field(why, "faults");
  for (const auto& row : faults == nullptr ? json::array{} : *faults) {
    if (!row.is_object()) continue;
    const auto& fault = row.get_object();
    std::cout << "    " << text_field(fault, "name") << "  " << text_field(fault, "cause") << "  "
              << number_field(fault, "seconds") << " s  " << text_field(fault, "detail")
              << "   last vote h" << text_field(fault, "last_vote_height") << '\n';
  }
  std::cout << "  " << text_field(why, "advice") << '\n';
}

void status(Run& run, const NodeOptions& options, bool is_why) {
  auto http = options.open(run);
  if (!http) return fail(run, "status", http.error());
  const auto value = http->get("/v1/node");
  if (!value) return fail(run, "status", value.error());
  const auto explained = http->get("/v1/consensus/explain");
  if (!explained) return fail(run, "status", explained.error());
  if (!value->is_object() || !explained->is_object())
    return fail_with(run, "status", 70, "the node's answer is no status");
  const auto& node = value->get_object();
  const auto& why = explained->get_object();
  if (is_why && !run.json) return print_why(node, why);
  const auto peers = http->get("/v1/peers");
  const auto* items =
      peers && peers->is_object() ? client::array_field(peers->get_object(), "items") : nullptr;
  const std::string code = text_field(why, "code");
  if (!run.json) return print(node, code, items);
  json::object document{{"condition", code}, {"api", http->first_node().to_string()}};
  for (const auto& [name, member] : node) document[name] = member;
  document["peers"] = items == nullptr ? json::value(nullptr) : json::value(*items);
  document["why"] = why;
  print_json("status", document);
}

}  // namespace

void add_status(CLI::App& app, Run& run) {
  struct StatusOptions {
    NodeOptions node;
    bool is_why = false;
  };
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = add_command(app, run, "status", "What a node sees, on one screen");
  options->node.add_to(*command, run);
  command->add_flag("--why", options->is_why, "Why the network goes on or does not");
  command->callback([&run, options] { status(run, options->node, options->is_why); });
}

}  // namespace giro::cli
