#include "node/cli/command.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "node/config/file_text.h"
#include "node/config/node_config.h"
#include "node/config/values.h"
#include "p2p/certificate.h"

namespace giro::cli {

void print_json(const std::string& command, const json::object& members) {
  json::object document{{"schema", "giro." + command + "/1"}};
  for (const auto& [name, value] : members) document[name] = value;
  std::cout << json::serialize(document) << '\n';
}

void fail_with(Run& run, const std::string& command, int exit_code, const std::string& message) {
  run.exit_code = exit_code;
  std::cerr << "giro: " << message << '\n';
  if (run.json)
    print_json(command, {{"error", json::object{{"code", nullptr}, {"message", message}}}});
}

void fail(Run& run, const std::string& command, const client::Error& error) {
  run.exit_code = client::exit_code(error.kind);
  std::cerr << "giro: " << error.to_string() << '\n';
  if (!run.json) return;
  const json::value code = error.code.empty() ? json::value(nullptr) : json::value(error.code);
  print_json(command, {{"error", json::object{{"code", code}, {"message", error.message}}}});
}

CLI::App* add_command(CLI::App& parent, Run& run, const std::string& name,
                      const std::string& help) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->add_flag("--json", run.json, "One JSON document on stdout");
  return command;
}

void add_profile_option(CLI::App& command, Run& run) {
  command.add_option("--profile", run.profile,
                     "Client profile; else GIRO_PROFILE, else ~/.config/giro/client.toml");
}

std::expected<std::string, client::Error> read_file(const std::string& file) {
  constexpr std::size_t kFileBytesMax = 64 << 20;
  auto text = file == "-" ? config::read_text(std::cin, kFileBytesMax)
                          : config::read_text(file, kFileBytesMax);
  if (text) return std::move(*text);
  return std::unexpected(client::Error{
      client::ErrorKind::Unreachable, {}, "cannot read " + file + ": " + text.error()});
}

std::expected<std::string, client::Error> ask_passphrase(const std::string& key) {
  termios shown{};
  if (::tcgetattr(STDIN_FILENO, &shown) != 0) {
    return std::unexpected(client::Error{client::ErrorKind::NotAllowed,
                                         {},
                                         "the key " + key +
                                             " needs a passphrase and there is no terminal; name "
                                             "its file in the profile"});
  }
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::cerr << "Passphrase of " << key << ": " << std::flush;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  std::cerr << '\n';
  return line;
}

std::expected<client::Session, client::Error> open_session(const Run& run) {
  return client::open_session(config::profile_path(run.profile, run.environment), run.environment,
                              ask_passphrase);
}

std::optional<config::NodeConfig> load_node(Run& run, const std::string& command,
                                            const std::string& file) {
  auto loaded = config::load_node_config(file, run.environment);
  if (loaded.ok()) return std::move(*loaded.value);
  for (const auto& error : loaded.errors) std::cerr << error.to_string() << '\n';
  fail_with(run, command, 1, file + " has errors: giro config check");
  return std::nullopt;
}

std::expected<json::object, client::Error> ask_ops_socket(const config::NodeConfig& config,
                                                          std::string_view method,
                                                          const std::string& target) {
  constexpr std::chrono::seconds kPatience{10};
  client::HttpClient http(config.ops.socket);
  const auto answer = http.send(method, target, "application/json", "{}", kPatience);
  if (!answer)
    return std::unexpected(
        client::Error{client::ErrorKind::Unreachable,
                      {},
                      answer.error().message + "; is the node of " + config.name + " running?"});
  if (answer->status != 200) {
    auto error = client::error_of(*answer);
    error.kind = client::ErrorKind::No;
    return std::unexpected(std::move(error));
  }
  json::error_code error;
  const json::value said = json::parse(answer->body, error);
  return said.is_object() ? said.get_object() : json::object{};
}

std::optional<std::chrono::milliseconds> parse_duration(const std::string& text) {
  const auto ms = config::parse_duration_ms(text);
  if (!ms || *ms == 0 || *ms > 24ULL * 3600 * 1000) return std::nullopt;
  return std::chrono::milliseconds(*ms);
}

void NodeOptions::add_to(CLI::App& command, Run& run) {
  add_profile_option(command, run);
  command.add_option("--api", api, "Of the node at this address, as http://127.0.0.1:7401");
  command.add_option("--config", config, "Of the node with this node.toml");
}

std::expected<std::string, client::Error> make_certificate(const std::filesystem::path& file,
                                                           const std::string& common_name,
                                                           std::span<const std::string> hosts) {
  namespace fs = std::filesystem;
  const fs::path certificate = file.string() + ".pem", key = file.string() + ".key";
  const auto refuse = [&certificate](client::ErrorKind kind, p2p::CertificateError error) {
    return std::unexpected(
        client::Error{kind, {}, certificate.string() + ": " + std::string(p2p::describe(error))});
  };
  if (!fs::exists(certificate) || !fs::exists(key)) {
    std::error_code ignored;
    if (file.has_parent_path()) fs::create_directories(file.parent_path(), ignored);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto pair = p2p::make_certificate(common_name, p2p::usual_validity(now), hosts);
    if (const auto done = p2p::write_certificate(certificate, key, pair); !done)
      return refuse(client::ErrorKind::WriteFailed, done.error());
  }
  const auto read = p2p::read_certificate(certificate, key);
  if (!read) return refuse(client::ErrorKind::No, read.error());
  return read->certificate_pem;
}

std::expected<client::Client, client::Error> NodeOptions::open(const Run& run) const {
  using client::ErrorKind;
  const auto refuse = [](ErrorKind kind, std::string text) {
    return std::unexpected(client::Error{kind, {}, std::move(text)});
  };
  std::optional<config::ApiUrl> url;
  if (!api.empty()) {
    url = config::parse_api_url(api);
    if (!url) return refuse(ErrorKind::Usage, "--api is http://host:port or https://host:port");
  } else if (!config.empty()) {
    const auto loaded = config::load_node_config(config, run.environment);
    if (!loaded.ok()) return refuse(ErrorKind::No, loaded.errors.front().to_string());
    url = config::ApiUrl{loaded.value->api.auth == config::ApiAuth::Mtls, loaded.value->api.listen};
  }
  if (url && !url->tls) return client::Client({*url});
  const auto profile =
      config::load_profile(config::profile_path(run.profile, run.environment), run.environment);
  if (!profile.ok()) return refuse(ErrorKind::Unreachable, profile.errors.front().to_string());
  auto tls = client::tls_of(*profile.value);
  if (!tls) return std::unexpected(tls.error());
  return client::Client({url.value_or(profile.value->api.front())}, *tls);
}

void SubmitOptions::add_to(CLI::App& command) {
  command.add_option("--id", id, "Operation id, a UUID; the same id and order may be sent again");
  command.add_option("--until", valid, "How long the operation may wait to be executed")
      ->capture_default_str();
  command.add_option("--wait", wait, "How long to wait for the final status")
      ->capture_default_str();
}

std::expected<client::DraftOptions, client::Error> SubmitOptions::draft_options() const {
  client::DraftOptions out;
  out.now_ms = client::now_ms();
  if (!id.empty()) {
    out.op_id = receipt::from_uuid_text(id);
    if (!out.op_id) {
      return std::unexpected(
          client::Error{client::ErrorKind::Usage, {}, "--id is a lower-case UUID"});
    }
  }
  const auto window = parse_duration(valid);
  if (!window) {
    return std::unexpected(
        client::Error{client::ErrorKind::Usage, {}, "--until is a duration as 5m, at most 24h"});
  }
  out.valid_for = *window;
  return out;
}

std::expected<std::chrono::milliseconds, client::Error> SubmitOptions::patience() const {
  const auto out = parse_duration(wait);
  if (out) return *out;
  return std::unexpected(
      client::Error{client::ErrorKind::Usage, {}, "--wait is a duration as 30s, at most 24h"});
}

}  // namespace giro::cli
