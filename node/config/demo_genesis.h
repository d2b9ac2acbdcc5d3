// The demo network of ledger 14: four banks with a seat, one settlement agent, eight tokens, three
// customer accounts. For the local test network, acceptance scenarios and benchmarks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/config/genesis_file.h"

namespace giro::config {

// One operator's key, made at setup.
struct DemoOperator {
  std::string institution;
  ledger::Role role{};
  std::uint32_t number = 1;                // of the operators of that role, from 1
  [[nodiscard]] std::string name() const;  // "bank-a-admin-1"
  friend auto operator<=>(const DemoOperator&, const DemoOperator&) = default;
};

struct DemoValidator {
  crypto::PublicKey key;
  HostPort address;
};

// What setup brings: the keys of demo_operators(), and for each bank with a seat its validator key
// and address.
struct DemoSetup {
  std::string network = "giro-dev";
  ledger::TimeMs time{};
  consensus::Parameters parameters;
  std::map<DemoOperator, crypto::PublicKey> operators;
  std::map<std::string, DemoValidator> validators;
  std::size_t banks = 4;  // at least 4; more are bank-e, bank-f, ... with a seat and no tokens
  bool throwaway = true;
};

// The operators that a network of so many banks needs a key for: every role of every institution.
[[nodiscard]] std::vector<DemoOperator> demo_operators(std::size_t banks = 4);
[[nodiscard]] std::vector<std::string> demo_validators(std::size_t banks = 4);  // institution names

struct DemoAccount {
  std::string institution;
  ledger::AccountId account{};
};
// ALICE (the buyer at bank-a), MERCHANT (at bank-a), BOB (the supplier at bank-b). The same ids in
// every demo network.
[[nodiscard]] std::map<std::string, DemoAccount> demo_aliases();
// The NOSTRO account of `owner` at `servicer`, both institution names.
[[nodiscard]] ledger::AccountId demo_nostro(std::string_view owner, std::string_view servicer);

// Needs every key and validator; a missing one is our mistake.
[[nodiscard]] Genesis demo_genesis(const DemoSetup& setup);

}  // namespace giro::config
