#include "tests/simulation/network_setup.h"

#include <algorithm>
#include <span>

#include "crypto/check.h"
#include "crypto/digest.h"

namespace giro::sim {
namespace {

crypto::SecretKey key_of(std::string_view name) {
  return *crypto::SecretKey::from_bytes(
      crypto::tagged_hash("giro/sim/key", {crypto::as_view(name)}));
}

}  // namespace

NetworkSetup::NetworkSetup(std::size_t validators, const consensus::Parameters& parameters,
                           std::size_t newcomers)
    : parameters_(parameters), size_(validators), names_(config::demo_validators(validators)) {
  GIRO_CHECK(newcomers <= 1, newcomers);
  if (newcomers > 0) names_.emplace_back("agent-s");  // the one institution without a seat
  config::DemoSetup setup;
  setup.network = "giro-sim";
  setup.time = {kGenesisMs};
  setup.parameters = parameters;
  setup.banks = validators;
  for (const auto& entry : config::demo_operators(validators)) {
    auto key = key_of(entry.name());
    setup.operators.emplace(entry, key.public_key());
    operators_.emplace(entry, std::move(key));
  }
  std::uint16_t port = 7301;
  for (const auto& name : names_) {
    validator_keys_.emplace_back().push_back(key_of("validator " + name));
    if (validator_keys_.size() > size_) continue;
    setup.validators.emplace(
        name,
        config::DemoValidator{validator_keys_.back().front().public_key(), {"127.0.0.1", port++}});
  }
  const config::Genesis genesis = config::demo_genesis(setup);
  genesis_file_ = config::write_genesis_file(genesis);
  chain_ = config::chain_id_of(genesis_file_);
  for (const auto& name : names_) {
    const auto& all = genesis.ledger.institutions;
    const auto found = std::ranges::find(all, name, &ledger::GenesisInstitution::name);
    GIRO_CHECK(found != all.end());
    institutions_.push_back({static_cast<std::uint32_t>(found - all.begin() + 1)});
  }
  GIRO_CHECK(std::ranges::is_sorted(std::span(institutions_).first(validators)));
}

std::size_t NetworkSetup::make_key(std::size_t node) {
  auto& keys = validator_keys_.at(node);
  keys.push_back(key_of("validator " + names_[node] + " " + std::to_string(keys.size())));
  return keys.size() - 1;
}

std::optional<std::size_t> NetworkSetup::node_of(consensus::InstitutionId institution) const {
  const auto found = std::ranges::find(institutions_, institution);
  if (found == institutions_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - institutions_.begin());
}

const crypto::SecretKey& NetworkSetup::operator_key(const std::string& institution,
                                                    ledger::Role role, std::uint32_t number) const {
  return operators_.at({institution, role, number});
}

}  // namespace giro::sim
