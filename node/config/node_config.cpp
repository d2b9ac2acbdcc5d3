#include "node/config/node_config.h"

#include <algorithm>

#include "node/config/file_text.h"
#include "node/config/genesis_file.h"
#include "node/config/node_keys.h"
#include "node/config/profile_keys.h"
#include "node/config/settings.h"
#include "node/config/toml_document.h"

namespace giro::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathMax = 107;  // sun_path without its final zero

// Follows the links of the part that exists, so that a link into the data directory does not hide.
fs::path real(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::weakly_canonical(path, error);
  return error ? path : found;
}

bool is_inside(const fs::path& inner, const fs::path& outer) {
  const auto [end, rest] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end == outer.end();
}

template <typename Enum>
Enum choice(const Settings& settings, std::string_view key) {
  const Setting* setting = settings.find(key);
  if (setting == nullptr) {
    return Enum{};
  }
  const std::vector<std::string_view> words = split_choices(setting->rule->choices);
  return static_cast<Enum>(std::find(words.begin(), words.end(), setting->text) - words.begin());
}

NodeConfig assemble(const Settings& settings, const fs::path& base) {
  const auto path = [&](std::string_view key) { return settings.path(key, base); };
  NodeConfig config;
  config.name = settings.text("name");
  config.role = choice<NodeRole>(settings, "role");
  if (settings.has("institution_id"))
    config.institution_id = static_cast<std::uint32_t>(settings.number("institution_id"));
  config.genesis = path("genesis");
  (void)crypto::from_hex(settings.text("chain_id"), config.chain_id.bytes);
  config.data_dir = path("data_dir");
  config.sign_state_dir = path("sign_state_dir");
  config.log = {choice<LogFormat>(settings, "log.format"), choice<LogLevel>(settings, "log.level"),
                settings.number("log.budget_per_day")};
  config.pool = {settings.number("pool.operations"), settings.number("pool.bytes")};
  if (settings.has("keys.validator.path")) {
    config.validator_key = {path("keys.validator.path"),
                            settings.secret("keys.validator.passphrase", base)};
  }
  config.p2p = {settings.address("p2p.listen"),
                settings.address("p2p.advertise"),
                {path("p2p.tls.cert"), path("p2p.tls.key")},
                {}};
  for (const std::string& name : settings.names_under("p2p.addresses")) {
    config.p2p.addresses.emplace(name, settings.address("p2p.addresses." + name));
  }
  NodeConfig::Api& api = config.api;
  api.listen = settings.address("api.listen");
  api.auth = choice<ApiAuth>(settings, "api.auth");
  if (settings.has("api.tls.cert")) {
    api.tls = {path("api.tls.cert"), path("api.tls.key")};
  }
  if (settings.has("api.clients")) {
    api.clients = path("api.clients");
  }
  api.body_bytes = settings.number("api.limits.body");
  api.waiters = settings.number("api.limits.waiters");
  api.streams = settings.number("api.limits.streams");
  api.submit_rate = settings.number("api.rates.submit");
  api.submit_burst = settings.number("api.rates.submit_burst");
  api.read_rate = settings.number("api.rates.read");
  api.read_burst = settings.number("api.rates.read_burst");
  config.ops = {settings.address("ops.listen"), path("ops.socket")};
  config.storage = {settings.number("storage.log_segment"),
                    settings.number("storage.snapshot_keep"),
                    settings.number("storage.stop_below")};
  return config;
}

void relate_keys(Settings& settings) {
  if (settings.text("role") == "validator") {
    for (const std::string_view key : {"keys.validator.path", "keys.validator.passphrase"}) {
      if (!settings.was_written(key) && !settings.was_written("keys.validator")) {
        settings.missing(key, "role = \"validator\"");
      }
    }
  }
  if (settings.text("api.auth") == "mtls") {
    for (const std::string_view key : {"api.tls.cert", "api.tls.key", "api.clients"}) {
      const bool reported = key != "api.clients" && settings.was_written("api.tls");
      if (!settings.was_written(key) && !reported) {
        settings.missing(key, "api.auth = \"mtls\"");
      }
    }
  }
  if (settings.text("api.auth") == "open" && settings.has("api.listen") &&
      !is_loopback(settings.address("api.listen"))) {
    settings.error("api.auth", "api.auth = \"open\" serves anybody who can reach " +
                                   settings.text("api.listen") +
                                   "; write listen = \"127.0.0.1:7400\" or auth = \"mtls\"");
  }
  for (const std::string rate : {"submit", "read"}) {
    const std::string key = "api.rates." + rate;
    if (settings.has(key) && settings.has(key + "_burst") &&
        settings.number(key + "_burst") < settings.number(key)) {
      settings.error(key + "_burst",
                     key + "_burst is below " + key + "; write " + settings.text(key) + " or more");
    }
  }
  const std::string_view listeners[] = {"p2p.listen", "api.listen", "ops.listen"};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = a + 1; b < 3; ++b) {
      if (settings.has(listeners[a]) &&
          settings.text(listeners[a]) == settings.text(listeners[b]) &&
          settings.address(listeners[a]).port != 0) {
        settings.error(listeners[b], std::string(listeners[b]) + " is the same as " +
                                         std::string(listeners[a]) + "; write another port");
      }
    }
  }
}

void relate_paths(Settings& settings, const fs::path& base) {
  if (settings.has("data_dir") && settings.has("sign_state_dir")) {
    const fs::path data = settings.path("data_dir", base);
    const fs::path sign = settings.path("sign_state_dir", base);
    if (is_inside(sign, data) || is_inside(real(sign), real(data))) {
      settings.error(
          "sign_state_dir",
          "sign_state_dir lies inside data_dir, which may be deleted or restored; write a "
          "directory outside " +
              settings.text("data_dir"));
    }
  }
  if (settings.has("ops.socket")) {
    const std::size_t size = settings.path("ops.socket", base).string().size();
    if (size > kSocketPathMax) {
      settings.error("ops.socket", "ops.socket is a path of " + std::to_string(size) +
                                       " bytes; write one of at most 107");
    }
  }
}

Settings read(std::string_view text, std::string_view file, const Environment& environment,
              const fs::path& base) {
  const KeyTable others[] = {profile_keys()};
  Settings settings = Settings::read(text, file, node_keys(), &environment, others);
  relate_keys(settings);
  relate_paths(settings, base);
  return settings;
}

Loaded<NodeConfig> finish(Settings& settings, const fs::path& base) {
  Loaded<NodeConfig> loaded;
  loaded.effective = settings.effective();
  if (!settings.has_errors()) {
    loaded.value = assemble(settings, base);
  }
  loaded.errors = settings.take_errors();
  return loaded;
}

constexpr std::string_view kFiles[] = {"keys.validator.path", "keys.validator.passphrase",
                                       "p2p.tls.cert",        "p2p.tls.key",
                                       "api.tls.cert",        "api.tls.key",
                                       "api.clients"};

void check_genesis(Settings& settings, const fs::path& base) {
  const fs::path path = settings.path("genesis", base);
  const std::string shown = "genesis = " + toml_quoted(settings.text("genesis")) + " ";
  const auto text = read_text(path, kGenesisBytesMax);
  if (!text) {
    settings.error("genesis", shown + text.error() + "; write the path of the genesis file");
    return;
  }
  const crypto::Hash chain_id = chain_id_of(*text);
  if (settings.has("chain_id") && settings.text("chain_id") != crypto::to_hex(chain_id)) {
    settings.error("chain_id", "chain_id is not that of the genesis file; write chain_id = \"" +
                                   crypto::to_hex(chain_id) +
                                   "\" if the consortium agreed on that file");
  }
  const auto checked = check_genesis_file(*text);
  if (!checked) {
    settings.error("genesis", shown + "is not a genesis file: " + checked.error() +
                                  "; write the path of the file that the consortium agreed on");
    return;
  }
  const Genesis& genesis = checked->genesis;
  if (settings.text("api.auth") == "open" && !genesis.throwaway) {
    settings.error(
        "api.auth",
        "api.auth = \"open\" is for a genesis with \"throwaway\": true only; write auth = "
        "\"mtls\"");
  }
  std::vector<std::string> names;
  for (const auto& institution : genesis.ledger.institutions) {
    names.push_back(institution.name);
  }
  const std::string& name = settings.text("name");
  const bool is_member = std::ranges::find(names, name) != names.end();
  const bool has_id = settings.has("institution_id");
  if (is_member && has_id) {
    settings.error("institution_id", "institution_id is written, but the genesis file has " +
                                         toml_quoted(name) + "; remove this line");
  } else if (has_id && settings.number("institution_id") <= names.size()) {
    settings.error("institution_id",
                   "institution_id = " + settings.text("institution_id") +
                       " is a number of the genesis file, of " +
                       toml_quoted(names[settings.number("institution_id") - 1]) +
                       "; write the one that the ledger gave, as giro gov members prints it");
  } else if (!is_member && settings.has("name") && !has_id) {
    const std::optional<std::string> near = nearest(name, names);
    settings.error("name", "name = " + toml_quoted(name) + " is not in the genesis file; " +
                               (near ? "did you mean " + toml_quoted(*near) + "?"
                                     : "write the institution's name, or its institution_id if it "
                                       "joined later"));
  }
}

}  // namespace

Loaded<NodeConfig> parse_node_config(std::string_view text, std::string_view file,
                                     const Environment& environment, const fs::path& base) {
  Settings settings = read(text, file, environment, base);
  return finish(settings, base);
}

Loaded<NodeConfig> load_node_config(const fs::path& file, const Environment& environment) {
  const auto text = read_text(file, kTomlBytesMax);
  if (!text) {
    Loaded<NodeConfig> loaded;
    loaded.errors.push_back({{Origin::Kind::File, file.string(), 0, 0},
                             text.error() + "; name the node's configuration with --config"});
    return loaded;
  }
  const fs::path base = fs::absolute(file).parent_path();
  Settings settings = read(*text, file.string(), environment, base);
  for (const std::string_view key : kFiles) {
    settings.check_readable(key, base);
  }
  if (settings.has("genesis")) {
    check_genesis(settings, base);
  }
  return finish(settings, base);
}

std::optional<std::uint32_t> own_institution(const NodeConfig& config, const Genesis& genesis) {
  const auto& institutions = genesis.ledger.institutions;
  const auto found =
      std::ranges::find(institutions, config.name, &ledger::GenesisInstitution::name);
  if (found != institutions.end())
    return static_cast<std::uint32_t>(found - institutions.begin() + 1);
  if (config.institution_id <= institutions.size()) return std::nullopt;
  return config.institution_id;
}

std::optional<std::string> explain_node_key(std::string_view key) {
  return explain_key(node_keys(), key);
}

}  // namespace giro::config
