#include "node/config/profile.h"

#include <algorithm>
#include <cstdlib>

#include "node/config/file_text.h"
#include "node/config/node_keys.h"
#include "node/config/profile_keys.h"
#include "node/config/settings.h"
#include "node/config/toml_document.h"

namespace giro::config {
namespace {

namespace fs = std::filesystem;

void relate(Settings& settings) {
  bool tls = false;
  for (const std::string& text : settings.list("api")) {
    const ApiUrl url = parse_api_url(text).value_or(ApiUrl{});
    tls = tls || url.tls;
    if (!url.tls && !is_loopback(url.address)) {
      settings.error("api", "api: " + toml_quoted(text) +
                                " is plain HTTP to another host; write https://" +
                                url.address.to_string());
    }
  }
  if (settings.has("api") && settings.list("api").empty()) {
    settings.error("api", "api = [] names no node; write api = [\"https://node.example:7400\"]");
  }
  if (tls && !settings.was_written("tls")) {
    for (const std::string_view key : {"tls.ca", "tls.cert", "tls.key"}) {
      settings.missing(key, "api has an https URL");
    }
  }
}

Profile assemble(const Settings& settings, const fs::path& base) {
  Profile profile;
  for (const std::string& url : settings.list("api")) {
    profile.api.push_back(parse_api_url(url).value_or(ApiUrl{}));
  }
  if (settings.has("tls.ca")) {
    profile.tls = {{settings.path("tls.cert", base), settings.path("tls.key", base)},
                   settings.path("tls.ca", base)};
  }
  profile.genesis = settings.path("genesis", base);
  profile.institution = settings.text("institution");
  profile.journal = settings.path("journal", base);
  for (const std::string& name : settings.names_under("keys")) {
    const std::string prefix = "keys." + name + ".";
    Profile::Key key;
    key.name = name;
    key.path = settings.path(prefix + "path", base);
    if (settings.has(prefix + "passphrase")) {
      key.passphrase = settings.secret(prefix + "passphrase", base);
    }
    key.institution = settings.has(prefix + "institution") ? settings.text(prefix + "institution")
                                                           : profile.institution;
    key.roles = settings.list(prefix + "roles");
    profile.keys.push_back(std::move(key));
  }
  for (const std::string& name : settings.names_under("aliases")) {
    const std::string& text = settings.text("aliases." + name);
    const std::size_t slash = text.find('/');
    Profile::Account account;
    account.institution = text.substr(0, slash);
    (void)crypto::from_hex(std::string_view(text).substr(slash + 1), account.account);
    profile.aliases.emplace(name, std::move(account));
  }
  return profile;
}

Loaded<Profile> finish(Settings& settings, const fs::path& base) {
  Loaded<Profile> loaded;
  loaded.effective = settings.effective();
  if (!settings.has_errors()) {
    loaded.value = assemble(settings, base);
  }
  loaded.errors = settings.take_errors();
  return loaded;
}

Settings read(std::string_view text, std::string_view file, const Environment& environment) {
  const KeyTable others[] = {node_keys()};
  Settings settings = Settings::read(text, file, profile_keys(), &environment, others);
  relate(settings);
  return settings;
}

}  // namespace

Loaded<Profile> parse_profile(std::string_view text, std::string_view file,
                              const Environment& environment, const fs::path& base) {
  Settings settings = read(text, file, environment);
  return finish(settings, base);
}

Loaded<Profile> load_profile(const fs::path& file, const Environment& environment) {
  const auto text = read_text(file, kTomlBytesMax);
  if (!text) {
    Loaded<Profile> loaded;
    loaded.errors.push_back({{Origin::Kind::File, file.string(), 0, 0},
                             text.error() + "; name a profile with --profile or GIRO_PROFILE"});
    return loaded;
  }
  const fs::path base = fs::absolute(file).parent_path();
  Settings settings = read(*text, file.string(), environment);
  for (const std::string_view key : {"genesis", "tls.ca", "tls.cert", "tls.key"}) {
    settings.check_readable(key, base);
  }
  for (const std::string& name : settings.names_under("keys")) {
    settings.check_readable("keys." + name + ".path", base);
    settings.check_readable("keys." + name + ".passphrase", base);
  }
  return finish(settings, base);
}

fs::path profile_path(const fs::path& given, const Environment& environment) {
  if (!given.empty()) {
    return given;
  }
  if (const auto found = environment.find("GIRO_PROFILE"); found != environment.end()) {
    return found->second;
  }
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  return fs::path(home == nullptr ? "." : home) / ".config/giro/client.toml";
}

std::string write_profile(const Profile& profile) {
  const auto quoted = [](const fs::path& path) { return toml_quoted(path.string()); };
  const auto list = [](const auto& items, auto text_of) {
    std::string out = "[";
    for (const auto& item : items) {
      out += (out.size() == 1 ? "" : ", ") + toml_quoted(text_of(item));
    }
    return out + "]";
  };
  std::string out = "profile_version = 1\n";
  out += "genesis = " + quoted(profile.genesis) + "\n";
  out += "institution = " + toml_quoted(profile.institution) + "\n";
  out += "api = " + list(profile.api, [](const ApiUrl& url) { return url.to_string(); }) + "\n";
  out += "journal = " + quoted(profile.journal) + "\n";
  if (profile.tls) {
    out += "tls = { ca = " + quoted(profile.tls->ca) +
           ", cert = " + quoted(profile.tls->client.cert) +
           ", key = " + quoted(profile.tls->client.key) + " }\n";
  }
  for (const Profile::Key& key : profile.keys) {
    out += "\n[keys." + key.name + "]\npath = " + quoted(key.path) + "\n";
    if (key.passphrase) {
      const bool file = key.passphrase->kind == SecretSource::Kind::File;
      out += std::string("passphrase = { ") + (file ? "file" : "env") + " = " +
             toml_quoted(key.passphrase->where) + " }\n";
    }
    out += "institution = " + toml_quoted(key.institution) + "\n";
    out += "roles = " + list(key.roles, [](const std::string& role) { return role; }) + "\n";
  }
  if (!profile.aliases.empty()) {
    out += "\n[aliases]\n";
    for (const auto& [name, account] : profile.aliases) {
      out += name + " = " +
             toml_quoted(account.institution + "/" + crypto::to_hex(account.account)) + "\n";
    }
  }
  return out;
}

}  // namespace giro::config
