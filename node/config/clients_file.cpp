#include "node/config/clients_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "node/config/file_text.h"
#include "node/config/key_table.h"
#include "node/config/settings.h"
#include "node/config/toml_document.h"

namespace giro::config {
namespace {

constexpr std::array kClientRules{
    KeyRule{.key = "clients_version",
            .kind = ValueKind::Count,
            .presence = Presence::Required,
            .example = "1",
            .explanation = "Version of this file's form.",
            .min = 1,
            .max = 1},
    KeyRule{.key = "client[].name",
            .kind = ValueKind::Text,
            .presence = Presence::InTable,
            .example = "\"core-banking\"",
            .explanation = "What it is called in rates, logs and errors."},
    KeyRule{.key = "client[].key_sha256",
            .kind = ValueKind::Digest,
            .presence = Presence::InTable,
            .example = "\"<64 digits, as giro keys client prints them>\"",
            .explanation = "SHA-256 of the public key in its certificate."},
    KeyRule{.key = "client[].institution",
            .kind = ValueKind::Institution,
            .presence = Presence::InTable,
            .example = "\"bank-a\"",
            .explanation = "For whom it acts."},
    KeyRule{.key = "client[].roles",
            .kind = ValueKind::Choice,
            .presence = Presence::InTable,
            .example = "[\"submitter\", \"reader\"]",
            .explanation = "What it may do.",
            .choices = "submitter|reader|auditor|observer|operator",
            .list = true},
};

constexpr std::string_view kRoleNames[] = {"submitter", "reader", "auditor", "observer",
                                           "operator"};

ClientsFile assemble_clients(const Settings& settings) {
  ClientsFile out;
  for (const std::string& item : settings.names_under("client")) {
    const std::string prefix = "client" + item + ".";
    ClientRow row;
    row.name = settings.text(prefix + "name");
    (void)crypto::from_hex(settings.text(prefix + "key_sha256"), row.key_sha256.bytes);
    row.institution = settings.text(prefix + "institution");
    row.roles = client_roles(settings.list(prefix + "roles")).value_or(row.roles);
    out.clients.push_back(std::move(row));
  }
  return out;
}

void relate_clients(Settings& settings) {
  std::map<std::string, std::string> name_of;
  std::map<std::string, std::string> key_of;
  std::set<std::pair<std::string, std::string>> rows;
  for (const std::string& item : settings.names_under("client")) {
    const std::string prefix = "client" + item + ".";
    const std::string& called = settings.text(prefix + "name");
    const std::string& key = settings.text(prefix + "key_sha256");
    if (settings.has(prefix + "roles") && settings.list(prefix + "roles").empty())
      settings.error(prefix + "roles", "roles = [] lets it do nothing; leave the row out");
    if (called.empty() || key.empty()) continue;
    const auto known_name = name_of.try_emplace(key, called).first->second;
    const auto known_key = key_of.try_emplace(called, key).first->second;
    const bool is_new = rows.emplace(key, settings.text(prefix + "institution")).second;
    if (known_name != called)
      settings.error(prefix + "name", "this key is that of " + toml_quoted(known_name) +
                                          " above; give one key one name");
    else if (known_key != key)
      settings.error(prefix + "name", toml_quoted(called) +
                                          " is another key above; give each key a name of its own");
    else if (!is_new)
      settings.error(prefix + "institution",
                     "this key has a row for this institution above; write all roles in one row");
  }
}

}  // namespace

std::string_view name(ClientRole role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}

Loaded<ClientsFile> parse_clients_file(std::string_view text, std::string_view file) {
  Settings settings = Settings::read(text, file, {"clients.toml", kClientRules}, nullptr);
  relate_clients(settings);
  Loaded<ClientsFile> loaded;
  loaded.effective = settings.effective();
  if (!settings.has_errors()) loaded.value = assemble_clients(settings);
  loaded.errors = settings.take_errors();
  return loaded;
}

Loaded<ClientsFile> load_clients_file(const std::filesystem::path& file) {
  const auto text = read_text(file, kTomlBytesMax);
  if (text) return parse_clients_file(*text, file.string());
  Loaded<ClientsFile> loaded;
  loaded.errors.push_back({{Origin::Kind::File, file.string(), 0, 0},
                           text.error() + "; api.clients names the file of the clients"});
  return loaded;
}

std::optional<std::vector<ClientRole>> client_roles(const std::vector<std::string>& names) {
  std::vector<ClientRole> out;
  for (const auto& one : names) {
    const auto found = std::ranges::find(kRoleNames, one);
    if (found == std::end(kRoleNames)) return std::nullopt;
    out.push_back(static_cast<ClientRole>(found - std::begin(kRoleNames)));
  }
  return out;
}

std::string write_client_row(const ClientRow& row) {
  std::string out = "\n[[client]]\nname        = " + toml_quoted(row.name);
  out += "\nkey_sha256  = " + toml_quoted(crypto::to_hex(row.key_sha256));
  out += "\ninstitution = " + toml_quoted(row.institution) + "\nroles       = [";
  for (std::size_t i = 0; i < row.roles.size(); ++i)
    out += (i == 0 ? "" : ", ") + toml_quoted(name(row.roles[i]));
  return out + "]\n";
}

std::string write_clients_file(const ClientsFile& file) {
  std::string out = "clients_version = 1\n";
  for (const auto& client : file.clients) out += write_client_row(client);
  return out;
}

}  // namespace giro::config
