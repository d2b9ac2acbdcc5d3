// Proposals and votes (ledger 5.1).
#include <algorithm>
#include <limits>

#include "crypto/keys.h"
#include "tests/unit/node/ledger/reference/rules.h"

namespace giro::ledger::reference {

// Seats whose institution is ACTIVE.
static std::set<InstId> voters(const State& state) {
  std::set<InstId> all;
  for (const auto& [inst, key] : state.seats) {
    if (state.insts.at(inst).status == InstitutionStatus::Active) all.insert(inst);
  }
  return all;
}

// Of ledger 13, with bounds; from its last column on those of the network that histories set.
struct ParamRow {
  std::string_view name;
  std::uint64_t Params::* value;
  std::uint64_t min, max;
};
constexpr std::uint64_t kSec = 1'000, kMin = 60 * kSec, kHour = 60 * kMin, kDay = 24 * kHour;
static const ParamRow kParamRows[] = {
    {"op_window", &Params::op_window_ms, kMin, 24 * kHour},
    {"outcome_retention", &Params::outcome_retention_ms, 0, 24 * kHour},
    {"payment_retention", &Params::payment_retention_ms, 35 * kDay, 800 * kDay},
    {"return_window", &Params::return_window_ms, kDay, 800 * kDay},
    {"attest_ttl", &Params::attest_ttl_ms, kMin, 24 * kHour},
    {"payment_ttl", &Params::payment_ttl_ms, 10 * kSec, 30 * kDay},
    {"payment_ttl_max", &Params::payment_ttl_max_ms, kMin, 30 * kDay},
    {"hold_ttl_max", &Params::hold_ttl_max_ms, kDay, 730 * kDay},
    {"gov_timelock", &Params::gov_timelock_ms, 0, 30 * kDay},
    {"proposal_ttl_max", &Params::proposal_ttl_max_ms, kHour, 30 * kDay},
    {"urgent_suspension", &Params::urgent_suspension_ms, kHour, 7 * kDay},
    {"sweep_max", &Params::sweep_max, 100, 20'000},
    {"sweep_delete_max", &Params::sweep_delete_max, 1'000, 200'000},
};

static const ParamRow* param_row(std::string_view name) {
  for (const ParamRow& row : kParamRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

static Code refuses_status(const State& state, const InstStatus& order, bool urgent) {
  using enum InstitutionStatus;
  const Inst* inst = look(state.insts, order.institution);
  if (inst == nullptr) return Code::InstitutionNotFound;
  const InstitutionStatus from = inst->status, to = order.status;
  const bool allowed =
      (from == Active && (to == Suspended || to == Exiting)) ||
      (from == Suspended && (to == Active || to == Exiting)) ||
      (from == Exiting && (to == Active || to == Exited)) ||
      (from == Suspended && to == Suspended && inst->suspended_until != 0 && !urgent);
  if (!allowed) return Code::UnsafeChange;
  std::set<InstId> left = voters(state);
  if (left.erase(order.institution) != 0 && to != Active && left.size() < 3)
    return Code::UnsafeChange;
  if (to != Exited) return Code::Ok;
  if (state.seats.contains(order.institution) || state.next_seats.contains(order.institution))
    return Code::UnsafeChange;
  for (const auto& [id, token] : state.tokens) {
    if (token.issuer == order.institution && token.issued != token.redeemed)
      return Code::UnsafeChange;
  }
  return Code::Ok;
}

static Code refuses_seat(const State& state, const ValidatorSetAction& order) {
  const Inst* inst = look(state.insts, order.institution);
  if (inst == nullptr) return Code::InstitutionNotFound;
  const bool sits = state.next_seats.contains(order.institution);
  const bool is_new = order.change == SeatChange::Add;
  bool bad = sits == is_new || (is_new && inst->status != InstitutionStatus::Active);
  bad = bad || state.changes + 1 > (state.seats.size() - 1) / 3;
  if (order.change == SeatChange::Remove)
    return bad || state.next_seats.size() - 1 < 4 ? Code::UnsafeChange : Code::Ok;
  bad = bad || state.used_validator_keys.contains(order.public_key);
  return bad ? Code::UnsafeChange : Code::Ok;
}

static Code refuses_param(const State& state, const ParamSet& order) {
  const ParamRow* row = param_row(order.name);
  if (row == nullptr || order.value < row->min || order.value > row->max)
    return Code::ParamOutOfRange;
  Params after = state.params;
  after.*row->value = order.value;
  const bool fits = after.payment_retention_ms >= after.return_window_ms &&
                    after.payment_ttl_ms <= after.payment_ttl_max_ms;
  return fits ? Code::Ok : Code::ParamOutOfRange;
}

Code Rules::refuses(const State& state, const GovAction& action, bool urgent) {
  Code code = Code::Ok;
  bool may_be_urgent = false;
  if (const auto* order = std::get_if<InstStatus>(&action)) {
    code = refuses_status(state, *order, urgent);
    may_be_urgent = order->status == InstitutionStatus::Suspended;
  }
  if (const auto* order = std::get_if<ValidatorSetAction>(&action)) {
    code = refuses_seat(state, *order);
    may_be_urgent = order->change != SeatChange::Add;
  }
  if (const auto* order = std::get_if<InstAdd>(&action)) {
    code = bad_policy(nullptr, Role::Admin, order->admin);
    for (const auto& [id, inst] : state.insts) {
      if (code == Code::Ok && (inst.name == order->name || inst.lei == order->lei))
        code = Code::IdInUse;
    }
  }
  if (const auto* order = std::get_if<InstKeys>(&action)) {
    const Inst* inst = look(state.insts, order->institution);
    code =
        inst == nullptr ? Code::InstitutionNotFound : bad_policy(inst, Role::Admin, order->admin);
  }
  if (const auto* order = std::get_if<ParamSet>(&action)) code = refuses_param(state, *order);
  if (urgent && !may_be_urgent && code == Code::Ok) code = Code::ParamOutOfRange;
  return code;
}

void Rules::execute(State& state, const OwnedKey& at) {
  Prop& proposal = state.proposals.at(at);
  proposal.ended = state.now;
  proposal.code = refuses(state, proposal.action, proposal.urgent);
  proposal.state = proposal.code == Code::Ok ? ProposalState::Executed : ProposalState::Failed;
  if (proposal.code != Code::Ok) return;
  if (const auto* order = std::get_if<InstAdd>(&proposal.action)) {
    Inst inst;
    inst.name = order->name;
    inst.kind = order->kind;
    inst.lei = order->lei;
    inst.bic = order->bic;
    inst.country = order->country;
    put_policy(inst, Role::Admin, order->admin);
    state.insts[state.insts.rbegin()->first + 1] = inst;
  }
  if (const auto* order = std::get_if<InstStatus>(&proposal.action)) {
    Inst& inst = state.insts.at(order->institution);
    inst.status = order->status;
    inst.suspended_until =
        proposal.urgent ? state.now + static_cast<Ms>(state.params.urgent_suspension_ms) : 0;
  }
  if (const auto* order = std::get_if<InstKeys>(&proposal.action))
    put_policy(state.insts.at(order->institution), Role::Admin, order->admin);
  if (const auto* order = std::get_if<ValidatorSetAction>(&proposal.action)) {
    ++state.changes;
    if (order->change == SeatChange::Remove) {
      state.next_seats.erase(order->institution);
    } else {
      state.next_seats[order->institution] = order->public_key;
      state.used_validator_keys.insert(order->public_key);
    }
  }
  if (const auto* order = std::get_if<ParamSet>(&proposal.action))
    state.params.*param_row(order->name)->value = order->value;
}

void Rules::tally(State& state, const OwnedKey& at) {
  Prop& proposal = state.proposals.at(at);
  const std::set<InstId> present = voters(state);
  std::size_t yes = 0, no = 0;
  for (const auto& [inst, vote] : proposal.votes) {
    if (present.contains(inst)) ++(vote ? yes : no);
  }
  if (3 * yes > 2 * present.size()) {
    proposal.state = ProposalState::Passed;
    const std::uint64_t lock = proposal.urgent ? 0 : state.params.gov_timelock_ms;
    proposal.execute_at = state.now + static_cast<Ms>(lock);
    if (lock == 0) execute(state, at);
  } else if (3 * (present.size() - no) <= 2 * present.size()) {
    proposal.state = ProposalState::Rejected;
    proposal.ended = state.now;
  }
}

static GovAction action_in(const GovPropose& order) {
  if (order.inst_add) return *order.inst_add;
  if (order.inst_status) return *order.inst_status;
  if (order.inst_keys) return *order.inst_keys;
  if (order.validator_set) return *order.validator_set;
  return order.param_set.value_or(ParamSet{});
}

std::optional<Code> Rules::need(const GovPropose&) {
  need_.add(actor_, Role::Governor, 1);
  return std::nullopt;
}
void Rules::check(const GovPropose& order) {
  const OwnedKey at(actor_, op_.op_id);
  const Code code = refuses(s_, action_in(order), order.urgent);
  f_.at(8, code, code != Code::Ok);
  f_.at(8, Code::IdInUse, s_.proposals.contains(at));
  f_.at(8, Code::TtlOutOfRange,
        order.ttl_s == 0 || std::uint64_t{order.ttl_s} * 1'000 > s_.params.proposal_ttl_max_ms);
  f_.at(8, Code::NotEligibleVoter, !voters(s_).contains(actor_));
}
void Rules::act(const GovPropose& order) {
  const OwnedKey at(actor_, op_.op_id);
  Prop proposal;
  proposal.action = action_in(order);
  proposal.urgent = order.urgent;
  proposal.votes[actor_] = true;
  proposal.expires = s_.now + Ms{order.ttl_s} * 1'000;
  s_.proposals[at] = proposal;
  tally(s_, at);
}

std::optional<Code> Rules::need(const GovVote&) {
  need_.add(actor_, Role::Governor, 1);
  return std::nullopt;
}
void Rules::check(const GovVote& order) {
  const Prop* proposal = look(s_.proposals, {order.proposer, order.prop_id});
  f_.at(8, Code::ProposalNotFound, proposal == nullptr);
  f_.at(8, Code::NotEligibleVoter, !voters(s_).contains(actor_));
  if (proposal == nullptr) return;
  f_.at(8, Code::AlreadyVoted, proposal->votes.contains(actor_));
  f_.at(8, Code::ProposalClosed,
        proposal->state != ProposalState::Open || proposal->expires <= s_.now);
}
void Rules::act(const GovVote& order) {
  const OwnedKey at(order.proposer, order.prop_id);
  s_.proposals.at(at).votes[actor_] = order.yes;
  tally(s_, at);
}

}  // namespace giro::ledger::reference
