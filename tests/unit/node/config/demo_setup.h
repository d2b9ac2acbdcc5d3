// A demo network with keys made from numbers: the same in every run.
#pragma once

#include <string>

#include "crypto/digest.h"
#include "crypto/keys.h"
#include "node/config/demo_genesis.h"

namespace giro::config {

inline crypto::PublicKey test_key(const std::string& name) {
  const crypto::Hash scalar = crypto::tagged_hash("test key", {crypto::as_view(name)});
  return crypto::SecretKey::from_bytes(scalar)->public_key();
}

inline DemoSetup test_setup(std::size_t banks = 4) {
  DemoSetup setup;
  setup.banks = banks;
  setup.time = {1'795'000'000'000};
  for (const DemoOperator& each : demo_operators(banks)) {
    setup.operators[each] = test_key(each.name());
  }
  std::uint16_t port = 7300;
  for (const std::string& name : demo_validators(banks)) {
    setup.validators[name] = {test_key(name), {"127.0.0.1", ++port}};
  }
  return setup;
}

}  // namespace giro::config
