#include "consensus/replica.h"

#include <algorithm>
#include <utility>

#include "consensus/replica_state.h"
#include "crypto/check.h"
#include "crypto/mutant.h"

namespace giro::consensus {

Replica::State::State(const Hash& id, const Member& identity, const Parameters& params,
                      const ReplicaLimits& local, const RecoveredState& recovered, Now start)
    : chain_id(id),
      self(identity.institution),
      own_key(identity.key),
      parameters(params),
      limits(local),
      set(recovered.set),
      me(set.find(identity)),
      epoch_base(recovered.epoch_base),
      first_view(recovered.first_view),
      view(recovered.view),
      new_view(recovered.new_view),
      own_change(recovered.own_change),
      abstain(recovered.abstain),
      new_view_intent(recovered.new_view_intent),
      amnesic_below(recovered.amnesic_below),
      floor_search(recovered.floor_search
                       ? std::optional(FloorSearch{*recovered.floor_search, {}, {}})
                       : std::nullopt),
      past_floor(recovered.floor),
      evidence(recovered.evidence),
      keys{recovered.key, recovered.ceilings, recovered.snapshot_votes, recovered.other_keys},
      chain(recovered.base, recovered.base_hash, recovered.base_time),
      stable(recovered.stable),
      executed(recovered.executed.height),
      handed(recovered.executed.height),
      committed(recovered.executed.height),
      executed_hash(recovered.executed_hash),
      committed_time(recovered.executed.time),
      stable_proof(recovered.stable_proof),
      high(recovered.high),
      votes(set.size()),
      timer(static_cast<std::int64_t>(params.view_timeout_base_ms) * 1000,
            static_cast<std::int64_t>(params.view_timeout_cap_ms) * 1000),
      censorship(static_cast<std::int64_t>(params.view_timeout_base_ms) * 1000),
      last_block(start.steady),
      last_commit(start.steady),
      status_due(start.steady),
      now(start) {
  catch_up.stable_since = start.steady;
  for (const InstitutionId peer : others()) peers.try_emplace(peer);
  pool.set_clock(now.wall);
  if (executed == last_height()) next_members = recovered.next_members;
  restore(recovered);
  seen = {set.epoch, view, stable, executed, committed, std::nullopt};
  settle();
  check_invariants();
}

void Replica::State::on(VerifiedMessage&& message) {
  const InstitutionId from = message.sender();
  if (from != self && !set.find(from)) {
    // Without a seat nobody is believed: what it knows of the chain proves itself.
    const auto* status = std::get_if<Status>(&message.claim());
    if (status != nullptr) return on_outsider(*status, from);
    if (const auto* query = std::get_if<QueryStable>(&message.claim())) return on(*query, from);
    const auto* segment = std::get_if<ChainSegment>(&message.claim());
    const bool is_answer = segment != nullptr && catch_up.asked && catch_up.asked->peer == from;
    if (!is_answer) return refuse(RejectReason::NotMember);
  }
  std::visit(
      [&](const auto& claim) {
        using Kind = std::remove_cvref_t<decltype(claim)>;
        constexpr bool is_signed_by_us = std::is_same_v<Kind, Vote> ||
                                         std::is_same_v<Kind, ProvenViewChange> ||
                                         std::is_same_v<Kind, NewView>;
        if constexpr (!is_signed_by_us) {
          if (from == self) return refuse(RejectReason::FromSelf);
        }
        constexpr bool carries_blocks = std::is_same_v<Kind, PrePrepare> ||
                                        std::is_same_v<Kind, CertifiedBlocks> ||
                                        std::is_same_v<Kind, ChainSegment>;
        if (carries_blocks && storage_low) return refuse(RejectReason::StorageLow);
        on(claim, from);
      },
      message.claim());
}

void Replica::State::on(Leaving) {
  leaving = true;
  if (is_primary() && may_vote()) suspect(SuspectReason::Leaving);
}

// Whoever leads hands over first: the others need not wait for their timers.
void Replica::State::on(StorageSpace space) {
  if (space.low == storage_low) return;
  if (space.low) {
    if (is_primary()) suspect(SuspectReason::Leaving);
    storage_low = true;
    return emit(EventType::VotesPaused, committed);
  }
  storage_low = false;
  if (is_primary() && !leaving) end_suspicion(SuspectReason::Leaving);  // its own, no one else's
  emit(EventType::VotesResumed, committed);
  if (!may_vote()) return;
  attest_executed();
  for (const auto& [height, certificate] : prepared) vote_commit(height);
}

// What follows from any input, in the order in which one step enables the next.
void Replica::State::settle() {
  pool.set_clock(now.wall);
  find_floor();
  end_amnesia();
  link_anchor();
  accept_waiting();
  vote_prepare();
  execute();
  propose();
  ask_for_payload();
  ask_for_anchor();
  ask_for_chain();
  watch_censorship();
  watch_stragglers();
  run_timer();
  change_views();
  make_new_view();
  timer.set_work(has_work(), now.steady);  // as it is after all that
  if (now.steady >= status_due) send_status();
}

void Replica::State::refuse(RejectReason reason) {
  GIRO_CHECK(reason != RejectReason::None && reason < RejectReason::Count);
  ++rejects[static_cast<std::size_t>(reason)];
}

void Replica::State::emit(EventType type, Height height, const Hash& hash, std::uint32_t detail) {
  out.events.push_back({type, set.epoch, view, height, hash, detail});
}

void Replica::State::send(Message message, std::optional<InstitutionId> to) {
  out.send.push_back({to, std::move(message)});
}

std::vector<InstitutionId> Replica::State::others() const {
  std::vector<InstitutionId> ids;
  for (const Member& member : set.members) {
    if (member.institution != self) ids.push_back(member.institution);
  }
  return ids;
}

Height Replica::State::high_water() const {
  if (GIRO_MUTANT(8)) return last_height();
  return std::min(Height{stable.value + parameters.window}, last_height());
}

Height Replica::State::kept_up_to() const {
  return std::min(Height{stable.value + kWindowsAhead * parameters.window}, last_height());
}

// Idle: everything is committed and the next block has room. Then one is due after so many idle
// intervals.
bool Replica::State::is_idle_due(std::int64_t intervals, Instant since) const {
  if (chain.tip() > committed || committed >= high_water()) return false;
  const auto interval_us = static_cast<std::int64_t>(parameters.idle_block_interval_ms) * 1000;
  return now.steady.us - since.us >= intervals * interval_us;
}

std::optional<Instant> Replica::State::next_deadline() const {
  Instant next = status_due;
  // What is past was looked at in this step, and waits for something else than time.
  const auto sooner = [&](std::optional<Instant> other) {
    if (other && *other > now.steady) next = std::min(next, *other);
  };
  sooner(timer.deadline());
  sooner(waiting_until);
  sooner(requests.due());
  if (catch_up.asked) sooner(catch_up.asked->deadline);
  if (anchor_fetch) sooner(anchor_fetch->deadline);
  if (changes_since && stage == Stage::Waiting) sooner(new_view_due());
  if (is_primary() && may_order() && chain.tip() < high_water()) {
    if (chain.tip() == committed) {
      sooner(Instant{last_block.us +
                     static_cast<std::int64_t>(parameters.idle_block_interval_ms) * 1000});
    }
    if (pool.available_count() > 0) sooner(linger_until());
  }
  return next;
}

ReplicaView Replica::State::make_view() const {
  ReplicaView result;
  result.epoch = set.epoch;
  result.view = view;
  result.primary = set.primary(view);
  result.stable = stable;
  result.executed = executed;
  result.committed = committed;
  result.prepared = prepared.empty() ? committed : std::max(committed, prepared.rbegin()->first);
  result.tip = chain.tip();
  result.suspecting = is_suspecting();
  result.changing_view = stage != Stage::Active;
  result.member = me.has_value();
  result.voting = may_order();
  result.diverged = diverged;
  result.is_broken = breach.has_value();
  result.storage_low = storage_low;
  result.amnesic_below = amnesic_below;
  if (floor_search)
    result.floor_search = {floor_search->answers.size(), set.quorum(), floor_search->found};
  result.available_batches = pool.available_count();
  result.available_bytes = pool.available_bytes();
  const Height open{committed.value + 1};
  result.prepare_votes = votes.held(VoteKind::Prepare, view, open);
  result.commit_votes = votes.held(VoteKind::Commit, view, open);
  result.view_timeout_us = timer.timeout_us();
  for (const auto& [id, peer] : peers) {
    result.peers.push_back({id, peer.last_vote, peer.status.value_or(Status{}), peer.heard});
  }
  for (const auto& [id, peer] : outsiders) {
    if (peer.status->epoch > set.epoch)
      result.outsiders.push_back({id, peer.last_vote, *peer.status, peer.heard});
  }
  return result;
}

Replica::Replica(const Hash& chain, const Member& self, const Parameters& parameters,
                 const ReplicaLimits& limits, RecoveredState state, Now now)
    : state_(std::make_unique<State>(chain, self, parameters, limits, state, now)) {}
Replica::~Replica() = default;
Replica::Replica(Replica&&) noexcept = default;

void Replica::step(Now now, Input input) noexcept {
  GIRO_CHECK(now.steady >= state_->now.steady, now.steady.us, state_->now.steady.us);
  state_->now = now;
  std::visit([this](auto&& kind) { state_->on(std::move(kind)); }, std::move(input));
  state_->settle();
  state_->check_invariants();
}

Output Replica::take_output() noexcept {
  return std::exchange(state_->out, {});
}

std::optional<Instant> Replica::next_deadline() const noexcept {
  return state_->next_deadline();
}

bool Replica::wants(const Vote& vote) const noexcept {
  const State& state = *state_;
  const VoteContent& content = vote.content;
  if (state.place_reason(content) != RejectReason::None) return false;
  const Vote* known = state.votes.find(content.kind, content.view, content.height, vote.voter);
  if (known != nullptr) return known->content.digest != content.digest;  // evidence
  if (content.kind == VoteKind::Prepare)
    return content.view != state.view || !state.prepared.contains(content.height);
  // Of a quorum for another block than the committed one each vote counts (R11).
  const auto commit = state.commits.find(content.height);
  return content.kind != VoteKind::Commit || commit == state.commits.end() ||
         commit->second.content.digest != content.digest;
}

bool Replica::wants(const ProvenViewChange& message) const noexcept {
  const State& state = *state_;
  const ViewChange& change = message.change;
  if (change.epoch != state.set.epoch || change.view < state.view) return false;
  if (change.view == state.view && state.stage != Stage::Waiting) return false;
  const auto known = state.changes.find(change.voter);
  return known == state.changes.end() || known->second.change.view < change.view;
}

bool Replica::wants(const NewView& message) const noexcept {
  const State& state = *state_;
  if (message.epoch != state.set.epoch || message.view < state.view) return false;
  return message.view > state.view || !state.new_view ||
         state.new_view->signature != message.signature;
}

bool Replica::wants(const ChainSegment&, InstitutionId from) const noexcept {
  const State& state = *state_;
  return state.set.find(from) || (state.catch_up.asked && state.catch_up.asked->peer == from);
}

bool Replica::wants(const Batch& batch) const noexcept {
  return state_->requests.find(batch.id) != nullptr;
}

bool Replica::wants(const ReplyStable& reply, InstitutionId from) const noexcept {
  const std::optional<FloorSearch>& search = state_->floor_search;
  return search && search->number == reply.number && !search->answers.contains(from);
}

const ValidatorSet& Replica::set() const noexcept {
  return state_->set;
}
bool Replica::is_member() const noexcept {
  return state_->me.has_value();
}
std::uint64_t Replica::unordered_own_batches() const noexcept {
  return state_->pool.unordered_count(state_->self);
}
std::uint64_t Replica::own_quota_left() const noexcept {
  const std::uint64_t used = state_->pool.unordered_bytes(state_->self) + kBatchOverheadBytes;
  return state_->parameters.author_quota - std::min(used, state_->parameters.author_quota);
}
bool Replica::may_sign() const noexcept {
  return state_->may_sign();
}
bool Replica::may_vote() const noexcept {
  return state_->may_vote();
}
Height Replica::stable() const noexcept {
  return state_->stable;
}
const RejectCounts& Replica::rejects() const noexcept {
  return state_->rejects;
}
ReplicaView Replica::view() const {
  return state_->make_view();
}

}  // namespace giro::consensus
