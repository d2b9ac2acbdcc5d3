// What a validator measures of itself: the core says how it stands at each tick, the rest is
// counted where it happens (meters.h). Changes nothing that counts.
#include <algorithm>

#include "node/runtime/clock_offset.h"
#include "node/runtime/validator.h"

namespace giro::runtime {
namespace {

constexpr std::uint64_t kBehind = 10;  // blocks: as /readyz has it

Phase phase_of(const consensus::ReplicaView& view) {
  if (view.changing_view) return Phase::ViewChange;
  if (view.tip <= view.committed) return Phase::Idle;
  return view.prepared > view.committed ? Phase::Commit : Phase::Prepare;
}

}  // namespace

// Only what happens once for a block or a view, or less.
void Validator::count_events(const consensus::Event& event) {
  using Type = consensus::EventType;
  block_steps_.happened(event, around_.now().steady);
  switch (event.type) {
    case Type::Suspecting:
      if (!suspected_) suspected_ = static_cast<consensus::SuspectReason>(event.detail);
      break;
    case Type::SuspicionEnded:
      suspected_.reset();
      break;
    case Type::ViewEntered:
      meters_.view_left(std::exchange(suspected_, {}));
      break;
    case Type::VotesStopped:
      meters_.sign_refused(event.detail ==
                                   static_cast<std::uint32_t>(consensus::RejectReason::NotAsked)
                               ? SignConflict::KeyUsedElsewhere
                               : SignConflict::QuorumContradicts);
      break;
    case Type::FloorRefuted:
      meters_.sign_refused(SignConflict::SignStateCopied);
      break;
    default:
      break;
  }
}

void Validator::publish_measures(const consensus::ReplicaView& view,
                                 const std::vector<p2p::PeerStatus>& peers) {
  std::uint64_t highest = view.stable.value;
  for (const auto& peer : view.peers) highest = std::max(highest, peer.status.stable.value);
  const consensus::Now now = around_.now();
  const auto oldest = intake.load().oldest;
  const std::lock_guard lock(measures_mutex_);
  measures_.phase = phase_of(view);
  measures_.prepare_votes = view.prepare_votes;
  measures_.commit_votes = view.commit_votes;
  measures_.view_timer_seconds = static_cast<double>(view.view_timeout_us) / 1e6;
  measures_.pool_oldest_seconds =
      oldest ? static_cast<double>(std::max<std::int64_t>(0, now.wall.ms - oldest->ms)) / 1e3 : 0;
  if (guard_) measures_.sign_ceiling = guard_->ceiling().height.value;
  measure_sync(view, highest);
  watch_votes(view, highest);
  measure_peers(view, peers);
}

void Validator::measure_sync(const consensus::ReplicaView& view, std::uint64_t highest) {
  const std::uint64_t executed = view.executed.value;
  if (executed + kBehind >= highest) {
    sync_from_.reset();
    measures_.sync = SyncState::Synced;
    measures_.sync_progress = 1;
    return;
  }
  if (!sync_from_) sync_from_ = executed;
  const auto share = [](std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(1, whole));
  };
  if (const auto fetched = fetch_->progress()) {
    measures_.sync = SyncState::Snapshot;
    measures_.sync_progress = share(fetched->held, fetched->chunks);
    return;
  }
  measures_.sync = SyncState::Blocks;
  measures_.sync_progress = share(executed - *sync_from_, highest - *sync_from_);
}

void Validator::watch_votes(const consensus::ReplicaView& view, std::uint64_t highest) {
  std::vector<VoteWatch::Heard> members;
  for (const auto& member : driver_->replica().set().members) {
    members.push_back({member.institution, member.institution == self
                                               ? driver_->own_last_vote()
                                               : driver_->heard_vote(member.institution)});
  }
  vote_watch_.look(around_.now().steady, view.stable, view.executed.value + kBehind < highest,
                   members);
  measures_.votes.clear();
  for (const auto& [member, counts] : vote_watch_.counts())
    measures_.votes.push_back({name_of(member.value), counts.missed, counts.late});
}

void Validator::measure_peers(const consensus::ReplicaView& view,
                              const std::vector<p2p::PeerStatus>& peers) {
  const consensus::Now now = around_.now();
  measures_.peers.clear();
  for (const auto& peer : peers) {
    PeerMeasures out{.institution = peer.institution,
                     .name = peer.name,
                     .rtt_seconds = {},
                     .clock_offset_seconds = {},
                     .queue_bytes = peer.queued_bytes,
                     .connects = peer.connects,
                     .certificate_not_after = peer.certificate_not_after,
                     .messages = {},
                     .invalid = {}};
    if (peer.state == p2p::PeerState::Connected && peer.rtt)
      out.rtt_seconds = static_cast<double>(peer.rtt->count()) / 1e6;
    const auto heard = std::ranges::find(view.peers, consensus::InstitutionId{peer.institution},
                                         &consensus::ReplicaView::Peer::institution);
    if (heard != view.peers.end() && heard->heard.us != 0 && heard->status.clock.ms != 0 &&
        peer.rtt) {
      const std::int64_t ahead_ms =
          clock_ahead_ms({.said_ms = heard->status.clock.ms,
                          .age_ms = (now.steady.us - heard->heard.us) / 1000,
                          .own_ms = now.wall.ms,
                          .rtt = *peer.rtt});
      out.clock_offset_seconds = static_cast<double>(ahead_ms) / 1e3;
    }
    for (std::size_t i = 0; i < p2p::kFamilyCount; ++i) {
      out.messages.emplace_back(
          p2p::describe(static_cast<p2p::Family>(i)),
          PeerMeasures::Traffic{peer.families[i].frames_in, peer.families[i].frames_out});
    }
    for (std::size_t i = 0; i < p2p::kRejectCount; ++i)
      out.invalid.emplace_back(p2p::describe(static_cast<p2p::Reject>(i)), peer.rejected[i]);
    const auto violations = violations_.find({peer.institution});
    for (std::size_t i = 0; i < consensus::kRejectReasons; ++i) {
      const auto reason = static_cast<consensus::RejectReason>(i);
      if (!consensus::is_violation(reason)) continue;
      out.invalid.emplace_back(consensus::name(reason),
                               violations == violations_.end() ? 0 : violations->second[i]);
    }
    measures_.peers.push_back(std::move(out));
  }
}

Measures Validator::measures() {
  Measures out;
  {
    const std::lock_guard lock(measures_mutex_);
    out = measures_;
  }
  meters_.read_into(out);
  if (signer) out.signer = "file";
  if (const auto installed = store->installed()) out.earliest_block = installed->height.value;
  return out;
}

}  // namespace giro::runtime
