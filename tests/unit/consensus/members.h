// Keys, sets, votes and certificates for tests: deterministic, with real signatures.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/message.h"
#include "consensus/recovery.h"
#include "crypto/signer.h"

namespace giro::consensus::testing {

inline constexpr std::int64_t kWallStartMs = 1'700'000'000'000;

[[nodiscard]] Hash hash_of(std::string_view text);

// Institutions 10, 20, 30 ... with keys of their own; the set of any epoch is all of them.
class Members {
 public:
  explicit Members(std::size_t count);
  [[nodiscard]] std::size_t size() const { return signers_.size(); }
  [[nodiscard]] InstitutionId institution(std::size_t index) const {
    return {static_cast<std::uint32_t>(10 * (index + 1))};
  }
  [[nodiscard]] std::size_t index_of(InstitutionId id) const { return id.value / 10 - 1; }
  [[nodiscard]] crypto::Signer& signer(std::size_t index) const { return *signers_.at(index); }
  [[nodiscard]] ValidatorSet set(Epoch epoch = {}) const;
  [[nodiscard]] const Hash& chain() const { return chain_; }
  [[nodiscard]] const Header& genesis() const { return genesis_; }
  [[nodiscard]] RecoveredState fresh() const;

  [[nodiscard]] Vote vote(std::size_t index, const VoteContent& content) const;
  // Of the first `count` members, a quorum if 0.
  [[nodiscard]] Certificate certificate(const VoteContent& content, std::size_t count = 0) const;
  // Signed by the member; `high` none or a certificate, stable at the epoch's base.
  [[nodiscard]] ProvenViewChange view_change(std::size_t index, View view,
                                             std::optional<Certificate> high = {},
                                             Epoch epoch = {}) const;
  // Of the first q of the changes, signed by the view's primary.
  [[nodiscard]] NewView new_view(const std::vector<ProvenViewChange>& changes) const;
  [[nodiscard]] PrePrepare proposal(const Block& block) const;  // signed by its view's primary

 private:
  std::vector<std::unique_ptr<crypto::KeySigner>> signers_;
  Hash chain_;
  Header genesis_;
};

[[nodiscard]] BatchPtr batch_of(InstitutionId author, std::uint64_t seq, std::int64_t expires_ms,
                                std::string_view operation = "pay");

// What executing a block gives in these tests: roots that depend on everything before.
[[nodiscard]] Header header_after(const Header& below, const Hash& chain, const Block& block,
                                  const ValidatorSet& set, std::uint64_t epoch_blocks);

}  // namespace giro::consensus::testing
