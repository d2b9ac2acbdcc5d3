#include "node/client/keyring.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "crypto/signer.h"
#include "node/client/json_fields.h"

namespace giro::client {

Keyring::Keyring(std::vector<config::Profile::Key> keys, std::string institution, AskPassphrase ask)
    : keys_(std::move(keys)), institution_(std::move(institution)), ask_(std::move(ask)) {}

std::vector<std::string> Keyring::holders(const KeyNeed& need) const {
  std::vector<std::string> out;
  for (const auto& key : keys_) {
    const std::string& owner = key.institution.empty() ? institution_ : key.institution;
    const bool has_role = std::ranges::find(key.roles, ledger::name(need.role)) != key.roles.end();
    if (owner == need.institution && has_role) out.push_back(key.name);
  }
  return out;
}

bool Keyring::has(const KeyNeed& need) const {
  return holders(need).size() >= need.count;
}

std::expected<const crypto::SecretKey*, Error> Keyring::open(const std::string& name) {
  if (const auto found = open_.find(name); found != open_.end()) return &found->second;
  const auto key = std::ranges::find(keys_, name, &config::Profile::Key::name);
  if (key == keys_.end()) {
    return std::unexpected(Error{ErrorKind::NotAllowed, {}, "the profile has no key " + name});
  }
  std::expected<std::string, Error> passphrase;
  if (key->passphrase) {
    auto read = key->passphrase->read();
    if (!read) return std::unexpected(Error{ErrorKind::NotAllowed, {}, read.error()});
    passphrase = std::move(*read);
  } else {
    passphrase = ask_(name);
  }
  if (!passphrase) return std::unexpected(passphrase.error());
  auto secret = crypto::read_key_file(key->path, *passphrase);
  if (!secret) {
    return std::unexpected(
        Error{ErrorKind::NotAllowed,
              {},
              key->path.string() + ": " + std::string(crypto::describe(secret.error()))});
  }
  return &open_.emplace(name, std::move(*secret)).first->second;
}

std::expected<ledger::SignatureField, Error> Keyring::sign_with(const std::string& key,
                                                                const crypto::Hash& digest) {
  const auto secret = open(key);
  if (!secret) return std::unexpected(secret.error());
  return ledger::SignatureField{(*secret)->public_key(), (*secret)->sign(digest)};
}

std::expected<std::vector<ledger::SignatureField>, Error> Keyring::sign(
    const std::vector<KeyNeed>& needs, const crypto::Hash& digest) {
  std::vector<ledger::SignatureField> out;
  std::set<std::string> used;
  for (const auto& need : needs) {
    std::uint32_t left = need.count;
    for (const auto& name : holders(need)) {
      if (left == 0) break;
      if (used.contains(name)) continue;
      auto signature = sign_with(name, digest);
      if (!signature) return std::unexpected(signature.error());
      out.push_back(*signature);
      used.insert(name);
      --left;
    }
    if (left != 0) {
      return std::unexpected(Error{ErrorKind::NotAllowed, "QUORUM_NOT_MET",
                                   "the profile lacks " + std::to_string(left) + " more " +
                                       std::string(ledger::name(need.role)) + " key(s) of " +
                                       need.institution});
    }
  }
  return out;
}

std::expected<std::vector<ledger::SignatureField>, Error> Keyring::sign_accounts(
    const std::vector<ledger::AccountPolicy>& policies, const crypto::Hash& digest) {
  std::map<crypto::PublicKey, ledger::SignatureField> out;
  for (const auto& policy : policies) {
    std::uint32_t left = policy.m;
    for (const auto& key : keys_) {
      if (left == 0) break;
      if (!key.roles.empty()) continue;
      const auto secret = open(key.name);
      if (!secret) return std::unexpected(secret.error());
      const auto public_key = (*secret)->public_key();
      if (std::ranges::find(policy.keys, public_key) == policy.keys.end()) continue;
      out.insert({public_key, {public_key, (*secret)->sign(digest)}});
      --left;
    }
    if (left != 0) {
      return std::unexpected(
          Error{ErrorKind::NotAllowed, "NOT_AUTHORISED_FOR_ACCOUNT",
                "the profile lacks " + std::to_string(left) + " more of the account's own keys"});
    }
  }
  std::vector<ledger::SignatureField> signatures;
  for (const auto& [key, signature] : out) signatures.push_back(signature);
  return signatures;
}

std::optional<ledger::Role> role_of(std::string_view name) {
  for (std::size_t i = 0; i < ledger::kRoleCount; ++i) {
    const auto role = static_cast<ledger::Role>(i);
    if (ledger::name(role) == name) return role;
  }
  return std::nullopt;
}

std::optional<ledger::AccountPolicy> read_account_policy(const boost::json::value& value) {
  const auto* object = value.if_object();
  const auto* keys = object == nullptr ? nullptr : array_field(*object, "keys");
  if (keys == nullptr) return std::nullopt;
  ledger::AccountPolicy out;
  out.m = static_cast<std::uint32_t>(number_field(*object, "count"));
  for (const auto& each : *keys) {
    const auto* digits = each.if_string();
    if (digits == nullptr ||
        !crypto::from_hex({digits->data(), digits->size()}, out.keys.emplace_back().bytes))
      return std::nullopt;
  }
  return out;
}

boost::json::object account_policy_form(const ledger::AccountPolicy& policy) {
  boost::json::array keys;
  for (const auto& key : policy.keys) keys.push_back(boost::json::value(crypto::to_hex(key)));
  return {{"count", policy.m}, {"keys", std::move(keys)}};
}

}  // namespace giro::client
