// The network parameters of agreement (protocol 14): equal at all validators, in genesis, changed
// by vote with the next epoch. Sizes in bytes, times in milliseconds.
#pragma once

#include <cstdint>

#include "crypto/bytes.h"

namespace giro::consensus {

struct Parameters {
  std::uint64_t window = 64;  // blocks
  std::uint64_t batch_bytes = 512 * 1024;
  std::uint64_t batch_operations = 4096;
  std::uint64_t batch_linger_ms = 2;
  std::uint64_t batch_lifetime_ms = 60'000;
  std::uint64_t block_bytes = 4 * 1024 * 1024;  // sum of its batches
  std::uint64_t block_batches = 1024;
  std::uint64_t author_quota = 32 * 1024 * 1024;  // un-ordered bytes of one author
  std::uint64_t idle_block_interval_ms = 1'000;
  std::uint64_t view_timeout_base_ms = 1'000;
  std::uint64_t view_timeout_cap_ms = 8'000;
  std::uint64_t status_interval_ms = 200;
  std::uint64_t clock_skew_ms = 2'000;
  std::uint64_t clock_lag_ms = 20'000;
  std::uint64_t snapshot_interval = 10'000;  // blocks
  std::uint64_t snapshot_chunk = 4 * 1024 * 1024;
  std::uint64_t epoch_blocks = 1'000;  // fixed at genesis

  // Every wrap-around happens in every test.
  [[nodiscard]] static Parameters tiny();
  // SHA-256("giro/parameters/v1" ‖ the values fixed at genesis, in this order): bound into every
  // channel (R44).
  [[nodiscard]] crypto::Hash genesis_digest() const;
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

}  // namespace giro::consensus
