// The network that is simulated: its genesis file, and every key by name, the same for the same
// size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "consensus/parameters.h"
#include "consensus/types.h"
#include "crypto/keys.h"
#include "node/config/demo_genesis.h"

namespace giro::sim {

class NetworkSetup {
 public:
  NetworkSetup(std::size_t validators, const consensus::Parameters& parameters);

  static constexpr std::int64_t kGenesisMs = 1'790'000'000'000;

  [[nodiscard]] const std::string& genesis_file() const { return genesis_file_; }
  [[nodiscard]] const crypto::Hash& chain() const { return chain_; }
  [[nodiscard]] const std::vector<std::string>& validators() const { return validators_; }
  [[nodiscard]] std::size_t size() const { return validators_.size(); }
  // Institutions with a seat, in order of their ids: node i is member i.
  [[nodiscard]] consensus::InstitutionId institution(std::size_t node) const {
    return institutions_.at(node);
  }
  [[nodiscard]] std::optional<std::size_t> node_of(consensus::InstitutionId institution) const;
  [[nodiscard]] const crypto::SecretKey& validator_key(std::size_t node) const {
    return validator_keys_.at(node);
  }
  [[nodiscard]] const crypto::SecretKey& operator_key(const std::string& institution,
                                                      ledger::Role role,
                                                      std::uint32_t number = 1) const;
  [[nodiscard]] const consensus::Parameters& parameters() const { return parameters_; }

 private:
  consensus::Parameters parameters_;
  std::string genesis_file_;
  crypto::Hash chain_;
  std::vector<std::string> validators_;
  std::vector<consensus::InstitutionId> institutions_;
  std::vector<crypto::SecretKey> validator_keys_;
  std::map<config::DemoOperator, crypto::SecretKey> operators_;
};

}  // namespace giro::sim
