#pragma once

#include "crypto/keys.h"
#include "node/config/demo_genesis.h"

namespace giro::client {

// The demo consortium with keys of nobody.
inline config::Genesis demo() {
  config::DemoSetup setup;
  for (const auto& one : config::demo_operators())
    setup.operators[one] = crypto::SecretKey::generate().public_key();
  for (const auto& name : config::demo_validators())
    setup.validators[name] = {crypto::SecretKey::generate().public_key(), {"127.0.0.1", 1}};
  return config::demo_genesis(setup);
}

}  // namespace giro::client
