// giro chain blocks | block | headers | validators | conservation | institution: what the chain and
// the whole of its ledger look like, as one node tells it.
#include <algorithm>
#include <cctype>
#include <iomanip>
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

struct ChainOptions {
  std::string name, from, to, height;
  std::size_t count = 20;
};

// What one GET answers, or the error, told.
std::optional<json::object> fetch(Run& run, const std::string& command, const std::string& target) {
  auto session = open_session(run);
  if (!session) {
    fail(run, command, session.error());
    return std::nullopt;
  }
  auto value = session->client.get(target);
  if (!value) {
    fail(run, command, value.error());
    return std::nullopt;
  }
  if (auto* object = value->if_object()) return std::move(*object);
  fail_with(run, command, 70, "the node's answer is no document");
  return std::nullopt;
}

void print_rows(const json::object& from, std::string_view list,
                void (*print)(const json::object&)) {
  const auto* rows = array_field(from, list);
  for (const auto& row : rows == nullptr ? json::array{} : *rows)
    if (row.is_object()) print(row.get_object());
}

std::string signers_of(const json::object& row) {
  const auto* attestation = object_field(row, "attestation");
  const auto* signers = attestation == nullptr ? nullptr : array_field(*attestation, "signers");
  std::string names;
  for (const auto& signer : signers == nullptr ? json::array{} : *signers)
    if (signer.is_string()) names += (names.empty() ? "" : ", ") + std::string(signer.get_string());
  return names.empty() ? "by a later header" : names;
}

void print_block(const json::object& block) {
  std::cout << std::right << std::setw(9) << text_field(block, "height") << "  "
            << text_field(block, "time") << "  view " << std::left << std::setw(5)
            << text_field(block, "view") << std::right << std::setw(6)
            << number_field(block, "operations") << " operations  attested " << signers_of(block)
            << '\n';
}

void print_header(const json::object& header) {
  std::cout << std::right << std::setw(9) << text_field(header, "height") << "  "
            << text_field(header, "time") << "  " << text_field(header, "hash") << "  attested "
            << signers_of(header) << '\n';
}

void print_operation(const json::object& operation) {
  std::cout << std::right << std::setw(6) << number_field(operation, "index") << "  " << std::left
            << std::setw(16) << text_field(operation, "type") << std::setw(24)
            << text_field(operation, "code") << text_field(operation, "actor") << '/'
            << text_field(operation, "op_id") << '\n';
}

void print_validator(const json::object& validator) {
  std::cout << std::left << std::setw(34) << text_field(validator, "name")
            << text_field(validator, "public_key");
  if (validator.contains("connected"))
    std::cout << "  last vote at " << text_field(validator, "last_vote_height")
              << (bool_field(validator, "leader") ? "  leads" : "")
              << (bool_field(validator, "connected") ? "" : "  not connected");
  std::cout << '\n';
}

void print_sum(const json::object& sum) {
  std::cout << std::left << std::setw(24) << text_field(sum, "token") << std::right << std::setw(24)
            << text_field(sum, "positions") << (bool_field(sum, "conserved") ? "  = " : "  IS NOT ")
            << text_field(sum, "outstanding") << " outstanding\n";
}

void list_blocks(Run& run, const ChainOptions& options) {
  const auto page = fetch(run, "chain.blocks", "/v1/blocks?limit=" + std::to_string(options.count));
  if (!page) return;
  if (run.json) return print_json("chain.blocks", *page);
  print_rows(*page, "items", print_block);
}

void show_block(Run& run, const ChainOptions& options) {
  const auto block = fetch(run, "chain.block", "/v1/blocks/" + options.height);
  if (!block) return;
  if (run.json) return print_json("chain.block", *block);
  for (const char* name : {"height", "time", "epoch", "view", "hash", "parent"})
    std::cout << std::left << std::setw(14) << name << text_field(*block, name) << '\n';
  if (const auto* header = object_field(*block, "header")) {
    for (const char* name : {"state_root", "outcomes_root"})
      std::cout << std::left << std::setw(14) << name << text_field(*header, name) << '\n';
  }
  std::cout << std::left << std::setw(14) << "attested" << signers_of(*block) << '\n';
  print_rows(*block, "operations", print_operation);
}

void list_headers(Run& run, const ChainOptions& options) {
  std::string target = "/v1/headers?limit=" + std::to_string(options.count);
  if (!options.from.empty()) target += "&from=" + options.from;
  if (!options.to.empty()) target += "&to=" + options.to;
  const auto page = fetch(run, "chain.headers", target);
  if (!page) return;
  if (run.json) return print_json("chain.headers", *page);
  print_rows(*page, "items", print_header);
  if (const auto next = text_field(*page, "next_cursor"); !next.empty())
    std::cout << "there are more: --from " << next << '\n';
}

void list_validators(Run& run, const ChainOptions& options) {
  const auto set =
      fetch(run, "chain.validators",
            "/v1/validators" + (options.height.empty() ? "" : "?height=" + options.height));
  if (!set) return;
  if (run.json) return print_json("chain.validators", *set);
  std::cout << "epoch " << text_field(*set, "epoch") << ": " << number_field(*set, "quorum")
            << " are a quorum, " << number_field(*set, "faults_tolerated") << " may be faulty\n";
  print_rows(*set, "items", print_validator);
}

// Not conserved is what a caller must not miss.
void show_conservation(Run& run) {
  const auto sums = fetch(run, "chain.conservation", "/v1/conservation");
  if (!sums) return;
  if (!bool_field(*sums, "conserved")) run.exit_code = 1;
  if (run.json) return print_json("chain.conservation", *sums);
  print_rows(*sums, "items", print_sum);
  std::cout << "state_root " << text_field(*sums, "state_root") << " at height "
            << text_field(*sums, "height") << '\n';
}

void print_liability(const json::object& row) {
  std::cout << "  owes " << text_field(row, "outstanding") << ' ' << text_field(row, "token")
            << ", " << text_field(row, "customers") << " of it to customers; may issue "
            << text_field(row, "issuance_left") << " more\n";
}

void print_own_account(const json::object& row) {
  const auto left = text_field(row, "exposure_left");
  std::cout << "  has " << text_field(row, "posted") << ' ' << text_field(row, "token") << " at "
            << text_field(row, "at") << (left.empty() ? "" : ", may have " + left + " more")
            << '\n';
}

void print_corridor(const json::object& row, const char* way) {
  std::cout << "  pays " << way << ' ' << text_field(row, "peer") << ' '
            << text_field(row, "currency") << ": " << (bool_field(row, "enabled") ? "" : "closed; ")
            << "at most " << text_field(row, "max_tx") << ", " << text_field(row, "day_used")
            << " of " << text_field(row, "daily_cap") << " used today\n";
}

void show_institution(Run& run, const ChainOptions& options) {
  const auto bank = fetch(run, "chain.institution", "/v1/institutions/" + options.name);
  if (!bank) return;
  if (run.json) return print_json("chain.institution", *bank);
  std::cout << text_field(*bank, "name") << "  " << text_field(*bank, "kind") << "  "
            << text_field(*bank, "status") << '\n';
  print_rows(*bank, "liabilities", print_liability);
  print_rows(*bank, "own_accounts", print_own_account);
  print_rows(*bank, "corridors_out", [](const json::object& row) { print_corridor(row, "to"); });
  print_rows(*bank, "corridors_in", [](const json::object& row) { print_corridor(row, "from"); });
}

// Into a URL goes what cannot change its meaning.
CLI::Validator is_plain() {
  return CLI::Validator(
      [](const std::string& text) {
        const bool is_right = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '-';
        });
        return is_right ? std::string() : "only letters, digits and - : " + text;
      },
      "NAME");
}

}  // namespace

void add_chain(CLI::App& app, Run& run) {
  CLI::App* group = app.add_subcommand("chain", "Blocks, validators and the ledger's totals");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       void (*function)(Run&, const ChainOptions&)) {
    auto options = std::make_shared<ChainOptions>();
    CLI::App* command = add_command(*group, run, name, help);
    add_profile_option(*command, run);
    command->callback([&run, options, function] { function(run, *options); });
    return std::pair(command, options);
  };
  const auto count = [](CLI::App* command, const std::shared_ptr<ChainOptions>& options) {
    command->add_option("--count", options->count, "So many at most")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
  };
  {
    const auto [command, options] = add("blocks", "The newest blocks", list_blocks);
    count(command, options);
  }
  {
    const auto [command, options] = add("block", "One block and its operations", show_block);
    command->add_option("height", options->height, "Its height")->required()->check(is_plain());
  }
  {
    const auto [command, options] =
        add("headers", "Headers by height; with --json what proves them", list_headers);
    command->add_option("--from", options->from, "First height; else the newest")
        ->check(is_plain());
    command->add_option("--to", options->to, "Last height; else the newest")
        ->check(is_plain())
        ->needs("--from");
    count(command, options);
  }
  {
    const auto [command, options] =
        add("validators", "Who decides, and who takes part", list_validators);
    command->add_option("--height", options->height, "Of the epoch of this height")
        ->check(is_plain());
  }
  add("conservation", "Per token the sum of all positions against what is outstanding",
      [](Run& to, const ChainOptions&) { show_conservation(to); });
  {
    const auto [command, options] =
        add("institution", "What a bank owes, has at others, and its corridors", show_institution);
    command->add_option("name", options->name, "Its name")->required()->check(is_plain());
  }
}

}  // namespace giro::cli
