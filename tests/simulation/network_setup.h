// The network that is simulated: its genesis file, and every key by name, the same for the same
// size. Nodes are the members of the genesis set, in order, then the newcomers: institutions of the
// genesis file without a seat, which may get one.
#pragma once

#include <deque>
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
  // At most one newcomer.
  NetworkSetup(std::size_t validators, const consensus::Parameters& parameters,
               std::size_t newcomers = 0);

  static constexpr std::int64_t kGenesisMs = 1'790'000'000'000;

  [[nodiscard]] const std::string& genesis_file() const { return genesis_file_; }
  [[nodiscard]] const crypto::Hash& chain() const { return chain_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }  // of nodes
  [[nodiscard]] std::size_t size() const { return size_; }           // of the genesis set
  [[nodiscard]] std::size_t nodes() const { return names_.size(); }  // newcomers included
  // Of the genesis set node i is member i.
  [[nodiscard]] consensus::InstitutionId institution(std::size_t node) const {
    return institutions_.at(node);
  }
  [[nodiscard]] std::optional<std::size_t> node_of(consensus::InstitutionId institution) const;
  // A node's keys are numbered as they are made; 0 is there from the beginning. References last.
  [[nodiscard]] const crypto::SecretKey& validator_key(std::size_t node,
                                                       std::size_t number = 0) const {
    return validator_keys_.at(node).at(number);
  }
  std::size_t make_key(std::size_t node);  // its number
  [[nodiscard]] std::size_t keys(std::size_t node) const { return validator_keys_.at(node).size(); }
  [[nodiscard]] const crypto::SecretKey& operator_key(const std::string& institution,
                                                      ledger::Role role,
                                                      std::uint32_t number = 1) const;
  [[nodiscard]] const consensus::Parameters& parameters() const { return parameters_; }

 private:
  consensus::Parameters parameters_;
  std::string genesis_file_;
  crypto::Hash chain_;
  const std::size_t size_;
  std::vector<std::string> names_;
  std::vector<consensus::InstitutionId> institutions_;
  std::vector<std::deque<crypto::SecretKey>> validator_keys_;
  std::map<config::DemoOperator, crypto::SecretKey> operators_;
};

}  // namespace giro::sim
