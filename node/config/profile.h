// The client profile, client.toml (surface 2.1): where the nodes are, which genesis is believed,
// whose keys sign, and short names for accounts. Same machinery and rules as node.toml.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "node/config/diagnostic.h"
#include "node/config/values.h"

namespace giro::config {

// Paths are absolute: a relative one in the file starts at the file's directory.
struct Profile {
  std::vector<ApiUrl> api;  // at least one; asked in this order
  struct Tls {              // needed when an API URL is https
    TlsFiles client;
    std::filesystem::path ca;  // certificates of the servers that are believed
  };
  std::optional<Tls> tls;
  std::filesystem::path genesis;
  std::string institution;        // the acting institution, where a command does not say
  std::filesystem::path journal;  // ids and bytes of what was sent, written before sending

  struct Key {
    std::string name;
    std::filesystem::path path;
    std::optional<SecretSource> passphrase;  // asked on the terminal if absent
    std::string institution;                 // default: the profile's
    std::vector<std::string>
        roles;  // of ledger 4.2, upper case; may be empty: an account's own key
  };
  std::vector<Key> keys;  // in file order

  struct Account {
    std::string institution;
    std::array<std::byte, 16> account{};
  };
  std::map<std::string, Account> aliases;  // "ALICE" -> bank-a/3f0c...
};

[[nodiscard]] Loaded<Profile> parse_profile(std::string_view text, std::string_view file,
                                            const Environment& environment,
                                            const std::filesystem::path& base);
// Also checks that the files it names can be read.
[[nodiscard]] Loaded<Profile> load_profile(const std::filesystem::path& file,
                                           const Environment& environment);

// `given` (--profile) if not empty, else GIRO_PROFILE, else ~/.config/giro/client.toml.
[[nodiscard]] std::filesystem::path profile_path(const std::filesystem::path& given,
                                                 const Environment& environment);

// Text that parses back to an equal profile.
[[nodiscard]] std::string write_profile(const Profile& profile);

}  // namespace giro::config
