// The operator keys of a profile: who of them can sign for which institution and role. Key files
// are opened when first needed, since each costs an scrypt.
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.h"
#include "node/client/error.h"
#include "node/config/profile.h"
#include "node/ledger/messages.h"

namespace giro::client {

// `count` different keys of the institution that hold the role.
struct KeyNeed {
  std::string institution;
  ledger::Role role{};
  std::uint32_t count = 1;
};

class Keyring {
 public:
  // Asks a person for the passphrase of the named key; an error ends the attempt.
  using AskPassphrase = std::function<std::expected<std::string, Error>(const std::string& key)>;

  Keyring(std::vector<config::Profile::Key> keys, std::string institution, AskPassphrase ask);

  [[nodiscard]] bool has(const KeyNeed& need) const;
  // Signatures of `digest` that meet all needs, no key twice. NotAllowed names the missing role.
  [[nodiscard]] std::expected<std::vector<ledger::SignatureField>, Error> sign(
      const std::vector<KeyNeed>& needs, const crypto::Hash& digest);
  // Of the accounts' own keys, which the profile lists without a role. NotAllowed: too few.
  [[nodiscard]] std::expected<std::vector<ledger::SignatureField>, Error> sign_accounts(
      const std::vector<ledger::AccountPolicy>& policies, const crypto::Hash& digest);
  // By the key's name in the profile.
  [[nodiscard]] std::expected<ledger::SignatureField, Error> sign_with(const std::string& key,
                                                                       const crypto::Hash& digest);

 private:
  [[nodiscard]] std::vector<std::string> holders(const KeyNeed& need) const;
  [[nodiscard]] std::expected<const crypto::SecretKey*, Error> open(const std::string& name);

  std::vector<config::Profile::Key> keys_;
  std::string institution_;  // of keys that name none
  AskPassphrase ask_;
  std::map<std::string, crypto::SecretKey> open_;
};

[[nodiscard]] std::optional<ledger::Role> role_of(std::string_view name);  // "ISSUER"
// {"count":2,"keys":["02c1f8..."]}
[[nodiscard]] std::optional<ledger::AccountPolicy> read_account_policy(
    const boost::json::value& value);
[[nodiscard]] boost::json::object account_policy_form(const ledger::AccountPolicy& policy);

}  // namespace giro::client
