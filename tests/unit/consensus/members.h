// Keys, sets, votes and certificates for tests: deterministic, with real signatures.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/message.h"
#include "consensus/recovery.h"
#include "consensus/replica.h"
#include "crypto/signer.h"

namespace giro::consensus::testing {

inline constexpr std::int64_t kWallStartMs = 1'700'000'000'000;

[[nodiscard]] Hash hash_of(std::string_view text);

// A seat: which institution, and with the how manieth of its keys.
struct Seat {
  std::size_t index = 0;
  std::size_t key = 0;
};

// Institutions 10, 20, 30 ... with keys of their own. The set of any epoch is all of them with
// their first keys, unless seat() says otherwise.
class Members {
 public:
  explicit Members(std::size_t count);
  // From this epoch on; in order of institution.
  void seat(Epoch from, std::vector<Seat> seats) { seats_[from] = std::move(seats); }
  [[nodiscard]] std::size_t size() const { return signers_.size(); }
  [[nodiscard]] InstitutionId institution(std::size_t index) const {
    return {static_cast<std::uint32_t>(10 * (index + 1))};
  }
  [[nodiscard]] std::size_t index_of(InstitutionId id) const { return id.value / 10 - 1; }
  [[nodiscard]] crypto::Signer& signer(std::size_t index, std::size_t key = 0) const {
    return *signers_.at(index).at(key);
  }
  [[nodiscard]] Member identity(std::size_t index, std::size_t key = 0) const {
    return {institution(index), signer(index, key).public_key()};
  }
  // A certificate of the set of the content's epoch, by its first q members.
  [[nodiscard]] Certificate certificate_of_set(const VoteContent& content) const;
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
  static constexpr std::size_t kKeys = 3;  // of each institution
  [[nodiscard]] std::vector<Seat> seats(Epoch epoch) const;

  std::vector<std::vector<std::unique_ptr<crypto::KeySigner>>> signers_;
  std::map<Epoch, std::vector<Seat>> seats_;
  Hash chain_;
  Header genesis_;
};

// What a store knows that ends with this height (RecoveredState::next_members).
[[nodiscard]] std::optional<std::vector<Member>> next_members_at(const Members& members,
                                                                 Height executed,
                                                                 std::uint64_t epoch_blocks);

[[nodiscard]] BatchPtr batch_of(InstitutionId author, std::uint64_t seq, std::int64_t expires_ms,
                                std::string_view operation = "pay");

// What executing a block gives in these tests: roots that depend on everything before, and at the
// end of an epoch the set of the next.
[[nodiscard]] Executed executed_after(const Header& below, const Members& members,
                                      const Block& block, std::uint64_t epoch_blocks);

}  // namespace giro::consensus::testing
