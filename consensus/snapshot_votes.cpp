#include "consensus/snapshot_votes.h"

#include <algorithm>
#include <iterator>

#include "consensus/limits.h"
#include "crypto/check.h"

namespace giro::consensus {

void SnapshotVotes::hold(Held held) {
  const Height height = held.content.height;
  GIRO_CHECK(held.content.kind == VoteKind::Snapshot && held.set.epoch == held.content.epoch &&
                 held.content.epoch == epoch_of(height, epoch_blocks_),
             height, held.set.epoch, held.content.epoch);
  const auto known = open_.find(height);
  if (known != open_.end()) {
    GIRO_CHECK(known->second.held.content == held.content, height);
    if (!known->second.held.certificate) known->second.held.certificate = held.certificate;
    return;
  }
  if (open_.size() >= kOpenSnapshotsMax && height < open_.begin()->first) return;
  Open open{std::move(held), std::nullopt, false, {}};
  const std::optional<ReplicaId> seat = open.held.set.find(self_.institution);
  if (seat && open.held.set.at(*seat).key == self_.key) open.me = seat;
  Open& added = open_.emplace(height, std::move(open)).first->second;
  if (open_.size() > kOpenSnapshotsMax) open_.erase(open_.begin());
  for (auto& [from, votes] : early_) {
    const auto vote = votes.extract(height);
    if (!vote.empty()) (void)count(added, from, vote.mapped());  // refused: it is gone
    votes.erase(votes.begin(), votes.lower_bound(open_.begin()->first));
  }
  std::erase_if(early_, [](const auto& entry) { return entry.second.empty(); });
  try_certify(added);
}

RejectReason SnapshotVotes::on_vote(InstitutionId from, const Vote& vote) {
  const VoteContent& content = vote.content;
  const bool has_form = content.kind == VoteKind::Snapshot && content.view == View{} &&
                        content.height.value > 0 && content.height.value % interval_ == 0 &&
                        content.epoch == epoch_of(content.height, epoch_blocks_);
  if (!has_form) return RejectReason::Malformed;
  const auto open = open_.find(content.height);
  if (open != open_.end()) {
    const RejectReason reason = count(open->second, from, vote);
    if (reason == RejectReason::None) try_certify(open->second);
    return reason;
  }
  if (!open_.empty() && content.height < open_.begin()->first) return RejectReason::OldHeight;
  return keep_early(from, vote);
}

// The newest of each sender: whoever names heights that will never come takes only its own places.
RejectReason SnapshotVotes::keep_early(InstitutionId from, const Vote& vote) {
  auto known = early_.find(from);
  if (known == early_.end()) {
    if (early_.size() >= kMembersMax) return RejectReason::OverBudget;
    known = early_.try_emplace(from).first;
  }
  std::map<Height, Vote>& votes = known->second;
  if (!votes.try_emplace(vote.content.height, vote).second) return RejectReason::Duplicate;
  // The lowest are wanted first: the highest claim goes.
  if (votes.size() > kOpenSnapshotsMax) votes.erase(std::prev(votes.end()));
  return RejectReason::None;
}

RejectReason SnapshotVotes::count(Open& open, InstitutionId from, const Vote& vote) {
  const ValidatorSet& set = open.held.set;
  const std::optional<ReplicaId> seat = set.find(from);
  if (!seat) return RejectReason::NotMember;
  if (vote.voter != *seat) return RejectReason::NotVoter;
  const auto known = open.votes.find(*seat);
  if (known != open.votes.end()) {
    return known->second.content == vote.content ? RejectReason::Duplicate
                                                 : RejectReason::ConflictingVote;
  }
  if (!crypto::verify(set.at(*seat).key, vote.content.sign_bytes(chain_), vote.signature))
    return RejectReason::BadSignature;
  open.votes.emplace(*seat, vote);
  return RejectReason::None;
}

void SnapshotVotes::try_certify(Open& open) {
  const std::size_t quorum = open.held.set.quorum();
  std::map<Hash, std::size_t> counts;
  for (const auto& [voter, vote] : open.votes) {
    if (++counts[vote.content.digest] < quorum) continue;
    if (vote.content != open.held.content) {
      contradicted_ = vote.content.height;
      return;
    }
    if (open.held.certificate) return;
    Certificate certificate{open.held.content, {}};
    for (const auto& [signer, signed_vote] : open.votes) {
      if (signed_vote.content == open.held.content && certificate.signatures.size() < quorum)
        certificate.signatures.push_back({signer, signed_vote.signature});
    }
    open.held.certificate = certificate;
    certified_.push_back(std::move(certificate));
    return;
  }
}

void SnapshotVotes::on_own(const Vote& vote) {
  const auto open = open_.find(vote.content.height);
  if (open == open_.end()) return;  // dropped meanwhile for newer ones
  GIRO_CHECK(open->second.me && vote.voter == *open->second.me &&
                 vote.content == open->second.held.content,
             vote.content.height);
  open->second.votes.insert_or_assign(vote.voter, vote);
  try_certify(open->second);
}

std::vector<VoteRequest> SnapshotVotes::requests(bool may_sign) {
  std::vector<VoteRequest> requests;
  if (!may_sign || contradicted_) return requests;
  for (auto& [height, open] : open_) {
    if (open.asked || !open.me || open.held.certificate) continue;
    open.asked = true;
    requests.push_back({open.held.content, *open.me, std::nullopt});
  }
  return requests;
}

void SnapshotVotes::on_status(InstitutionId from, Height certified, Instant now) {
  std::vector<Outbound> lacking;
  for (const auto& [height, open] : open_) {
    if (height <= certified || !open.me) continue;
    const auto own = open.votes.find(*open.me);
    if (own != open.votes.end()) lacking.push_back({from, own->second});
  }
  if (lacking.empty()) return;
  const auto pushed = pushed_.find(from);
  if (pushed != pushed_.end() && now.us - pushed->second.us < push_pause_us_) return;
  if (pushed == pushed_.end() && pushed_.size() >= kMembersMax) {
    std::erase_if(pushed_, [&](const auto& e) { return now.us - e.second.us >= push_pause_us_; });
    if (pushed_.size() >= kMembersMax) return;
  }
  pushed_.insert_or_assign(from, now);
  std::ranges::move(lacking, std::back_inserter(sent_));
}

Height SnapshotVotes::newest_certified() const {
  Height newest;
  for (const auto& [height, open] : open_) {
    if (open.held.certificate) newest = height;
  }
  return newest;
}

std::vector<VoteContent> SnapshotVotes::voted() const {
  std::vector<VoteContent> contents;
  for (const auto& [height, open] : open_) {
    if (open.asked) contents.push_back(open.held.content);
  }
  return contents;
}

std::size_t SnapshotVotes::waiting() const {
  std::size_t count = 0;
  for (const auto& [from, votes] : early_) count += votes.size();
  return count;
}

}  // namespace giro::consensus
