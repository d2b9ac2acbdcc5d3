// Proposals over time: votes, timelock, expiry, and the seats of the next epoch
// (ledger 5.1, 15.13).
#include <gtest/gtest.h>

#include "node/ledger/events.h"
#include "tests/unit/node/ledger/demo.h"

namespace giro::ledger::demo {
namespace {

constexpr std::uint64_t kProposal = 700;

Genesis short_epochs(std::uint64_t timelock_ms = 0) {
  Genesis genesis = demo_genesis();
  set_epoch_blocks(genesis, 10);
  genesis.params.gov_timelock_ms = timelock_ms;
  return genesis;
}

Signed propose(World& world, InstId actor, std::uint64_t id, const GovPropose& proposal) {
  return operation(actor, id, proposal, {&key(actor, Role::Governor)}, world.now);
}
Signed vote(World& world, InstId actor, std::uint64_t op, std::uint64_t proposal, InstId proposer,
            bool yes = true) {
  return operation(actor, op, GovVote{.proposer = proposer, .prop_id = uetr(proposal), .yes = yes},
                   {&key(actor, Role::Governor)}, world.now);
}

Proposal proposal_of(const World& world, InstId proposer, std::uint64_t id) {
  const auto found = query_proposal(world.state, proposer, uetr(id));
  EXPECT_TRUE(found.has_value());
  return found.value_or(Proposal{});
}
std::vector<InstId> seats(const World& world, std::uint64_t epoch) {
  std::vector<InstId> out;
  const auto set = query_validators(world.state, epoch);
  for (const Validator& member : set ? set->members : std::vector<Validator>{})
    out.push_back(member.institution);
  return out;
}
std::uint64_t epoch_of(const World& world) {
  return world.height == 0 ? 0 : (world.height - 1) / 10;
}
// Passes with the votes of A, B and C.
void decide(World& world, std::uint64_t id, const GovPropose& proposal) {
  EXPECT_EQ(world.run(propose(world, kA, id, proposal)).code, Code::Ok);
  EXPECT_EQ(world.run(vote(world, kB, id + 1, id, kA)).code, Code::Ok);
  EXPECT_EQ(world.run(vote(world, kC, id + 2, id, kA)).code, Code::Ok);
}
void end_epoch(World& world) {
  const std::uint64_t epoch = epoch_of(world);
  while (world.height % 10 != 0) world.wait(1'000);
  EXPECT_EQ(epoch_of(world), epoch);
}
std::size_t count_of(const std::vector<Event>& events, EventType type) {
  return static_cast<std::size_t>(std::ranges::count_if(
      events, [type](const Event& each) { return each.type == static_cast<std::uint16_t>(type); }));
}

TEST(Governance, more_than_two_thirds_of_the_voters_pass_a_proposal) {
  World world(short_epochs());
  const Outcome opened =
      world.run(propose(world, kA, kProposal, seat_proposal(SeatChange::Add, kS)));
  EXPECT_EQ(count_of(opened.events, EventType::ProposalOpened), 1U);
  EXPECT_EQ(proposal_of(world, kA, kProposal).votes.size(), 1U);  // the proposer's yes
  world.run(vote(world, kB, 701, kProposal, kA));
  EXPECT_EQ(proposal_of(world, kA, kProposal).state, ProposalState::Open);  // two of four
  const Outcome third = world.run(vote(world, kD, 702, kProposal, kA));
  EXPECT_EQ(count_of(third.events, EventType::VoteCast), 1U);
  EXPECT_EQ(count_of(third.events, EventType::ValidatorSetChanged), 1U);
  EXPECT_EQ(count_of(third.events, EventType::ProposalClosed), 1U);
  EXPECT_EQ(proposal_of(world, kA, kProposal).state, ProposalState::Executed);
  EXPECT_EQ(world.run(vote(world, kC, 703, kProposal, kA)).code, Code::ProposalClosed);
}

// One institution of a low id could push what others propose out of the list that operators vote
// by.
TEST(Governance, what_is_undecided_is_listed_before_what_is_over) {
  World world(short_epochs());
  decide(world, 700, seat_proposal(SeatChange::Add, kS));
  end_epoch(world);
  world.run(propose(world, kB, 710, seat_proposal(SeatChange::Remove, kD)));
  const auto all = query_proposals(world.state, 10);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].proposer, kB);
  EXPECT_EQ(all[1].proposer, kA);
  const auto one = query_proposals(world.state, 1);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].record.state, ProposalState::Open);
}

TEST(Governance, Scenario_13_a_seat_for_E_then_D_removed) {
  World world(short_epochs());
  decide(world, 700, seat_proposal(SeatChange::Add, kS));
  EXPECT_EQ(seats(world, 0), (std::vector<InstId>{kA, kB, kC, kD}));  // pending
  // A second change in that epoch.
  EXPECT_EQ(world.run(propose(world, kB, 710, seat_proposal(SeatChange::Replace, kB, "b2"))).code,
            Code::UnsafeChange);
  end_epoch(world);
  EXPECT_EQ(seats(world, 1), (std::vector<InstId>{kA, kB, kC, kD, kS}));
  EXPECT_EQ(query_validators(world.state, 1)->changes, 0U);
  EXPECT_EQ(world.run(propose(world, kS, 720, seat_proposal(SeatChange::Remove, kD))).code,
            Code::Ok);  // the new member may
  EXPECT_EQ(world.run(vote(world, kA, 721, 720, kS)).code, Code::Ok);
  EXPECT_EQ(world.run(vote(world, kB, 722, 720, kS)).code, Code::Ok);
  EXPECT_EQ(proposal_of(world, kS, 720).state, ProposalState::Open);  // three of five are too few
  EXPECT_EQ(world.run(vote(world, kD, 723, 720, kS, false)).code, Code::Ok);  // it still votes
  EXPECT_EQ(world.run(vote(world, kC, 724, 720, kS)).code, Code::Ok);
  EXPECT_EQ(proposal_of(world, kS, 720).state, ProposalState::Executed);
  const auto left = query_institution(world.state, kD);
  EXPECT_EQ(left->observer_key, query_validators(world.state, 1)->members[3].key);
  end_epoch(world);
  EXPECT_EQ(seats(world, 2), (std::vector<InstId>{kA, kB, kC, kS}));
  world.run(propose(world, kA, 730, seat_proposal(SeatChange::Add, kD, "d2")));
  EXPECT_EQ(world.run(vote(world, kD, 731, 730, kA)).code, Code::NotEligibleVoter);  // 803
  end_epoch(world);
  EXPECT_EQ(seats(world, 3), (std::vector<InstId>{kA, kB, kC, kS}));  // nothing passed: as before
}

TEST(Governance, the_last_block_of_an_epoch_can_still_change_the_next_set) {
  World world(short_epochs());
  world.run(propose(world, kA, 700, seat_proposal(SeatChange::Replace, kB, "b2")));
  world.run(vote(world, kB, 701, 700, kA));
  while (world.height % 10 != 9) world.wait(1'000);
  world.run(vote(world, kC, 702, 700, kA));
  ASSERT_EQ(world.height, 10U);
  const auto set = query_validators(world.state, 1);
  EXPECT_EQ(set->members[1].key, validator_key("b2").public_key());
  EXPECT_EQ(set->changes, 0U);
  EXPECT_TRUE(set->next.empty());
}

TEST(Governance, a_key_never_comes_back) {
  World world(short_epochs());
  decide(world, 700, seat_proposal(SeatChange::Replace, kB, "b2"));
  end_epoch(world);
  decide(world, 710, seat_proposal(SeatChange::Replace, kB, "b3"));
  end_epoch(world);
  const Signed again = propose(world, kA, 720, seat_proposal(SeatChange::Replace, kB, "b2"));
  EXPECT_EQ(world.run(again).code, Code::UnsafeChange);
}

TEST(Governance, no_can_reject_and_time_can_end_it) {
  World world(short_epochs());
  world.run(propose(world, kA, 700, seat_proposal(SeatChange::Add, kS)));
  world.run(vote(world, kB, 701, 700, kA, false));
  const Outcome last = world.run(vote(world, kC, 702, 700, kA, false));
  EXPECT_EQ(count_of(last.events, EventType::ProposalClosed), 1U);
  EXPECT_EQ(proposal_of(world, kA, 700).state, ProposalState::Rejected);

  world.run(propose(world, kA, 710, seat_proposal(SeatChange::Add, kS)));
  world.wait(3'600'000);
  EXPECT_EQ(proposal_of(world, kA, 710).state, ProposalState::Expired);
  EXPECT_EQ(count_of(world.sweep_events, EventType::ProposalClosed), 1U);
  world.wait(3'600'000);  // and is not swept again
  EXPECT_EQ(count_of(world.sweep_events, EventType::ProposalClosed), 0U);
}

TEST(Governance, votes_of_those_who_lost_their_standing_do_not_count) {
  World world(short_epochs());
  world.run(propose(world, kA, 700, seat_proposal(SeatChange::Add, kS)));
  world.run(vote(world, kB, 701, 700, kA));
  world.edit<Institution>(institution_key(kB), [](Institution& record) {
    record.status = InstitutionStatus::Suspended;
  });
  world.run(vote(world, kC, 702, 700, kA));
  // A and C of A, C, D: two of three are not more than two thirds.
  EXPECT_EQ(proposal_of(world, kA, 700).state, ProposalState::Open);
  world.run(vote(world, kD, 703, 700, kA));
  EXPECT_EQ(proposal_of(world, kA, 700).state, ProposalState::Executed);
}

TEST(Governance, a_timelock_is_waited_for_and_the_checks_are_made_again) {
  World world(short_epochs(60'000));
  decide(world, 700, seat_proposal(SeatChange::Add, kS));
  EXPECT_EQ(proposal_of(world, kA, 700).state, ProposalState::Passed);
  EXPECT_EQ(world.run(vote(world, kD, 709, 700, kA)).code, Code::ProposalClosed);
  world.run(propose(world, kA, 710, seat_proposal(SeatChange::Replace, kB, "b2")));
  GovPropose urgent = seat_proposal(SeatChange::Replace, kC, "c2");
  urgent.urgent = true;
  world.wait(50'000);
  EXPECT_EQ(proposal_of(world, kA, 700).state, ProposalState::Passed);
  // An urgent change of the same epoch comes first.
  decide(world, 720, urgent);
  EXPECT_EQ(proposal_of(world, kA, 720).state, ProposalState::Executed);
  world.wait(60'000);
  const Proposal late = proposal_of(world, kA, 700);
  EXPECT_EQ(late.state, ProposalState::Failed);
  EXPECT_EQ(late.code, 804U);
  EXPECT_EQ(count_of(world.sweep_events, EventType::ProposalClosed), 1U);
  EXPECT_EQ(count_of(world.sweep_events, EventType::ValidatorSetChanged), 0U);
}

TEST(Governance, a_closed_proposal_is_forgotten_after_its_retention) {
  World world(short_epochs());
  decide(world, 700, seat_proposal(SeatChange::Add, kS));
  const std::int64_t day = 86'400'000;
  world.wait(399 * day);
  EXPECT_TRUE(query_proposal(world.state, kA, uetr(700)).has_value());
  world.wait(3 * day);
  EXPECT_FALSE(query_proposal(world.state, kA, uetr(700)).has_value());
  EXPECT_EQ(world.run(vote(world, kD, 790, 700, kA)).code, Code::ProposalNotFound);
}

TEST(Governance, the_possession_signature_is_checked_with_those_of_the_envelope) {
  World world;
  for (const SeatChange change : {SeatChange::Add, SeatChange::Remove}) {
    const Signed proposal = propose(world, kA, 700, seat_proposal(change, kS));
    const auto decoded = decode(chain_id(), proposal.bytes());
    ASSERT_TRUE(decoded.has_value());
    const auto checks = decoded->signature_checks();
    ASSERT_EQ(checks.size(), change == SeatChange::Add ? 2U : 1U);
    if (change == SeatChange::Remove) continue;
    const SignatureCheck& possession = checks[1];
    EXPECT_EQ(possession.key, validator_key("new seat").public_key());
    EXPECT_TRUE(crypto::verify(possession.key, possession.message, possession.signature));
    // It is good for this chain, institution and key alone.
    EXPECT_NE(validator_key_sign_bytes(chain_id(), kB, possession.key), possession.message);
    EXPECT_NE(validator_key_sign_bytes({}, kS, possession.key), possession.message);
    const auto verified = proposal.verified();
    ASSERT_TRUE(verified.has_value());
    EXPECT_EQ(verified->signers().size(), 1U);  // it gives no authority
  }
}

}  // namespace
}  // namespace giro::ledger::demo
