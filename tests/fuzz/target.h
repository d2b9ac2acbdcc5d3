// What is fuzzed (assurance 8): one row for each target. A row's function is handed bytes as if
// they came from outside; it aborts (GIRO_CHECK) when what must hold of all bytes does not, and
// says whether they were taken for something good, which is what the canary waits for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/check.h"
#include "crypto/digest.h"

namespace giro::fuzz {

using crypto::Bytes;
using crypto::ByteView;

struct Target {
  std::string_view number;  // of assurance 8: "F01"
  std::string_view name;
  bool (*run)(ByteView input);
  std::vector<Bytes> (*seeds)();  // made by the real encoders
  // Changes an input in a way that bytes alone would hardly find; false: as any bytes.
  bool (*mutate)(Bytes& input, std::uint64_t random) = nullptr;
};

// A namespace for each source, so that a unity build may join them.
namespace of_api {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_config {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_consensus {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_crypto {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_history {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_ledger {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_p2p {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_receipt {
[[nodiscard]] std::span<const Target> targets();
}
namespace of_storage {
[[nodiscard]] std::span<const Target> targets();
}

inline Bytes tagged(std::uint8_t first, ByteView rest) {
  Bytes bytes{static_cast<std::byte>(first)};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}
inline Bytes text_bytes(std::string_view text) {
  return crypto::to_bytes(crypto::as_view(text));
}

}  // namespace giro::fuzz
