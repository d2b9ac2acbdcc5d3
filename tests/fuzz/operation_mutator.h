// Changes of signed operations by protobuf reflection. They are signed again by operators of the
// demo state, with filler: who verifies them is told that their signatures are good.
#pragma once

#include <optional>
#include <random>
#include <span>

#include "node/ledger/types.h"
#include "tests/fuzz/target.h"

namespace giro::fuzz::of_ledger {

using Engine = std::mt19937_64;

template <class Container>
auto& pick(Container& from, Engine& random) {
  return from[random() % std::size(from)];
}

[[nodiscard]] Bytes filler_signed(ByteView body, std::span<const ledger::PublicKey> keys);

// `other`: an operation to take values from. nullopt: these bytes are no operation.
[[nodiscard]] std::optional<Bytes> changed_operation(ByteView signed_operation, ByteView other,
                                                     Engine& random);

}  // namespace giro::fuzz::of_ledger
