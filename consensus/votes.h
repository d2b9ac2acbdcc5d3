// Votes by place, one for each member: counted, made into certificates, and compared, since a
// second one for the same place is evidence (protocol R10, R11, R13, R16). Signatures were checked
// before.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "consensus/certificate.h"
#include "consensus/output.h"
#include "consensus/reject.h"

namespace giro::consensus {

class VoteBook {
 public:
  explicit VoteBook(std::size_t members) : members_(members), early_bytes_(members) {}

  struct Added {
    RejectReason reason = RejectReason::None;  // Duplicate, ConflictingVote or OverBudget
    std::optional<Evidence> evidence;
  };
  // `early_budget`: given for votes above the window or of a later view, in bytes per member.
  Added add(const Vote& vote, std::optional<std::uint64_t> early_budget);

  [[nodiscard]] const Vote* find(VoteKind kind, View view, Height height, ReplicaId voter) const;
  // Votes for this very content.
  [[nodiscard]] std::size_t count(const VoteContent& content) const;
  // Votes at this place, whatever for.
  [[nodiscard]] std::size_t held(VoteKind kind, View view, Height height) const;
  // The digest that at least `quorum` members voted for at this place.
  [[nodiscard]] std::optional<Hash> agreed(VoteKind kind, View view, Height height,
                                           std::size_t quorum) const;
  // Votes at this place for another digest.
  [[nodiscard]] std::vector<Vote> contradicting(const VoteContent& content) const;
  // A commit vote of this member in a view below, ranked above the mark.
  [[nodiscard]] const Vote* commit_above(ReplicaId voter, View below, const HighMark& mark) const;
  // The first `quorum` votes for this content, in order of voter. There must be as many.
  [[nodiscard]] Certificate certificate(const VoteContent& content, std::size_t quorum) const;

  void release(Height height);  // at or below
  // Prepare votes of lower views, and commit votes of views below the other one (protocol R11).
  void release_views(View prepare_below, View commit_below);
  [[nodiscard]] std::uint64_t early_bytes(ReplicaId voter) const {
    return early_bytes_.at(voter.value);
  }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  struct Entry {
    Vote vote;
    bool early = false;
  };
  using Ballot = std::vector<std::optional<Entry>>;  // by voter
  using Place = std::tuple<Height, VoteKind, View>;
  using Places = std::map<Place, Ballot>;
  Places::iterator erase(Places::iterator place);
  [[nodiscard]] const Ballot* ballot(VoteKind kind, View view, Height height) const;

  std::size_t members_;
  Places places_;
  std::vector<std::uint64_t> early_bytes_;
};

}  // namespace giro::consensus
