#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {

namespace {

ValidatorSetAction& seat_of(GovPropose& action) {
  return *action.validator_set;
}

Given validators(std::function<void(ValidatorSet&)> change) {
  return [=](World& world) { world.edit<ValidatorSet>(validator_set_key(0), change); };
}
// What another proposal of this epoch has changed already.
Given changed_once() {
  return validators([](ValidatorSet& set) {
    set.next = set.members;
    set.next[1].key = validator_key("other").public_key();
    set.changes = 1;
  });
}
// Seven members, so that two seats may change.
Given seven() {
  return validators([](ValidatorSet& set) {
    for (const InstId inst : {6U, 7U, 8U}) {
      set.members.push_back({inst, validator_key("seat " + std::to_string(inst)).public_key()});
    }
  });
}

void add_propose_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "GOV_PROPOSE";
  const auto change = [](std::function<void(GovPropose&)> f) {
    return changed<GovPropose>(kOp, std::move(f));
  };
  const auto proposes = [change](SeatChange what, InstId inst) {
    return change([=](auto& p) { p = seat_proposal(what, inst); });
  };
  const auto by = [](InstId inst) {
    return [inst](World& world) {
      Signed proposal = sample(kOp, world);
      proposal.operation.actor = inst;
      proposal.keys = {&key(inst, Role::Governor)};
      return proposal;
    };
  };
  const auto removes_a = change([](auto& p) {
    p = seat_proposal(SeatChange::Remove, kA);
    p.urgent = true;
  });
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "a fifth seat", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "another key", {}, proposes(SeatChange::Replace, kB)},
          {kOp, Code::Ok, "a suspended one keeps its seat, and may have another key",
           status(kB, InstitutionStatus::Suspended), proposes(SeatChange::Replace, kB)},
          {kOp, Code::Ok, "one of seven, at once", seven(), removes_a},
          {kOp, Code::Ok, "two of seven in one epoch", both(seven(), changed_once()),
           as_sampled(kOp)},
          {kOp, Code::Malformed, "no action", {}, change([](auto& p) { p.validator_set.reset(); })},
          {kOp, Code::Malformed, "no institution", {}, change([](auto& p) {
             seat_of(p).institution = 0;
           })},
          {kOp, Code::Malformed, "a seat without a key", {}, change([](auto& p) {
             seat_of(p).public_key = {};
           })},
          {kOp, Code::Malformed, "a key that is no point", {}, change([](auto& p) {
             seat_of(p).public_key.bytes.fill(std::byte{5});
           })},
          {kOp, Code::Malformed, "a removal with a key", {}, change([](auto& p) {
             seat_of(p).change = SeatChange::Remove;
           })},
          {kOp, Code::InstitutionNotFound, "nobody's seat", {}, proposes(SeatChange::Add, 77)},
          {kOp, Code::IdInUse, "a proposal has this id",
           [](World& world) {
             const Signed proposal = sample(kOp, world);
             world.edit<Proposal>(proposal_key(kA, proposal.operation.op_id), [](Proposal& record) {
               record.action_type = ValidatorSetAction::kType;
             });
           },
           as_sampled(kOp)},
          {kOp, Code::TtlOutOfRange, "no time to vote", {}, change([](auto& p) { p.ttl_s = 0; })},
          {kOp, Code::TtlOutOfRange, "one second above proposal_ttl_max", {}, change([](auto& p) {
             p.ttl_s = 7 * 86'400 + 1;
           })},
          {kOp, Code::Ok, "proposal_ttl_max", {}, change([](auto& p) { p.ttl_s = 7 * 86'400; })},
          {kOp, Code::NotEligibleVoter, "no seat", {}, by(kS)},
          {kOp, Code::NotEligibleVoter, "a seat, and not active",
           status(kB, InstitutionStatus::Exiting), by(kB)},
          {kOp, Code::UnsafeChange, "it has a seat", {}, proposes(SeatChange::Add, kB)},
          {kOp, Code::UnsafeChange, "not active", status(kS, InstitutionStatus::Exiting),
           as_sampled(kOp)},
          {kOp, Code::UnsafeChange, "three would be left", {}, proposes(SeatChange::Remove, kB)},
          {kOp, Code::UnsafeChange, "it has no seat to lose", seven(),
           proposes(SeatChange::Remove, kS)},
          {kOp,
           Code::UnsafeChange,
           "it has no seat to sit in with another key",
           {},
           proposes(SeatChange::Replace, kS)},
          {kOp, Code::UnsafeChange, "a second change of four in one epoch", changed_once(),
           as_sampled(kOp)},
          {kOp, Code::UnsafeChange, "a third of seven",
           both(seven(), both(changed_once(), validators([](auto& set) { set.changes = 2; }))),
           as_sampled(kOp)},
          {kOp, Code::UnsafeChange, "a key that was a validator's before",
           [](World& world) {
             world.edit<UsedValidatorKey>(
                 used_validator_key_key(validator_key("new seat").public_key()),
                 [](UsedValidatorKey& record) { record.institution = kD; });
           },
           as_sampled(kOp)},
          {kOp, Code::UnsafeChange, "its own present key", {}, change([](auto& p) {
             p = seat_proposal(SeatChange::Replace, kB, "bank-b");
           })},
          {kOp, Code::ParamOutOfRange, "a new seat is never urgent", {}, change([](auto& p) {
             p.urgent = true;
           })},
          {kOp, Code::InvariantViolation, "a change that leaves a set that is not safe",
           both(both(status(kB, InstitutionStatus::Suspended),
                     status(kC, InstitutionStatus::Suspended)),
                both(status(kD, InstitutionStatus::Suspended), validators([](auto& set) {
                       set.next = set.members;
                       set.next.pop_back();
                     }))),
           proposes(SeatChange::Replace, kB), false},
      });
}

void add_vote_rules(std::vector<Rule>& rules) {
  static constexpr std::string_view kOp = "GOV_VOTE";
  const auto change = [](std::function<void(GovVote&)> f) {
    return changed<GovVote>(kOp, std::move(f));
  };
  const auto proposal = [](std::function<void(Proposal&)> f) -> Given {
    return [f](World& world) {
      const Signed vote = sample(kOp, world);
      const auto& body = std::get<GovVote>(vote.operation.action);
      world.edit<Proposal>(proposal_key(body.proposer, body.prop_id), f);
    };
  };
  rules.insert(
      rules.end(),
      {
          {kOp, Code::Ok, "yes", {}, as_sampled(kOp)},
          {kOp, Code::Ok, "no", {}, change([](auto& v) { v.yes = false; })},
          {kOp, Code::Malformed, "no proposer", {}, change([](auto& v) { v.proposer = 0; })},
          {kOp, Code::BadId, "no proposal", {}, change([](auto& v) { v.prop_id = {}; })},
          {kOp, Code::ProposalNotFound, "another one's id", {}, change([](auto& v) {
             v.proposer = kC;
           })},
          {kOp,
           Code::AlreadyVoted,
           "the proposer's yes came with the proposal",
           {},
           [](World& world) {
             Signed vote = sample(kOp, world);
             vote.operation.actor = kB;
             vote.keys = {&key(kB, Role::Governor)};
             return vote;
           }},
          {kOp, Code::ProposalClosed, "it is over", proposal([](auto& p) {
             p.state = ProposalState::Rejected;
             p.ended_at = kGenesisTime;
           }),
           as_sampled(kOp), false},
          {kOp, Code::ProposalClosed, "its time is over, swept or not",
           proposal([](auto& p) { p.expires_at = {kGenesisTime.value + 2'000}; }), as_sampled(kOp),
           false},
          {kOp,
           Code::NotEligibleVoter,
           "no seat",
           {},
           [](World& world) {
             Signed vote = sample(kOp, world);
             vote.operation.actor = kS;
             vote.keys = {&key(kS, Role::Governor)};
             return vote;
           }},
          {kOp, Code::InvariantViolation, "it passes a change of a set that is not safe",
           both(proposal([](auto& p) {
                  p.votes.push_back({kC, true});
                  p.votes.push_back({kD, true});
                }),
                validators([](auto& set) { set.next = {set.members[0], set.members[1]}; })),
           as_sampled(kOp), false},
      });
}

}  // namespace

void add_governance_rules(std::vector<Rule>& rules) {
  add_propose_rules(rules);
  add_vote_rules(rules);
}

}  // namespace giro::ledger::demo
