#include "consensus/reject.h"

namespace giro::consensus {
namespace {

struct Entry {
  RejectReason reason;
  std::string_view name;
  bool violation;
};

constexpr Entry kEntries[] = {
    {RejectReason::None, "none", false},
    {RejectReason::Malformed, "malformed", true},
    {RejectReason::TooLarge, "too_large", true},
    {RejectReason::UnknownType, "unknown_type", true},
    {RejectReason::NotMember, "not_member", false},
    {RejectReason::FromSelf, "from_self", true},
    {RejectReason::NotVoter, "not_voter", true},
    {RejectReason::BadSignature, "bad_signature", true},
    {RejectReason::BadCertificate, "bad_certificate", true},
    {RejectReason::BadLink, "bad_link", true},
    {RejectReason::NotPrimary, "not_primary", true},
    {RejectReason::Mismatch, "mismatch", true},
    {RejectReason::OldEpoch, "old_epoch", false},
    {RejectReason::FutureEpoch, "future_epoch", false},
    {RejectReason::OldView, "old_view", false},
    {RejectReason::FutureView, "future_view", false},
    {RejectReason::OldHeight, "old_height", false},
    {RejectReason::BeyondWindow, "beyond_window", false},
    {RejectReason::OverBudget, "over_budget", false},
    {RejectReason::Duplicate, "duplicate", false},
    {RejectReason::BadParent, "bad_parent", false},
    {RejectReason::BadBlockTime, "bad_block_time", false},
    {RejectReason::TooFarBehindClock, "too_far_behind_clock", false},
    {RejectReason::ConflictsWithAccepted, "conflicts_with_accepted", false},
    {RejectReason::ConflictsWithCommitted, "conflicts_with_committed", false},
    {RejectReason::BadBatchList, "bad_batch_list", false},
    {RejectReason::BatchOutOfTime, "batch_out_of_time", false},
    {RejectReason::TooMuchPayload, "too_much_payload", false},
    {RejectReason::ConflictingVote, "conflicting_vote", false},
    {RejectReason::NotAuthor, "not_author", false},
    {RejectReason::AuthorNotMember, "author_not_member", false},
    {RejectReason::ExpiresTooLate, "expires_too_late", false},
    {RejectReason::Expired, "expired", false},
    {RejectReason::OverQuota, "over_quota", false},
    {RejectReason::AlreadyOrdered, "already_ordered", false},
    {RejectReason::NotAsked, "not_asked", false},
    {RejectReason::StorageLow, "storage_low", false},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kEntries); ++i) {
    if (static_cast<std::size_t>(kEntries[i].reason) != i) return false;
  }
  return std::size(kEntries) == kRejectReasons;
}
static_assert(in_order(), "one entry for each reason, in the order of the enum");

}  // namespace

std::string_view name(RejectReason reason) {
  return kEntries[static_cast<std::size_t>(reason)].name;
}

bool is_violation(RejectReason reason) {
  return kEntries[static_cast<std::size_t>(reason)].violation;
}

}  // namespace giro::consensus
