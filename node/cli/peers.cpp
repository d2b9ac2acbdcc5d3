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
constexpr std::array<Explanation, 16> kExplanations = {{
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
    {"SYNCING",
     "it fetches what it lacks and votes again by itself; giro status --why on it says "
     "how far it is"},
    {"CLOCK_SKEW", "its clock or ours is wrong: look at the time service of both machines"},
    {"DISK_LOW",
     "its disk is full up to its reserve: it votes again once there is room, or "
     "storage.stop_below of its node.toml is too much"},
    {"SIGN_REFUSED",
     "it keeps its key from signing twice, and votes no more in this run: its log "
     "says why, and giro recover may be needed"},
    {"DIVERGED",
     "its results contradict what a quorum attested: keep its data to look at, and "
     "bring it back with giro recover"},
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

// The rows of such an answer.
std::expected<json::array, client::Error> ask(client::Client& http, const std::string& target,
                                              const char* member) {
  const auto value = http.get(target);
  if (!value) return std::unexpected(value.error());
  const auto* items =
      value->is_object() ? client::array_field(value->get_object(), member) : nullptr;
  const auto is_row = [](const json::value& row) { return row.is_object(); };
  if (items == nullptr || !std::ranges::all_of(*items, is_row)) {
    return std::unexpected(
        client::Error{client::ErrorKind::Internal, {}, "the node's answer is no list of peers"});
  }
  return *items;
}

void list(Run& run, const NodeOptions& options) {
  auto http = options.open(run);
  if (!http) return fail(run, "peers.list", http.error());
  const auto peers = ask(*http, "/v1/peers", "items");
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
  auto http = options.open(run);
  if (!http) return fail(run, "peers.why", http.error());
  const auto peers = ask(*http, "/v1/peers", "items");
  if (!peers) return fail(run, "peers.why", peers.error());
  const auto faults = ask(*http, "/v1/consensus/explain", "faults");
  if (!faults) return fail(run, "peers.why", faults.error());
  for (const auto& row : *peers) {
    json::object peer = row.get_object();
    if (text_field(peer, "name") != name) continue;
    // What is wrong beyond the channel, too: it is behind, it says that its disk is full.
    for (const auto& fault : *faults) {
      if (text_field(fault.get_object(), "name") != name) continue;
      peer["cause"] = text_field(fault.get_object(), "cause");
      peer["detail"] = text_field(fault.get_object(), "detail");
    }
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
