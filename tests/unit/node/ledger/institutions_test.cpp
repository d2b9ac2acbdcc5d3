// Institutions and parameters by vote (ledger 5.1, 15.12, 15.13): what is in force afterwards.
#include <gtest/gtest.h>

#include <algorithm>

#include "node/ledger/events.h"
#include "node/ledger/ledger.pb.h"
#include "tests/unit/node/ledger/rules.h"

namespace giro::ledger::demo {
namespace {

using enum InstitutionStatus;
constexpr std::int64_t kHour = 3'600'000;

// `proposer` proposes under op_id n, the others vote yes under n + 1 and so on: the last outcome.
Outcome decided(World& world, std::uint64_t n, const GovPropose& proposal,
                std::initializer_list<InstId> voters) {
  const InstId proposer = *voters.begin();
  Outcome last;
  std::uint64_t op = n;
  for (const InstId voter : voters) {
    Action action = proposal;
    if (op != n) action = GovVote{.proposer = proposer, .prop_id = uetr(n), .yes = true};
    last = world.run(operation(voter, op, action, {&key(voter, Role::Governor)}, world.now));
    EXPECT_EQ(code_name(last.code), "OK");
    ++op;
  }
  return last;
}
GovPropose to_status(InstId inst, InstitutionStatus status, bool urgent = false) {
  GovPropose proposal = to_propose(InstStatus{.institution = inst, .status = status});
  proposal.urgent = urgent;
  return proposal;
}
InstitutionStatus status_of(const World& world, InstId inst) {
  return query_institution(world.state, inst)->status;
}
std::size_t events_of(const std::vector<Event>& events, EventType type) {
  return static_cast<std::size_t>(
      std::ranges::count(events, static_cast<std::uint16_t>(type), &Event::type));
}
std::size_t deadlines(const World& world) {
  std::size_t count = 0;
  world.state.scan(table_begin(Table::Deadline), table_end(Table::Deadline),
                   [&count](ByteView, ByteView) { return ++count, true; });
  return count;
}
Code pay_a_to_b(World& world, std::uint64_t n) {
  Pay order = pay_order(n, world.now);
  attach_ticket(order, world.now);
  return world.run(pay(order, world.now)).code;
}

TEST(Institutions, Scenario_12_a_suspended_bank_is_left_out_and_comes_back) {
  World world;
  const Outcome suspended = decided(world, 1, to_status(kB, Suspended, true), {kA, kC, kD});
  EXPECT_EQ(events_of(suspended.events, EventType::InstitutionStatusChanged), 1U);
  EXPECT_EQ(status_of(world, kB), Suspended);
  EXPECT_EQ(pay_a_to_b(world, 10), Code::CreditorAgentSuspended);
  Pay by_b = pay_order(11, world.now);
  std::swap(by_b.terms.payer_bank, by_b.terms.payee_bank);
  std::swap(by_b.terms.payer_account, by_b.terms.payee_account);
  std::swap(by_b.terms.token_from, by_b.terms.token_to);
  by_b.terms.amount = cents("100.00");
  Signed paid_by_b = pay(by_b, world.now);
  paid_by_b.keys = {&key(kB, Role::Maker), &key(kB, Role::Compliance)};
  EXPECT_EQ(world.run(paid_by_b).code, Code::AgentSuspended);
  Signed redeem = sample("REDEEM", world);
  redeem.operation.actor = kB;
  redeem.operation.op_id = uetr(12);
  action_of<Redeem>(redeem).token = kBUsd;
  action_of<Redeem>(redeem).account = kSupplier;
  redeem.keys = quorum(kB, Role::Treasury, 2) + key(kB, Role::Maker);
  EXPECT_EQ(world.run(redeem).code, Code::Ok);
  EXPECT_EQ(world.posted(kBUsd, kSupplier), "9900.00");

  decided(world, 20, to_status(kB, Active), {kA, kC});
  EXPECT_EQ(status_of(world, kB), Suspended);  // two of three are not more than two thirds
  const GovVote third{.proposer = kA, .prop_id = uetr(20), .yes = true};
  const Outcome last = world.run(operation(kD, 29, third, {&key(kD, Role::Governor)}, world.now));
  EXPECT_EQ(last.code, Code::Ok);
  EXPECT_EQ(status_of(world, kB), Active);
  EXPECT_EQ(deadlines(world), 0U);  // neither the lapse nor the proposals wait for anything
  EXPECT_EQ(pay_a_to_b(world, 30), Code::Ok);
}

TEST(Institutions, an_urgent_suspension_lapses_by_itself) {
  World world;
  decided(world, 1, to_status(kB, Suspended, true), {kA, kC, kD});
  const TimeMs until = query_institution(world.state, kB)->suspended_until;
  EXPECT_EQ(until, add_ms(world.now, 72 * kHour));
  world.wait(72 * kHour - 1);
  EXPECT_EQ(status_of(world, kB), Suspended);
  world.wait(1);
  EXPECT_EQ(status_of(world, kB), Active);
  EXPECT_EQ(events_of(world.sweep_events, EventType::InstitutionStatusChanged), 1U);
  EXPECT_EQ(query_institution(world.state, kB)->suspended_until, TimeMs{});
  EXPECT_EQ(deadlines(world), 0U);
}

TEST(Institutions, an_ordinary_suspension_after_an_urgent_one_lasts) {
  World world;
  decided(world, 1, to_status(kB, Suspended, true), {kA, kC, kD});
  decided(world, 10, to_status(kB, Suspended), {kA, kC, kD});
  EXPECT_EQ(deadlines(world), 0U);
  world.wait(100 * kHour);
  EXPECT_EQ(status_of(world, kB), Suspended);
  EXPECT_EQ(events_of(world.sweep_events, EventType::InstitutionStatusChanged), 0U);
}

// Deadlines stand by time: a hundred older ones may come before the lapse.
TEST(Institutions, a_lapse_waits_for_no_other_deadline) {
  Genesis genesis = demo_genesis();
  genesis.params.sweep_max = 100;
  World world(genesis);
  decided(world, 1, to_status(kB, Suspended, true), {kA, kC, kD});
  GovPropose open = to_propose(ParamSet{.name = "payment_ttl", .value = 10'000});
  open.ttl_s = 70 * 3'600;
  std::vector<Signed> proposals;
  for (std::uint64_t n = 100; n < 250; ++n)
    proposals.push_back(operation(kA, n, open, {&key(kA, Role::Governor)}, world.now));
  world.block(proposals);
  ASSERT_EQ(deadlines(world), 151U);
  world.wait(80 * kHour);
  EXPECT_EQ(events_of(world.sweep_events, EventType::ProposalClosed), 100U);
  EXPECT_EQ(events_of(world.sweep_events, EventType::InstitutionStatusChanged), 1U);
  EXPECT_EQ(status_of(world, kB), Active);
  EXPECT_EQ(deadlines(world), 50U);
  world.wait(1'000);
  EXPECT_EQ(deadlines(world), 0U);
}

TEST(Institutions, Scenario_13_a_bank_that_is_admitted_sets_its_roles_and_opens_a_token) {
  World world;
  const Outcome outcome = decided(world, 1, to_propose(bank_e()), {kA, kB, kC});
  EXPECT_EQ(events_of(outcome.events, EventType::InstitutionAdded), 1U);
  EXPECT_EQ(events_of(outcome.events, EventType::RolePolicyChanged), 1U);
  constexpr InstId kE = 6;
  EXPECT_EQ(query_institution(world.state, kE)->name, "bank-e");
  EXPECT_EQ(status_of(world, kE), Active);
  const Keys admins = {&validator_key("admin of e 1"), &validator_key("admin of e 3")};
  RoleKeys issuers{.quorum = 1, .keys = {role_key(validator_key("issuer of e"), 910)}};
  ASSERT_EQ(world
                .run(operation(kE, 1, RoleChange{.role = Role::Issuer, .policy = issuers}, admins,
                               world.now))
                .code,
            Code::Ok);
  Signed create = sample("TOKEN_CREATE", world);
  create.operation.actor = kE;
  create.keys = {&validator_key("issuer of e")};
  EXPECT_EQ(world.run(create).code, Code::Ok);
  EXPECT_EQ(query_token(world.state, 9)->issuer, kE);
  // A second one of that name fails when it is to execute, or before.
  EXPECT_EQ(
      world.run(operation(kA, 20, to_propose(bank_e()), {&key(kA, Role::Governor)}, world.now))
          .code,
      Code::IdInUse);
  // And it may have a seat.
  decided(world, 30, seat_proposal(SeatChange::Add, kE), {kA, kB, kC});
  EXPECT_EQ(query_validators(world.state, 0)->next.back().institution, kE);
}

TEST(Institutions, of_two_proposals_of_one_name_the_later_fails) {
  World world;
  const auto propose = [&world](InstId inst, std::uint64_t n) {
    return world.run(
        operation(inst, n, to_propose(bank_e()), {&key(inst, Role::Governor)}, world.now));
  };
  ASSERT_EQ(propose(kA, 1).code, Code::Ok);
  decided(world, 10, to_propose(bank_e()), {kB, kC, kD});
  for (const InstId inst : {kB, kC}) {
    const GovVote vote{.proposer = kA, .prop_id = uetr(1), .yes = true};
    world.run(operation(inst, 20, vote, {&key(inst, Role::Governor)}, world.now));
  }
  const auto late = query_proposal(world.state, kA, uetr(1));
  EXPECT_EQ(late->state, ProposalState::Failed);
  EXPECT_EQ(late->code, static_cast<std::uint32_t>(Code::IdInUse));
}

TEST(Institutions, a_lost_ADMIN_policy_is_replaced_by_vote) {
  World world;
  const InstKeys keys{.institution = kB, .admin = bank_e().admin};
  decided(world, 1, to_propose(keys), {kA, kC, kD});
  const KeyRevoke revoke{crypto::key_id(key(kB, Role::Maker).public_key())};
  EXPECT_EQ(world.run(operation(kB, 10, revoke, quorum(kB, Role::Admin, 3), world.now)).code,
            Code::KeyNotActive);  // those who were
  EXPECT_EQ(world.run(operation(kB, 11, revoke, {&validator_key("admin of e 2")}, world.now)).code,
            Code::Ok);
}

TEST(Institutions, a_bank_leaves_when_nobody_has_a_claim_on_it) {
  World world;
  decided(world, 1, to_status(kC, Exiting), {kA, kB, kD});
  EXPECT_EQ(
      world.run(operation(kA, 10, to_status(kC, Exited), {&key(kA, Role::Governor)}, world.now))
          .code,
      Code::UnsafeChange);  // its seat
  decided(world, 20, to_status(kC, Active), {kA, kB, kD});
  EXPECT_EQ(status_of(world, kC), Active);
}

TEST(Institutions, the_ledgers_parameters_change_at_once_and_the_networks_with_the_epoch) {
  Genesis genesis = demo_genesis();
  set_epoch_blocks(genesis, 10);
  World world(genesis);
  const auto params = [&world] { return *decode_record<Params>(*world.state.get(params_key())); };
  const std::uint32_t linger = find_network_param("batch_linger")->id;
  const Outcome ttl =
      decided(world, 1, to_propose(ParamSet{.name = "payment_ttl", .value = 60'000}), {kA, kB, kC});
  EXPECT_EQ(events_of(ttl.events, EventType::ParamChanged), 1U);
  EXPECT_EQ(params().payment_ttl_ms, 60'000U);
  decided(world, 10, to_propose(ParamSet{.name = "batch_linger", .value = 7}), {kA, kB, kC});
  EXPECT_EQ(params().network[linger - 1].value, 2U);
  EXPECT_EQ(params().network_next, (std::vector<NetworkParam>{{linger, 7}}));
  while (world.height % 10 != 0) world.wait(1'000);
  EXPECT_EQ(params().network[linger - 1].value, 7U);
  EXPECT_TRUE(params().network_next.empty());
  // And the payment lives by it.
  const Pay order = pay_order(20, world.now);
  ASSERT_EQ(world.run(pay(order, world.now)).code, Code::Ok);
  EXPECT_EQ(world.payment(kA, 20)->expires_at, add_ms(world.now, 60'000));
}

TEST(Institutions, protobuf_reads_their_events) {
  World world;
  std::vector<Outcome> outcomes;
  outcomes.push_back(decided(world, 1, to_propose(bank_e()), {kA, kB, kC}));
  outcomes.push_back(decided(world, 10, to_status(kB, Suspended, true), {kA, kC, kD}));
  outcomes.push_back(
      decided(world, 20, to_propose(ParamSet{.name = "batch_linger", .value = 7}), {kA, kC, kD}));
  std::size_t seen = 0;
  const auto read = [&seen](google::protobuf::Message& message, const Event& event) {
    const std::string bytes(crypto::as_text(event.body));
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
    EXPECT_EQ(message.SerializeAsString(), bytes);
    ++seen;
  };
  for (const Outcome& outcome : outcomes) {
    for (const Event& event : outcome.events) {
      v1::InstitutionEvent institution;
      v1::ParamEvent param;
      const auto type = static_cast<EventType>(event.type);
      if (type == EventType::InstitutionAdded || type == EventType::InstitutionStatusChanged)
        read(institution, event);
      if (type == EventType::ParamChanged) read(param, event);
    }
  }
  EXPECT_EQ(seen, 3U);
}

}  // namespace
}  // namespace giro::ledger::demo
