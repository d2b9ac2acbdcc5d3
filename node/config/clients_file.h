// clients.toml (surface 5.1): who may talk to a node's API, known by the keys of their
// certificates, and what for. Same machinery and rules as node.toml; no variables.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "node/config/diagnostic.h"

namespace giro::config {

enum class ClientRole : std::uint8_t { Submitter, Reader, Auditor, Observer, Operator };
[[nodiscard]] std::string_view name(ClientRole role);  // "submitter"

struct ClientRow {
  std::string name;         // for rates, logs and errors
  crypto::Hash key_sha256;  // of the certificate's SubjectPublicKeyInfo, DER
  std::string institution;  // for which it acts
  std::vector<ClientRole> roles;
};

// Rows of one key add up: a client may act for several institutions. Their name must then be one.
struct ClientsFile {
  std::vector<ClientRow> clients;
};

[[nodiscard]] Loaded<ClientsFile> parse_clients_file(std::string_view text, std::string_view file);
[[nodiscard]] Loaded<ClientsFile> load_clients_file(const std::filesystem::path& file);

// Text that parses back to an equal file; and of one row.
[[nodiscard]] std::string write_clients_file(const ClientsFile& file);
[[nodiscard]] std::string write_client_row(const ClientRow& row);
// nullopt: one of them is no role.
[[nodiscard]] std::optional<std::vector<ClientRole>> client_roles(
    const std::vector<std::string>& names);

}  // namespace giro::config
