// A validator that lost its sign state asks how far its key may have signed (protocol R39).
#include <gtest/gtest.h>

#include "tests/unit/consensus/network.h"
#include "tests/unit/consensus/solo.h"

namespace giro::consensus::testing {
namespace {

constexpr std::uint64_t kNumber = 7;  // of the search under test
constexpr View kEveryView{UINT64_MAX};

RecoveredState lost() {
  RecoveredState state = four().fresh();
  state.floor_search = kNumber;
  return state;
}

// Nobody needs the block or the header: its signatures are what counts.
Certificate proof(VoteKind kind, std::uint64_t height, Epoch epoch = {}) {
  return four().certificate({kind, epoch, {}, {height}, hash_of(std::to_string(height))});
}

ReplyStable reply(std::optional<Certificate> highest, Epoch epoch = {}) {
  return {kNumber, epoch, false, std::move(highest)};
}

// With window 4 and epochs of 10 blocks.
Solo searching(RecoveredState state = lost()) {
  return Solo(four(), 3, Parameters::tiny(), std::move(state));
}

std::optional<Floor> found(const Solo& solo) {
  return solo.replica->view().floor_search->found;
}

std::size_t answers(const Solo& solo) {
  return solo.replica->view().floor_search->answers;
}

bool signed_anything(const Solo& solo) {
  return !solo.voted.empty() || !solo.sent_of<ProvenViewChange>().empty() ||
         !solo.sent_of<NewView>().empty() || !solo.records_of<FloorRecord>().empty();
}

TEST(FloorSearch, asks_all_until_each_has_answered) {
  Solo solo = searching();
  EXPECT_EQ(solo.sent_of<QueryStable>().size(), 3U);
  for (const QueryStable& query : solo.sent_of<QueryStable>()) EXPECT_EQ(query.number, kNumber);
  solo.sent.clear();
  solo.deliver(0, reply({}));
  solo.pass(1'000);
  solo.tick();
  EXPECT_EQ(solo.sent_of<QueryStable>().size(), 2U);
  for (const Outbound& outbound : solo.sent) {
    if (std::holds_alternative<QueryStable>(outbound.message)) {
      EXPECT_NE(outbound.to, four().institution(0));
    }
  }
  solo.deliver(1, reply({}));
  solo.deliver(2, reply({}));
  ASSERT_TRUE(found(solo).has_value());
  solo.sent.clear();
  solo.pass(1'000);
  solo.tick();
  EXPECT_TRUE(solo.sent_of<QueryStable>().empty());
}

TEST(FloorSearch, the_highest_certificate_plus_the_window_gives_the_end_of_an_epoch) {
  struct Row {
    std::uint64_t highest;
    Floor floor;
  };
  // 6 + 4 is the last height of epoch 0, 7 + 4 is in epoch 1.
  for (const Row& row : {Row{2, {{0}, kEveryView, {10}}}, Row{6, {{0}, kEveryView, {10}}},
                         Row{7, {{1}, kEveryView, {20}}}, Row{9, {{1}, kEveryView, {20}}}}) {
    Solo solo = searching();
    solo.deliver(0, reply({}));
    solo.deliver(1, reply(proof(VoteKind::Commit, row.highest)));
    EXPECT_EQ(found(solo), std::nullopt);
    solo.deliver(2, reply(proof(VoteKind::Attest, 1)));
    EXPECT_EQ(found(solo), row.floor) << row.highest;
    EXPECT_EQ(solo.events(EventType::FloorFound), 1U);
    EXPECT_FALSE(signed_anything(solo));
  }
}

TEST(FloorSearch, its_own_certified_chain_counts_as_well) {
  Solo solo = searching();
  for (int i = 0; i < 7; ++i) solo.make_stable(solo.next_block());
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, reply(proof(VoteKind::Commit, 2)));
  EXPECT_EQ(found(solo), (Floor{{1}, kEveryView, {20}}));
}

TEST(FloorSearch, where_an_epoch_is_over_it_goes_on_to_the_next) {
  Solo solo = searching();
  for (int i = 0; i < 9; ++i) solo.make_stable(solo.next_block());
  // Who attested the last height may have seen our key sign in the next epoch.
  const Certificate ninth = certified(VoteKind::Commit, solo.blocks.at({9}), {});
  const Block tenth = solo.next_block();
  solo.deliver(0, reply(certified(VoteKind::Commit, tenth, {})));
  solo.deliver(1, reply(ninth));
  solo.deliver(2, reply(ninth));
  EXPECT_EQ(found(solo), std::nullopt);
  solo.make_stable(tenth);
  EXPECT_EQ(solo.replica->view().epoch, Epoch{1});
  EXPECT_EQ(found(solo), (Floor{{1}, kEveryView, {20}}));
  EXPECT_FALSE(signed_anything(solo));
}

TEST(FloorSearch, R43_a_seat_that_has_another_key_is_asked_again) {
  Members members(4);
  members.seat({1}, {{0}, {1, 1}, {2}, {3}});
  Solo solo(members, 3, Parameters::tiny(), [&] {
    RecoveredState state = members.fresh();
    state.floor_search = kNumber;
    return state;
  }());
  const auto shown = [&](std::uint64_t height) {
    return ReplyStable{kNumber,
                       {},
                       false,
                       members.certificate({VoteKind::Commit, {}, {}, {height}, hash_of("block")})};
  };
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, shown(10));
  ASSERT_EQ(answers(solo), 3U);
  while (solo.replica->view().epoch == Epoch{0}) solo.make_stable(solo.next_block());
  EXPECT_EQ(answers(solo), 2U);
  EXPECT_EQ(found(solo), std::nullopt);
  solo.sent.clear();
  solo.pass(1'000);
  solo.tick();
  ASSERT_EQ(solo.sent_of<QueryStable>().size(), 1U);
  solo.deliver(1, ReplyStable{kNumber, {1}, false, std::nullopt});
  EXPECT_EQ(found(solo), (Floor{{1}, kEveryView, {20}}));
}

TEST(FloorSearch, a_quorum_of_others_must_answer_each_of_them_once) {
  Solo solo = searching();
  for (int i = 0; i < 5; ++i) solo.deliver(0, reply({}));
  solo.deliver(1, reply(proof(VoteKind::Commit, 1)));
  solo.deliver(1, reply(proof(VoteKind::Commit, 2)));
  EXPECT_EQ(answers(solo), 2U);
  EXPECT_EQ(solo.replica->view().floor_search->needed, 3U);
  EXPECT_EQ(found(solo), std::nullopt);
}

TEST(FloorSearch, an_amnesic_answerer_counts_for_nothing_until_it_remembers) {
  Solo solo = searching();
  solo.deliver(0, reply({}));
  solo.deliver(1, reply({}));
  solo.deliver(2, ReplyStable{kNumber, {}, true, {}});
  EXPECT_EQ(answers(solo), 2U);
  EXPECT_EQ(found(solo), std::nullopt);
  solo.deliver(2, reply({}));
  EXPECT_TRUE(found(solo).has_value());
}

TEST(FloorSearch, only_verified_certificates_raise_the_floor) {
  const Solo solo = searching();
  Certificate forged = proof(VoteKind::Commit, 9);
  forged.content.height = {8};
  EXPECT_EQ(solo.verdict(0, reply(forged)), RejectReason::BadCertificate);
  Certificate too_few = proof(VoteKind::Commit, 9);
  too_few.signatures.pop_back();
  EXPECT_EQ(solo.verdict(0, reply(too_few)), RejectReason::BadCertificate);
  EXPECT_EQ(solo.verdict(0, reply(proof(VoteKind::Prepare, 9))), RejectReason::Mismatch);
  EXPECT_EQ(solo.verdict(0, reply(proof(VoteKind::Commit, 19, {1}))), RejectReason::Mismatch);
  EXPECT_EQ(solo.verdict(0, reply(proof(VoteKind::Commit, 9))), RejectReason::None);
}

TEST(FloorSearch, an_answer_of_a_later_epoch_waits_until_that_is_reached) {
  Solo solo = searching();
  EXPECT_EQ(solo.verdict(0, reply(proof(VoteKind::Commit, 12, {1}), {1})),
            RejectReason::FutureEpoch);
  EXPECT_EQ(solo.verdict(0, reply({}, {UINT64_MAX})), RejectReason::FutureEpoch);
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  ASSERT_EQ(solo.replica->view().epoch, Epoch{1});
  solo.deliver(0, reply(proof(VoteKind::Commit, 17, {1}), {1}));
  solo.deliver(1, reply({}, {1}));
  solo.deliver(2, reply({}, {1}));
  EXPECT_EQ(found(solo), (Floor{{2}, kEveryView, {30}}));
}

TEST(FloorSearch, an_answer_of_an_earlier_epoch_counts_whatever_it_shows) {
  Solo solo = searching();
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  Certificate forged = proof(VoteKind::Commit, 9);
  forged.content.height = {29};
  for (const std::size_t i : {0U, 1U, 2U}) solo.deliver(i, reply(forged, {0}));
  EXPECT_EQ(found(solo), (Floor{{1}, kEveryView, {20}}));
}

TEST(FloorSearch, a_certificate_beyond_its_epoch_is_refused) {
  Solo solo = searching();
  solo.deliver(0, reply(proof(VoteKind::Commit, 11)));
  EXPECT_EQ(solo.rejects(RejectReason::BeyondWindow), 1U);
  EXPECT_EQ(answers(solo), 0U);
}

TEST(FloorSearch, answers_to_an_earlier_search_or_to_none_are_refused) {
  Solo solo = searching();
  const ReplyStable late{kNumber - 1, {}, false, {}};
  EXPECT_FALSE(solo.replica->wants(late, four().institution(0)));
  solo.deliver(0, late);
  EXPECT_EQ(solo.rejects(RejectReason::NotAsked), 1U);
  EXPECT_EQ(answers(solo), 0U);
  EXPECT_TRUE(solo.replica->wants(reply({}), four().institution(0)));
  solo.deliver(0, reply({}));
  EXPECT_FALSE(solo.replica->wants(reply({}), four().institution(0)));
  Solo other(four(), 3);
  EXPECT_FALSE(other.replica->wants(reply({}), four().institution(0)));
  other.deliver(0, reply({}));
  EXPECT_EQ(other.rejects(RejectReason::NotAsked), 1U);
}

TEST(FloorSearch, meanwhile_it_follows_and_signs_nothing) {
  RecoveredState state = lost();
  state.amnesic_below = Floor{{}, {}, {2}};  // its log was behind once before
  Solo solo = searching(std::move(state));
  for (int i = 0; i < 12; ++i) {
    const Block next = solo.next_block();
    solo.propose(next);
    solo.prepare(next);
    solo.commit(next);
    solo.attest(next);
  }
  EXPECT_EQ(solo.replica->stable(), Height{12});
  solo.pass(60'000);
  solo.tick();
  for (const std::size_t i : {0U, 1U}) solo.deliver(i, Suspect{{1}, {}, SuspectReason::Silent});
  solo.step(Leaving{});
  EXPECT_FALSE(signed_anything(solo));
  EXPECT_TRUE(solo.sent_of<Suspect>().empty());
  EXPECT_FALSE(solo.replica->view().voting);
  EXPECT_EQ(solo.events(EventType::AmnesiaEnded), 0U);
}

TEST(FloorSearch, votes_that_its_log_remembers_are_not_sent_again) {
  Solo before(four(), 3);
  const Block block = before.next_block();
  before.propose(block);
  before.prepare(block);
  ASSERT_TRUE(before.has_voted(VoteKind::Commit, {1}));
  RecoveredState state = before.recovered({0});
  EXPECT_FALSE(state.floor_search.has_value());  // the log knows nothing of a search
  state.floor_search = kNumber;
  Solo after = searching(std::move(state));
  EXPECT_FALSE(signed_anything(after));
  // Nor are they an alarm: whoever has no sign state knows nothing of its key.
  after.deliver(0, CertifiedBlocks{{block}, certified(VoteKind::Commit, block, {0}, 0)});
  EXPECT_EQ(after.events(EventType::VotesStopped), 0U);
}

// ---- who answers

TEST(ReplyStable, shows_the_highest_certificate_of_the_epoch) {
  Solo solo(four(), 1);
  solo.deliver(3, QueryStable{kNumber});
  ASSERT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].number, kNumber);
  EXPECT_FALSE(solo.sent_of<ReplyStable>()[0].amnesic);
  EXPECT_FALSE(solo.sent_of<ReplyStable>()[0].highest.has_value());

  solo.make_stable(solo.next_block());
  solo.sent.clear();
  solo.deliver(3, QueryStable{kNumber});  // too soon
  EXPECT_TRUE(solo.sent_of<ReplyStable>().empty());
  EXPECT_EQ(solo.rejects(RejectReason::OverBudget), 1U);
  solo.pass(1'000);
  solo.deliver(3, QueryStable{kNumber});
  ASSERT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.kind, VoteKind::Attest);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.height, Height{1});
  for (const Outbound& outbound : solo.sent) {
    if (std::holds_alternative<ReplyStable>(outbound.message)) {
      EXPECT_EQ(outbound.to, four().institution(3));
    }
  }

  const Block second = solo.next_block();
  solo.propose(second);
  solo.prepare(second);
  solo.commit(second);
  solo.sent.clear();
  solo.pass(1'000);
  solo.deliver(3, QueryStable{kNumber});
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.kind, VoteKind::Commit);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].highest->content.height, Height{2});

  solo.attest(second);
  for (int i = 0; i < 8; ++i) solo.make_stable(solo.next_block());
  solo.sent.clear();
  solo.pass(1'000);
  solo.deliver(3, QueryStable{kNumber});
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].epoch, Epoch{1});
  EXPECT_FALSE(solo.sent_of<ReplyStable>()[0].highest.has_value()) << "nothing of this epoch yet";
}

TEST(ReplyStable, an_amnesic_member_says_so_and_shows_nothing) {
  for (const bool is_searching : {false, true}) {
    RecoveredState state = four().fresh();
    if (is_searching) state.floor_search = kNumber;
    if (!is_searching) state.amnesic_below = Floor{{}, {}, {5}};
    Solo solo(four(), 1, Parameters::tiny(), std::move(state));
    solo.make_stable(solo.next_block());
    solo.deliver(3, QueryStable{kNumber});
    ASSERT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
    EXPECT_TRUE(solo.sent_of<ReplyStable>()[0].amnesic);
    EXPECT_FALSE(solo.sent_of<ReplyStable>()[0].highest.has_value());
  }
}

TEST(ReplyStable, none_while_what_is_committed_here_is_proven_by_nothing_held) {
  Solo before(four(), 1);
  const Block first = before.next_block();
  before.make_stable(first);
  const Block second = before.block_after(first);
  const Header header =
      executed_after(before.headers.at({1}), four(), second, before.parameters.epoch_blocks).header;
  before.deliver(
      2, ChainSegment{
             {second},
             header,
             four().certificate({VoteKind::Attest, {}, {}, {2}, header.hash(four().chain())})});
  ASSERT_EQ(before.replica->stable(), Height{2});
  // The log ends before the certificate that made it stable.
  while (!std::holds_alternative<ChainProofRecord>(before.log.back())) before.log.pop_back();
  before.log.push_back(BlockRecord{second});
  Solo after(four(), 1, Parameters::tiny(), before.recovered({1}), {}, before.headers);
  after.executes = false;
  ASSERT_EQ(after.replica->view().committed, Height{2});
  ASSERT_EQ(after.replica->stable(), Height{1});
  after.deliver(3, QueryStable{kNumber});
  EXPECT_TRUE(after.sent_of<ReplyStable>().empty());
}

// ---- above the floor

TEST(R39, it_takes_part_from_the_epoch_after_the_floor_on_where_it_has_signed_nothing) {
  RecoveredState state = four().fresh();
  const Floor floor{{0}, kEveryView, {10}};
  state.amnesic_below = floor;
  Solo solo(four(), 3, Parameters::tiny(), std::move(state));
  solo.guard.forbid(floor);
  for (int i = 0; i < 9; ++i) solo.make_stable(solo.next_block());
  EXPECT_FALSE(solo.replica->view().voting);
  solo.make_stable(solo.next_block());
  EXPECT_TRUE(solo.replica->view().voting);  // nothing of the new epoch is needed for that
  EXPECT_EQ(solo.events(EventType::AmnesiaEnded), 1U);
  EXPECT_TRUE(solo.voted.empty());
  const Block next = solo.next_block();
  solo.propose(next);
  EXPECT_TRUE(solo.has_voted(VoteKind::Prepare, {11}));
  solo.prepare(next);
  EXPECT_TRUE(solo.has_voted(VoteKind::Commit, {11}));
  solo.log.insert(solo.log.begin(), AmnesiaRecord{floor});
  const RecoveredState again = solo.recovered({10});
  EXPECT_FALSE(again.amnesic_below.has_value());
  EXPECT_EQ(again.floor, floor);
}

TEST(R39, a_ceiling_that_runs_ahead_of_its_epoch_forbids_nothing_in_the_next) {
  EXPECT_EQ(floor_below({5, {1}, {3}, {18}}, 10), (Floor{{1}, {3}, {18}}));
  EXPECT_EQ(floor_below({5, {1}, {3}, {23}}, 10), (Floor{{1}, {3}, {20}}));
}

Certificate signed_by_us_too(const VoteContent& content) {
  Certificate certificate{content, {}};
  for (const std::size_t i : {1U, 2U, 3U}) {
    certificate.signatures.push_back(
        {{static_cast<std::uint32_t>(i)}, four().vote(i, content).signature});
  }
  return certificate;
}

TEST(R39, a_vote_of_ours_above_the_ceiling_shows_that_the_sign_state_is_an_old_copy) {
  const VoteContent later_height{VoteKind::Attest, {}, {}, {6}, hash_of("header")};
  const VoteContent later_view{VoteKind::Commit, {}, {3}, {5}, hash_of("block")};
  for (const bool by_height : {false, true}) {
    RecoveredState state = four().fresh();
    state.amnesic_below = Floor{{}, {2}, {5}};
    Solo solo(four(), 3, Parameters::tiny(), std::move(state));
    solo.deliver(0,
                 AttestProof{signed_by_us_too({VoteKind::Attest, {}, {}, {5}, hash_of("within")})});
    EXPECT_EQ(solo.events(EventType::FloorRefuted), 0U);
    if (by_height) {
      solo.deliver(0, AttestProof{signed_by_us_too(later_height)});
    } else {
      solo.deliver(1, four().view_change(1, {4}, signed_by_us_too(later_view)));
    }
    EXPECT_EQ(solo.events(EventType::FloorRefuted), 1U);
    ASSERT_EQ(solo.records_of<AmnesiaRecord>().size(), 1U);
    EXPECT_EQ(solo.recovered({0}).amnesic_below, kUnknownFloor);
    EXPECT_EQ(solo.replica->view().amnesic_below, kUnknownFloor);
  }
}

TEST(R39, with_such_a_copy_it_never_takes_part) {
  RecoveredState state = four().fresh();
  state.amnesic_below = kUnknownFloor;
  Solo solo(four(), 3, Parameters::tiny(), std::move(state));
  for (int i = 0; i < 25; ++i) solo.make_stable(solo.next_block());
  EXPECT_EQ(solo.replica->view().epoch, Epoch{2});
  EXPECT_FALSE(signed_anything(solo));
  solo.deliver(0, QueryStable{kNumber});
  EXPECT_TRUE(solo.sent_of<ReplyStable>().back().amnesic);
}

TEST(R40, an_attest_vote_of_ours_that_we_do_not_know_stops_our_votes) {
  Solo solo(four(), 3, Parameters::tiny(), four().fresh());
  solo.deliver(0, AttestProof{signed_by_us_too({VoteKind::Attest, {}, {}, {5}, hash_of("other")})});
  EXPECT_EQ(solo.events(EventType::VotesStopped), 1U);
  EXPECT_FALSE(solo.replica->view().voting);
  // A restart does not forget it: only a search gives this key a floor again.
  EXPECT_EQ(solo.recovered({0}).amnesic_below, kUnknownFloor);
}

TEST(R39, a_copy_of_an_earlier_epoch_is_found_out_after_it_was_believed) {
  RecoveredState state = four().fresh();
  state.amnesic_below = Floor{{0}, {0}, {10}};
  Solo solo(four(), 3, Parameters::tiny(), std::move(state));
  for (int i = 0; i < 10; ++i) solo.make_stable(solo.next_block());
  ASSERT_TRUE(solo.replica->view().voting);
  solo.deliver(0, AttestProof{signed_by_us_too({VoteKind::Attest, {1}, {}, {16}, hash_of("x")})});
  EXPECT_FALSE(solo.replica->view().voting);
  EXPECT_EQ(solo.recovered({10}).amnesic_below, kUnknownFloor);
}

TEST(R39, a_view_change_at_or_below_the_floor_is_not_asked_for_again_after_a_restart) {
  const ProvenViewChange own = four().view_change(3, {2});
  for (const bool is_forbidden : {false, true}) {
    RecoveredState state = four().fresh();
    state.view = {2};
    state.own_change = own;
    state.floor = Floor{{0}, {is_forbidden ? 2U : 1U}, {0}};
    Solo solo(four(), 3, Parameters::tiny(), std::move(state));
    EXPECT_EQ(solo.sent_of<ProvenViewChange>().empty(), is_forbidden);
  }
}

// ---- sign state and log

TEST(R37, a_log_knows_the_sign_states_last_record_word_for_word) {
  const CeilingRecord first{1, {}, {}, {}};
  const CeilingRecord second{2, {}, {}, {9}};
  const CeilingRecord third{3, {}, {1}, {9}};
  const CeilingRecord other{2, {}, {}, {13}};
  EXPECT_EQ(compare({}, {}), Memory::Complete);  // a fresh key
  EXPECT_EQ(compare({}, {first, {}}), Memory::Complete);
  EXPECT_EQ(compare({}, {second, first}), Memory::SignStateBehind);
  EXPECT_EQ(compare(second, {second, first}), Memory::Complete);
  EXPECT_EQ(compare(second, {third, second}), Memory::Complete);
  EXPECT_EQ(compare(first, {third, second}), Memory::SignStateBehind);
  EXPECT_EQ(compare(third, {second, first}), Memory::LogBehind);
  EXPECT_EQ(compare(third, {}), Memory::LogBehind);
  // Of another life of the key: the numbers fit, the words do not.
  EXPECT_EQ(compare(second, {other, first}), Memory::LogBehind);
  EXPECT_EQ(compare(second, {third, other}), Memory::LogBehind);
}

TEST(R43, amnesia_ends_in_a_later_epoch_also_without_a_seat) {
  Members members(5);
  members.seat({0}, {{0}, {1}, {2}, {3}, {4}});
  members.seat({1}, {{0}, {1}, {2}, {3}});
  RecoveredState state = members.fresh();
  const Floor floor{{0}, kEveryView, {10}};
  state.amnesic_below = floor;
  Solo solo(members, 4, Parameters::tiny(), std::move(state));
  while (solo.replica->view().epoch == Epoch{0}) {
    const Block block = solo.next_block();
    solo.blocks[block.height] = block;
    solo.deliver(0,
                 CertifiedBlocks{
                     {block},
                     members.certificate_of_set(
                         {VoteKind::Commit, {}, {}, block.height, block.hash(members.chain())})});
    solo.deliver(0, AttestProof{members.certificate_of_set(
                        {VoteKind::Attest, {}, {}, block.height, solo.header_hash(block.height)})});
  }
  EXPECT_FALSE(solo.replica->view().member);
  EXPECT_EQ(solo.replica->view().amnesic_below, std::nullopt);
  EXPECT_EQ(solo.records_of<FloorRecord>().size(), 1U);
  EXPECT_TRUE(solo.voted.empty());
}

TEST(ReplyStable, R43_who_has_no_seat_is_answered_once_it_has_said_where_it_stands) {
  Members members(5);
  members.seat({0}, {{0}, {1}, {2}, {3}});
  Solo solo(members, 1);
  solo.deliver(4, QueryStable{kNumber});
  EXPECT_TRUE(solo.sent_of<ReplyStable>().empty());
  EXPECT_EQ(solo.rejects(RejectReason::NotMember), 1U);
  solo.deliver(4, Status{});
  solo.deliver(4, QueryStable{kNumber});
  ASSERT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
  EXPECT_EQ(solo.sent_of<ReplyStable>()[0].number, kNumber);
  solo.deliver(4, QueryStable{kNumber});  // too soon
  EXPECT_EQ(solo.sent_of<ReplyStable>().size(), 1U);
}

// ---- under load

class Forgotten : public ::testing::TestWithParam<std::uint64_t> {};

// Three ways to lose a sign state: with all data, alone, or replaced by an old copy.
TEST_P(Forgotten, R39_each_validator_in_turn_loses_its_sign_state_and_comes_back_in_a_later_epoch) {
  Network network(view_change_setup(GetParam()));
  network.start_all();
  network.load(3'000, 100);
  network.run_for(200);
  for (std::size_t i = 0; i < 4; ++i) network.change_disk(i, [](Node& n) { n.copy_sign_state(); });
  for (std::size_t round = 0; round < 6; ++round) {
    network.run_for(500 + static_cast<std::int64_t>(network.random()() % 700));
    const std::size_t victim = round % 4;
    Node& node = network.node(victim);
    network.change_disk(victim, [&](Node& down) {
      if (round % 3 == 2) return down.restore_sign_state();
      down.lose_sign_state();
      if (round % 3 == 0) down.wipe();
    });
    if (round % 2 == 1) {  // and crashes while it asks
      network.run_for(static_cast<std::int64_t>(network.random()() % 100));
      network.restart(victim);
    }
    ASSERT_TRUE(network.run_until([&] { return node.found_floor().has_value(); }, 20'000))
        << round << network.describe();
    network.adopt_floor(victim);
    if (round % 4 == 3) {  // the new sign state is there, and the log is lost again
      network.run_for(static_cast<std::int64_t>(network.random()() % 300));
      network.wipe(victim);
    }
    const std::uint64_t ended = node.events(EventType::AmnesiaEnded);
    ASSERT_TRUE(
        network.run_until([&] { return node.events(EventType::AmnesiaEnded) > ended; }, 20'000))
        << round << network.describe();
    const std::uint64_t prepared = node.events(EventType::Prepared);
    ASSERT_TRUE(network.run_until([&] { return node.events(EventType::Prepared) >= prepared + 10; },
                                  10'000))
        << round << network.describe();
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(network.node(i).events(EventType::EvidenceFound), 0U);
    EXPECT_EQ(network.node(i).events(EventType::VotesStopped), 0U);
  }
  expect_no_violations(network);
}
INSTANTIATE_TEST_SUITE_P(Some, Forgotten, ::testing::Range<std::uint64_t>(1, 3));

}  // namespace
}  // namespace giro::consensus::testing
