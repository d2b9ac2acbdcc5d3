// The keys of the client profile.
#include "node/config/profile_keys.h"

#include <array>

namespace giro::config {
namespace {

constexpr std::array kProfileRules{
    KeyRule{.key = "profile_version",
            .kind = ValueKind::Count,
            .presence = Presence::Required,
            .example = "1",
            .explanation = "Version of this file's form.",
            .min = 1,
            .max = 1},
    KeyRule{.key = "genesis",
            .kind = ValueKind::Path,
            .presence = Presence::Required,
            .example = "\"genesis.json\"",
            .explanation = "The genesis file that receipts are checked against."},
    KeyRule{.key = "institution",
            .kind = ValueKind::Institution,
            .presence = Presence::Required,
            .example = "\"bank-a\"",
            .explanation = "Who acts, where a command does not say."},
    KeyRule{.key = "api",
            .kind = ValueKind::Url,
            .presence = Presence::Required,
            .example = "[\"https://node.bank-a.example:7400\"]",
            .explanation = "The nodes, asked in this order.",
            .list = true},
    KeyRule{.key = "journal",
            .kind = ValueKind::Path,
            .fallback = "client.journal",
            .example = "\"client.journal\"",
            .explanation = "Operations are written down here before they are sent."},
    KeyRule{.key = "tls.ca",
            .kind = ValueKind::Path,
            .presence = Presence::InTable,
            .example = "\"tls/servers.pem\"",
            .explanation = "Server certificates to believe."},
    KeyRule{.key = "tls.cert",
            .kind = ValueKind::Path,
            .presence = Presence::InTable,
            .example = "\"tls/client.pem\"",
            .explanation = "The client's certificate."},
    KeyRule{.key = "tls.key",
            .kind = ValueKind::Path,
            .presence = Presence::InTable,
            .example = "\"tls/client.key\"",
            .explanation = "Private key of that certificate."},
    KeyRule{.key = "keys.*.path",
            .kind = ValueKind::Path,
            .presence = Presence::InTable,
            .example = "\"keys/maker.key\"",
            .explanation = "The encrypted key file."},
    KeyRule{.key = "keys.*.passphrase",
            .kind = ValueKind::Secret,
            .example = "{ file = \"keys/passphrase\" }",
            .explanation = "Where its passphrase is; asked on the terminal if absent."},
    KeyRule{.key = "keys.*.institution",
            .kind = ValueKind::Institution,
            .example = "\"bank-a\"",
            .explanation = "Whose key it is; the profile's if absent."},
    KeyRule{.key = "keys.*.roles",
            .kind = ValueKind::Choice,
            .example = "[\"MAKER\"]",
            .explanation = "The roles in which it signs; none for an account's own key.",
            .choices = "ADMIN|ISSUER|TREASURY|COMPLIANCE|LEGAL|MAKER|CHECKER|ONBOARD|PAUSER|"
                       "GOVERNOR|AUDITOR",
            .list = true},
    KeyRule{.key = "aliases.*",
            .kind = ValueKind::Account,
            .example = "\"bank-a/3f0c7700000000000000000000a91d01\"",
            .explanation = "A short name for an account."},
};

}  // namespace

KeyTable profile_keys() {
  return {"client.toml", kProfileRules};
}

}  // namespace giro::config
