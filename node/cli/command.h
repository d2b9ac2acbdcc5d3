// What every command shares: how it prints, what it exits with, and how it comes to a client
// session.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "node/client/session.h"
#include "node/config/diagnostic.h"
#include "node/config/node_config.h"

namespace giro::cli {

namespace json = boost::json;

inline constexpr const char* kVersion = GIRO_VERSION;

// One run of the program. A command's callback sets exit_code.
struct Run {
  bool json = false;
  std::string profile;  // --profile
  int exit_code = 0;
  config::Environment environment;
};

// The one JSON document of a command (surface 2.2): `members` behind "schema":"giro.<command>/1".
void print_json(const std::string& command, const json::object& members);
// Diagnostics go to stderr. With --json the document on stdout says it as well.
void fail(Run& run, const std::string& command, const client::Error& error);
void fail_with(Run& run, const std::string& command, int exit_code, const std::string& message);

// Adds --json, which every command that prints data has.
CLI::App* add_command(CLI::App& parent, Run& run, const std::string& name, const std::string& help);
// Adds --profile, for commands that speak for a client.
void add_profile_option(CLI::App& command, Run& run);

[[nodiscard]] std::expected<client::Session, client::Error> open_session(const Run& run);
// The whole of a file that the caller named, at most 64 MiB of it; "-" is standard input.
[[nodiscard]] std::expected<std::string, client::Error> read_file(const std::string& file);
// Reads a secret from the terminal without showing it.
[[nodiscard]] std::expected<std::string, client::Error> ask_passphrase(const std::string& key);

// The node that a command on its files is about; its errors are told.
[[nodiscard]] std::optional<config::NodeConfig> load_node(Run& run, const std::string& command,
                                                          const std::string& file);

// What the running node of this configuration answers at its ops socket. Unreachable: it does not
// run; No: it refuses, and says why.
[[nodiscard]] std::expected<json::object, client::Error> ask_ops_socket(
    const config::NodeConfig& config, std::string_view method, const std::string& target);

[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(const std::string& text);

// FILE.pem and FILE.key, self-signed, unless both are there; gives the certificate.
[[nodiscard]] std::expected<std::string, client::Error> make_certificate(
    const std::filesystem::path& file, const std::string& common_name,
    std::span<const std::string> hosts = {});

// Of the commands that show what one node sees: --api, --config, else the profile's first node.
struct NodeOptions {
  std::string api, config;
  void add_to(CLI::App& command, Run& run);
  // Speaks to that node; to an https one with the profile's certificate.
  [[nodiscard]] std::expected<client::Client, client::Error> open(const Run& run) const;
};

// Of the operations that a command submits.
struct SubmitOptions {
  std::string id;            // --id
  std::string valid = "5m";  // --until
  std::string wait = "30s";  // --wait
  void add_to(CLI::App& command);
  // Usage says which of them is wrong.
  [[nodiscard]] std::expected<client::DraftOptions, client::Error> draft_options() const;
  [[nodiscard]] std::expected<std::chrono::milliseconds, client::Error> patience() const;
};

// "what opens its commitments is kept in FILE": said to whoever made them.
[[nodiscard]] std::string openings_text(const client::Session& session, const client::Draft& draft);
// Prints "op ID  summary", signs, journals, sends until final, verifies the receipt, prints how it
// ended and sets the exit code. `more` adds to the JSON document; `notes` are printed after the
// first line.
void submit_draft(Run& run, const std::string& command, client::Session& session,
                  const client::Draft& draft, const SubmitOptions& options, json::object more = {},
                  const std::vector<std::string>& notes = {});
// The rest of it, for bytes that are signed already.
void submit_entry(Run& run, const std::string& command, client::Session& session,
                  const client::JournalEntry& entry, std::chrono::milliseconds patience,
                  json::object more = {});

// An operation from its form (receipt/operation_form.h), from drafting to how it ended. What the
// ledger would say to it as things stand is told before.
void submit_order(Run& run, const std::string& command, client::Session& session,
                  const json::object& order, const SubmitOptions& options);
// The same id again means: the same bytes again, whatever the clock says now. False: --id names
// nothing that was sent before; otherwise it is done.
[[nodiscard]] bool resume_entry(Run& run, const std::string& command, client::Session& session,
                                const SubmitOptions& options);

void add_init(CLI::App& app, Run& run);
void add_genesis(CLI::App& app, Run& run);
void add_start(CLI::App& app, Run& run);
void add_recover(CLI::App& app, Run& run);
void add_status(CLI::App& app, Run& run);
void add_config(CLI::App& app, Run& run);
void add_keys(CLI::App& app, Run& run);
void add_sign_state(CLI::App& app, Run& run);
void add_peers(CLI::App& app, Run& run);
void add_pay(CLI::App& app, Run& run);
void add_account(CLI::App& app, Run& run);
void add_token(CLI::App& app, Run& run);               // token, mint, redeem
void add_account_controls(CLI::App& group, Run& run);  // block, unblock, close
void add_account_lists(CLI::App& group, Run& run);     // payments, holds, deny-list
void add_account_entries(CLI::App& group, Run& run);
void add_account_proof(CLI::App& group, Run& run);   // proof, verify
void add_token_controls(CLI::App& group, Run& run);  // pause, unpause
void add_chain(CLI::App& app, Run& run);
void add_gov(CLI::App& app, Run& run);
void add_op(CLI::App& app, Run& run);
void add_receipt(CLI::App& app, Run& run);
void add_log_level(CLI::App& app, Run& run);
void add_reload(CLI::App& app, Run& run);
void add_events(CLI::App& app, Run& run);
void add_snapshot(CLI::App& app, Run& run);  // list, create, verify
void add_db(CLI::App& app, Run& run);        // usage, verify
void add_testnet(CLI::App& app, Run& run);
void add_testnet_load(CLI::App& testnet, Run& run);
void add_version(CLI::App& app, Run& run);

}  // namespace giro::cli
