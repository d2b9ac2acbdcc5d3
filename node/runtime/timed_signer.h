// A signer that tells how long each signature took, and whether there was one.
#pragma once

#include <chrono>
#include <memory>

#include "crypto/signer.h"
#include "node/runtime/meters.h"

namespace giro::runtime {

class TimedSigner final : public crypto::Signer {
 public:
  TimedSigner(std::unique_ptr<crypto::Signer> signer, Meters& meters)
      : signer_(std::move(signer)), meters_(meters) {}
  [[nodiscard]] const crypto::PublicKey& public_key() const override {
    return signer_->public_key();
  }
  [[nodiscard]] std::optional<crypto::Signature> sign(const crypto::Hash& digest) override {
    const auto begin = std::chrono::steady_clock::now();
    auto made = signer_->sign(digest);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    meters_.signed_in(took.count(), made.has_value());
    return made;
  }

 private:
  const std::unique_ptr<crypto::Signer> signer_;
  Meters& meters_;  // outlives it
};

}  // namespace giro::runtime
