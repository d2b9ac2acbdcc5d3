// GOV_PROPOSE and GOV_VOTE (ledger 5.1): the consortium decides by vote, one for each seat.
#include "node/ledger/operations/governance.h"

#include <algorithm>

#include "node/ledger/operations/parties.h"
#include "node/ledger/operations/retention.h"
#include "node/ledger/query.h"

namespace giro::ledger {

namespace {

// A proposal and where it stands.
struct Place {
  InstId proposer{};
  PropId id{};
  Cell<Proposal>* cell = nullptr;
  [[nodiscard]] Proposal& edit(Effects& effects) const { return effects.overlay.edit(*cell); }
  [[nodiscard]] Key deadline(TimeMs at) const {
    return deadline_key(at, DeadlineKind::Proposal, proposal_key(proposer, id));
  }
};

// nullptr: there is none, or it is past its retention.
Cell<Proposal>* find_proposal(Effects& effects, InstId proposer, const PropId& id) {
  Cell<Proposal>* cell = effects.overlay.find<Proposal>(proposal_key(proposer, id));
  if (cell == nullptr || is_past_retention(effects.params, cell->value, effects.block.time))
    return nullptr;
  return cell;
}

// The one action of a proposal; nullopt: none, or several.
std::optional<GovAction> action_of(const GovPropose& proposal) {
  std::optional<GovAction> out;
  std::size_t actions = 0;
  const auto take = [&](const auto& action) {
    if (!action) return;
    out = *action;
    ++actions;
  };
  take(proposal.inst_add);
  take(proposal.inst_status);
  take(proposal.inst_keys);
  take(proposal.validator_set);
  take(proposal.param_set);
  return actions == 1 ? out : std::nullopt;
}

// To stop what does harm: a suspension, a seat that goes or gets another key.
bool may_be_urgent(const GovAction& action) {
  if (const auto* status = std::get_if<InstStatus>(&action))
    return status->status == InstitutionStatus::Suspended;
  const auto* seat = std::get_if<ValidatorSetAction>(&action);
  return seat != nullptr && seat->change != SeatChange::Add;
}

ProposalEvent event_of(const Place& place) {
  const Proposal& record = place.cell->value;
  return {.proposer = place.proposer,
          .id = place.id,
          .action_type = record.action_type,
          .action = record.action,
          .urgent = record.urgent,
          .state = record.state,
          .expires_at = record.expires_at,
          .execute_at = record.execute_at,
          .code = record.code};
}

void close(Effects& effects, const Place& place, ProposalState state, Code code = Code::Ok) {
  Proposal& record = place.edit(effects);
  record.state = state;
  record.code = static_cast<std::uint32_t>(code);
  record.ended_at = effects.block.time;
  keep_for_retention(effects, RetentionKind::Proposal, proposal_key(place.proposer, place.id),
                     *retained_until(effects.params, record));
  effects.emit(EventType::ProposalClosed, event_of(place), {});
}

// FAILED if the checks do not hold any more.
Code execute(Effects& effects, const Place& place) {
  const bool urgent = place.cell->value.urgent;
  const std::optional<GovAction> action = action_of(place.cell->value);
  if (!action) return Code::InvariantViolation;
  const Code code =
      std::visit([&](const auto& each) { return check_change(effects, each, urgent); }, *action);
  if (code == Code::Ok)
    std::visit([&](const auto& each) { make_change(effects, each, urgent); }, *action);
  close(effects, place, code == Code::Ok ? ProposalState::Executed : ProposalState::Failed, code);
  return Code::Ok;
}

Code pass(Effects& effects, const Place& place) {
  Proposal& record = place.edit(effects);
  effects.overlay.rows().erase(place.deadline(record.expires_at));
  const std::uint64_t wait = record.urgent ? 0 : effects.params.gov_timelock_ms;
  record.execute_at = add_ms(effects.block.time, wait);
  if (wait == 0) return execute(effects, place);
  record.state = ProposalState::Passed;
  effects.overlay.rows().put(place.deadline(record.execute_at));
  return Code::Ok;
}

// Over the voters of this moment: who lost seat or standing does not count.
Code tally(Effects& effects, const Place& place) {
  const Cell<ValidatorSet>* set =
      effects.overlay.find<ValidatorSet>(validator_set_key(effects.epoch()));
  if (set == nullptr) return Code::InvariantViolation;
  const auto voters = static_cast<std::size_t>(std::ranges::count_if(
      set->value.members,
      [&effects](const Validator& member) { return is_voter(effects, member.institution); }));
  std::size_t yes = 0;
  std::size_t no = 0;
  for (const Vote& vote : place.cell->value.votes) {
    if (is_voter(effects, vote.institution)) ++(vote.yes ? yes : no);
  }
  if (3 * yes > 2 * voters) return pass(effects, place);
  if (3 * (voters - no) <= 2 * voters) {
    effects.overlay.rows().erase(place.deadline(place.cell->value.expires_at));
    close(effects, place, ProposalState::Rejected);
  }
  return Code::Ok;
}

}  // namespace

bool is_voter(Effects& effects, InstId institution) {
  const Cell<ValidatorSet>* set =
      effects.overlay.find<ValidatorSet>(validator_set_key(effects.epoch()));
  if (set == nullptr) return false;
  const auto& members = set->value.members;
  if (std::ranges::find(members, institution, &Validator::institution) == members.end())
    return false;
  const Institution* record = find_institution(effects.overlay, institution);
  return record != nullptr && record->status == InstitutionStatus::Active;
}

Code run_proposal_deadline(Effects& effects, ByteView subject) {
  constexpr std::size_t kInstitution = 4;
  if (subject.size() != kInstitution + sizeof(PropId::bytes)) return Code::InvariantViolation;
  Place place{.proposer = crypto::Reader(subject).u32(), .id = {}, .cell = nullptr};
  std::ranges::copy(subject.subspan(kInstitution), place.id.bytes.begin());
  place.cell = effects.overlay.find<Proposal>(Key(Table::Proposal).raw(subject));
  if (place.cell == nullptr) return Code::InvariantViolation;
  const Proposal& record = place.cell->value;
  if (record.state == ProposalState::Passed) {
    effects.overlay.rows().erase(place.deadline(record.execute_at));
    return execute(effects, place);
  }
  if (record.state != ProposalState::Open) return Code::InvariantViolation;
  effects.overlay.rows().erase(place.deadline(record.expires_at));
  close(effects, place, ProposalState::Expired);
  return Code::Ok;
}

// ---- GOV_PROPOSE ----

Code check(const Operation&, const GovPropose& action) {
  const std::optional<GovAction> change = action_of(action);
  if (!change) return Code::Malformed;
  return std::visit([](const auto& each) { return check_form(each); }, *change);
}

Code require(Run& run, const GovPropose&) {
  run.requirements.add(run.actor(), Role::Governor, 1);
  return Code::Ok;
}

Verdict run(Run& run, const GovPropose& action) {
  Effects& effects = run.effects;
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  // step 8
  const PropId id = run.operation.op_id();
  const GovAction change = *action_of(action);
  const std::uint64_t ttl_ms = std::uint64_t{action.ttl_s} * 1'000;
  const Code lowest =
      Lowest()
          .when(find_proposal(effects, run.actor(), id) != nullptr, Code::IdInUse)
          .when(ttl_ms == 0 || ttl_ms > effects.params.proposal_ttl_max_ms, Code::TtlOutOfRange)
          .when(!is_voter(effects, run.actor()), Code::NotEligibleVoter)
          .when(action.urgent && !may_be_urgent(change), Code::ParamOutOfRange)
          .also(std::visit(
              [&](const auto& each) { return check_change(effects, each, action.urgent); }, change))
          .code();
  if (lowest != Code::Ok) return lowest;

  Cell<Proposal>& cell = effects.overlay.create<Proposal>(proposal_key(run.actor(), id));
  cell.value = {.action_type = 0,
                .action = {},
                .urgent = action.urgent,
                .votes = {{.institution = run.actor(), .yes = true}},
                .state = ProposalState::Open,
                .expires_at = add_ms(run.now(), ttl_ms),
                .execute_at = {},
                .code = 0,
                .ended_at = {}};
  std::visit(
      [&cell]<class T>(const T& each) {
        cell.value.action_type = T::kType;
        cell.value.action = wire::encode(each);
      },
      change);
  const Place place{.proposer = run.actor(), .id = id, .cell = &cell};
  effects.overlay.rows().put(place.deadline(cell.value.expires_at));
  effects.emit(EventType::ProposalOpened, event_of(place), {});
  return tally(effects, place);
}

// ---- GOV_VOTE ----

Code check(const Operation&, const GovVote& action) {
  return Lowest()
      .when(action.proposer == 0, Code::Malformed)
      .when(!is_valid(action.prop_id), Code::BadId)
      .code();
}

Code require(Run& run, const GovVote&) {
  run.requirements.add(run.actor(), Role::Governor, 1);
  return Code::Ok;
}

Verdict run(Run& run, const GovVote& action) {
  Effects& effects = run.effects;
  // step 7
  if (has_suspended_signer(run)) return Code::AgentSuspended;
  // step 8
  Cell<Proposal>* cell = find_proposal(effects, action.proposer, action.prop_id);
  if (cell == nullptr) return Code::ProposalNotFound;
  const Proposal& known = cell->value;
  const bool has_voted =
      std::ranges::find(known.votes, run.actor(), &Vote::institution) != known.votes.end();
  const bool is_closed = known.state != ProposalState::Open || run.now() >= known.expires_at;
  const Code lowest = Lowest()
                          .when(has_voted, Code::AlreadyVoted)
                          .when(is_closed, Code::ProposalClosed)
                          .when(!is_voter(effects, run.actor()), Code::NotEligibleVoter)
                          .code();
  if (lowest != Code::Ok) return lowest;

  effects.overlay.edit(*cell).votes.push_back({.institution = run.actor(), .yes = action.yes});
  effects.emit(EventType::VoteCast,
               VoteCastEvent{.proposer = action.proposer,
                             .id = action.prop_id,
                             .institution = run.actor(),
                             .yes = action.yes},
               {});
  return tally(effects, {.proposer = action.proposer, .id = action.prop_id, .cell = cell});
}

}  // namespace giro::ledger
