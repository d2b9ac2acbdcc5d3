// Random numbers of one subsystem: its own stream, from SHA-256(seed, name), so that a new draw in
// one subsystem does not shift the others (assurance 3).
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string_view>

#include "crypto/digest.h"

namespace giro::sim {

class Random {
 public:
  Random(std::uint64_t seed, std::string_view name) {
    crypto::Bytes bytes;
    crypto::Writer writer(bytes);
    writer.u64(seed);
    writer.text(name);
    const crypto::Hash digest = crypto::sha256(bytes);
    engine_.seed(crypto::Reader(digest).u64());
  }

  std::uint64_t next() { return engine_(); }
  // In [0, below); 0 for 0.
  std::uint64_t below(std::uint64_t below) { return below == 0 ? 0 : engine_() % below; }
  std::int64_t between(std::int64_t low, std::int64_t high) {  // both included
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double probability) { return unit() < probability; }
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }  // [0, 1)
  std::int64_t exponential(double mean) {
    return static_cast<std::int64_t>(-mean * std::log1p(-unit()));
  }
  template <typename Container>
  auto& pick(Container& from) {
    return from[below(std::size(from))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace giro::sim
