// giro peers list | why NAME: the other validators, as one node sees them.
#include <array>
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::bool_field;
using client::number_field;
using client::text_field;

struct Explanation {
  std::string_view cause;
  std::string_view text;
};
// What a cause means, and what helps (surface 2.3).
constexpr std::array<Explanation, 11> kExplanations = {{
    {"UNREACHABLE",
     "nobody answers at its address: is it running, is the address right, may it be reached from "
     "here? It is dialled again by itself"},
    {"WRONG_KEY",
     "another key answers there, or it does not know ours: compare the keys in both genesis files, "
     "and the address"},
    {"WRONG_CHAIN", "it runs another chain: compare  giro genesis hash  of the two genesis files"},
    {"VERSION_MISMATCH",
     "it speaks another version of the protocol: one of the two is to be updated"},
    {"SILENT",
     "its system answers and its process does not: it is paused, overloaded, or its disk hangs"},
    {"VIOLATION", "it sent what no correct validator sends; its own log and ours say what"},
    {"OVER_BUDGET", "it sent too much for too long and was cut; it is dialled again by itself"},
    {"SLOW_READER", "it does not take what is sent to it: its line or its computer is too slow"},
    {"REPLACED", "another process used the same key: it must run in one place only"},
    {"REMOVED", "it is no member any more"},
    {"SIGNER_DOWN", "our own signer gives no proof of our key: look at this node, not at that one"},
}};

std::string_view explain(std::string_view cause) {
  for (const auto& one : kExplanations) {
    if (one.cause == cause) return one.text;
  }
  return "connected, and nothing is wrong that can be seen from here";
}

std::string state_of(const json::object& peer) {
  const std::string cause = text_field(peer, "cause");
  if (bool_field(peer, "connected")) return cause.empty() ? "connected" : cause;
  return cause.empty() ? "not connected" : cause;
}

// The rows of /v1/peers.
std::expected<json::array, client::Error> ask(const Run& run, const NodeOptions& options) {
  auto http = options.open(run);
  if (!http) return std::unexpected(http.error());
  const auto value = http->get("/v1/peers");
  if (!value) return std::unexpected(value.error());
  const auto* items =
      value->is_object() ? client::array_field(value->get_object(), "items") : nullptr;
  const auto is_row = [](const json::value& row) { return row.is_object(); };
  if (items == nullptr || !std::ranges::all_of(*items, is_row)) {
    return std::unexpected(
        client::Error{client::ErrorKind::Internal, {}, "the node's answer is no list of peers"});
  }
  return *items;
}

void list(Run& run, const NodeOptions& options) {
  const auto peers = ask(run, options);
  if (!peers) return fail(run, "peers.list", peers.error());
  if (run.json) return print_json("peers.list", {{"items", *peers}});
  const auto line = [](const auto& name, const auto& state, const auto& seconds, const auto& stable,
                       const auto& vote, const auto& version, const auto& address) {
    std::cout << std::left << std::setw(20) << name << std::setw(18) << state << std::right
              << std::setw(8) << seconds << std::setw(12) << stable << std::setw(12) << vote << "  "
              << std::left << std::setw(10) << version << address << '\n';
  };
  line("name", "state", "for (s)", "stable", "last vote", "version", "address");
  for (const auto& row : *peers) {
    const auto& peer = row.get_object();
    line(text_field(peer, "name"), state_of(peer), number_field(peer, "seconds_in_state"),
         number_field(peer, "stable_height"), number_field(peer, "last_vote_height"),
         text_field(peer, "version"), text_field(peer, "address"));
  }
}

void why(Run& run, const NodeOptions& options, const std::string& name) {
  const auto peers = ask(run, options);
  if (!peers) return fail(run, "peers.why", peers.error());
  for (const auto& row : *peers) {
    json::object peer = row.get_object();
    if (text_field(peer, "name") != name) continue;
    const std::string explanation(explain(text_field(peer, "cause")));
    if (run.json) {
      peer["explanation"] = explanation;
      return print_json("peers.why", peer);
    }
    std::cout << name << "  " << state_of(peer) << " for " << number_field(peer, "seconds_in_state")
              << " s  " << text_field(peer, "detail") << "\n  " << text_field(peer, "address")
              << "; last vote h" << number_field(peer, "last_vote_height") << ", stable h"
              << number_field(peer, "stable_height") << "; version "
              << (text_field(peer, "version").empty() ? "unknown" : text_field(peer, "version"))
              << "\n  " << explanation << '\n';
    return;
  }
  fail_with(run, "peers.why", 1, "this node has no peer " + name + "; giro peers list names them");
}

}  // namespace

void add_peers(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("peers", "The other validators, as one node sees them");
  group->require_subcommand(1);
  auto listing = std::make_shared<NodeOptions>();
  CLI::App* list_command = add_command(*group, run, "list", "All of them, a line each");
  listing->add_to(*list_command, run);
  list_command->callback([&run, listing] { list(run, *listing); });
  struct WhyOptions {
    NodeOptions node;
    std::string name;
  };
  auto one = std::make_shared<WhyOptions>();
  CLI::App* why_command = add_command(*group, run, "why", "What is wrong with one, and what helps");
  why_command->add_option("NAME", one->name, "The institution's name")->required();
  one->node.add_to(*why_command, run);
  why_command->callback([&run, one] { why(run, one->node, one->name); });
}

}  // namespace giro::cli
