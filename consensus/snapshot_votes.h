// How a snapshot becomes certified (protocol R34).
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "consensus/output.h"
#include "consensus/parameters.h"
#include "consensus/reject.h"

namespace giro::consensus {

// Collects snapshot votes into certificates. Stands beside the replica: nothing that is ordered or
// voted for there depends on it. Pure; the driver's thread.
//
// A vote is checked only where the own snapshot of its height is: until then it waits, and of each
// sender the newest few wait. So nothing here needs to know the sets of other epochs.
class SnapshotVotes {
 public:
  SnapshotVotes(const Hash& chain, const Member& self, const Parameters& parameters)
      : chain_(chain),
        self_(self),
        interval_(parameters.snapshot_interval),
        epoch_blocks_(parameters.epoch_blocks),
        push_pause_us_(static_cast<std::int64_t>(parameters.status_interval_ms) * 5'000) {}

  // A snapshot of this height is complete and durable here; `set` is that of its epoch. With
  // `certificate`, which was verified before, once there is one.
  struct Held {
    VoteContent content;
    ValidatorSet set;
    std::optional<Certificate> certificate;
  };
  void hold(Held held);
  // From a peer that the channel authenticated. None, or why it was refused.
  [[nodiscard]] RejectReason on_vote(InstitutionId from, const Vote& vote);
  void on_own(const Vote& vote);  // signed by the guard: durable
  // The peer holds certified snapshots up to this height: what it lacks is sent again (R22).
  void on_status(InstitutionId from, Height certified, Instant now);

  // What this key should sign now, for as long as it is not signed. Nothing while `may_sign` says
  // no (R39, R40), nor for what is certified.
  [[nodiscard]] std::vector<VoteRequest> requests(bool may_sign);
  [[nodiscard]] std::vector<Outbound> take_sent() { return std::exchange(sent_, {}); }
  // Certificates that were completed, each once.
  [[nodiscard]] std::vector<Certificate> take_certified() { return std::exchange(certified_, {}); }
  // A quorum signed another manifest for a height than ours: the own state is not theirs (R17).
  [[nodiscard]] std::optional<Height> contradicted() const { return contradicted_; }
  [[nodiscard]] Height newest_certified() const;
  // Own votes that must outlive a cut of the log (R34, R36).
  [[nodiscard]] std::vector<VoteContent> voted() const;
  [[nodiscard]] std::size_t waiting() const;  // votes, for the bound

 private:
  struct Open {
    Held held;
    std::optional<ReplicaId> me;  // our seat in the set of its epoch
    bool asked = false;
    std::map<ReplicaId, Vote> votes;
  };
  [[nodiscard]] RejectReason count(Open& open, InstitutionId from, const Vote& vote);
  [[nodiscard]] RejectReason keep_early(InstitutionId from, const Vote& vote);
  void try_certify(Open& open);

  const Hash chain_;
  const Member self_;
  const std::uint64_t interval_;
  const std::uint64_t epoch_blocks_;
  const std::int64_t push_pause_us_;
  std::map<Height, Open> open_;                            // the newest few
  std::map<InstitutionId, std::map<Height, Vote>> early_;  // not checked yet
  std::map<InstitutionId, Instant> pushed_;
  std::vector<Outbound> sent_;
  std::vector<Certificate> certified_;
  std::optional<Height> contradicted_;
};

}  // namespace giro::consensus
