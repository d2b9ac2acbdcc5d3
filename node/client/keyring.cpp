#include "node/client/keyring.h"

#include <algorithm>
#include <set>

#include "crypto/signer.h"

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

}  // namespace giro::client
