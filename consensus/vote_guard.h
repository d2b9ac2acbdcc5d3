// The vote guard decides "may this ever be signed?" and is the only caller of the signer for votes
// (protocol R36). Pure but for its two ports. Owned and called by the driver, on the core thread.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <tuple>

#include "consensus/output.h"
#include "crypto/signer.h"

namespace giro::consensus {

// Proof that everything appended up to `position` is on disk. Only a DurabilityPort makes one,
// after a sync.
class DurableToken {
 public:
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  friend class DurabilityPort;
  explicit DurableToken(std::uint64_t position) : position_(position) {}
  std::uint64_t position_;
};

// The runtime binds this to the log. Deriving from it is a promise: durable() is called only after
// the sync returned.
class DurabilityPort {
 protected:
  [[nodiscard]] static DurableToken durable(std::uint64_t position) {
    return DurableToken(position);
  }
};

// What this key may have signed at most (protocol R37). Epoch and view are exact, the height runs
// ahead.
struct Ceiling {
  std::uint64_t number{};  // counts the records of the sign state
  Epoch epoch;
  View view;
  Height height;
  friend bool operator==(const Ceiling&, const Ceiling&) = default;
};

enum class SignRefusal : std::uint8_t {
  NotDurable,    // the intent is not on disk
  AboveCeiling,  // the sign state was not raised
  Conflict,      // another digest was signed at this place
  LeftView,      // we left that (epoch, view)
  BelowFloor,
  SignerDown,
};

class VoteGuard {
 public:
  // `ceiling`: as loaded from the sign state. `signer` outlives the guard.
  VoteGuard(crypto::Signer& signer, const Hash& chain, InstitutionId self, Ceiling ceiling,
            std::uint64_t window);

  // Reloading (protocol R38): every vote that the log remembers, before anything is signed.
  void restore(const VoteContent& content);
  void restore(const ViewChange& change);
  void restore(const NewView& new_view);
  void leave_below(Epoch epoch, View view);
  // What lies at or below was signed and forgotten (protocol R39): no vote at its height or below,
  // none in a lower view, ViewChanges and NewViews only for higher ones.
  void forbid(const Floor& floor);
  // Votes at or below a stable height (or a floor) can no longer be asked for: they are refused,
  // their memory released.
  void release(Height stable);

  // The ceiling that must be durable, in the log and then in the sign state, before these can be
  // signed; nullopt when the present one covers them. Idempotent until raised() is told.
  [[nodiscard]] std::optional<Ceiling> needed(const Output& output) const;
  void raised(const Ceiling& ceiling);
  [[nodiscard]] const Ceiling& ceiling() const { return ceiling_; }
  // The one before it: while the raise has not reached the sign state, that one holds it still.
  [[nodiscard]] const std::optional<Ceiling>& ceiling_before() const { return before_; }
  // False: it would be refused for ever. What is asked for regardless ends the process.
  [[nodiscard]] bool may_ever_sign(const VoteContent& content) const;
  // What a statement must repeat of its memory (protocol R34); the rest is the replica's too.
  [[nodiscard]] const std::map<Height, VoteContent>& snapshot_votes() const { return snapshots_; }

  // Signs a vote whose VoteRecord ends at `position` of the log. A refusal on a correct validator
  // is a broken invariant; SignerDown is the world's failure: voting stops until the signer is
  // back, the vote stays asked for.
  [[nodiscard]] std::expected<Vote, SignRefusal> sign(const DurableToken& token,
                                                      std::uint64_t position,
                                                      const VoteContent& content, ReplicaId self);
  // One of each for an (epoch, view); a ViewChange leaves the views below it.
  [[nodiscard]] std::expected<ProvenViewChange, SignRefusal> sign(const DurableToken& token,
                                                                  std::uint64_t position,
                                                                  const ProvenViewChange& change);
  [[nodiscard]] std::expected<NewView, SignRefusal> sign(const DurableToken& token,
                                                         std::uint64_t position,
                                                         const NewView& new_view);
  // What we signed, as the replica counts it: it is durable, since sign() gave it.
  [[nodiscard]] VerifiedMessage own(const VoteRequest& request, const Vote& vote) const;
  [[nodiscard]] VerifiedMessage own(const ProvenViewChange& change) const;
  [[nodiscard]] VerifiedMessage own(const NewView& new_view) const;

 private:
  using Place = std::tuple<Height, VoteKind, Epoch, View>;
  using Turn = std::pair<Epoch, View>;
  // What was signed once for each (epoch, view).
  using Signed = std::map<Turn, Hash>;
  [[nodiscard]] std::optional<SignRefusal> refusal(const VoteContent& content) const;
  void remember(const VoteContent& content);
  [[nodiscard]] std::expected<crypto::Signature, SignRefusal> sign_once(Signed& memory,
                                                                        const Turn& turn,
                                                                        const Hash& digest);

  crypto::Signer& signer_;
  Hash chain_;
  InstitutionId self_;
  Ceiling ceiling_;
  std::optional<Ceiling> before_;
  std::uint64_t window_;
  Height floor_;  // nothing at or below is signed again
  // Snapshot votes come when their height has long been stable: they have a memory and a floor of
  // their own (protocol R34).
  Height snapshot_floor_;
  std::map<Height, VoteContent> snapshots_;  // the newest few
  std::map<Place, Hash> signed_;
  Signed view_changes_;  // of the lowest view and above
  Signed new_views_;
  Turn lowest_{};                  // prepare and commit below this were left for good
  std::optional<Turn> forbidden_;  // ViewChanges and NewViews of this and below
};

}  // namespace giro::consensus
