#include "consensus/votes.h"

#include <algorithm>
#include <iterator>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus {

VoteBook::Added VoteBook::add(const Vote& vote, std::optional<std::uint64_t> early_budget) {
  GIRO_CHECK(vote.voter.value < members_, vote.voter);
  const VoteContent& content = vote.content;
  const Place place(content.height, content.kind, content.view);
  std::uint64_t& early = early_bytes_[vote.voter.value];
  const auto known = places_.find(place);
  if (known != places_.end()) {
    if (const std::optional<Entry>& entry = known->second[vote.voter.value]) {
      if (entry->vote.content.digest == content.digest) return {RejectReason::Duplicate, {}};
      return {RejectReason::ConflictingVote, Evidence(ConflictingVotes{entry->vote, vote})};
    }
  }
  if (early_budget && early + kVoteBytes > *early_budget) return {RejectReason::OverBudget, {}};
  if (early_budget) early += kVoteBytes;
  Ballot& ballot = places_.try_emplace(place, Ballot(members_)).first->second;
  ballot[vote.voter.value] = Entry{vote, early_budget.has_value()};
  return {};
}

const VoteBook::Ballot* VoteBook::ballot(VoteKind kind, View view, Height height) const {
  const auto place = places_.find(Place(height, kind, view));
  return place == places_.end() ? nullptr : &place->second;
}

const Vote* VoteBook::find(VoteKind kind, View view, Height height, ReplicaId voter) const {
  const Ballot* votes = ballot(kind, view, height);
  if (votes == nullptr || voter.value >= members_ || !(*votes)[voter.value]) return nullptr;
  return &(*votes)[voter.value]->vote;
}

std::size_t VoteBook::count(const VoteContent& content) const {
  const Ballot* votes = ballot(content.kind, content.view, content.height);
  if (votes == nullptr) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      *votes, [&](const auto& entry) { return entry && entry->vote.content == content; }));
}

std::size_t VoteBook::held(VoteKind kind, View view, Height height) const {
  const Ballot* votes = ballot(kind, view, height);
  if (votes == nullptr) return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(*votes, [](const auto& entry) { return entry.has_value(); }));
}

std::optional<Hash> VoteBook::agreed(VoteKind kind, View view, Height height,
                                     std::size_t quorum) const {
  const Ballot* votes = ballot(kind, view, height);
  if (votes == nullptr) return std::nullopt;
  for (const auto& entry : *votes) {
    if (entry && count(entry->vote.content) >= quorum) return entry->vote.content.digest;
  }
  return std::nullopt;
}

std::vector<Vote> VoteBook::contradicting(const VoteContent& content) const {
  std::vector<Vote> others;
  const Ballot* votes = ballot(content.kind, content.view, content.height);
  if (votes == nullptr) return others;
  for (const auto& entry : *votes) {
    if (entry && entry->vote.content != content) others.push_back(entry->vote);
  }
  return others;
}

const Vote* VoteBook::commit_above(ReplicaId voter, View below, const HighMark& mark) const {
  for (const auto& [place, votes] : places_) {
    const auto& [height, kind, view] = place;
    if (kind != VoteKind::Commit || view >= below || !votes[voter.value]) continue;
    if (std::tuple(view, height) > std::tuple(mark.view, mark.height))
      return &votes[voter.value]->vote;
  }
  return nullptr;
}

Certificate VoteBook::certificate(const VoteContent& content, std::size_t quorum) const {
  Certificate certificate{content, {}};
  const Ballot* votes = ballot(content.kind, content.view, content.height);
  GIRO_CHECK(votes != nullptr, content.height);
  for (const auto& entry : *votes) {
    if (certificate.signatures.size() == quorum) break;
    if (entry && entry->vote.content == content) {
      certificate.signatures.push_back({entry->vote.voter, entry->vote.signature});
    }
  }
  GIRO_CHECK(certificate.signatures.size() == quorum, certificate.signatures.size(), quorum);
  return certificate;
}

VoteBook::Places::iterator VoteBook::erase(Places::iterator place) {
  for (const auto& entry : place->second) {
    if (entry && entry->early) early_bytes_[entry->vote.voter.value] -= kVoteBytes;
  }
  return places_.erase(place);
}

void VoteBook::release(Height height) {
  while (!places_.empty() && std::get<Height>(places_.begin()->first) <= height) {
    erase(places_.begin());
  }
}

void VoteBook::release_views(View prepare_below, View commit_below) {
  for (auto place = places_.begin(); place != places_.end();) {
    const auto& [height, kind, view] = place->first;
    const bool left = (kind == VoteKind::Prepare && view < prepare_below) ||
                      (kind == VoteKind::Commit && view < commit_below);
    place = left ? erase(place) : std::next(place);
  }
}

}  // namespace giro::consensus
